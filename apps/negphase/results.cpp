#include "results.hpp"

#include <fmt/chrono.h>
#include <fmt/core.h>
#include <zlib.h>

#include <system_error>

#include "negphase/io/config_text.hpp"
#include "negphase/io/files.hpp"

namespace negphase::tool {

namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr const char* run_file = "run.json";

Json columns_of(const std::vector<DataColumn>& columns) {
  Json all = Json::array();
  for (const DataColumn& column : columns) {
    Json one{{"name", column.name}};
    if (column.standardized) {
      one["mean"] = column.mean;
      one["standard_deviation"] = column.scale;
    }
    all.push_back(std::move(one));
  }
  return all;
}

// Of the content as it was read: the same for a file and its .gz.
Json fingerprint(const fs::path& file) {
  const std::string bytes = read_file(file);
  const auto sum = ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  return {{"file", fs::absolute(file).lexically_normal().string()},
          {"bytes", bytes.size()},
          {"crc32", fmt::format("{:08x}", sum)}};
}

std::string compiler() {
#ifdef __clang__
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

}  // namespace

ResultFolder::ResultFolder(const CommonArguments& common) : folder_(common.out) {
  if (!wanted()) {
    return;
  }
  std::error_code ignored;
  if (fs::is_directory(folder_, ignored)) {
    if (!fs::is_empty(folder_, ignored) && !common.force) {
      throw ConfigError({folder_.string(), 0, 0},
                        "is there already and not empty; --force replaces what is in it");
    }
    check_writable(folder_ / run_file);
  } else if (fs::exists(folder_, ignored)) {
    throw IoError(folder_.string() + ": is a file; --out names a folder");
  } else {
    check_writable(folder_);
  }
}

void ResultFolder::begin() {
  if (!wanted()) {
    return;
  }
  std::error_code reason;
  fs::create_directory(folder_, reason);
  if (!reason) {
    fs::remove(folder_ / run_file, reason);
  }
  if (reason) {
    throw IoError(folder_.string() + ": " + reason.message());
  }
}

void ResultFolder::finish(const ProblemFile& problem, const CommonArguments& common,
                          const RunFacts& facts) {
  if (!wanted()) {
    return;
  }
  Json json = json_head(facts.verb, problem, common);
  json["threads"] = facts.threads;
  json["compiler"] = compiler();
  json["flags"] = NEGPHASE_FLAGS;
  json["data"] = fingerprint(problem.config.data->file);
  if (!problem.config.params.file.empty()) {
    json["params"] = fingerprint(problem.config.params.file);
  }
  json["energy_evaluations"] = facts.energy_evaluations;
  json["gradient_evaluations"] = facts.gradient_evaluations;
  json["warnings"] = json_warnings(facts.warnings);
  json["timing"] = {{"finished", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                                             fmt::gmtime(std::chrono::system_clock::now()))},
                    {"seconds", facts.seconds}};
  write_file_atomically(file("config.toml"), to_toml(problem.config, legal_names()));
  write_file_atomically(file(run_file), json.dump(2) + "\n");
}

Json json_array(const Eigen::VectorXd& values) {
  return Json(std::vector<double>(values.begin(), values.end()));
}

Json json_options(const Options& options) {
  Json all = Json::object();
  for (const auto& entry : options.entries()) {
    all[entry.name] = std::visit([](const auto& v) { return Json(v); }, entry.value);
  }
  return all;
}

Json json_warnings(const std::vector<Warning>& warnings) {
  Json all = Json::array();
  for (const Warning& w : warnings) {
    all.push_back({{"code", w.code}, {"text", w.text}, {"failed_check", w.is_failed_check}});
  }
  return all;
}

Json json_problem(const ProblemFile& file) {
  return {
      {"model", {{"name", file.config.model.name}, {"options", json_options(file.model_options)}}},
      {"num_params", file.problem.model.shape().num_params},
      {"beta", file.problem.beta},
      {"data",
       {{"file", file.config.data->file.string()},
        {"rows", file.problem.rows()},
        {"x", columns_of(file.data.x_columns)},
        {"y", columns_of(file.data.y_columns)}}}};
}

Json json_head(std::string_view verb, const ProblemFile& file, const CommonArguments& common) {
  return {{"negphase", NEGPHASE_VERSION},
          {"verb", verb},
          {"config", file.config.file.string()},
          {"seed", file.config.seed},
          {"block_width", file.config.block_width},
          {"precision", common.precision == Precision::float32 ? "float" : "double"}};
}

Options verb_options(const RunConfig& config, const std::string& verb,
                     std::span<const OptionSpec> specs) {
  const auto given = config.verbs.find(verb);
  return Options::resolve(
      "[" + verb + "]", specs,
      given == config.verbs.end() ? std::vector<GivenOption>{} : given->second.options);
}

}  // namespace negphase::tool
