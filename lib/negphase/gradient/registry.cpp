#include <fmt/core.h>

#include <array>
#include <chrono>
#include <cmath>
#include <limits>

#include "negphase/exact/exact.hpp"
#include "negphase/gradient/by_chains.hpp"
#include "negphase/gradient/registry.hpp"
#include "negphase/gradient/warnings.hpp"
#include "negphase/run/gradient_check.hpp"

namespace negphase {

namespace {

using Clock = std::chrono::steady_clock;

ChainsPlan plan_chains(const Problem& p, const Options& o, std::string_view estimator,
                       bool by_data_row) {
  const bool by_row = by_data_row || p.model.shape().num_x > 0;
  const Index chains = o.integer("chains");
  ChainsPlan plan;
  plan.estimator = estimator;
  plan.negative = by_row ? Replicates::by_row(p.rows(), chains) : Replicates::by_group(chains);
  plan.positive = Replicates::by_row(p.rows(), o.integer("positive_chains"));
  plan.few_chains = o.flag("few_chains");
  const std::string& how = o.word("positive");
  plan.sample_positive = how == "sampled" || (how == "auto" && !positive_has_closed_form(p));
  if (how == "sampled" && p.model.shape().z.empty()) {
    throw ConfigError(fmt::format(
        "estimator '{}': positive = \"sampled\", but the model has no latent z to sample",
        estimator));
  }
  if (how == "exact" && !positive_has_closed_form(p)) {
    throw ConfigError(fmt::format(
        "estimator '{}': positive = \"exact\", but z cannot be summed out of this model; use "
        "positive = \"sampled\"",
        estimator));
  }
  return plan;
}

// ---- long chains

const OptionSpec chains_option(std::int64_t fallback) {
  return {"chains",
          fallback,
          "independent chains; for a conditional model, and for cd, on each row of the data",
          1,
          1e9,
          true,
          "chains"};
}
const OptionSpec thin_option{"thin", std::int64_t{1}, "steps between two draws", 1, 1e9,
                             true,   "steps"};
const OptionSpec positive_option{
    "positive",
    std::string("auto"),
    "positive phase: z summed out, or sampled with y clamped (auto: summed out where possible)",
    -INFINITY,
    INFINITY,
    true,
    "",
    {"auto", "exact", "sampled"}};
const OptionSpec positive_chains_option{
    "positive_chains",
    std::int64_t{2},
    "chains on each row of the data in a sampled positive phase",
    2,
    1e6,
    true,
    "chains"};
const OptionSpec few_chains_option{"few_chains", false,
                                   "accept fewer replicates than an error bar needs"};

// a conditional chain starts at its own datum, any other at a datum drawn at random
StartFunction start_of(const Problem& p, std::uint64_t seed, bool at_noise) {
  const std::uint64_t start_seed = derive_seed(seed, "start");
  if (at_noise) {
    return start_at_noise(p, start_seed);
  }
  return p.model.shape().num_x > 0 ? StartFunction{} : start_at_random_rows(p, start_seed);
}

ChainsPlan plan_long_chains(const Problem& p, const Options& o) {
  ChainsPlan plan = plan_chains(p, o, "long_chains", false);
  plan.schedule = {o.integer("warmup"), o.integer("draws"), o.integer("thin")};
  return plan;
}

void check_long_chains(const Problem& p, const AnySampler* s, const Options& o,
                       const RunSettings& run) {
  check_sampler(p, *s);
  check_plan(p, plan_long_chains(p, o), run);
}

GradientEstimate estimate_long_chains(const Problem& p, const AnySampler* s, const Options& o,
                                      const RunSettings& run, const Milestones& milestones) {
  ChainsPlan plan = plan_long_chains(p, o);
  plan.start = start_of(p, run.seed, o.word("start") == "noise");
  return estimate_by_chains(p, *s, plan, run, milestones);
}

// ---- contrastive divergence (M9)

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

// ---- persistent chains (M9)

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

// ---- exact

ExactLimits exact_limits(const Options& o) {
  ExactLimits limits;
  limits.max_states = o.real("max_states");
  limits.lower = o.real("lower");
  limits.upper = o.real("upper");
  return limits;
}

void check_exact(const Problem& p, const AnySampler*, const Options& o, const RunSettings&) {
  if (!positive_has_closed_form(p)) {
    throw ConfigError("estimator 'exact': z cannot be summed out of this model");
  }
  const ExactPlan plan = plan_exact(p.model, p.x, p.beta, exact_limits(o));
  if (plan.method.empty()) {
    throw ConfigError(fmt::format("estimator 'exact': {}", plan.why_not));
  }
  check_gradients(p.model, p.x, p.y, 1);
}

GradientEstimate estimate_exact(const Problem& p, const AnySampler*, const Options& o,
                                const RunSettings& run, const Milestones&) {
  const auto begin = Clock::now();
  const auto positive = solve_positive(p.model, p.x, p.y, p.beta, *run.executor);
  const ExactAnswer negative = solve_exact(p.model, p.x, p.beta, exact_limits(o), *run.executor);
  const Index size = negative.mean_param_grad.size();
  GradientEstimate e;
  e.mean = positive->mean_param_grad - negative.mean_param_grad;
  e.standard_error = Eigen::VectorXd::Zero(size);
  e.degrees_of_freedom = Eigen::VectorXd::Constant(size, std::numeric_limits<double>::infinity());
  e.effective_size = Eigen::VectorXd::Constant(size, std::numeric_limits<double>::quiet_NaN());
  e.positive = positive->mean_param_grad;
  e.negative = negative.mean_param_grad;
  e.is_exact = true;
  e.energy_evaluations = static_cast<std::int64_t>(negative.evaluations);
  e.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  return e;
}

const std::array<EstimatorRow, 4>& table() {
  const double inf = std::numeric_limits<double>::infinity();
  static const std::array<EstimatorRow, 4> rows{{
      {"exact",
       "no sampling: closed form, layer sum, enumeration or quadrature, whichever applies first",
       {{"max_states", 33554432.0, "states to enumerate at most", 1, 1099511627776.0, true,
         "states"},
        {"lower", -inf, "lower end of a real y"},
        {"upper", inf, "upper end of a real y"}},
       false,
       check_exact,
       estimate_exact},
      {"long_chains",
       "independent chains, warmed up and then observed; errors from chains (M7)",
       {chains_option(32),
        {"warmup", std::int64_t{100}, "steps before the first draw", 0, 1e12, true, "steps"},
        {"draws", std::int64_t{100}, "observations of each chain", 1, 1e12, true, "draws"},
        thin_option,
        {"start",
         std::string("data"),
         "where y starts: at data rows, or at noise",
         -inf,
         inf,
         true,
         "",
         {"data", "noise"}},
        positive_option,
        positive_chains_option,
        few_chains_option},
       true,
       check_long_chains,
       estimate_long_chains},
      {"cd",
       "contrastive divergence CD-k: chains start at the data and take k steps; biased (M9)",
       {chains_option(2),
        {"cd_k", std::int64_t{1}, "steps from the datum", 1, 1e9, true, "steps"},
        {"draws", std::int64_t{1}, "times that each chain starts anew", 1, 1e12, true, "draws"},
        positive_option,
        positive_chains_option,
        few_chains_option},
       true,
       check_cd,
       estimate_cd},
      {"pcd",
       "persistent chains as an update of training sees them: one draw a chain, k steps after the "
       "last "
       "(M9)",
       {chains_option(64),
        {"cd_k", std::int64_t{1}, "steps between two updates", 1, 1e9, true, "steps"},
        {"updates", std::int64_t{100}, "updates since the chains started", 1, 1e9, true, "updates"},
        positive_option,
        positive_chains_option,
        few_chains_option},
       true,
       check_pcd,
       estimate_pcd},
  }};
  return rows;
}

}  // namespace

std::span<const EstimatorRow> estimator_registry() { return table(); }

const EstimatorRow& find_estimator(const std::string& name) {
  std::vector<std::string> known;
  for (const EstimatorRow& row : table()) {
    if (row.name == name) {
      return row;
    }
    known.emplace_back(row.name);
  }
  throw ConfigError({}, unknown_name("estimator", name, known));
}

GradientEstimate estimate_gradient(const Problem& problem, const AnySampler* sampler,
                                   const std::string& estimator, std::span<const GivenOption> given,
                                   const RunSettings& settings) {
  const EstimatorRow& row = find_estimator(estimator);
  if (row.needs_sampler && sampler == nullptr) {
    throw UsageError(fmt::format("estimator '{}' needs a sampler", estimator));
  }
  const Options options =
      Options::resolve(fmt::format("estimator '{}'", estimator), row.options, given);
  row.check(problem, sampler, options, settings);
  return row.estimate(problem, sampler, options, settings, {});
}

}  // namespace negphase
