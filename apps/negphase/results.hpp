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

/// Files of a training run that is not over (training_files.hpp): --resume goes on with them.
inline constexpr const char* checkpoint_file = "checkpoint.bin";
inline constexpr const char* older_checkpoint_file = "checkpoint.old.bin";

/// That of a benchmark that is not over (cell_file.hpp).
inline constexpr const char* cells_file = "cells.jsonl";

/// The folder of --out: the result's files, config.toml (the resolved configuration: running it
/// again gives the same numbers) and, written last, run.json. A folder without run.json is no
/// whole result. Without --out nothing is written.
///
/// From the constructor on the folder is locked (its file .lock, which names the process), so that
/// two runs never write into one. The system lets go of the lock of a process that ends, however it
/// ends. A folder that was made here and into which nothing was written vanishes again.
class ResultFolder {
 public:
  /// Throws before any work: ConfigError where the folder is not empty and there is neither --force
  /// nor --resume, or where there is nothing to resume; IoError where it cannot be made or written,
  /// or another process works in it.
  /// @param unfinished  name of the file that a run that is not over keeps for --resume
  explicit ResultFolder(const CommonArguments& common,
                        const std::string& unfinished = checkpoint_file);
  ~ResultFolder();
  ResultFolder(const ResultFolder&) = delete;
  ResultFolder& operator=(const ResultFolder&) = delete;

  bool wanted() const { return !folder_.empty(); }
  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path file(std::string_view name) const { return folder_ / name; }
  /// Takes away what a run that was killed left half written and, with --force, every file that an
  /// earlier run of this program wrote, run.json first, so that no result is made of two runs.
  void begin();
  /// config.toml and run.json. No result without them.
  void finish(const ProblemFile& problem, const CommonArguments& common, const RunFacts& facts);
  /// The same of a run on several problems, or on none.
  /// @param run  how run.json begins  @param config  what config.toml holds; "": there is none
  void finish(nlohmann::ordered_json run, const std::string& config, const RunFacts& facts);

 private:
  void lock();

  std::filesystem::path folder_;
  bool force_ = false, made_ = false;
  int lock_ = -1;
};

/// Of a file's content as it is read: the same for a file and its .gz. Name, length, CRC-32.
nlohmann::ordered_json fingerprint(const std::filesystem::path& file);
/// Of every file that a problem is made of: data, params, couplings.
nlohmann::ordered_json fingerprints(const ProblemFile& problem);
/// NaN and infinities become null: JSON has no word for them.
nlohmann::ordered_json json_array(const Eigen::VectorXd& values);
nlohmann::ordered_json json_options(const Options& options);
nlohmann::ordered_json json_warnings(const std::vector<Warning>& warnings);
/// Name and all options.
nlohmann::ordered_json json_sampler(const NamedThing& sampler);
/// Model, parameters, data: what a result is about.
nlohmann::ordered_json json_problem(const ProblemFile& file);
/// Runs of parameters that share a name, `W[3,5]`: {"name": "W", "first": 0, "shape": [64, 16]}.
/// The shape is [number] where the run is not all of a matrix, and [] of a name without brackets.
nlohmann::ordered_json parameter_groups(const AnyModel& model);
/// How the object of every verb begins: version, verb, configuration, seed, precision.
nlohmann::ordered_json json_head(std::string_view verb, const ProblemFile& file,
                                 const CommonArguments& common);

/// Options of a verb's own table, [train] and the like.
Options verb_options(const RunConfig& config, const std::string& verb,
                     std::span<const OptionSpec> specs);

}  // namespace negphase::tool
