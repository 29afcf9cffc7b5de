#pragma once
#include <vector>

#include "negphase/diagnostics/chain_draws.hpp"
#include "negphase/diagnostics/rank_tests.hpp"
#include "negphase/diagnostics/repeated_states.hpp"
#include "negphase/diagnostics/sampler_figures.hpp"
#include "negphase/parallel/executor.hpp"

namespace negphase {

/// False alarms of all findings together where every draw is an independent one of one law.
inline constexpr double behaviour_level = 1e-6;

/// How chains behave: frozen, stuck, identical (`states`); frozen in one quantity, drifting, apart
/// from the others as chains in another mode are, periodic (`quantities`); and their sampler.
struct Behaviour {
  RepeatedStates states;
  std::vector<RankTests> quantities;  ///< in the order of the names; empty of one not finite
  SamplerFigures sampler;
};

/// Cost: two sorts of each quantity, in parallel over the quantities.
/// @param level  bound on the probability of any finding in exact draws, shared out evenly among
/// the seven kinds and, of the four in `quantities`, among the quantities
Behaviour examine_behaviour(const ChainDraws& draws, const SamplerFacts& facts,
                            const Executor& executor, double level = behaviour_level);

}  // namespace negphase
