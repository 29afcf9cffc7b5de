#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "negphase/gradient/training.hpp"
#include "negphase/io/files.hpp"
#include "problem_file.hpp"

namespace negphase::tool {

/// What a training run keeps in its folder while it goes on: metrics.jsonl, a line an update, and
/// two checkpoints, of which the older one is there for the day when the newer one is damaged. A
/// run that is killed at any moment and resumed ends with the same bytes as one that was left
/// alone.
class TrainingFiles {
 public:
  /// @param folder  exists, and is this run's own
  TrainingFiles(std::filesystem::path folder, const ProblemFile& problem,
                const CommonArguments& common);

  /// metrics.jsonl begins anew. Throws IoError.
  void begin();
  /// Puts trainer and metrics back to where the newest whole checkpoint was written; says on stderr
  /// if that is the older one. Throws ConfigError where the checkpoint belongs to another
  /// configuration, data, precision or version (with what differs), or where neither is whole.
  void restore(Trainer& trainer);
  /// A line of metrics.jsonl. Throws IoError.
  void write_metrics(const nlohmann::ordered_json& line);
  /// The first and the last line of metrics.jsonl. Throws IoError.
  std::pair<nlohmann::ordered_json, nlohmann::ordered_json> first_and_last_metrics() const;
  /// Everything so far is safe on disk when this returns. Throws IoError.
  void write_checkpoint(const Trainer& trainer);
  /// After the whole result was written: takes the checkpoints away.
  void end();

 private:
  SavedState read_newest() const;
  std::filesystem::path file(const char* name) const { return folder_ / name; }

  std::filesystem::path folder_;
  std::string identity_;  ///< of the run: lines "what = value"
  bool quiet_;
  std::optional<GrowingFile> metrics_;
};

}  // namespace negphase::tool
