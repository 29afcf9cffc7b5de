#include "negphase/gradient/by_chains.hpp"

#include <fmt/core.h>

#include <array>
#include <chrono>
#include <cmath>

#include "negphase/exact/exact.hpp"
#include "negphase/gradient/warnings.hpp"
#include "negphase/run/ability_check.hpp"
#include "negphase/run/change_check.hpp"
#include "negphase/run/gradient_check.hpp"

namespace negphase {

bool positive_has_closed_form(const Problem& p) {
  const ModelShape shape = p.model.shape();
  if (shape.z.empty()) {
    return true;
  }
  const std::array<Index, 1> row{0};
  return p.model.bind_double(p.model.prepare(p.x), row).can_sum_out(latent_columns(shape));
}

void check_replicates(const ChainsPlan& plan) {
  const Index freedom = plan.negative.most_degrees_of_freedom();
  if (freedom < 15 && !plan.few_chains) {
    const Index rows = plan.negative.rows();
    throw ConfigError(
        rows > 0 ? fmt::format(
                       "estimator '{}': {} chains on {} rows leave {} degrees of freedom; an "
                       "error bar needs at least 15: take chains >= {} (a row), or say few_chains "
                       "= true to accept a poor one",
                       plan.estimator, plan.negative.chains(), rows, freedom,
                       std::max<Index>(2, 1 + (14 + rows) / rows))
                 : fmt::format(
                       "estimator '{}': chains = {} make too few replicates; an error bar needs at "
                       "least 16: take chains >= 16, or say few_chains = true to accept a poor one",
                       plan.estimator, plan.negative.chains()));
  }
}

void check_plan(const Problem& problem, const ChainsPlan& plan, const RunSettings& settings) {
  check_replicates(plan);
  const ModelShape shape = problem.model.shape();
  double kept = 0;
  if (plan.sample_positive) {
    check_phase_memory(shape, plan.positive, settings);
    kept = bytes_of_cell_means(shape, plan.positive);
  }
  check_phase_memory(shape, plan.negative, settings, kept);
}

void check_coupling(const Problem& p, const AnySampler& sampler, const ChainsPlan& plan) {
  if (!sampler.couples) {
    throw ConfigError(fmt::format(
        "estimator '{}': chains of sampler '{}' cannot be coupled so that they meet; block_gibbs, "
        "site_gibbs and single_flip can",
        plan.estimator, sampler.name));
  }
  const ModelShape shape = p.model.shape();
  std::vector<Column> columns = shape.y;
  columns.insert(columns.end(), shape.z.begin(), shape.z.end());
  for (std::size_t j = 0; j < columns.size(); ++j) {
    if (columns[j].num_states < 2) {
      const bool is_y = j < shape.y.size();
      throw ConfigError(fmt::format(
          "estimator '{}': coupled chains never meet in a column without a finite list of states "
          "({}, column {}); take estimator long_chains, without bound_start_up",
          plan.estimator, is_y ? "y" : "z", is_y ? j + 1 : j + 1 - shape.y.size()));
    }
  }
}

void check_sampler(const Problem& p, const AnySampler& sampler) {
  const std::array<Index, 1> row{0};
  check_abilities(sampler, p.model.bind_double(p.model.prepare(p.x), row));
  check_gradients(p.model, p.x, p.y, 1);
  check_changes(p.model, p.x, p.y, 1);
}

namespace {

std::int64_t work_units(const Replicates& replicates, const Schedule& s, const RunSettings& run) {
  return BlockPlan{replicates.chains(), run.block_width}.num_blocks() * (s.steps() / 16 * 16);
}

/// Pairs of a pilot: with none of them late, the start is bounded by 3 / 512 = 0.006 at 95 %.
constexpr Index pilot_pairs = 512;

/// Runs the plan's pilot for the chains of `spec`; its cost goes to theirs.
void run_pilot(const Problem& p, const AnySampler& sampler, const ChainsPlan& plan, PhaseSpec spec,
               const RunSettings& run, Phase& phase) {
  spec.role += ", pilot";  // streams of its own
  const Index rows = spec.replicates.rows();
  spec.replicates =
      rows > 0 ? Replicates::by_row(rows, std::max<Index>(2, (pilot_pairs + rows - 1) / rows))
               : Replicates::by_group(pilot_pairs);
  RunSettings silent = run;
  silent.progress = nullptr;  // the chains that follow are what is waited for
  const Phase pairs = PhaseChains(p, sampler, std::move(spec), silent).couple(*plan.pilot);
  phase.start_up = pairs.start_up;
  phase.counts.add(pairs.counts);
}

Phase draw(const Problem& p, const AnySampler& sampler, const ChainsPlan& plan,
           const PhaseSpec& spec, const Schedule& schedule, const RunSettings& run,
           const PhaseLooks& looks = {}) {
  PhaseChains chains(p, sampler, spec, run);
  if (plan.coupled) {
    Phase phase = chains.couple(*plan.coupled);
    if (!looks.after.empty()) {
      looks.look(phase);  // its weights hang on the last draw: there is nothing to see before
    }
    return phase;
  }
  Phase phase = chains.draw(schedule, looks);
  if (plan.pilot) {
    run_pilot(p, sampler, plan, spec, run, phase);
  }
  return phase;
}

Phase positive_phase(const Problem& p, const AnySampler& sampler, const ChainsPlan& plan,
                     const RunSettings& run) {
  if (!plan.sample_positive) {
    return exact_phase(
        solve_positive(p.model, p.x, p.y, p.beta, ExactLimits{}, *run.executor).mean_param_grad);
  }
  PhaseSpec spec;
  spec.role = "positive phase";
  spec.replicates = plan.positive;
  spec.clamp_y = true;
  // a restarted negative phase has no warm-up of its own to copy
  Schedule schedule = plan.schedule;
  schedule.warmup = std::max<Index>(schedule.warmup, 16 * schedule.thin);
  return draw(p, sampler, plan, spec, schedule, run);
}

// a marginal variance of 0 was measured on too few draws where the error bar is not 0 as well
Eigen::VectorXd effective_sizes(const Phase& negative) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  const auto& variance = negative.marginal_variance;
  const auto& squared_error = negative.gradient.squared_error;
  Eigen::VectorXd sizes(variance.size());
  for (Index i = 0; i < sizes.size(); ++i) {
    const bool known = variance[i] > 0 && squared_error[i] > 0;
    sizes[i] = known ? variance[i] / squared_error[i] : unknown;
  }
  return sizes;
}

GradientEstimate make_estimate(const Phase& positive, const Phase& negative) {
  const ReplicateMean d = difference(positive.gradient, negative.gradient);
  GradientEstimate e;
  e.mean = d.mean;
  e.standard_error = d.squared_error.cwiseSqrt();
  e.degrees_of_freedom = d.degrees_of_freedom;
  e.effective_size = effective_sizes(negative);
  e.positive = positive.gradient.mean;
  e.negative = negative.gradient.mean;
  e.positive_error = positive.gradient.squared_error.cwiseSqrt();
  e.negative_error = negative.gradient.squared_error.cwiseSqrt();
  e.positive_is_exact = positive.chains == 0;
  e.chains = negative.chains;
  e.draws = negative.draws;
  RunCounts counts = negative.counts;
  if (counts.proposals > 0) {
    e.acceptance = counts.acceptance / static_cast<double>(counts.proposals);
  }
  counts.add(positive.counts);
  e.energy_evaluations = counts.energy_evaluations;
  e.gradient_evaluations = counts.gradient_evaluations;
  e.warmup_evaluations = negative.warmup_evaluations;
  e.nan_proposals = counts.nan_proposals;
  e.forbidden_proposals = counts.forbidden_proposals;
  e.start_up = negative.start_up;
  e.positive_start_up = positive.start_up;
  return e;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// draws, draws / 2, draws / 4 .. 1, the fewest first
std::vector<Index> halvings(Index draws, int points) {
  std::vector<Index> all;
  for (; draws > 0 && points > 0; draws /= 2, --points) {
    all.insert(all.begin(), draws);
  }
  return all;
}

PhaseLooks looks_of(const Milestones& milestones, const Phase& positive, const ChainsPlan& plan,
                    std::chrono::steady_clock::time_point begin) {
  return {halvings(plan.schedule.draws, milestones.points), [&, begin](const Phase& negative) {
            GradientEstimate e = make_estimate(positive, negative);
            e.seconds = seconds_since(begin);
            const auto error_along = [&](const Eigen::VectorXd& direction) {
              return std::sqrt(positive.squared_error_along(direction) +
                               negative.squared_error_along(direction));
            };
            milestones.report({e, error_along});
          }};
}

// of chains that go on from draw to draw
std::optional<Mixing> mixing_of(const Phase& phase, const std::string& name) {
  if (phase.energies.values.size() == 0) {
    return {};
  }
  return check_mixing(phase.energies, name);
}

void take_mixing(GradientEstimate& e, const Phase& positive, const Phase& negative) {
  e.mixing = mixing_of(negative, "negative phase");
  e.positive_mixing = mixing_of(positive, "positive phase");
  for (const auto& mixing : {e.mixing, e.positive_mixing}) {
    if (mixing) {
      e.warnings.insert(e.warnings.end(), mixing->warnings.begin(), mixing->warnings.end());
    }
  }
}

void warn(GradientEstimate& e, const AnySampler& sampler, const ChainsPlan& plan, double beta) {
  double least = std::numeric_limits<double>::infinity();
  for (const double size : e.effective_size) {
    least = size < least ? size : least;  // not for NaN
  }
  const Index constant = (e.standard_error.array() == 0).count();
  const double a_chain = least / static_cast<double>(e.chains);
  const bool goes_on = !plan.restart && !plan.replay;
  if (plan.schedule.draws > 1 && goes_on && !plan.coupled && a_chain < enough_draws_a_chain) {
    e.warnings.push_back(
        {"few_effective_draws",
         fmt::format(
             "the slowest component has {:.3g} effective draws a chain: below {:g} a warm-up of "
             "like length has not forgotten the start, chain means are not near normal and "
             "the error bars may be too small; take more draws, a larger thin or a sampler "
             "that mixes faster",
             a_chain, enough_draws_a_chain),
         true});
  }
  if (constant > 0) {
    e.warnings.push_back(
        {"constant_components",
         fmt::format("{} of {} components never changed in any chain: their error bar of 0 means "
                     "nothing",
                     constant, e.effective_size.size()),
         true});
  }
  warn_of_sampler(sampler, beta, e.warnings);
  if (e.start_up) {
    warn_of_start_up(*e.start_up, "negative phase", plan.coupled.has_value(), e.warnings);
    if (e.positive_start_up) {
      warn_of_start_up(*e.positive_start_up, "positive phase", plan.coupled.has_value(),
                       e.warnings);
    }
  } else if (goes_on && !plan.start_is_exact) {
    e.warnings.push_back({"start_up_bias_not_bounded",
                          "the error bars do not see start-up bias, and nothing bounds it here; "
                          "compare with a longer warmup"});
  }
}

}  // namespace

GradientEstimate estimate_by_chains(const Problem& p, const AnySampler& sampler,
                                    const ChainsPlan& plan, const RunSettings& run,
                                    const Milestones& milestones) {
  const auto begin = std::chrono::steady_clock::now();
  if (run.progress != nullptr) {
    run.progress->begin(work_units(plan.negative, plan.schedule, run) +
                        (plan.sample_positive ? work_units(plan.positive, plan.schedule, run) : 0));
  }
  const Phase positive = positive_phase(p, sampler, plan, run);

  PhaseSpec spec;
  spec.role = "negative phase";
  spec.replicates = plan.negative;
  spec.restart = plan.restart;
  spec.reference = positive.gradient.mean;
  spec.start = plan.start;
  spec.replay = plan.replay;
  const Phase negative =
      draw(p, sampler, plan, spec, plan.schedule, run, looks_of(milestones, positive, plan, begin));
  GradientEstimate e = make_estimate(positive, negative);
  e.seconds = seconds_since(begin);
  warn_of_acceptance(negative.counts, e.warnings);
  warn_of_suspects(negative.suspects, e.warnings);
  take_mixing(e, positive, negative);
  warn(e, sampler, plan, p.beta);
  return e;
}

}  // namespace negphase
