#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>

#include "inference_pictures.hpp"
#include "negphase/gradient/phase.hpp"
#include "negphase/inference/infer_options.hpp"
#include "negphase/io/files.hpp"
#include "negphase/random/philox_source.hpp"
#include "negphase/registry/registry.hpp"
#include "output.hpp"
#include "report.hpp"
#include "results.hpp"
#include "text_table.hpp"

namespace negphase::tool {

namespace {

using Json = nlohmann::ordered_json;

struct InferResult {
  Options options;
  std::string sampler;  ///< of the annealed chains; "" where none ran
  std::vector<RowMinima> rows;
  std::vector<Warning> warnings;
  double seconds = 0;

  bool has_z() const { return options.word("target") == "yz"; }
};

// ---- places as the data file has them

/// y in the units of the file: unscaled, and labels in place of codes.
Json raw_y(const Dataset& data, Index column, double value) {
  const DataColumn& of_data = data.y_columns[static_cast<std::size_t>(column)];
  if (!of_data.labels.empty()) {
    return of_data.labels.at(static_cast<std::size_t>(value));
  }
  return of_data.standardized ? value * of_data.scale + of_data.mean : value;
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : fmt::format("{:.6g}", value.get<double>());
}

std::vector<std::string> column_names(const ProblemFile& file, const InferResult& r) {
  std::vector<std::string> names;
  for (const DataColumn& column : file.data.y_columns) {
    names.push_back(column.name);
  }
  const Index num_z = r.has_z() ? file.problem.model.shape().num_z() : 0;
  for (Index j = 0; j < num_z; ++j) {
    names.push_back(fmt::format("z.{}", j + 1));
  }
  return names;
}

/// Cell j of a minimum, in the order of column_names().
Json cell_of(const ProblemFile& file, const Minimum& minimum, Index j) {
  return j < file.problem.model.shape().num_y() ? raw_y(file.data, j, minimum.place[j])
                                                : Json(minimum.place[j]);
}

// ---- what is said

constexpr std::size_t lines_shown = 20, columns_shown = 6;

struct Line {
  Index row, mode;
};

std::vector<Line> lines_of(const InferResult& r) {
  std::vector<Line> lines;
  for (std::size_t row = 0; row < r.rows.size(); ++row) {
    for (std::size_t mode = 0; mode < r.rows[row].minima.size(); ++mode) {
      lines.push_back({static_cast<Index>(row), static_cast<Index>(mode)});
    }
  }
  return lines;
}

std::string table_of(const InferResult& r, const ProblemFile& file) {
  const std::vector<Line> lines = lines_of(r);
  const std::vector<std::string> names = column_names(file, r);
  const auto minimum = [&](std::size_t i) -> const Minimum& {
    return r.rows[static_cast<std::size_t>(lines[i].row)]
        .minima[static_cast<std::size_t>(lines[i].mode)];
  };
  std::vector<TextColumn> columns{
      {"", "row", [&](std::size_t i) { return std::to_string(lines[i].row + 1); }},
      {"", "mode", [&](std::size_t i) { return std::to_string(lines[i].mode + 1); }},
      {"", r.has_z() ? "E" : "F", [&](std::size_t i) { return number(minimum(i).energy, 6); }},
      {"searches", "here",
       [&](std::size_t i) {
         return minimum(i).starts > 0 ? std::to_string(minimum(i).starts) : "-";
       }},
      {"least", "curvature", [&](std::size_t i) {
         return minimum(i).curvature.size() > 0 ? number(minimum(i).curvature[0]) : "-";
       }}};
  for (std::size_t j = 0; j < std::min(names.size(), columns_shown); ++j) {
    columns.push_back({"", names[j].c_str(), [&, j](std::size_t i) {
                         return text_of(cell_of(file, minimum(i), static_cast<Index>(j)));
                       }});
  }
  std::string text = text_table(columns, std::min(lines.size(), lines_shown));
  if (lines.size() > lines_shown || names.size() > columns_shown) {
    text += fmt::format("({} of {} lines, {} of {} columns: --json or --out has them all)\n",
                        std::min(lines.size(), lines_shown), lines.size(),
                        std::min(names.size(), columns_shown), names.size());
  }
  return text;
}

std::string about(const InferResult& r, const ProblemFile& file) {
  const RowMinima& first = r.rows.front();
  std::string text = fmt::format("{}\n{} minimised over {}, {:.2f} s: ", file.description(),
                                 r.has_z() ? "E" : "F", r.has_z() ? "y and z" : "y", r.seconds);
  if (first.is_exact) {
    return text + fmt::format("exact, {}\n\n", first.method == "gaussian"
                                                   ? "in closed form"
                                                   : "all states were enumerated");
  }
  Index searches = 0;
  for (const RowMinima& row : r.rows) {
    searches += row.searches;
  }
  return text + fmt::format("found by {} searches{}{}, not proven to be the lowest\n\n", searches,
                            r.rows.size() > 1 ? fmt::format(" on {} rows", r.rows.size()) : "",
                            r.sampler.empty() ? "" : " after annealed chains by " + r.sampler);
}

std::string text_of(const InferResult& r, const ProblemFile& file, const ResultFolder& results) {
  std::string text = about(r, file) + table_of(r, file) + "\n";
  if (std::any_of(file.data.y_columns.begin(), file.data.y_columns.end(),
                  [](const DataColumn& column) { return column.standardized; })) {
    text += "y is in the units of the file, the curvature in standardized ones\n";
  }
  for (const Warning& w : r.warnings) {
    text += fmt::format("{}: {}\n", w.is_failed_check ? "FAILED" : "note", w.text);
  }
  if (results.wanted()) {
    text +=
        fmt::format("written: {} (infer.json, infer.csv, run.json)\n", results.folder().string());
  }
  return text;
}

Json json_of(const RowMinima& row, const ProblemFile& file, const InferResult& r) {
  const Index num_y = file.problem.model.shape().num_y();
  Json json{{"method", row.method},          {"exact", row.is_exact},
            {"searches", row.searches},      {"ran_away", row.ran_away},
            {"unsettled", row.unsettled},    {"num_minima", row.num_minima},
            {"evaluations", row.evaluations}};
  json["minima"] = Json::array();
  for (const Minimum& minimum : row.minima) {
    Json of_minimum{{"energy", minimum.energy}, {"searches", minimum.starts}};
    of_minimum["y"] = Json::array();
    for (Index j = 0; j < num_y; ++j) {
      of_minimum["y"].push_back(cell_of(file, minimum, j));
    }
    of_minimum["model_y"] = json_array(minimum.place.head(num_y));
    of_minimum["z"] =
        r.has_z() ? json_array(minimum.place.tail(minimum.place.size() - num_y)) : Json();
    of_minimum["curvature"] = json_array(minimum.curvature);
    of_minimum["stationary"] = minimum.is_stationary;
    json["minima"].push_back(std::move(of_minimum));
  }
  return json;
}

Json json_of(const InferResult& r, const ProblemFile& file, const CommonArguments& common) {
  Json json = json_head("infer", file, common);
  json["problem"] = json_problem(file);
  json["infer"] = json_options(r.options);
  json["sampler"] = r.sampler.empty() ? Json() : Json(r.sampler);
  json["columns"] = column_names(file, r);
  json["rows"] = Json::array();
  for (const RowMinima& row : r.rows) {
    json["rows"].push_back(json_of(row, file, r));
  }
  json["warnings"] = json_warnings(r.warnings);
  json["timing"] = {{"seconds", r.seconds}};
  return json;
}

/// A field of a CSV file (RFC 4180).
std::string field_of(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) {
    return text;
  }
  std::string quoted = "\"";
  for (const char letter : text) {
    quoted += letter == '"' ? "\"\"" : std::string(1, letter);
  }
  return quoted + "\"";
}

std::string csv_of(const InferResult& r, const ProblemFile& file) {
  const std::vector<std::string> names = column_names(file, r);
  std::string csv = "row,mode,energy,searches,exact";
  for (const std::string& name : names) {
    csv += "," + field_of(name);
  }
  csv += "\n";
  for (const Line& line : lines_of(r)) {
    const RowMinima& row = r.rows[static_cast<std::size_t>(line.row)];
    const Minimum& minimum = row.minima[static_cast<std::size_t>(line.mode)];
    csv += fmt::format("{},{},{},{},{}", line.row + 1, line.mode + 1, minimum.energy,
                       minimum.starts, row.is_exact ? 1 : 0);
    for (std::size_t j = 0; j < names.size(); ++j) {
      const Json cell = cell_of(file, minimum, static_cast<Index>(j));
      csv += "," + (cell.is_string() ? field_of(cell.get<std::string>())
                                     : fmt::format("{}", cell.get<double>()));
    }
    csv += "\n";
  }
  return csv;
}

/// Finite differences of a gradient do not tell a curvature below this from 0.
bool is_flat(const Minimum& minimum) {
  return minimum.curvature.size() > 0 &&
         minimum.curvature[0] < 1e-6 * std::max(1.0, minimum.curvature.maxCoeff());
}

std::vector<Warning> warnings_of(const InferResult& r) {
  Index ran_away = 0, unsettled = 0, searches = 0, cut = 0, flat = 0;
  for (const RowMinima& row : r.rows) {
    ran_away += row.ran_away;
    unsettled += row.unsettled;
    searches += row.searches;
    flat += std::count_if(row.minima.begin(), row.minima.end(), is_flat);
    cut += row.num_minima > static_cast<Index>(row.minima.size()) ? 1 : 0;
  }
  std::vector<Warning> all;
  if (ran_away > 0) {
    all.push_back({"no_lowest_place",
                   fmt::format("{} of {} searches ran away: the energy falls without end there, so "
                               "that the minima above are local ones, and the model is not "
                               "normalisable",
                               ran_away, searches),
                   true});
  }
  if (unsettled > 0) {
    all.push_back(
        {"unsettled_searches",
         fmt::format("{} of {} searches still fell when they were given up", unsettled, searches)});
  }
  if (flat > 0) {
    all.push_back({"flat_minima",
                   fmt::format("{} minima are flat along a direction: what is listed are places of "
                               "a valley or of a plateau",
                               flat)});
  }
  if (cut > 0) {
    all.push_back({"list_cut", fmt::format("{} rows have more minima than are kept: infer."
                                           "most_minima",
                                           cut)});
  }
  return all;
}

// ---- how it is found

/// The configured sampler, unless its step size biases it: what is right at the model's beta
/// diverges at a higher one. Else the first that can move y and z; nothing where none can.
std::optional<AnySampler> sampler_of(const ProblemFile& loaded) {
  const Problem& problem = loaded.problem;
  if (loaded.config.sampler) {
    Complaints complaints;
    std::optional<AnySampler> sampler;
    complaints.collect(loaded.config.sampler->place,
                       [&] { sampler = sampler_for(*loaded.config.sampler, problem); });
    complaints.throw_if_any();
    if (sampler->is_exact) {
      return sampler;
    }
  }
  const std::array<Index, 1> row{0};
  const auto energy = problem.model.bind_double(problem.model.prepare(problem.x), row);
  for (const char* name : {"block_gibbs", "site_gibbs", "single_flip", "mala", "random_walk",
                           "metropolis_within_gibbs"}) {
    AnySampler sampler = make_sampler(name);
    if (why_not(sampler, energy).empty()) {
      return sampler;
    }
  }
  return {};
}

/// y at the row's own datum, or where there is no x at one drawn at random; z at random.
StartPlace start_at_data(const Problem& problem, std::uint64_t seed) {
  const ModelShape shape = problem.model.shape();
  const StartFunction any_row =
      start_at_random_rows(problem, derive_seed(seed, "inference at data"));
  return [=, y = problem.y](Index start, Index row, std::span<double> place) {
    if (shape.num_x == 0) {
      any_row(start, row, place.first(static_cast<std::size_t>(shape.num_y())));
      return;
    }
    for (Index j = 0; j < shape.num_y(); ++j) {
      place[static_cast<std::size_t>(j)] = y(row, j);
    }
  };
}

Eigen::MatrixXd rows_to_infer(const Problem& problem, Index wanted) {
  if (problem.model.shape().num_x == 0) {
    return problem.x;
  }
  return problem.x.topRows(wanted == 0 ? problem.rows() : std::min(wanted, problem.rows()));
}

}  // namespace

int run_infer(const std::string& file, const CommonArguments& common) {
  const ProblemFile loaded = load_problem(file, common, ParamsAre::required);
  const Problem& problem = loaded.problem;
  InferResult result{verb_options(loaded.config, "infer", infer_options()), "", {}, {}, 0};
  MinimaOptions options = minima_options(result.options);
  std::optional<AnySampler> sampler;
  if (options.annealing.stages > 0) {
    sampler = sampler_of(loaded);
    options.annealing.sampler = sampler ? &*sampler : nullptr;
  }
  if (result.options.word("start") == "data") {
    options.start = start_at_data(problem, loaded.config.seed);
  }
  ResultFolder results(common);
  Executor executor(common.threads);
  const RunSettings settings = run_settings(loaded.config, common, executor);
  const auto begin = std::chrono::steady_clock::now();
  result.rows = find_minima(problem.model, rows_to_infer(problem, result.options.integer("rows")),
                            problem.beta, options, settings);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (sampler && result.rows.front().searches > 0) {
    result.sampler = sampler->name;
  }
  result.warnings = warnings_of(result);

  const std::string json = json_of(result, loaded, common).dump(2) + "\n";
  if (results.wanted()) {
    results.begin();
    write_file_atomically(results.file("infer.json"), json);
    write_file_atomically(results.file("infer.csv"), csv_of(result, loaded));
    write_file_atomically(
        results.file("pictures.json"),
        inference_pictures(loaded, result.rows, result.has_z() ? LatentRule::min : LatentRule::sum,
                           executor)
                .dump() +
            "\n");
    double evaluations = 0;
    for (const RowMinima& row : result.rows) {
      evaluations += row.evaluations;
    }
    results.finish(loaded, common,
                   {.verb = "infer",
                    .threads = executor.threads(),
                    .energy_evaluations = static_cast<std::int64_t>(evaluations),
                    .warnings = result.warnings,
                    .seconds = result.seconds});
    write_report_if_wanted(results, common);
  }
  print(common.json ? json : text_of(result, loaded, results));
  const bool failed = std::any_of(result.warnings.begin(), result.warnings.end(),
                                  [](const Warning& w) { return w.is_failed_check; });
  return common.strict && failed ? 7 : 0;
}

}  // namespace negphase::tool
