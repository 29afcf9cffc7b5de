#include "negphase/gradient/estimators/chain_options.hpp"
#include "negphase/gradient/estimators/estimators.hpp"
#include "negphase/gradient/warnings.hpp"

// Contrastive divergence (M9).
namespace negphase {

namespace {

ChainsPlan plan_cd(const Problem& p, const Options& o) {
  ChainsPlan plan = plan_chains(p, o, "cd", true);
  plan.schedule = {0, o.integer("draws"), o.integer("cd_k")};
  plan.restart = true;
  return plan;
}

void check_cd(const Problem& p, const AnySampler* s, const Options& o, const RunSettings& run) {
  check_sampler(p, *s);
  check_plan(p, plan_cd(p, o), run);
}

GradientEstimate estimate_cd(const Problem& p, const AnySampler* s, const Options& o,
                             const RunSettings& run, const Milestones& milestones) {
  GradientEstimate e = estimate_by_chains(p, *s, plan_cd(p, o), run, milestones);
  e.warnings.push_back(biased_contrastive_divergence(o.integer("cd_k")));
  return e;
}

}  // namespace

EstimatorRow cd_estimator() {
  return {"cd",
          "contrastive divergence CD-k: chains start at the data and take k steps; biased (M9)",
          {chains_option(2),
           {"cd_k", std::int64_t{1}, "steps from the datum", 1, 1e9, true, "steps"},
           {"draws", std::int64_t{1}, "times that each chain starts anew", 1, 1e12, true, "draws"},
           positive_option(),
           positive_chains_option(),
           few_chains_option()},
          true,
          check_cd,
          estimate_cd};
}

}  // namespace negphase
