#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "negphase/core/model.hpp"
#include "negphase/diagnostics/chain_draws.hpp"
#include "negphase/parallel/executor.hpp"

namespace negphase {

/// How far draws are from a law or from other draws, in one sense of the word.
struct Distance {
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();
  /// "total_variation", "kl", "squared_hellinger", "ksd", "discrete_ksd" (roots of V), "mmd",
  /// "energy_distance", "chi_squared", "kolmogorov_smirnov", "wasserstein_1".
  std::string name;
  std::string quantity;  ///< of which column, where it looks at one; else empty
  double value = none;
  /// The value that exact draws of the same effective size have on average; NaN where none is
  /// known. A distance near it is noise.
  double floor = none;
  /// Probability of a value as large where the draws are independent and of that law; else NaN.
  double p_value = none;
  Index draws = 0;    ///< used of the draws: every `every`-th
  Index every = 1;    ///< 1: all
  Index against = 0;  ///< draws used of the other sample; 0 where there is none
  Index against_every = 1;
  std::string note;  ///< kernel and its length, how the p-value was had; may be empty
};

/// What was computed, and in words what was not and why, and what the figures cannot see.
struct Distances {
  std::vector<Distance> rows;
  std::vector<std::string> notes;
};

struct DistanceOptions {
  std::uint64_t seed = 0;  ///< of permutations and bootstrap
  /// How many independent draws the draws are worth (the smallest ESS of their quantities); 0: as
  /// many as there are. Floors are those of so many; tests take every k-th draw so that about so
  /// many remain.
  double effective_draws = 0, effective_against = 0;
  Index max_draws = 1000;     ///< of each sample, where the cost is quadratic; 0: no limit
  Index max_permuted = 3000;  ///< where every permutation looks at all draws; 0: no limit
  Index resamples = 999;  ///< permutations, or bootstrap samples: p-values are multiples of 1/1000
  double max_states = 1e6;  ///< of a law that is listed; at most 2^20
};

/// Distances of draws to the law of a model, p(y) = exp(-beta F(y)) / Z (M2), or p(y, z) where the
/// draws have z too. Quantities of the draws are the columns of y, or those of y and z, in order.
///   a y whose states can be listed: total variation, KL, Hellinger (law_distances.hpp) with floors
///   real columns only, with a gradient: kernel Stein discrepancy (stein_discrepancy.hpp)
///   finite columns only: the discrete one, from their conditional probabilities
/// What does not apply is left out, with a note. The same bytes for any number of threads.
/// Throws ConfigError for a model with x, another number of quantities, or draws that are no states
/// of the columns; ModelError for draws of probability zero or a gradient that is not finite.
Distances distances_to_model(const ChainDraws& draws, const AnyModel& model, double beta,
                             const DistanceOptions& options, const Executor& executor);

/// Distances of two samples of the same quantities: unbiased MMD and energy distance of all
/// quantities together with permutation p-values; chi-squared of the joint states where they are
/// few; Kolmogorov-Smirnov and Wasserstein-1 of each quantity. P-values are for independent draws.
/// Throws ConfigError where the samples have other numbers of quantities.
Distances distances_to_draws(const ChainDraws& draws, const ChainDraws& against,
                             const DistanceOptions& options, const Executor& executor);

}  // namespace negphase
