#include "benchmark_summary.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace negphase::tool {

namespace {

using Cells = std::vector<const BenchCell*>;

Cells cells_of(const Benchmark& benchmark, std::size_t problem, std::size_t row) {
  Cells cells;
  for (const BenchCell& cell : benchmark.cells) {
    if (cell.problem == problem && cell.row == row) {
      cells.push_back(&cell);
    }
  }
  return cells;
}

std::vector<double> each(const Cells& cells, const std::function<double(const BenchCell&)>& value) {
  std::vector<double> values;
  for (const BenchCell* cell : cells) {
    values.push_back(value(*cell));
  }
  return values;
}

double evaluations_of(const ConvergencePoint& p) {
  return static_cast<double>(p.energy_evaluations + p.gradient_evaluations - p.warmup_evaluations);
}

// NaN for a sampler that does not count what it asks of the energy
double effective_per_evaluation(const ConvergencePoint& p) {
  const double evaluations = evaluations_of(p);
  return evaluations > 0 ? p.effective_size_median / evaluations : std::nan("");
}

PointSummary summarize_point(const Cells& cells, std::size_t at) {
  const auto of_point = [&](const std::function<double(const ConvergencePoint&)>& value) {
    return each(cells, [&](const BenchCell& cell) { return value(cell.points[at]); });
  };
  PointSummary s;
  s.draws = cells.front()->points[at].draws;
  s.evaluations = quartiles(of_point(evaluations_of)).median;
  s.warmup_evaluations = quartiles(of_point([](const auto& p) {
                           return static_cast<double>(p.warmup_evaluations);
                         })).median;
  s.relative_error = quartiles(of_point([](const auto& p) { return p.relative_error; }));
  s.relative_noise = quartiles(of_point([](const auto& p) { return p.relative_noise; }));
  s.worst_z = quartiles(of_point([](const auto& p) { return p.worst_z; }));
  s.coverage = mean_with_error(of_point([](const auto& p) { return p.coverage; }));
  s.seconds = quartiles(of_point([](const auto& p) { return p.seconds; }));
  const Index scored = cells.front()->scored;
  s.worst_z_expected = largest_normal_quantile(scored, 0.5);
  const double far = largest_normal_quantile(scored, 0.95);
  s.worst_z_above_95 =
      mean_with_error(of_point([&](const auto& p) { return p.worst_z > far ? 1.0 : 0.0; })).mean;
  return s;
}

double slope_of(const BenchCell& cell) {
  std::vector<double> draws, errors;
  for (const ConvergencePoint& point : cell.points) {
    draws.push_back(static_cast<double>(point.draws));
    errors.push_back(point.relative_error);
  }
  return log_log_slope(draws, errors);
}

std::vector<CountedWarning> warnings_of(const Cells& cells) {
  std::vector<CountedWarning> counted;
  for (const BenchCell* cell : cells) {
    for (const Warning& w : cell->warnings) {
      const auto at = std::find_if(counted.begin(), counted.end(),
                                   [&](const auto& c) { return c.warning.code == w.code; });
      if (at == counted.end()) {
        counted.push_back({w, 1});
      } else {
        ++at->seeds;
        at->warning.is_failed_check |= w.is_failed_check;
      }
    }
  }
  return counted;
}

RowSummary summarize_row(const PlannedRow& row, const Cells& cells) {
  RowSummary s;
  s.label = row.label;
  for (std::size_t at = 0; at < cells.front()->points.size(); ++at) {
    s.points.push_back(summarize_point(cells, at));
  }
  s.slope = mean_with_error(each(cells, slope_of));
  s.floor = bias_floor(each(cells, [](const auto& c) { return c.points.back().relative_error; }),
                       each(cells, [](const auto& c) { return c.points.back().relative_noise; }));
  s.effective_size_per_evaluation = quartiles(
      each(cells, [](const auto& c) { return effective_per_evaluation(c.points.back()); }));
  s.effective_size_per_second = quartiles(each(cells, [](const auto& c) {
    return c.points.back().effective_size_median / c.points.back().seconds;
  }));
  s.has_occupation = cells.front()->occupation.has_value();
  if (s.has_occupation) {
    s.total_variation =
        quartiles(each(cells, [](const auto& c) { return c.occupation->total_variation; }));
    s.total_variation_floor =
        quartiles(each(cells, [](const auto& c) { return c.occupation->noise_floor; })).median;
  }
  s.acceptance = quartiles(each(cells, [](const auto& c) { return c.acceptance; })).median;
  s.warnings = warnings_of(cells);
  s.seeds_failed =
      static_cast<int>(std::count_if(cells.begin(), cells.end(), [](const BenchCell* cell) {
        return std::any_of(cell->warnings.begin(), cell->warnings.end(),
                           [](const Warning& w) { return w.is_failed_check; });
      }));
  s.biased = is_biased(cells.front()->warnings);
  return s;
}

// Only rows whose error goes to 0 compete.
void set_ranks(std::vector<RowSummary>& rows) {
  std::vector<Quartiles> by_evaluations, by_seconds;
  for (const RowSummary& row : rows) {
    by_evaluations.push_back(row.biased ? Quartiles{} : row.effective_size_per_evaluation);
    by_seconds.push_back(row.biased ? Quartiles{} : row.effective_size_per_second);
  }
  const auto evaluations = ranks(by_evaluations), seconds = ranks(by_seconds);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].rank_by_evaluations = evaluations[i];
    rows[i].rank_by_seconds = seconds[i];
  }
}

}  // namespace

std::vector<RowSummary> summarize(const Benchmark& benchmark, std::size_t problem) {
  std::vector<RowSummary> rows;
  const std::vector<PlannedRow>& planned = benchmark.problems[problem].comparison.rows;
  for (std::size_t row = 0; row < planned.size(); ++row) {
    rows.push_back(summarize_row(planned[row], cells_of(benchmark, problem, row)));
  }
  set_ranks(rows);
  return rows;
}

std::vector<std::vector<RowSummary>> summarize(const Benchmark& benchmark) {
  std::vector<std::vector<RowSummary>> all;
  for (std::size_t problem = 0; problem < benchmark.problems.size(); ++problem) {
    all.push_back(summarize(benchmark, problem));
  }
  return all;
}

}  // namespace negphase::tool
