#include <fmt/core.h>

#include "negphase/gradient/estimators/chain_options.hpp"
#include "negphase/gradient/estimators/estimators.hpp"

// Unbiased estimates by pairs of coupled chains (run/coupled_chains.hpp).
namespace negphase {

namespace {

ChainsPlan plan_coupled(const Problem& p, const Options& o) {
  ChainsPlan plan = plan_chains(p, o, "coupled", false);
  plan.schedule = {o.integer("warmup"), o.integer("draws"), 1};
  plan.coupled = {o.integer("warmup"), o.integer("draws"), o.integer("lag"),
                  o.integer("max_steps")};
  return plan;
}

void check_coupled(const Problem& p, const AnySampler* s, const Options& o,
                   const RunSettings& run) {
  check_sampler(p, *s);
  const ChainsPlan plan = plan_coupled(p, o);
  check_plan(p, plan, run);
  check_coupling(p, *s, plan);
  const CoupledSchedule& c = *plan.coupled;
  if (c.max_steps < c.last() || c.max_steps <= c.lag) {
    throw ConfigError(
        fmt::format("estimator 'coupled': max_steps = {} ends before the last draw, at step warmup "
                    "+ draws = {}, or before any pair can meet, from step lag = {} on",
                    c.max_steps, c.last(), c.lag));
  }
}

GradientEstimate estimate_coupled(const Problem& p, const AnySampler* s, const Options& o,
                                  const RunSettings& run, const Milestones& milestones) {
  ChainsPlan plan = plan_coupled(p, o);
  plan.start = start_of(p, run.seed, o.word("start") == "noise");
  return estimate_by_chains(p, *s, plan, run, milestones);
}

}  // namespace

EstimatorRow coupled_estimator() {
  OptionSpec pairs = chains_option(32);
  pairs.doc = "independent pairs of chains; for a conditional model on each row of the data";
  pairs.unit = "pairs";
  return {
      "coupled",
      "unbiased whatever the start: pairs of coupled chains, and the steps after which they met",
      {std::move(pairs),
       {"warmup", std::int64_t{100}, "steps before the first draw", 0, 1e12, true, "steps"},
       {"draws", std::int64_t{100}, "observations of each leading chain, a step apart", 1, 1e12,
        true, "draws"},
       {"lag", std::int64_t{100},
        "steps by which one chain of a pair is ahead of the other: the bound on what is left of "
        "the start wants it well above the time to forget the start",
        1, 1e12, true, "steps"},
       {"max_steps", std::int64_t{100000}, "steps after which a pair that has not met is given up",
        1, 1e12, true, "steps"},
       start_option(),
       positive_option(),
       positive_chains_option(),
       few_chains_option()},
      true,
      check_coupled,
      estimate_coupled};
}

}  // namespace negphase
