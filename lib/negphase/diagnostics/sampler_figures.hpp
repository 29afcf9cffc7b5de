#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "negphase/diagnostics/chain_draws.hpp"

namespace negphase {

/// What is known of a sampler and is in no draw.
struct SamplerFacts {
  std::string name = {};  ///< "": somebody else's
  /// Acceptance at which its chains forget fastest in the limit of many columns (0.574 mala, 0.234
  /// random walk: Roberts and Rosenthal 2001; 0.651 HMC: Beskos et al. 2013). NaN: none is known.
  double best_acceptance = std::numeric_limits<double>::quiet_NaN();
  double acceptance = std::numeric_limits<double>::quiet_NaN();  ///< mean, where no draw says it
  /// Every draw is made anew from the law itself: draws that are all the same are no fault then.
  bool draws_are_independent = false;
  int most_treedepth = 10;  ///< of NUTS; 10 is Stan's
  /// Of a tempered sampler: how often each chain's ladder was crossed from the target to the
  /// hottest temperature and back. Nothing: it has no ladder.
  std::optional<std::vector<std::int64_t>> round_trips = {};
};

/// Figures of how the sampler worked. NaN and empty where the draws lack what they need.
struct SamplerFigures {
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();
  double acceptance = none;  ///< mean of accept_stat__, else that of the facts
  /// Expected squared jumped distance of one draw to the next, each quantity in units of its
  /// variance, over that of independent draws (2 a quantity): 1 is as good as independent, more is
  /// antithetic. Quantities that never change are left out.
  double jump = none;
  /// E-BFMI of each chain, sum (E_t - E_(t-1))^2 / sum (E_t - mean)^2 of energy__ (Betancourt 2016,
  /// arXiv 1604.00695): low where the momentum moves the energy in small steps only.
  std::vector<double> ebfmi;
  std::int64_t divergent = 0;   ///< draws with divergent__
  double at_most_depth = none;  ///< share of the draws whose treedepth__ is the largest allowed
};

SamplerFigures sampler_figures(const ChainDraws& draws, const SamplerFacts& facts);

}  // namespace negphase
