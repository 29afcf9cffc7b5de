#include "nll_watch.hpp"

#include <limits>

namespace negphase::tool {

NllWatch::NllWatch(const Problem& problem, const Options& options, const Executor& executor)
    : problem_(problem), executor_(executor) {
  limits_.max_states = options.real("exact_nll_states");
  if (!options.flag("exact_nll")) {
    plan_.why_not = "exact_nll = false";
  } else if (const ExactPlan positive =
                 plan_positive(problem.model, problem.x, problem.rows(), problem.beta, limits_);
             positive.method.empty()) {
    plan_.why_not = "z cannot be summed out of this model: " + positive.why_not;
  } else {
    plan_ = plan_exact(problem.model, problem.x, problem.beta, limits_);
  }
}

double NllWatch::at(const Params& w) const {
  try {
    return exact_nll_gradient(problem_.model.with_params(w), problem_.x, problem_.y, problem_.beta,
                              limits_, executor_)
        .nll;
  } catch (const ModelError&) {
    return std::numeric_limits<double>::quiet_NaN();
  }
}

}  // namespace negphase::tool
