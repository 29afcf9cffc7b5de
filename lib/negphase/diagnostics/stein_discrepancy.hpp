#pragma once
#include <Eigen/Core>
#include <cstdint>
#include <span>

#include "negphase/core/energy.hpp"
#include "negphase/diagnostics/pair_function.hpp"

namespace negphase {

/// Kernel Stein discrepancies: how far draws are from a law of which only s = d log p / dy, or
/// ratios of probabilities of neighbouring states, is known: no log Z and no draws of the law. A
/// Stein kernel k0(x, y) has mean 0 over x from the law, whatever y is; a mean over the draws'
/// pairs far from 0 shows that they are of another.
///
/// What it cannot see: how the mass is shared out between modes with nothing between them. s says
/// nothing of that, and where a whole mode is missing 6 standard deviations away, the test rejects
/// hardly more often than its level. Other draws, or an exact law, must say so.

/// The continuous one, with the inverse multiquadric k = (1 + |x - y|^2 / length^2)^(-1/2):
///   k0 = s_x.s_y k + s_x.grad_y k + s_y.grad_x k + tr(grad_x grad_y k);
/// for length 1, with u = x - y, r = |u|, Q = 1 + r^2:
///   k0 = s_x.s_y Q^(-1/2) - Q^(-3/2) u.(s_y - s_x) + d Q^(-3/2) - 3 r^2 Q^(-5/2),
/// and for another length that of draws / length and scores x length, divided by length^2.
/// Cost a value: 6 d operations and a root.
/// Source: Gorham and Mackey, "Measuring sample quality with kernels", 2017; Liu, Lee and Jordan
/// 2016.
/// @param draws   [n x d]
/// @param scores  [n x d], -beta dE/dy at each
PairFunction stein_kernel(const Eigen::ArrayXXd& draws, const Eigen::ArrayXXd& scores,
                          double length = 1);

/// The discrete one: of f(x) it takes E(f | all columns but i) - f(x) for each column i. With
/// k = exp(-h / d), h the number of columns in which x and y differ, e_i(x) the indicators of the
/// states of column i in x and pi_i(x) their probabilities given the other columns,
///   k0 = (1 - exp(-1 / d)) sum_i k_{-i} (e_i(x) - pi_i(x)).(e_i(y) - pi_i(y)),
/// k_{-i} = k without column i. |k0| <= 2 d (1 - exp(-1 / d)) whatever the law, which the p-value
/// needs. Cost a value: 2 operations a state of each column, 4 a column.
/// Source: the operator of Bresler and Nagaraj 2019 and of Reinert and Ross 2019 in the form of Shi
/// et al., "Gradient estimation with discrete Stein operators", 2022.
/// @param draws      [n x d], state codes
/// @param columns    their kinds, finitely many states each
/// @param residuals  e_i - pi_i at each: conditional_residuals() (scores.hpp)
PairFunction conditional_stein_kernel(const Eigen::ArrayXXd& draws, std::span<const Column> columns,
                                      const Eigen::ArrayXXd& residuals);

/// The discrete one of Yang, Liu, Rao and Neville, "Goodness-of-fit testing for discrete
/// distributions via Stein discrepancy", 2018. With ~x_i = x whose column i is moved to its next
/// state (the last to the first), s_i(x) = 1 - p(~x_i) / p(x), and D f(x)_i = f(x) - f(x whose
/// column i is moved one state back):
///   k0 = sum_i [s_i(x) s_i(y) k - s_i(x) D_y k - s_i(y) D_x k + D_x D_y k].
/// s is as large as a ratio of probabilities: where the law has states that n draws hardly ever
/// meet, their absence alone is a large discrepancy, and the p-value of the wild bootstrap, which
/// knows only the draws, too small. Cost a value: 10 d operations.
/// @param differences  [n x d], s_i: score_differences() (scores.hpp)
PairFunction discrete_stein_kernel(const Eigen::ArrayXXd& draws, std::span<const Column> columns,
                                   const Eigen::ArrayXXd& differences);

struct SteinDiscrepancy {
  /// Mean of k0 over all pairs, >= 0; its root is the KSD. Independent draws of the law have
  /// expected_v = E k0(x, x) / n, estimated from the draws.
  double v_statistic = 0, expected_v = 0;
  /// Mean over pairs of two different draws: 0 in expectation for independent draws of the law.
  double u_statistic = 0;
};

/// Cost: n^2 / 2 values of k0, in parallel; memory: a row a thread. n >= 2, else UsageError.
SteinDiscrepancy stein_discrepancy(const PairFunction& stein, const Executor& executor);

/// p-value of the U statistic for independent draws, by the wild bootstrap: with signs e_i of +-1,
/// sum_{i != j} e_i e_j k0(i, j) has asymptotically the law that the sum without signs has where
/// the draws are of the law. (1 + how many of `samples` are at least as large) / (samples + 1), so
/// that it is never 0; the level is kept asymptotically, in n. Not for dependent draws, whose sum
/// spreads wider. Source: Chwialkowski, Strathmann and Gretton 2016; Dehling and Mikosch 1994.
/// Cost: n^2 samples multiplications; memory: the matrix of n^2 (ConfigError where too large).
double stein_p_value(const PairFunction& stein, Index samples, std::uint64_t seed,
                     const Executor& executor);

}  // namespace negphase
