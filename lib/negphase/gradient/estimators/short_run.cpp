#include "negphase/gradient/estimators/chain_options.hpp"
#include "negphase/gradient/estimators/estimators.hpp"
#include "negphase/gradient/warnings.hpp"

// Short runs from noise: biased, as CD-k is (M9).
namespace negphase {

namespace {

ChainsPlan plan_short_run(const Problem& p, const Options& o, std::uint64_t seed) {
  ChainsPlan plan = plan_chains(p, o, "short_run", false);
  const Index k = o.integer("cd_k");
  plan.schedule = {0, o.integer("draws"), k};
  plan.replay = Replay(p, Replay::Start::noise, 1, k, seed);
  plan.start = plan.replay->first_start();
  return plan;
}

void check_short_run(const Problem& p, const AnySampler* s, const Options& o,
                     const RunSettings& run) {
  check_sampler(p, *s);
  check_plan(p, plan_short_run(p, o, run.seed), run);
}

GradientEstimate estimate_short_run(const Problem& p, const AnySampler* s, const Options& o,
                                    const RunSettings& run, const Milestones& milestones) {
  GradientEstimate e = estimate_by_chains(p, *s, plan_short_run(p, o, run.seed), run, milestones);
  e.warnings.push_back(biased_short_run(o.integer("cd_k")));
  return e;
}

}  // namespace

EstimatorRow short_run_estimator() {
  return {"short_run",
          "chains that start at noise and take k steps, with no warm-up; biased",
          {chains_option(64),
           {"cd_k", std::int64_t{20}, "steps from the noise", 1, 1e9, true, "steps"},
           {"draws", std::int64_t{1}, "times that each chain starts anew", 1, 1e12, true, "draws"},
           positive_option(),
           positive_chains_option(),
           few_chains_option()},
          true,
          check_short_run,
          estimate_short_run};
}

}  // namespace negphase
