#include "negphase/gradient/importance.hpp"

#include <algorithm>
#include <limits>

#include "negphase/gradient/estimators/chain_options.hpp"
#include "negphase/gradient/estimators/estimators.hpp"
#include "negphase/run/gradient_check.hpp"

// Self-normalised importance sampling (M8).
namespace negphase {

namespace {

ImportancePlan plan_of(const Options& o) {
  return {o.integer("draws"), o.integer("replicates"), o.flag("few_chains")};
}

std::shared_ptr<const Proposal> proposal_of(const Problem& p, const Options& o) {
  return make_proposal(p, {o.word("proposal"), o.real("width"), o.real("lower"), o.real("upper")});
}

void check_by_importance(const Problem& p, const AnySampler*, const Options& o,
                         const RunSettings& run) {
  check_importance(p, plan_of(o), run);
  proposal_of(p, o);
  check_gradients(p.model, p.x, p.y, 1);
}

GradientEstimate estimate_importance(const Problem& p, const AnySampler*, const Options& o,
                                     const RunSettings& run, const Milestones& milestones) {
  GradientEstimate e = estimate_by_importance(p, *proposal_of(p, o), plan_of(o), run, milestones);
  const std::vector<Column> y = p.model.shape().y;
  const bool has_real = std::any_of(
      y.begin(), y.end(), [](const Column& column) { return column.kind == ColumnKind::real; });
  if (o.word("proposal") == "box" && has_real) {
    e.warnings.push_back({"box_only",
                          "importance sampling from a box is of the model restricted to it: what "
                          "lies outside of lower and upper is left out"});
  }
  return e;
}

}  // namespace

EstimatorRow importance_estimator() {
  constexpr double inf = std::numeric_limits<double>::infinity();
  return {"importance",
          "self-normalised importance sampling: weighted draws of a proposal, no chains; gives the "
          "NLL as well (M8)",
          {{"proposal",
            std::string("gaussian_mixture"),
            "law of the draws of a real y: Gaussians about the data (about the row's y where there "
            "is x), or uniform in a box; a finite y is drawn uniformly from its states",
            -inf,
            inf,
            true,
            "",
            {"gaussian_mixture", "box"}},
           {"width", 1.0, "standard deviation of the Gaussians", 0, inf, false, "units of y"},
           {"lower", -10.0, "lower end of the box, of each column", -inf, inf, true, "units of y"},
           {"upper", 10.0, "upper end of the box", -inf, inf, true, "units of y"},
           {"draws", std::int64_t{1000}, "draws of a replicate, on each row of x", 1, 1e12, true,
            "draws"},
           {"replicates", std::int64_t{32}, "independent sets of draws, for the error bar", 2, 1e9,
            true, "replicates"},
           few_chains_option()},
          false,
          check_by_importance,
          estimate_importance};
}

}  // namespace negphase
