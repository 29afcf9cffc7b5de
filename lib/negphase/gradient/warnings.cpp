#include "negphase/gradient/warnings.hpp"

#include <fmt/core.h>

#include <cmath>

#include "negphase/diagnostics/chain_warnings.hpp"

namespace negphase {

void warn_of_acceptance(const RunCounts& counts, std::vector<Warning>& warnings) {
  const double acceptance = counts.acceptance / static_cast<double>(counts.proposals);
  if (acceptance < 0.01) {  // not for NaN: a sampler that never rejects makes no proposals
    warnings.push_back(
        {"low_acceptance",
         fmt::format("acceptance {:.2g}: the chains hardly move; take a smaller step", acceptance),
         true});
  } else if (acceptance > 0.99) {
    warnings.push_back(
        {"high_acceptance",
         fmt::format("acceptance {:.4f}: the steps are so small that the chains creep; "
                     "take a larger step",
                     acceptance)});
  }
}

void warn_of_suspects(const SuspectChains& suspects, std::vector<Warning>& warnings) {
  if (!suspects.frozen.empty()) {
    warnings.push_back(frozen_chains(suspects.frozen, suspects.of));
  }
  if (!suspects.identical.empty()) {
    std::vector<RepeatedStates::Pair> pairs;
    for (const auto& [earlier, later] : suspects.identical) {
      pairs.push_back({earlier, later, 0});
    }
    warnings.push_back(identical_chains(pairs));
  }
}

void warn_of_start_up(const StartUp& s, const std::string& phase, bool estimates_by_pairs,
                      std::vector<Warning>& warnings) {
  if (s.not_met > 0) {
    warnings.push_back(
        {"pairs_not_met",
         fmt::format("{}: {} of {} pairs of chains had not met when they were stopped, so nothing "
                     "bounds start-up bias; {}take a sampler that mixes faster (Gibbs in sweeps "
                     "or by layers){}",
                     phase, s.not_met, s.pairs,
                     estimates_by_pairs ? "their sums are cut off, which is a bias: " : "",
                     estimates_by_pairs ? ", or a larger max_steps" : ", or a longer warmup"),
         true});
  } else if (!estimates_by_pairs && s.upper > bounded_start_up) {
    warnings.push_back(
        {"start_up_bias_not_bounded",
         fmt::format(
             "{}: after {} steps a total variation of up to {:.2g} may be left of the "
             "start, by {} coupled pairs of chains (bound {:.2g} +- {:.2g}; at most {:g} is "
             "called bounded); 99 % of them had met after {:g} steps: take a longer warmup",
             phase, s.after, s.upper, s.pairs, s.bound.mean, s.bound.standard_error,
             bounded_start_up, s.percentile_99),
         true});
  } else if (estimates_by_pairs && s.percentile_99 > static_cast<double>(s.after + s.lag)) {
    warnings.push_back(
        {"late_meetings",
         fmt::format(
             "{}: some of the pairs had not met at step warmup + lag = {}: the estimate has "
             "no bias, but its error bar rests on these few, and is wide; the 99 % of "
             "{:g} steps is a good warmup",
             phase, s.after + s.lag, s.percentile_99)});
  }
}

Warning biased_sampler(const std::string& sampler) {
  return {"biased_sampler",
          fmt::format("sampler '{}' does not leave the model's law invariant: its bias falls with "
                      "step_size (M12) and is in no error bar",
                      sampler)};
}

void warn_of_sampler(const AnySampler& sampler, double beta, std::vector<Warning>& warnings) {
  if (!sampler.is_exact) {
    warnings.push_back(biased_sampler(sampler.name));
  }
  if (sampler.own_beta > 0) {
    const double own = sampler.own_beta;
    const bool is_the_models = std::abs(own - beta) <= 1e-12 * beta;
    warnings.push_back(
        {"biased_temperature",
         fmt::format("sampler '{}' samples at temperature T = {:.6g}, that is beta = {:.6g}, {}",
                     sampler.name, 1 / own, own,
                     is_the_models
                         ? "the model's own"
                         : fmt::format("not the model's {:.6g} (M11): its draws are of another law",
                                       beta))});
  }
}

Warning biased_short_run(std::int64_t k) {
  return {"biased_method",
          fmt::format("short runs are biased: chains start at noise and stop after {} step{}; "
                      "error bars hold for their own expectation, not for the gradient",
                      k, k == 1 ? "" : "s")};
}

Warning biased_replay(const ChainAges& ages, double rate, std::int64_t k) {
  return {"biased_method",
          fmt::format("a replay buffer is biased: a share of {:.3g} of its chains start anew at "
                      "each update of {} step{}, so that chains are {:.3g} updates old on "
                      "average, {} to {}; error bars hold for its own expectation, not for the "
                      "gradient",
                      rate, k, k == 1 ? "" : "s", ages.mean, ages.least, ages.most)};
}

Warning biased_contrastive_divergence(std::int64_t k) {
  return {
      "biased_method",
      fmt::format("CD-{} is biased (M9): its chains start at the data and stop after {} step{}; "
                  "error bars hold for its own expectation, not for the gradient",
                  k, k, k == 1 ? "" : "s")};
}

}  // namespace negphase
