#include "negphase/gradient/estimators/chain_options.hpp"
#include "negphase/gradient/estimators/estimators.hpp"

// Persistent chains (M9).
namespace negphase {

namespace {

ChainsPlan plan_pcd(const Problem& p, const Options& o) {
  ChainsPlan plan = plan_chains(p, o, "pcd", false);
  const Index k = o.integer("cd_k");
  plan.schedule = {k * (o.integer("updates") - 1), 1, k};
  return plan;
}

void check_pcd(const Problem& p, const AnySampler* s, const Options& o, const RunSettings& run) {
  check_sampler(p, *s);
  check_plan(p, plan_pcd(p, o), run);
}

GradientEstimate estimate_pcd(const Problem& p, const AnySampler* s, const Options& o,
                              const RunSettings& run, const Milestones& milestones) {
  ChainsPlan plan = plan_pcd(p, o);
  plan.start = start_of(p, run.seed, false);
  return estimate_by_chains(p, *s, plan, run, milestones);
}

}  // namespace

EstimatorRow pcd_estimator() {
  return {
      "pcd",
      "persistent chains as an update of training sees them: one draw a chain, k steps after the "
      "last "
      "(M9)",
      {chains_option(64),
       {"cd_k", std::int64_t{1}, "steps between two updates", 1, 1e9, true, "steps"},
       {"updates", std::int64_t{100}, "updates since the chains started", 1, 1e9, true, "updates"},
       positive_option(),
       positive_chains_option(),
       few_chains_option()},
      true,
      check_pcd,
      estimate_pcd};
}

}  // namespace negphase
