#pragma once
#include <Eigen/Core>

#include "negphase/core/any_kernel.hpp"
#include "negphase/gradient/estimate.hpp"
#include "negphase/gradient/phase.hpp"
#include "negphase/run/settings.hpp"

namespace negphase {

/// How far the states that chains visited are from their exact law.
struct OccupationCheck {
  double total_variation = 0;  ///< |shares - law|_1 / 2
  /// How many independent draws would show shares as near to their mean: sum_k p_k (1 - p_k) /
  /// sum_k SE_k^2 over all states, with SE_k by replicates (M7). Of the same chains.
  double effective_size = 0;
  /// What the total variation of a sampler that is right would be on average: sum_k E|n_k / n -
  /// p_k| / 2 with binomial n_k (expected_total_variation()) of as many independent draws as the
  /// chains are worth. That number is measured apart for states that are often visited, as slow and
  /// fast ones stand side by side (the two magnetised states of a spin model and all others), and
  /// together for rare ones, whose own SE_k is not to be had: states in falling order of p, in
  /// groups of at least 100 expected visits.
  double noise_floor = 0;
};

/// Runs chains of their own and counts the states of y that they are in. The model is one whose
/// law_of_y() can be listed; memory: states x 32 doubles and once that a block.
/// @param law  law_of_y(problem.model, problem.beta)
/// Throws as PhaseChains.
OccupationCheck check_occupation(const Problem& problem, const AnySampler& sampler, Index chains,
                                 const Schedule& schedule, const StartFunction& start,
                                 const Eigen::ArrayXd& law, const RunSettings& settings);

/// The same from the share of each state in each group of chains [states x groups]: what the chains
/// of `replicates` have seen.
/// @param draws  of each chain
OccupationCheck compare_occupation(const Replicates& replicates, Index draws,
                                   const Eigen::MatrixXd& shares, const Eigen::ArrayXd& law);

}  // namespace negphase
