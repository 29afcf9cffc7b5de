#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "comparison.hpp"
#include "negphase/gradient/occupation.hpp"
#include "negphase/io/suite.hpp"

namespace negphase::tool {

/// A problem of a suite with its rows, checked and ready to run.
struct BenchProblem {
  std::string name;
  Comparison comparison;  ///< plan, and the exact gradient; its estimates stay empty
  Eigen::ArrayXd law;     ///< law_of_y(); empty where the states of y cannot be listed
};

/// One row of one problem by one seed: what one run gave.
struct BenchCell {
  std::size_t problem = 0, row = 0;
  int repetition = 0;                    ///< from 0
  std::uint64_t seed = 0;                ///< `negphase gradient --seed` gives the same estimate
  std::vector<ConvergencePoint> points;  ///< the fewest draws first
  Index scored = 0;                      ///< components that have a z at the last point
  double acceptance = 0;                 ///< NaN where the sampler never rejects
  std::optional<OccupationCheck> occupation;  ///< long chains on a y whose states can be listed
  std::vector<Warning> warnings;
};

/// A suite, what is known exactly of its problems, and what was measured.
struct Benchmark {
  Suite suite;  ///< resolved: rows that were added are rows like the others
  std::vector<BenchProblem> problems;
  std::vector<BenchCell> cells;  ///< in the order of empty_cell()

  std::size_t num_rows() const;  ///< of all problems together
  std::size_t num_cells() const { return num_rows() * static_cast<std::size_t>(suite.seeds); }
  /// Seeds that all rows have had.
  std::size_t whole_seeds() const { return cells.size() / num_rows(); }
};

/// Everything that can be refused is refused here, before any sampling: throws IoError and
/// ConfigError with the complaints of all problems.
Benchmark plan_benchmark(const std::string& file, const CommonArguments& common,
                         const Executor& executor);

/// The exact gradient of each problem, and the law of y where it can be listed. Throws ModelError.
void solve_exactly(Benchmark& benchmark, const CommonArguments& common, const Executor& executor);

/// How bench.json and run.json begin: version, verb, suite, seed, precision, files that go in.
nlohmann::ordered_json benchmark_head(const Benchmark& benchmark, const CommonArguments& common);

/// The i-th cell, not run yet: a seed goes through all rows of all problems before the next one
/// begins, so that a slow minute of the machine meets all rows alike.
BenchCell empty_cell(const Benchmark& benchmark, std::size_t i);

/// Runs it. Throws ModelError with the names of problem and row, Stopped.
void run_cell(const Benchmark& benchmark, BenchCell& cell, const CommonArguments& common,
              const Executor& executor, Progress& progress);

}  // namespace negphase::tool
