#pragma once
#include <vector>

#include "negphase/core/block.hpp"

// When the two chains of a coupled pair (run/coupled_chains.hpp) met, and what follows from it.
namespace negphase {

/// The meeting times tau = min{t >= lag : X_t = Y_(t - lag)}, in steps of the leading chain X.
struct Meetings {
  Index lag = 1;
  std::vector<Index> times;  ///< [pairs]; 0 where the pair had not met when it was stopped
};

/// A mean over pairs with its standard error.
struct MeanOfPairs {
  double mean = 0;
  double standard_error = 0;
};

/// The L-lag bound on what is left of the start after t steps,
///   TV(law of X_t, target) <= E max(0, ceil((tau - L - t) / L)),
/// as the mean over the pairs: it may be above 1, and then says nothing. Useful only for a lag L
/// well above the time that chains need to forget their start: each pair that is late counts once
/// for every L steps. +inf where a pair did not meet. Under a conditional model it is the mean of
/// the rows' distances. Source: Biswas, Jacob, Vanetti, "Estimating convergence of Markov chains
/// with L-lag couplings", NeurIPS 2019, theorem 2.5.
MeanOfPairs total_variation_bound(const Meetings& meetings, Index t);

/// What a reader is told of the pairs; times are +inf where that pair had not met.
struct StartUp {
  Index pairs = 0, not_met = 0;
  Index lag = 1;
  double median = 0, percentile_99 = 0, longest = 0;  ///< of the meeting times, in steps
  Index after = 0;                                    ///< steps after which the bound holds
  MeanOfPairs bound;                                  ///< total_variation_bound() there
  /// One-sided 95 % bound on its expectation: mean + 1.645 SE, and 3 / pairs where no pair was late
  /// (then the SE of 0 says nothing: P(none of n is late) <= 0.05 if more than 3 / n are).
  double upper = 0;
};

StartUp summarise(const Meetings& meetings, Index after);

/// What may be left of the start, in total variation, where it is called bounded.
inline constexpr double bounded_start_up = 0.01;

}  // namespace negphase
