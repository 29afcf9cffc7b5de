#pragma once
#include <string>
#include <vector>

#include "benchmark.hpp"
#include "negphase/gradient/benchmark_statistics.hpp"

namespace negphase::tool {

/// A cost point of one row over all seeds.
struct PointSummary {
  Index draws = 0;                ///< of each chain
  double evaluations = 0;         ///< without warm-up; median over seeds
  double warmup_evaluations = 0;  ///< the same
  Quartiles relative_error, relative_noise, worst_z;
  double worst_z_expected = 0;  ///< median of the maximum of as many normals
  double worst_z_above_95 = 0;  ///< share of seeds above its 95 % quantile
  MeanWithError coverage;       ///< of the components by 95 % intervals
  Quartiles seconds;            ///< with warm-up and positive phase
};

/// A warning and how many seeds had it.
struct CountedWarning {
  Warning warning;  ///< as the first of them said it
  int seeds = 0;
};

/// One row of one problem over all seeds.
struct RowSummary {
  std::string label;
  bool biased = false;
  std::vector<PointSummary> points;
  MeanWithError slope;  ///< of log error on log draws; NaN below two points
  MeanWithError floor;  ///< bias_floor() at the last point; NaN where none was seen
  Quartiles effective_size_per_evaluation, effective_size_per_second;  ///< median component
  bool has_occupation = false;
  Quartiles total_variation;
  double total_variation_floor = 0;  ///< median over seeds
  double acceptance = 0;             ///< median over seeds; NaN where the sampler never rejects
  int seeds_failed = 0;              ///< seeds in which a check failed
  std::vector<CountedWarning> warnings;
  std::string rank_by_evaluations, rank_by_seconds;  ///< "1="; "" for biased rows
};

/// The rows of problem number `problem`; all cells of it are there.
std::vector<RowSummary> summarize(const Benchmark& benchmark, std::size_t problem);

/// Of all problems.
std::vector<std::vector<RowSummary>> summarize(const Benchmark& benchmark);

/// bench.json, as apps/README.md documents it.
nlohmann::ordered_json to_json(const Benchmark& benchmark,
                               const std::vector<std::vector<RowSummary>>& summaries,
                               const CommonArguments& common);
/// The tables as printed.
std::string format_tables(const Benchmark& benchmark,
                          const std::vector<std::vector<RowSummary>>& summaries);
/// bench.csv: a line for each point of each cell.
std::string to_csv(const Benchmark& benchmark);

}  // namespace negphase::tool
