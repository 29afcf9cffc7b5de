#include "comparison.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "negphase/exact/exact.hpp"
#include "negphase/registry/registry.hpp"
#include "progress_bar.hpp"

namespace negphase::tool {

namespace {

constexpr int trace_points = 12;

// "mala", "cd-1 (block_gibbs)", "exact"
std::string default_label(const PlannedRow& row) {
  if (!row.sampler) {
    return std::string(row.estimator->name);
  }
  if (row.estimator->name == "long_chains") {
    return row.sampler->name;
  }
  std::string label(row.estimator->name);
  for (const auto& option : row.estimator_options.entries()) {
    if (option.name == "cd_k") {
      label += fmt::format("-{}", row.estimator_options.integer("cd_k"));
    }
  }
  return fmt::format("{} ({})", label, row.sampler->name);
}

void make_labels_differ(std::vector<PlannedRow>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string label = rows[i].label;
    int same = 1;
    for (std::size_t j = i + 1; j < rows.size(); ++j) {
      if (rows[j].label == label) {
        rows[j].label = fmt::format("{} #{}", label, ++same);
      }
    }
  }
}

// Nothing where there are complaints.
std::optional<PlannedRow> plan_row(const CompareRow& row, const Problem& problem,
                                   const RunSettings& settings, Complaints& complaints) {
  if (!row.estimator) {
    complaints.add(row.place,
                   "[estimator] is missing: gradient needs one (key: name; or --set "
                   "estimator.name=long_chains)");
    return {};
  }
  PlannedRow planned;
  const NamedThing& estimator = *row.estimator;
  planned.estimator = &find_estimator(estimator.name);
  planned.estimator_options = Options::resolve(fmt::format("estimator '{}'", estimator.name),
                                               planned.estimator->options, estimator.options);
  if (planned.estimator->needs_sampler) {
    if (!row.sampler) {
      complaints.add(row.place,
                     fmt::format("[sampler] is missing: the estimator '{}' needs one (key: name)",
                                 estimator.name));
      return {};
    }
    if (!complaints.collect(row.sampler->place,
                            [&] { planned.sampler = sampler_for(*row.sampler, problem); })) {
      return {};
    }
    planned.sampler_options =
        Options::resolve(fmt::format("sampler '{}'", row.sampler->name),
                         find_sampler(row.sampler->name).options, row.sampler->options);
  }
  planned.label = row.label.empty() ? default_label(planned) : row.label;
  const bool fits = complaints.collect(estimator.place, [&] {
    planned.estimator->check(problem, planned.sampler ? &*planned.sampler : nullptr,
                             planned.estimator_options, settings);
  });
  return fits ? std::optional<PlannedRow>(std::move(planned)) : std::nullopt;
}

Options default_options(const EstimatorRow& row) {
  return Options::resolve(fmt::format("estimator '{}'", row.name), row.options, {});
}

}  // namespace

Comparison plan_comparison(const std::string& file, const CommonArguments& common,
                           const Executor& executor) {
  return plan_comparison(load_problem(file, common, ParamsAre::required), common, executor);
}

Comparison plan_comparison(ProblemFile loaded, const CommonArguments& common,
                           const Executor& executor) {
  const RunSettings settings = run_settings(loaded.config, common, executor);
  Complaints complaints;
  std::vector<PlannedRow> rows;
  for (const CompareRow& row : loaded.config.rows) {
    if (auto planned = plan_row(row, loaded.problem, settings, complaints)) {
      rows.push_back(std::move(*planned));
    }
  }
  complaints.throw_if_any();
  make_labels_differ(rows);

  Comparison comparison{std::move(loaded), std::move(rows), "", "", {}, {}, {}, {}};
  const Problem& problem = comparison.file.problem;
  const ExactPlan positive = plan_positive(problem.model, problem.x, problem.rows(), problem.beta);
  if (positive.method.empty()) {
    comparison.why_no_exact = "positive phase: " + positive.why_not;
    return comparison;
  }
  const ExactPlan plan = plan_exact(problem.model, problem.x, problem.beta);
  comparison.exact_method = plan.method;
  comparison.why_no_exact = plan.why_not;
  return comparison;
}

void solve_exactly(Comparison& comparison, const CommonArguments& common,
                   const Executor& executor) {
  if (comparison.exact_method.empty()) {
    return;
  }
  const EstimatorRow& exact = find_estimator("exact");
  ProgressBar bar("exact gradient", common.quiet);
  RunSettings settings = run_settings(comparison.file.config, common, executor);
  settings.progress = bar.progress();
  comparison.exact =
      exact.estimate(comparison.file.problem, nullptr, default_options(exact), settings, {});
}

void run_comparison(Comparison& comparison, const CommonArguments& common,
                    const Executor& executor) {
  solve_exactly(comparison, common, executor);
  const Problem& problem = comparison.file.problem;
  RunSettings settings = run_settings(comparison.file.config, common, executor);
  for (const PlannedRow& row : comparison.rows) {
    ProgressBar bar(row.label, common.quiet);
    settings.progress = bar.progress();
    std::vector<ConvergencePoint> trace;
    const Milestones milestones{trace_points, [&](const Milestone& m) {
                                  trace.push_back(convergence_point(
                                      m, comparison.exact ? &comparison.exact->mean : nullptr));
                                }};
    try {
      comparison.estimates.push_back(
          row.estimator->estimate(problem, row.sampler ? &*row.sampler : nullptr,
                                  row.estimator_options, settings, milestones));
    } catch (const Stopped&) {
      if (comparison.estimates.empty()) {
        throw;
      }
      comparison.stopped_of = comparison.rows.size();
      comparison.rows.resize(comparison.estimates.size());
      return;
    }
    comparison.traces.push_back(std::move(trace));
    comparison.against_exact.push_back(
        comparison.exact ? std::optional<AgainstExact>(
                               compare(comparison.estimates.back(), comparison.exact->mean))
                         : std::nullopt);
  }
}

bool failed_a_check(const Comparison& comparison) {
  return std::any_of(comparison.estimates.begin(), comparison.estimates.end(),
                     [](const GradientEstimate& e) {
                       return std::any_of(e.warnings.begin(), e.warnings.end(),
                                          [](const Warning& w) { return w.is_failed_check; });
                     });
}

}  // namespace negphase::tool
