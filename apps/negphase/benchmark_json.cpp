#include <fmt/core.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "benchmark_summary.hpp"
#include "cell_file.hpp"
#include "results.hpp"

namespace negphase::tool {

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Quartiles& q) {
  return {{"median", q.median}, {"low", q.low}, {"high", q.high}};
}
Json json_of(const MeanWithError& m) {
  return {{"mean", m.mean}, {"standard_error", m.standard_error}};
}

Json json_of(const PointSummary& p) {
  Json worst = json_of(p.worst_z);
  worst["expected_median"] = p.worst_z_expected;
  worst["share_above_95"] = p.worst_z_above_95;
  return {{"draws", p.draws},
          {"evaluations", p.evaluations},
          {"warmup_evaluations", p.warmup_evaluations},
          {"relative_error", json_of(p.relative_error)},
          {"relative_noise", json_of(p.relative_noise)},
          {"worst_z", std::move(worst)},
          {"coverage", json_of(p.coverage)},
          {"timing", {{"seconds", json_of(p.seconds)}}}};
}

Json warnings_of(const RowSummary& row) {
  Json all = Json::array();
  for (const CountedWarning& w : row.warnings) {
    all.push_back({{"code", w.warning.code},
                   {"text", w.warning.text},
                   {"failed_check", w.warning.is_failed_check},
                   {"seeds", w.seeds}});
  }
  return all;
}

Json verdict_of(const RowSummary& row, std::size_t seeds) {
  return {
      {"good", row.seeds_failed == 0},
      {"summary",
       row.seeds_failed == 0
           ? fmt::format("{}: no check failed in {} seeds.",
                         row.biased ? "The method is biased" : "Good, as far as chains can tell",
                         seeds)
           : fmt::format("Not good: a check failed in {} of {} seeds.", row.seeds_failed, seeds)}};
}

Json json_of(const PlannedRow& planned, const RowSummary& row, std::size_t seeds) {
  Json json{
      {"label", row.label},
      {"sampler",
       {{"name", planned.sampler->name}, {"options", json_options(planned.sampler_options)}}},
      {"estimator",
       {{"name", planned.estimator->name}, {"options", json_options(planned.estimator_options)}}},
      {"biased", row.biased},
      {"points", Json::array()}};
  for (const PointSummary& point : row.points) {
    json["points"].push_back(json_of(point));
  }
  json["slope"] = json_of(row.slope);
  json["floor"] = nullptr;
  if (row.biased && !std::isnan(row.floor.mean)) {
    json["floor"] = {{"relative_error", row.floor.mean},
                     {"standard_error", row.floor.standard_error}};
  }
  json["effective_size_per_evaluation"] = json_of(row.effective_size_per_evaluation);
  json["rank_by_evaluations"] =
      row.rank_by_evaluations.empty() ? Json() : Json(row.rank_by_evaluations);
  json["total_variation"] = nullptr;
  if (row.has_occupation) {
    json["total_variation"] = json_of(row.total_variation);
    json["total_variation"]["floor"] = row.total_variation_floor;
  }
  json["acceptance"] = row.acceptance;
  json["verdict"] = verdict_of(row, seeds);
  json["warnings"] = warnings_of(row);
  json["timing"] = {{"effective_size_per_second", json_of(row.effective_size_per_second)},
                    {"rank", row.rank_by_seconds.empty() ? Json() : Json(row.rank_by_seconds)}};
  return json;
}

Json json_of(const BenchProblem& problem, const std::vector<RowSummary>& rows, std::size_t seeds) {
  const Comparison& c = problem.comparison;
  Json json{{"name", problem.name},
            {"description", c.file.description()},
            {"exact_method", c.exact_method},
            {"num_params", c.exact->mean.size()},
            {"gradient_norm", c.exact->mean.norm()},
            {"problem", json_problem(c.file)},
            {"rows", Json::array()}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    json["rows"].push_back(json_of(c.rows[i], rows[i], seeds));
  }
  json["timing"] = {{"exact_seconds", c.exact->seconds}};
  return json;
}

// RFC 4180.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == text.npos) {
    return text;
  }
  std::string quoted = "\"";
  for (const char c : text) {
    quoted += c == '"' ? "\"\"" : std::string(1, c);
  }
  return quoted + "\"";
}

std::string csv_number(double value) { return std::isnan(value) ? "" : fmt::format("{}", value); }

void add_line(std::string& text, const std::string& row, const BenchCell& cell, std::size_t at) {
  const ConvergencePoint& point = cell.points[at];
  text += fmt::format("{},{},{},{},{}", row, cell.repetition + 1, cell.seed, at + 1, point.draws);
  for (const auto& entry : point_counts) {
    text += fmt::format(",{}", point.*entry.second);
  }
  for (const auto& entry : point_numbers) {
    text += "," + csv_number(point.*entry.second);
  }
  const bool occupied = cell.occupation && at + 1 == cell.points.size();
  text += occupied ? fmt::format(",{},{},{}", csv_number(cell.occupation->total_variation),
                                 csv_number(cell.occupation->noise_floor),
                                 csv_number(cell.occupation->effective_size))
                   : ",,,";
  text += "," + csv_number(point.seconds) + "\n";
}

}  // namespace

Json benchmark_head(const Benchmark& benchmark, const CommonArguments& common) {
  Json json{{"negphase", NEGPHASE_VERSION},
            {"verb", "bench"},
            {"config", benchmark.suite.file.string()},
            {"seed", benchmark.suite.seed},
            {"precision", common.precision == Precision::float32 ? "float" : "double"},
            {"files", Json::object()}};
  for (const BenchProblem& problem : benchmark.problems) {
    json["files"][problem.name] = fingerprints(problem.comparison.file);
  }
  return json;
}

Json to_json(const Benchmark& benchmark, const std::vector<std::vector<RowSummary>>& summaries,
             const CommonArguments& common) {
  Json json = benchmark_head(benchmark, common);
  if (benchmark.cells.size() < benchmark.num_cells()) {
    json["incomplete"] = true;
  }
  json["seeds"] = benchmark.whole_seeds();
  json["problems"] = Json::array();
  for (std::size_t i = 0; i < benchmark.problems.size(); ++i) {
    json["problems"].push_back(
        json_of(benchmark.problems[i], summaries[i], benchmark.whole_seeds()));
  }
  return json;
}

std::string to_csv(const Benchmark& benchmark) {
  std::string text = "problem,label,sampler,estimator,repetition,seed,point,draws";
  for (const auto& entry : point_counts) {
    text += fmt::format(",{}", entry.first);
  }
  for (const auto& entry : point_numbers) {
    text += fmt::format(",{}", entry.first);
  }
  text += ",total_variation,total_variation_floor,total_variation_effective_size,seconds\n";
  for (const BenchCell& cell : benchmark.cells) {
    const BenchProblem& problem = benchmark.problems[cell.problem];
    const PlannedRow& planned = problem.comparison.rows[cell.row];
    const std::string row =
        fmt::format("{},{},{},{}", csv_field(problem.name), csv_field(planned.label),
                    csv_field(planned.sampler->name), planned.estimator->name);
    for (std::size_t at = 0; at < cell.points.size(); ++at) {
      add_line(text, row, cell, at);
    }
  }
  return text;
}

}  // namespace negphase::tool
