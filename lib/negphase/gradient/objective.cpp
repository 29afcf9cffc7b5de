#include "negphase/gradient/objective.hpp"

#include "negphase/gradient/criteria/criterion_objective.hpp"
#include "negphase/gradient/loss_objective.hpp"
#include "negphase/gradient/nll_objective.hpp"

namespace negphase {

std::unique_ptr<Objective> make_objective(const Problem& problem, const AnySampler* sampler,
                                          const Options& train, const RunSettings& settings,
                                          const Eigen::MatrixXd& negatives) {
  const std::string& loss = train.word("loss");
  if (is_criterion(loss)) {
    return std::make_unique<CriterionObjective>(loss, problem, train, settings);
  }
  if (loss != "nll") {
    return std::make_unique<LossObjective>(problem, sampler, train, negatives, settings);
  }
  return std::make_unique<NllObjective>(problem, sampler, train, settings);
}

bool needs_sampler(const Options& train) {
  const std::string& gradient = train.word("gradient");
  const bool of_nll = train.word("loss") == "nll";
  if (train.integer("nll_chains") > 0 && !(of_nll && gradient == "exact")) {
    return true;
  }
  return of_nll ? gradient != "exact" && gradient != "importance"
                : NegativeAnswers::source_of(train) == NegativeAnswers::Source::sampler;
}

}  // namespace negphase
