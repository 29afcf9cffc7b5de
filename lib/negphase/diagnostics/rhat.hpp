#pragma once
#include <Eigen/Core>
#include <span>

#include "negphase/diagnostics/chain_arrays.hpp"

namespace negphase {

/// R-hat of chains as they are, [n x chains]: sqrt((n - 1) / n + (B / n) / W), B / n the variance
/// of the chains' means, W the mean of their variances. Infinity where no chain moves and they
/// differ; NaN for one chain and where all draws are equal. Split chains first (split_chains), or
/// it does not see a trend. Source: Gelman and Rubin 1992; Vehtari et al. 2021, equations 1 to 4.
/// O(draws x chains).
double rhat(const CentredChains& chains);

/// Nested R-hat, for many short chains: chains in superchains, the chains of one having started at
/// one point. sqrt(1 + B / W): B = the variance over superchains of their means; W = the mean over
/// superchains of the mean variance within a chain (0 for one draw) and of the variance of the
/// chains' means (0 for one chain). Superchains of m independent chains of one draw each bring it
/// to sqrt(1 + 1 / m), not to 1. Source: Margossian et al. 2024, "Nested R-hat: Assessing the
/// convergence of Markov chain Monte Carlo when running many short chains", equations 15 and 16.
/// @param draws  [n x chains], n >= 1
/// @param superchain  a number for each chain; chains with one number are of one superchain. Throws
///   UsageError unless there are two or more of one size, and n or that size is at least 2.
double nested_rhat(const Eigen::Ref<const Eigen::ArrayXXd>& draws,
                   std::span<const Index> superchain);

}  // namespace negphase
