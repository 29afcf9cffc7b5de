#pragma once
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "problem_file.hpp"
#include "verbs.hpp"

namespace negphase::tool {

/// What a run adds to its run.json.
struct RunFacts {
  std::string verb;
  int threads = 0;
  std::int64_t energy_evaluations = 0, gradient_evaluations = 0;
  std::vector<Warning> warnings = {};
  double seconds = 0;
};

/// The folder of --out: the result's files, config.toml (the resolved configuration: running it
/// again gives the same numbers) and, written last, run.json. A folder without run.json is no
/// whole result. Without --out nothing is written.
class ResultFolder {
 public:
  /// Throws before any work: ConfigError where the folder is not empty and there is no --force,
  /// IoError where it cannot be made or written.
  explicit ResultFolder(const CommonArguments& common);
  bool wanted() const { return !folder_.empty(); }
  const std::filesystem::path& folder() const { return folder_; }
  /// Makes the folder and, with --force, takes away the old run.json, so that what is written from
  /// now on is no whole result until finish().
  void begin();
  std::filesystem::path file(std::string_view name) const { return folder_ / name; }
  /// config.toml and run.json. No result without them.
  void finish(const ProblemFile& problem, const CommonArguments& common, const RunFacts& facts);

 private:
  std::filesystem::path folder_;
};

/// NaN and infinities become null: JSON has no word for them.
nlohmann::ordered_json json_array(const Eigen::VectorXd& values);
nlohmann::ordered_json json_options(const Options& options);
nlohmann::ordered_json json_warnings(const std::vector<Warning>& warnings);
/// Model, parameters, data: what a result is about.
nlohmann::ordered_json json_problem(const ProblemFile& file);
/// How the object of every verb begins: version, verb, configuration, seed, precision.
nlohmann::ordered_json json_head(std::string_view verb, const ProblemFile& file,
                                 const CommonArguments& common);

/// Options of a verb's own table, [train] and the like.
Options verb_options(const RunConfig& config, const std::string& verb,
                     std::span<const OptionSpec> specs);

}  // namespace negphase::tool
