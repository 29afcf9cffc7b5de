#include <algorithm>

#include "negphase/gradient/estimators/chain_options.hpp"
#include "negphase/gradient/estimators/estimators.hpp"

namespace negphase {

namespace {

ChainsPlan plan_long_chains(const Problem& p, const Options& o) {
  ChainsPlan plan = plan_chains(p, o, "long_chains", false);
  plan.schedule = {o.integer("warmup"), o.integer("draws"), o.integer("thin")};
  if (o.flag("bound_start_up")) {
    // a lag as long as the warm-up: a pair that has met by the end of both counts nothing
    const Index lag = std::max<Index>(1, plan.schedule.warmup);
    plan.pilot = {.warmup = plan.schedule.warmup, .lag = lag, .max_steps = 20 * lag};
  }
  return plan;
}

void check_long_chains(const Problem& p, const AnySampler* s, const Options& o,
                       const RunSettings& run) {
  check_sampler(p, *s);
  const ChainsPlan plan = plan_long_chains(p, o);
  check_plan(p, plan, run);
  if (plan.pilot) {
    check_coupling(p, *s, plan);
  }
}

GradientEstimate estimate_long_chains(const Problem& p, const AnySampler* s, const Options& o,
                                      const RunSettings& run, const Milestones& milestones) {
  ChainsPlan plan = plan_long_chains(p, o);
  plan.start = start_of(p, run.seed, o.word("start") == "noise");
  return estimate_by_chains(p, *s, plan, run, milestones);
}

}  // namespace

EstimatorRow long_chains_estimator() {
  return {"long_chains",
          "independent chains, warmed up and then observed; errors from chains (M7)",
          {chains_option(32),
           {"warmup", std::int64_t{100}, "steps before the first draw", 0, 1e12, true, "steps"},
           {"draws", std::int64_t{100}, "observations of each chain", 1, 1e12, true, "draws"},
           thin_option(),
           start_option(),
           {"bound_start_up", false,
            "runs coupled pairs of chains first, and says what may be left of the start after the "
            "warmup"},
           positive_option(),
           positive_chains_option(),
           few_chains_option()},
          true,
          check_long_chains,
          estimate_long_chains};
}

}  // namespace negphase
