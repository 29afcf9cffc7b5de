#include <limits>

#include "negphase/gradient/estimators/chain_options.hpp"
#include "negphase/gradient/estimators/estimators.hpp"
#include "negphase/gradient/warnings.hpp"

// Persistent chains of which some start anew at each update.
namespace negphase {

namespace {

Replay replay_of(const Problem& p, const Options& o, std::uint64_t seed) {
  const bool at_noise = o.word("reinit") == "noise";
  return {p, at_noise ? Replay::Start::noise : Replay::Start::data, o.real("reinit_rate"),
          o.integer("cd_k"), seed};
}

ChainsPlan plan_replay(const Problem& p, const Options& o, std::uint64_t seed) {
  ChainsPlan plan = plan_chains(p, o, "replay", false);
  const Index k = o.integer("cd_k");
  plan.schedule = {k * (o.integer("updates") - 1), 1, k};
  plan.replay = replay_of(p, o, seed);
  plan.start = plan.replay->first_start();
  return plan;
}

void check_replay(const Problem& p, const AnySampler* s, const Options& o, const RunSettings& run) {
  check_sampler(p, *s);
  check_plan(p, plan_replay(p, o, run.seed), run);
}

GradientEstimate estimate_replay(const Problem& p, const AnySampler* s, const Options& o,
                                 const RunSettings& run, const Milestones& milestones) {
  const ChainsPlan plan = plan_replay(p, o, run.seed);
  GradientEstimate e = estimate_by_chains(p, *s, plan, run, milestones);
  ReplayAges ages(plan.negative.chains());
  for (std::int64_t update = 0; update < o.integer("updates"); ++update) {
    ages.advance(*plan.replay, static_cast<std::uint64_t>(update));
  }
  e.chain_ages = ages.summary();
  e.warnings.push_back(biased_replay(*e.chain_ages, o.real("reinit_rate"), o.integer("cd_k")));
  return e;
}

}  // namespace

EstimatorRow replay_estimator() {
  return {"replay",
          "a replay buffer as an update of training sees it: persistent chains, of which a share "
          "starts anew at each update; biased",
          {chains_option(64),
           {"cd_k", std::int64_t{1}, "steps between two updates", 1, 1e9, true, "steps"},
           {"updates", std::int64_t{100}, "updates since the buffer was filled", 1, 1e9, true,
            "updates"},
           {"reinit_rate", 0.05, "share of the chains that start anew at each update", 0, 1, true},
           {"reinit",
            std::string("noise"),
            "where these start, and the first ones: at noise, or at data rows",
            -std::numeric_limits<double>::infinity(),
            std::numeric_limits<double>::infinity(),
            true,
            "",
            {"noise", "data"}},
           positive_option(),
           positive_chains_option(),
           few_chains_option()},
          true,
          check_replay,
          estimate_replay};
}

}  // namespace negphase
