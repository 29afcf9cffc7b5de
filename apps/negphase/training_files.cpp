#include "training_files.hpp"

#include <fmt/core.h>

#include <array>
#include <vector>

#include "negphase/io/checkpoint.hpp"
#include "negphase/io/config_text.hpp"
#include "negphase/io/files.hpp"
#include "results.hpp"
#include "run_identity.hpp"

namespace negphase::tool {

namespace {

constexpr const char* metrics_file = "metrics.jsonl";

}  // namespace

TrainingFiles::TrainingFiles(std::filesystem::path folder, const ProblemFile& problem,
                             const CommonArguments& common)
    : folder_(std::move(folder)),
      identity_(run_identity(std::array{&problem}, to_toml(problem.config, legal_names()), common)),
      quiet_(common.quiet) {}

void TrainingFiles::begin() { metrics_.emplace(file(metrics_file), 0); }

SavedState TrainingFiles::read_newest() const {
  std::vector<std::string> complaints;
  for (const char* name : {checkpoint_file, older_checkpoint_file}) {
    if (!std::filesystem::exists(file(name))) {
      continue;
    }
    try {
      SavedState state = read_checkpoint(file(name));
      if (!complaints.empty() && !quiet_) {
        fmt::print(stderr, "negphase: {}\nnegphase: going on from {}\n", complaints.front(), name);
      }
      return state;
    } catch (const ConfigError& damaged) {
      complaints.emplace_back(damaged.what());
    }
  }
  throw ConfigError(complaints);
}

void TrainingFiles::restore(Trainer& trainer) {
  const SavedState state = read_newest();
  check_identity(std::string(state.bytes("identity")), identity_, file(checkpoint_file));
  trainer.restore(state);
  std::int64_t length = 0;
  state.get("metrics length", length);
  metrics_.emplace(file(metrics_file), length);
}

void TrainingFiles::write_metrics(const nlohmann::ordered_json& line) {
  metrics_->append(line.dump() + "\n");
}

std::pair<nlohmann::ordered_json, nlohmann::ordered_json> TrainingFiles::first_and_last_metrics()
    const {
  const std::vector<std::string> lines = split_lines(read_file(file(metrics_file)));
  if (lines.empty()) {
    throw IoError(file(metrics_file).string() +
                  ": is empty; it was changed while this run went on");
  }
  using nlohmann::ordered_json;
  return {ordered_json::parse(lines.front()), ordered_json::parse(lines.back())};
}

void TrainingFiles::write_checkpoint(const Trainer& trainer) {
  metrics_->sync();  // before anything says how long it is
  SavedState state;
  trainer.save(state);
  state.put_bytes("identity", identity_);
  state.put("metrics length", metrics_->size());
  std::error_code reason;
  if (std::filesystem::exists(file(checkpoint_file), reason)) {
    std::filesystem::rename(file(checkpoint_file), file(older_checkpoint_file), reason);
  }
  if (reason) {
    throw IoError(fmt::format("{}: {}", file(checkpoint_file).string(), reason.message()));
  }
  negphase::write_checkpoint(file(checkpoint_file), state);
}

void TrainingFiles::end() {
  std::error_code ignored;
  std::filesystem::remove(file(checkpoint_file), ignored);
  std::filesystem::remove(file(older_checkpoint_file), ignored);
}

}  // namespace negphase::tool
