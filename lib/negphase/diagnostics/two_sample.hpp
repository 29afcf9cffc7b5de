#pragma once
#include <Eigen/Core>
#include <cstdint>
#include <span>

#include "negphase/parallel/executor.hpp"

namespace negphase {

/// Distances of two samples of one quantity, x (m draws) and y (n draws), each with a p-value for
/// independent draws of one law; dependent draws (a chain's) make it too small: thin them first.
struct TwoSampleResult {
  double value = 0;
  double p_value = 1;
  bool is_exact = true;  ///< whether the p-value keeps its level exactly, ties included
};

/// Kolmogorov-Smirnov, D = max |F_m - G_n| of the empirical distribution functions.
/// Where m n <= 1e7 the p-value is P(D >= d) over all choices of m of the pooled draws, summed by
/// counting lattice paths: exact also where draws are tied, as the paths are looked at only where
/// the pooled value changes; D is compared in whole numbers. Else Kolmogorov's limit
/// 2 sum_j (-1)^(j-1) exp(-2 j^2 d^2 m n / (m + n)), not exact (and too large where there are
/// ties). Cost: sorting, and m n. Source: Hodges 1958; ties: Schroeer and Trenkler 1995.
TwoSampleResult kolmogorov_smirnov(const Eigen::ArrayXd& x, const Eigen::ArrayXd& y);

/// Wasserstein-1, the integral of |F_m - G_n|: the mean distance by which the mass of one sample
/// must be moved to make the other, in the units of the quantity. p-value by permutations.hpp.
/// Cost: sorting, and m + n a permutation.
TwoSampleResult wasserstein_1(const Eigen::ArrayXd& x, const Eigen::ArrayXd& y, Index permutations,
                              std::uint64_t seed, const Executor& executor);

/// Pearson's chi-squared of the counts a_k and b_k of finitely many states,
/// sum_k (sqrt(n / m) a_k - sqrt(m / n) b_k)^2 / (a_k + b_k). p-value by permutations.hpp, so
/// that it holds for states that are hardly ever visited. Cost: m + n a permutation.
/// @param x, y  numbers of states, from 0
TwoSampleResult chi_squared(std::span<const Index> x, std::span<const Index> y, Index permutations,
                            std::uint64_t seed, const Executor& executor);

}  // namespace negphase
