#include "benchmark.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "negphase/exact/exact.hpp"
#include "negphase/exact/total_variation.hpp"
#include "negphase/gradient/benchmark_statistics.hpp"
#include "negphase/random/philox_source.hpp"
#include "negphase/registry/registry.hpp"

namespace negphase::tool {

namespace {

constexpr double most_listed_states = 1 << 16;

bool is_named(const RunConfig& config, std::string_view sampler) {
  return std::any_of(config.rows.begin(), config.rows.end(), [&](const CompareRow& row) {
    return row.sampler && row.sampler->name == sampler;
  });
}

// A temperature of its own by default makes it a sampler of another model.
bool samples_the_model(const std::string& name, double beta) {
  const double own = make_sampler(name).own_beta;
  return own == 0 || own == beta;
}

// A row for every sampler that applies and that no row names.
void add_samplers(RunConfig& config, const FilePlace& place, const Problem& problem) {
  if (!config.estimator) {
    throw ConfigError(place, "add_samplers = true needs [problem.estimator] (key: name)");
  }
  if (config.rows.size() == 1 && !config.rows[0].sampler) {
    config.rows.clear();  // the base, which was to be completed here
  }
  const std::vector<Index> row{0};
  const auto energy = problem.model.bind_double(problem.model.prepare(problem.x), row);
  std::vector<CompareRow> added;
  for (const SamplerRow& sampler : sampler_registry()) {
    const std::string name(sampler.name);
    if (!is_named(config, name) && why_not(sampler, energy).empty() &&
        samples_the_model(name, problem.beta)) {
      added.push_back({name, place, NamedThing{name, place, {}}, config.estimator});
    }
  }
  config.rows.insert(config.rows.end(), added.begin(), added.end());
}

Comparison plan_problem(SuiteProblem& problem, const CommonArguments& common,
                        const Executor& executor) {
  ProblemFile loaded = load_problem(problem.config, ParamsAre::required);
  if (problem.add_samplers) {
    add_samplers(loaded.config, problem.place, loaded.problem);
    problem.add_samplers = false;
  }
  problem.config = loaded.config;
  Comparison comparison = plan_comparison(std::move(loaded), common, executor);
  if (comparison.exact_method.empty()) {
    throw ConfigError(problem.place,
                      fmt::format("problem '{}': a benchmark measures errors, and the exact "
                                  "gradient is not to be had: {}",
                                  problem.name, comparison.why_no_exact));
  }
  for (const PlannedRow& row : comparison.rows) {
    if (!row.sampler) {
      throw ConfigError(problem.place,
                        fmt::format("problem '{}': the row '{}' draws nothing, so there is nothing "
                                    "to measure; leave it out",
                                    problem.name, row.label));
    }
  }
  return comparison;
}

// Chains of its own, as many and as long as the estimator's.
OccupationCheck occupation_of(const Problem& problem, const PlannedRow& row,
                              const Eigen::ArrayXd& law, const RunSettings& settings) {
  const Options& o = row.estimator_options;
  const std::uint64_t seed = derive_seed(settings.seed, "start of occupation");
  const StartFunction start = o.word("start") == "noise" ? start_at_noise(problem, seed)
                                                         : start_at_random_rows(problem, seed);
  const Schedule schedule{o.integer("warmup"), o.integer("draws"), o.integer("thin")};
  return check_occupation(problem, *row.sampler, o.integer("chains"), schedule, start, law,
                          settings);
}

}  // namespace

std::size_t Benchmark::num_rows() const {
  std::size_t rows = 0;
  for (const BenchProblem& problem : problems) {
    rows += problem.comparison.rows.size();
  }
  return rows;
}

Benchmark plan_benchmark(const std::string& file, const CommonArguments& common,
                         const Executor& executor) {
  Benchmark benchmark{read_suite(file, common.sets, legal_names()), {}, {}};
  if (common.seed) {
    benchmark.suite.seed = *common.seed;
  }
  Complaints complaints;
  for (SuiteProblem& problem : benchmark.suite.problems) {
    complaints.collect(problem.place, [&] {
      benchmark.problems.push_back({problem.name, plan_problem(problem, common, executor), {}});
    });
  }
  complaints.throw_if_any();
  return benchmark;
}

void solve_exactly(Benchmark& benchmark, const CommonArguments& common, const Executor& executor) {
  for (BenchProblem& p : benchmark.problems) {
    solve_exactly(p.comparison, common, executor);
    const Problem& problem = p.comparison.file.problem;
    if (has_law_of_y(problem.model, most_listed_states)) {
      p.law = law_of_y(problem.model, problem.beta);
    }
  }
}

BenchCell empty_cell(const Benchmark& benchmark, std::size_t i) {
  BenchCell cell;
  cell.repetition = static_cast<int>(i / benchmark.num_rows());
  cell.seed = repetition_seed(benchmark.suite.seed, cell.repetition);
  cell.row = i % benchmark.num_rows();
  while (cell.row >= benchmark.problems[cell.problem].comparison.rows.size()) {
    cell.row -= benchmark.problems[cell.problem++].comparison.rows.size();
  }
  return cell;
}

void run_cell(const Benchmark& benchmark, BenchCell& cell, const CommonArguments& common,
              const Executor& executor, Progress& progress) {
  const BenchProblem& p = benchmark.problems[cell.problem];
  const PlannedRow& row = p.comparison.rows[cell.row];
  const Problem& problem = p.comparison.file.problem;
  RunSettings settings = run_settings(p.comparison.file.config, common, executor);
  settings.seed = cell.seed;
  settings.progress = &progress;
  const Eigen::VectorXd& exact = p.comparison.exact->mean;
  const Milestones milestones{benchmark.suite.points, [&](const Milestone& m) {
                                cell.points.push_back(convergence_point(m, &exact));
                              }};
  try {
    const GradientEstimate e = row.estimator->estimate(problem, &*row.sampler,
                                                       row.estimator_options, settings, milestones);
    cell.scored = compare(e, exact).z.array().isFinite().count();
    cell.acceptance = e.acceptance;
    cell.warnings = e.warnings;
    if (p.law.size() > 0 && row.estimator->name == "long_chains") {
      settings.progress = nullptr;
      cell.occupation = occupation_of(problem, row, p.law, settings);
    }
  } catch (const ModelError& error) {
    throw ModelError(fmt::format("problem '{}', row '{}', seed {}: {}", p.name, row.label,
                                 cell.seed, error.what()));
  }
}

}  // namespace negphase::tool
