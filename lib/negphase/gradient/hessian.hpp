#pragma once
#include <string>

#include "negphase/core/any_kernel.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/gradient/estimate.hpp"
#include "negphase/run/settings.hpp"

namespace negphase {

/// The second derivatives of the mean NLL (M10, loss scaled as in M4), with its parts: L'' =
/// negative - positive, each E[beta g g' - d2E] - beta E[g] E[g]' with g = dE/dW, under p(y, z | x)
/// and p(z | x, y).
struct Hessian {
  Eigen::MatrixXd value;               ///< [P x P], symmetric
  Eigen::MatrixXd standard_error;      ///< [P x P]; 0 where it is exact
  Eigen::MatrixXd degrees_of_freedom;  ///< [P x P] of Student's t; +inf where it is exact
  Eigen::MatrixXd positive, negative;  ///< [P x P] the parts
  std::string method;                  ///< an exact method's name, or that of the sampler
  bool by_differences = false;  ///< second derivatives of E (or F) in W by central differences of
                                ///< dE/dW; else E is linear in W and they are 0
};

/// Without sampling, by whatever exact method applies: over the states of y and z where all are
/// finite, else over F(x, y) with z summed out.
/// Cost: that of solve_exact for each row of x, with a sum over P^2 / 2 at each state, and 2 P
/// gradients there where E is not linear in W.
/// Throws ConfigError above most_hessian_params parameters, where no method applies, and as
/// solve_exact.
Hessian exact_hessian(const Problem& problem, const ExactLimits& limits, const Executor& executor);
inline constexpr Index most_hessian_params = 200;

/// How much is drawn for a sampled one; both phases alike.
struct HessianPlan {
  Index chains = 64;  ///< independent; of a conditional model on each row
  Index warmup = 100, draws = 1000, thin = 1;
  Index positive_chains = 16;  ///< on each row of the data, where there is z
};

/// By chains, with standard errors from replicates (M7), to first order in the means (delta
/// method). A covariance of n draws is too small by 1/n of itself: no error bar sees that, nor a
/// start that is not forgotten.
/// Throws ConfigError where the sampler does not fit, P > most_hessian_params, or chains are fewer
/// than 16 in all or 2 on a row; as Chains does.
Hessian sampled_hessian(const Problem& problem, const AnySampler& sampler, const HessianPlan& plan,
                        const RunSettings& settings);

}  // namespace negphase
