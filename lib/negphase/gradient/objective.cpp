#include "negphase/gradient/objective.hpp"

#include "negphase/gradient/criteria/criterion_objective.hpp"
#include "negphase/gradient/nll_objective.hpp"

namespace negphase {

std::unique_ptr<Objective> make_objective(const Problem& problem, const AnySampler* sampler,
                                          const Options& train, const RunSettings& settings) {
  if (const std::string& loss = train.word("loss"); is_criterion(loss)) {
    return std::make_unique<CriterionObjective>(loss, problem, train, settings);
  }
  return std::make_unique<NllObjective>(problem, sampler, train, settings);
}

}  // namespace negphase
