#include <fmt/core.h>

#include <cmath>
#include <limits>

#include "negphase/gradient/estimators/chain_options.hpp"
#include "negphase/gradient/estimators/estimators.hpp"

// A pilot measures the noise of the chains, how long they remember, and the length of the gradient;
// from these follow chains and steps of the run that is reported.
namespace negphase {

namespace {

// One block of chains, and 31 degrees of freedom.
constexpr Index least_chains = 64;
// A warm-up of so many times the chains' memory leaves exp(-20) of the start; chain means are near
// normal from ten effective draws on.
constexpr double memories_of_warmup = 20, effective_draws_a_chain = 10;
// A pilot that is shorter does not see the slowest components yet.
constexpr double effective_draws_of_pilot = 20;
// |SE|^2 of a pilot with 31 degrees of freedom may be short of the true one by a quarter (its
// standard deviation is sqrt(2 / 31) of it).
constexpr double reserve = 1.25;
// A run whose warm-up is at most a tenth of it may as well have more chains, which are parallel.
constexpr Index warmups_a_chain = 10;

double steps_of(const ChainsPlan& plan) {
  const auto positive = static_cast<double>(plan.sample_positive ? plan.positive.chains() : 0);
  return (positive + static_cast<double>(plan.negative.chains())) *
         static_cast<double>(plan.schedule.steps());
}

ChainsPlan first_pilot(const Problem& p, const Options& o) {
  ChainsPlan plan = plan_chains(p, o, "automatic", false);
  if (plan.negative.rows() == 0) {
    plan.negative = Replicates::by_group(std::max<Index>(o.integer("chains"), least_chains));
  } else if (plan.negative.most_degrees_of_freedom() < 15) {
    plan.negative = Replicates::by_row(p.rows(), 2 + 15 / p.rows());
  }
  plan.schedule = {100, 100, 1};
  return plan;
}

/// What the pilot showed of the chains.
struct Noise {
  double length = 0;      ///< |gradient|, without the noise's share
  double error = 0;       ///< |SE|
  double memory = 0;      ///< steps for one effective draw of the slowest component
  bool is_clear = false;  ///< long enough to be believed
};

Noise noise_of(const GradientEstimate& pilot) {
  double slowest = std::numeric_limits<double>::infinity();
  for (const double size : pilot.effective_size) {
    slowest = size < slowest ? size : slowest;  // not for NaN
  }
  Noise noise;
  noise.error = pilot.standard_error.norm();
  const double seen = pilot.mean.squaredNorm(), own = noise.error * noise.error;
  noise.length = std::sqrt(std::max(seen - own, 0.0));
  const auto chains = static_cast<double>(pilot.chains);
  // all components constant: nothing to wait for
  noise.memory = std::isfinite(slowest)
                     ? std::max(1.0, static_cast<double>(pilot.draws) * chains / slowest)
                     : 1.0;
  noise.is_clear = slowest >= effective_draws_of_pilot * chains && seen >= 4 * own;
  return noise;
}

double wanted_error(const Options& o, const Noise& noise) {
  const double absolute = o.real("absolute_error");
  return absolute > 0 ? absolute : o.real("relative_error") * noise.length;
}

/// Chains, warm-up and draws for that error, and whether they stay within the limit.
struct Choice {
  ChainsPlan plan;
  bool fits = true;
};

Choice choose(const ChainsPlan& pilot, const Noise& noise, double wanted, double max_steps) {
  Choice choice{pilot, true};
  ChainsPlan& plan = choice.plan;
  const double ratio = noise.error > 0 ? noise.error / wanted : 0;
  const auto pilot_draws = static_cast<double>(plan.schedule.draws);
  const double draws = std::ceil(reserve * ratio * ratio * pilot_draws);
  const double least = std::ceil(reserve * effective_draws_a_chain * noise.memory);
  // what does not fit any integer does not fit the limit either
  const double each = std::min(std::max(draws, least), max_steps);
  plan.schedule.warmup = static_cast<Index>(std::ceil(memories_of_warmup * noise.memory));
  plan.schedule.draws = static_cast<Index>(each);
  const Index more = std::min<Index>(
      16, plan.schedule.draws / std::max<Index>(1, warmups_a_chain * plan.schedule.warmup));
  if (more > 1 && !plan.sample_positive) {
    const Index rows = plan.negative.rows();
    plan.negative = rows > 0 ? Replicates::by_row(rows, more * plan.negative.chains() / rows)
                             : Replicates::by_group(more * plan.negative.chains());
    plan.schedule.draws = (plan.schedule.draws + more - 1) / more;
  }
  if (steps_of(plan) > max_steps) {
    choice.fits = false;
    const double chains = steps_of(plan) / static_cast<double>(plan.schedule.steps());
    const double left = max_steps / chains - static_cast<double>(plan.schedule.warmup);
    plan.schedule.draws = std::max<Index>(1, static_cast<Index>(left));
  }
  return choice;
}

void check_automatic(const Problem& p, const AnySampler* s, const Options& o,
                     const RunSettings& run) {
  if (!(o.real("absolute_error") > 0) && !(o.real("relative_error") > 0)) {
    throw ConfigError(
        "estimator 'automatic': relative_error and absolute_error are both 0; give the one that "
        "is wanted");
  }
  check_sampler(p, *s);
  const ChainsPlan pilot = first_pilot(p, o);
  check_plan(p, pilot, run);
  if (steps_of(pilot) > o.real("max_steps")) {
    throw ConfigError(fmt::format(
        "estimator 'automatic': the pilot alone takes {:.4g} steps of all chains; max_steps is "
        "{:.4g}",
        steps_of(pilot), o.real("max_steps")));
  }
}

std::string spent(const ChainsPlan& plan) {
  return fmt::format("{} chains, {} steps of warm-up and {} draws", plan.negative.chains(),
                     plan.schedule.warmup, plan.schedule.draws);
}

GradientEstimate estimate_automatic(const Problem& p, const AnySampler* s, const Options& o,
                                    const RunSettings& run, const Milestones& milestones) {
  const double max_steps = o.real("max_steps");
  RunSettings apart = run;  // draws of its own: what is reported is independent of the choice
  apart.seed = derive_seed(run.seed, "pilot");
  apart.progress = nullptr;
  ChainsPlan pilot = first_pilot(p, o);
  std::int64_t energies = 0, gradients = 0;
  double taken = 0, seconds = 0;
  Noise noise;
  while (true) {
    pilot.start = start_of(p, apart.seed, false);
    const GradientEstimate seen = estimate_by_chains(p, *s, pilot, apart);
    energies += seen.energy_evaluations;
    gradients += seen.gradient_evaluations;
    seconds += seen.seconds;
    taken += steps_of(pilot);
    noise = noise_of(seen);
    if (noise.is_clear || taken + 2 * steps_of(pilot) > max_steps / 2) {
      break;
    }
    pilot.schedule.warmup *= 2;
    pilot.schedule.draws *= 2;
  }
  const double wanted = wanted_error(o, noise);
  Choice choice = choose(pilot, noise, wanted, max_steps - taken);
  choice.plan.start = start_of(p, run.seed, false);
  GradientEstimate e = estimate_by_chains(p, *s, choice.plan, run, milestones);
  e.energy_evaluations += energies;
  e.gradient_evaluations += gradients;
  e.seconds += seconds;
  e.warnings.push_back(
      {"chosen_by_pilot", fmt::format("a pilot of {:.3g} steps in all chose {} for an error of "
                                      "{:.3g}; the estimate does not use its draws",
                                      taken, spent(choice.plan), wanted)});
  const double reached = e.standard_error.norm();
  if (!(reached <= wanted)) {
    e.warnings.push_back(
        {"error_above_budget",
         fmt::format("the error is {:.3g} where {:.3g} was wanted{}", reached, wanted,
                     !noise.is_clear ? ": the pilot could not see the noise within half of "
                                       "max_steps; allow more, or take a sampler that mixes faster"
                     : !choice.fits  ? ": max_steps did not allow more"
                                     : ": the chains are noisier than the pilot saw; ask for a "
                                       "smaller one"),
         true});
  }
  return e;
}

}  // namespace

EstimatorRow automatic_estimator() {
  return {"automatic",
          "long chains, as many and as long as an error needs: a pilot chooses within a limit (M7)",
          {{"relative_error", 0.05, "wanted |SE| / |gradient|", 0, 1e6, true},
           {"absolute_error", 0.0, "wanted |SE|; where it is given relative_error does not count",
            0, 1e300, true},
           {"max_steps", 1e8, "steps of all chains together, pilot and both phases", 1, 1e18, true,
            "steps"},
           {"chains", std::int64_t{2},
            "chains at the least: on each row of a conditional model; of any other 64 at the least",
            2, 1e9, true, "chains"},
           positive_option(),
           positive_chains_option(),
           few_chains_option()},
          true,
          check_automatic,
          estimate_automatic};
}

}  // namespace negphase
