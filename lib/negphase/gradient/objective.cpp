#include "negphase/gradient/objective.hpp"

#include "negphase/gradient/nll_objective.hpp"

namespace negphase {

std::unique_ptr<Objective> make_objective(const Problem& problem, const AnySampler* sampler,
                                          const Options& train, const RunSettings& settings) {
  return std::make_unique<NllObjective>(problem, sampler, train, settings);
}

}  // namespace negphase
