#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "chain_pictures_json.hpp"
#include "diagnosis.hpp"
#include "negphase/diagnostics/distances.hpp"
#include "negphase/io/draws_files.hpp"
#include "negphase/io/files.hpp"
#include "output.hpp"
#include "problem_file.hpp"
#include "progress_bar.hpp"
#include "results.hpp"
#include "signals.hpp"
#include "text_table.hpp"

namespace negphase::tool {

namespace {

using Json = nlohmann::ordered_json;
using Eigen::Index;
namespace fs = std::filesystem;

/// False alarms of all p-values of a run together.
constexpr double distance_level = 0.01;

struct DiagnoseResult {
  Diagnosis of_draws;
  std::optional<Distances> to_model, to_draws;
  Verdict verdict;  ///< on the draws and on the distances
  double seconds = 0;
};

ChainDraws read(const std::vector<std::string>& files) {
  const std::vector<std::filesystem::path> paths(files.begin(), files.end());
  return read_draws(paths);
}

/// Whether `to` is `read`, in it, or around it.
bool is_part_of(const fs::path& to, const fs::path& read) {
  std::error_code ignored;
  const auto folder_of = [](const fs::path& path) { return fs::absolute(path).parent_path(); };
  return fs::equivalent(to, read, ignored) || fs::equivalent(folder_of(to), read, ignored) ||
         fs::equivalent(to, folder_of(read), ignored);
}

/// Before any work: whether the draws can be written where --convert says.
void check_convert(const DiagnoseArguments& arguments, bool force) {
  const fs::path to = arguments.convert;
  const FilePlace place{to.string(), 0, 0};
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(to, ignored))) {
    check_writable(to);
    return;
  }
  if (!force) {
    throw ConfigError(place, "is there already; --force replaces it, --convert names another");
  }
  for (const auto* files : {&arguments.files, &arguments.against}) {
    if (std::any_of(files->begin(), files->end(),
                    [&](const std::string& file) { return is_part_of(to, file); })) {
      throw ConfigError(place,
                        "holds draws that are read here, which are never written to; "
                        "--convert names another");
    }
  }
}

/// Of the quantity that is worth the fewest draws; 0 where none is known.
double effective_draws(const std::vector<ChainFigures>& figures) {
  double least = INFINITY;
  for (const ChainFigures& f : figures) {
    least = f.ess_bulk < least ? f.ess_bulk : least;  // not for NaN
  }
  return std::isfinite(least) ? least : 0;
}

void measure_distances(DiagnoseResult& r, const DiagnoseArguments& arguments,
                       const std::optional<ProblemFile>& model,
                       const std::optional<ChainDraws>& against, std::uint64_t seed,
                       const Executor& executor) {
  DistanceOptions options;
  options.seed = seed;
  options.effective_draws = effective_draws(r.of_draws.figures);
  if (model) {
    r.to_model = distances_to_model(r.of_draws.draws, model->problem.model, model->problem.beta,
                                    options, executor);
  }
  if (against) {
    options.effective_against = effective_draws(chain_figures(*against, executor));
    r.to_draws = distances_to_draws(r.of_draws.draws, *against, options, executor);
    for (const std::string& lost : against->notes) {
      r.verdict.warnings.push_back({against->incomplete ? "incomplete" : "read",
                                    fmt::format("{}: {}", arguments.against.front(), lost)});
    }
  }
}

std::span<const Distance> rows_of(const std::optional<Distances>& distances) {
  return distances ? std::span<const Distance>(distances->rows) : std::span<const Distance>();
}

double num_p_values(const DiagnoseResult& r) {
  double count = 0;
  for (const auto* distances : {&r.to_model, &r.to_draws}) {
    for (const Distance& d : rows_of(*distances)) {
      count += std::isfinite(d.p_value) ? 1 : 0;
    }
  }
  return count;
}

// One warning for each of the two laws, of its most improbable distance.
void warn_of_distances(DiagnoseResult& r) {
  const double tests = num_p_values(r);
  for (const auto& [distances, what] : {std::pair(&r.to_model, "the law of the model"),
                                        std::pair(&r.to_draws, "the law of the other draws")}) {
    const Distance* worst = nullptr;
    for (const Distance& d : rows_of(*distances)) {
      if (d.p_value * tests <= distance_level && (!worst || d.p_value < worst->p_value)) {
        worst = &d;
      }
    }
    if (worst != nullptr) {
      r.verdict.warnings.push_back(
          {"another_law",
           fmt::format("the draws are not of {}: {}{} = {:.3g} comes with a probability of {} "
                       "where they are (one of {:g} tests, {} of false alarms together)",
                       what, worst->name, worst->quantity.empty() ? "" : " of " + worst->quantity,
                       worst->value,
                       worst->p_value > 0 ? fmt::format("{:.2g}", worst->p_value) : "below 1e-300",
                       tests, distance_level),
           true});
    }
  }
  if (!r.verdict.is_good()) {
    std::stable_partition(r.verdict.warnings.begin(), r.verdict.warnings.end(),
                          [](const Warning& w) { return w.is_failed_check; });
    if (r.of_draws.verdict.is_good()) {
      r.verdict.summary =
          "Not good: nothing is wrong with the chains, but they are of another law.";
    }
  }
}

// ---- output

std::string distance_table(const Distances& distances) {
  const auto row = [&](std::size_t i) -> const Distance& { return distances.rows[i]; };
  const auto part = [](Index used, Index every) {
    return every > 1 ? fmt::format("{} (1 in {})", used, every) : std::to_string(used);
  };
  const std::vector<TextColumn> columns{
      {"", "distance", [&](std::size_t i) { return row(i).name; }},
      {"", "of", [&](std::size_t i) { return row(i).quantity.empty() ? "all" : row(i).quantity; }},
      {"", "value", [&](std::size_t i) { return number(row(i).value, 4); }},
      {"of exact", "draws", [&](std::size_t i) { return number(row(i).floor, 4); }},
      {"", "p", [&](std::size_t i) { return number(row(i).p_value, 3); }},
      {"", "draws used", [&](std::size_t i) { return part(row(i).draws, row(i).every); }},
      {"of the", "others", [&](std::size_t i) {
         return row(i).against > 0 ? part(row(i).against, row(i).against_every) : "-";
       }}};
  std::string text = text_table(columns, distances.rows.size());
  for (const std::string& said : distances.notes) {
    text += paragraph("note: " + said);
  }
  return text;
}

std::string text_of(const DiagnoseResult& r, const ResultFolder& results,
                    const DiagnoseArguments& arguments) {
  const ChainDraws& draws = r.of_draws.draws;
  std::string text =
      fmt::format("{} {} of {} draws, {} {}{}\n\n{}", draws.num_chains(),
                  draws.num_chains() == 1 ? "chain" : "chains", draws.num_draws(),
                  draws.num_quantities(), draws.num_quantities() == 1 ? "quantity" : "quantities",
                  draws.incomplete ? ", incomplete" : "", figures_table(r.of_draws));
  if (const std::string sampler = sampler_line(r.of_draws); !sampler.empty()) {
    text += "\n" + sampler;
  }
  if (r.to_model) {
    text += "\nagainst the law of the model:\n" + distance_table(*r.to_model);
  }
  if (r.to_draws) {
    text += "\nagainst the other draws:\n" + distance_table(*r.to_draws);
  }
  text += "\n" + verdict_text(r.verdict);
  if (!arguments.convert.empty()) {
    text += fmt::format("written: {}\n", arguments.convert);
  }
  if (results.wanted()) {
    text += fmt::format("written: {} (diagnose.json, pictures.json, run.json)\n",
                        results.folder().string());
  }
  return text;
}

Json json_of(const Distances& distances) {
  const auto known = [](double value) { return std::isfinite(value) ? Json(value) : Json(); };
  Json json{{"distances", Json::array()}, {"notes", distances.notes}};
  for (const Distance& d : distances.rows) {
    json["distances"].push_back({{"name", d.name},
                                 {"quantity", d.quantity.empty() ? Json() : Json(d.quantity)},
                                 {"value", known(d.value)},
                                 {"floor", known(d.floor)},
                                 {"p_value", known(d.p_value)},
                                 {"draws", d.draws},
                                 {"every", d.every},
                                 {"against", d.against},
                                 {"against_every", d.against_every},
                                 {"note", d.note}});
  }
  return json;
}

Json head_of(const DiagnoseArguments& arguments, std::uint64_t seed) {
  Json json{{"negphase", NEGPHASE_VERSION},
            {"verb", "diagnose"},
            {"files", arguments.files},
            {"model", arguments.model.empty() ? Json() : Json(arguments.model)},
            {"against", arguments.against},
            {"seed", seed}};
  return json;
}

Json json_of(const DiagnoseResult& r, Json json) {
  const ChainDraws& draws = r.of_draws.draws;
  json["chains"] = draws.num_chains();
  json["draws"] = draws.num_draws();
  json["incomplete"] = draws.incomplete;
  json["notes"] = draws.notes;
  json["quantities"] = json_figures(r.of_draws);
  json["behaviour"] = json_behaviour(r.of_draws);
  json["to_model"] = r.to_model ? json_of(*r.to_model) : Json();
  json["to_draws"] = r.to_draws ? json_of(*r.to_draws) : Json();
  json["verdict"] = json_verdict(r.verdict);
  json["warnings"] = json_warnings(r.verdict.warnings);
  json["timing"] = {{"seconds", r.seconds}};
  return json;
}

Json fingerprints_of(const std::vector<std::string>& files) {
  Json all = Json::array();
  for (const std::string& file : files) {
    if (std::filesystem::is_regular_file(file)) {
      all.push_back(fingerprint(file));
    }
  }
  return all;
}

}  // namespace

int run_diagnose(const DiagnoseArguments& arguments, const CommonArguments& common) {
  const auto begin = std::chrono::steady_clock::now();
  const std::uint64_t seed = common.seed.value_or(1);
  if (!arguments.convert.empty()) {
    check_convert(arguments, common.force);
  }
  std::optional<ProblemFile> model;
  if (!arguments.model.empty()) {
    model = load_problem(arguments.model, common, ParamsAre::required);
  }
  ChainDraws draws = read(arguments.files);
  std::optional<ChainDraws> against;
  if (!arguments.against.empty()) {
    against = read(arguments.against);
  }
  ResultFolder results(common);
  if (!arguments.convert.empty()) {
    write_draws(draws, arguments.convert, common.force);
  }
  Executor executor(common.threads);
  executor.stop_on(stop_token());
  ProgressBar bar("diagnosing", common.quiet);
  bar.progress()->begin(2);
  DiagnoseResult r{diagnose(std::move(draws), {}, executor), {}, {}, {}, 0};
  r.verdict = r.of_draws.verdict;
  bar.progress()->advance(1);
  measure_distances(r, arguments, model, against, seed, executor);
  warn_of_distances(r);
  bar.progress()->advance(1);
  r.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();

  const std::string json = json_of(r, head_of(arguments, seed)).dump(2) + "\n";
  if (results.wanted()) {
    results.begin();
    write_file_atomically(results.file("diagnose.json"), json);
    const Json pictures{{"chains", json_chain_pictures(chain_pictures(
                                       r.of_draws.draws, r.of_draws.figures, executor))}};
    write_file_atomically(results.file("pictures.json"), pictures.dump() + "\n");
    Json run = head_of(arguments, seed);
    run["data"] = fingerprints_of(arguments.files);
    results.finish(std::move(run), "",
                   {.verb = "diagnose",
                    .threads = executor.threads(),
                    .warnings = r.verdict.warnings,
                    .seconds = r.seconds});
  }
  print(common.json ? json : text_of(r, results, arguments));
  return common.strict && !r.verdict.is_good() ? 7 : 0;
}

}  // namespace negphase::tool
