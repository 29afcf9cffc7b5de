#include "report_data.hpp"

#include <fmt/core.h>

#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "negphase/core/error.hpp"
#include "negphase/io/files.hpp"
#include "negphase/io/npy.hpp"
#include "report_thinning.hpp"

namespace negphase::tool {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::array<const char*, 8> verbs{"gradient", "train", "sample",   "exact",
                                           "infer",    "bench", "diagnose", "figures"};
constexpr const char* metrics_file = "metrics.jsonl";
constexpr int deepest = 64;  // levels; those of ours have six

bool has(const fs::path& folder, const std::string& name) {
  std::error_code ignored;
  return fs::exists(folder / name, ignored);
}

std::string result_file(const std::string& verb) { return verb + ".json"; }

std::vector<std::string> verbs_in(const fs::path& folder) {
  std::vector<std::string> found;
  for (const char* verb : verbs) {
    if (has(folder, result_file(verb))) {
      found.emplace_back(verb);
    }
  }
  if (found.empty() && has(folder, metrics_file)) {
    found.emplace_back("train");  // not over
  }
  return found;
}

int line_of(const std::string& text, std::size_t byte) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(byte, text.size()));
  return 1 + static_cast<int>(std::count(text.begin(), end, '\n'));
}

Json parse_json(const fs::path& file) {
  const std::string text = read_file(file);
  const auto not_too_deep = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > deepest) {
      throw ConfigError({file.string(), 0, 0},
                        fmt::format("is damaged: more than {} levels of brackets", deepest));
    }
    return true;
  };
  try {
    Json json = Json::parse(text, not_too_deep);
    if (!json.is_object()) {
      throw ConfigError({file.string(), 0, 0}, "is damaged: it holds no JSON object");
    }
    return json;
  } catch (const Json::parse_error& damaged) {
    throw ConfigError({file.string(), line_of(text, damaged.byte), 0},
                      "is damaged: here it is no JSON");
  } catch (const Json::exception&) {  // a number beyond a double
    throw ConfigError({file.string(), 0, 0}, "is damaged: it holds a number that is too large");
  }
}

// A result of this version and of the verb that its name says.
Json parse_result(const fs::path& file, const std::string& verb) {
  Json json = parse_json(file);
  const auto version = json.find("negphase");
  const auto said = json.find("verb");
  if (version == json.end() || !version->is_string() || said == json.end() || *said != verb) {
    throw ConfigError({file.string(), 0, 0},
                      fmt::format("is no result of negphase {}: it has no such keys negphase and "
                                  "verb",
                                  verb));
  }
  if (*version != NEGPHASE_VERSION) {
    throw ConfigError({file.string(), 0, 0},
                      fmt::format("was written by negphase {}, this is {}: make the result again, "
                                  "or the report with that version",
                                  version->get<std::string>(), NEGPHASE_VERSION));
  }
  return json;
}

Json thinned(Json json, const std::string& verb, std::vector<std::string>& notes) {
  return verb == "gradient" ? thinned_gradient(json, notes)
         : verb == "exact"  ? thinned_exact(json, notes)
         : verb == "infer"  ? thinned_infer(std::move(json), notes)
                            : thinned_lists(std::move(json), notes);
}

// A training may go on writing to it; what is there now is what counts.
Json metrics_of(const fs::path& file, std::vector<std::string>& notes) {
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream && !stream.eof()) {
    throw IoError(file.string() + ": cannot be read");
  }
  return thinned_metrics(text, notes);
}

Json params_of(const fs::path& file, std::vector<std::string>& notes) {
  const Eigen::MatrixXd values = read_npy(file);
  return thinned_params({values.data(), values.data() + values.size()}, notes);
}

// Why this is no whole result, in words; null if it is one.
Json why_partial(const fs::path& folder, const Json& part) {
  const Json& result = part.at("result");
  if (result.is_null()) {
    return fmt::format(
        "This training is not over: {} updates so far. It still runs, was stopped or was killed; "
        "with its configuration, negphase train --resume goes on with it.",
        part.at("metrics").at("updates").get<std::int64_t>());
  }
  if (result.value("incomplete", Json(false)) == true) {
    return "This run was stopped before its end: below is what it had done by then.";
  }
  if (part.at("verb") != "figures" && !has(folder, "run.json")) {
    return "This result is not whole: its folder has no run.json, which is written last. The run "
           "still goes on, was killed, or the file was taken away.";
  }
  return nullptr;
}

Json read_result(const fs::path& folder, const std::string& verb) {
  std::vector<std::string> notes;
  Json part{{"folder", folder.string()}, {"verb", verb}, {"partial", nullptr}};
  const bool is_over = has(folder, result_file(verb));
  part["result"] =
      is_over ? thinned(parse_result(folder / result_file(verb), verb), verb, notes) : Json();
  part["run"] = has(folder, "run.json") ? parse_json(folder / "run.json") : Json();
  part["config"] = has(folder, "config.toml") ? Json(read_file(folder / "config.toml")) : Json();
  const bool trains = verb == "train";
  part["metrics"] =
      trains && has(folder, metrics_file) ? metrics_of(folder / metrics_file, notes) : Json();
  part["params"] =
      trains && has(folder, "params.npy") ? params_of(folder / "params.npy", notes) : Json();
  part["pictures"] = has(folder, "pictures.json") ? parse_json(folder / "pictures.json") : Json();
  part["partial"] = why_partial(folder, part);
  part["notes"] = notes;
  round_numbers(part);
  return part;
}

}  // namespace

void check_result_folder(const fs::path& folder) {
  std::error_code reason;
  const fs::file_status status = fs::status(folder, reason);
  if (status.type() == fs::file_type::not_found) {
    throw IoError(folder.string() + ": no such folder");
  }
  if (reason) {
    throw IoError(folder.string() + ": " + reason.message());
  }
  if (status.type() != fs::file_type::directory) {
    throw IoError(folder.string() + ": is no folder; a report is made of what --out names");
  }
  if (verbs_in(folder).empty()) {
    throw ConfigError({folder.string(), 0, 0},
                      "holds no result: none of gradient.json, train.json, sample.json, "
                      "exact.json, infer.json, bench.json, diagnose.json, figures.json, "
                      "metrics.jsonl");
  }
}

std::vector<Json> read_results(const fs::path& folder) {
  check_result_folder(folder);
  std::vector<Json> results;
  for (const std::string& verb : verbs_in(folder)) {
    try {
      results.push_back(read_result(folder, verb));
    } catch (const Json::exception& wrong) {
      throw ConfigError({folder.string(), 0, 0},
                        fmt::format("its result of {} is damaged: {}", verb, wrong.what()));
    }
  }
  return results;
}

}  // namespace negphase::tool
