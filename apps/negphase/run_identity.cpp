#include "run_identity.hpp"

#include <fmt/core.h>

#include <sstream>

#include "results.hpp"

namespace negphase::tool {

namespace {

std::string checksum(const std::filesystem::path& file) {
  return fingerprint(file)["crc32"].get<std::string>();
}

}  // namespace

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

std::string run_identity(std::span<const ProblemFile* const> problems, const std::string& config,
                         const CommonArguments& common) {
  std::string text = fmt::format("version = {}\nprecision = {}\n", NEGPHASE_VERSION,
                                 common.precision == Precision::float32 ? "float" : "double");
  for (const ProblemFile* problem : problems) {
    text += "data = " + checksum(problem->config.data->file) + "\n";
    if (!problem->config.params.file.empty()) {
      text += "params = " + checksum(problem->config.params.file) + "\n";
    }
    if (const std::string file = couplings_file(problem->model_options); !file.empty()) {
      text += "couplings = " + checksum(file) + "\n";
    }
  }
  for (const std::string& line : split_lines(config)) {
    const bool is_place = line.starts_with("file = ") || line.starts_with("params = \"") ||
                          line.starts_with("couplings_file = ");
    if (!is_place && !line.starts_with("checkpoint_every = ")) {
      text += line + "\n";
    }
  }
  return text;
}

void check_identity(const std::string& saved, const std::string& now,
                    const std::filesystem::path& file) {
  if (saved == now) {
    return;
  }
  const auto there = split_lines(saved), here = split_lines(now);
  std::size_t i = 0;
  while (i < there.size() && i < here.size() && there[i] == here[i]) {
    ++i;
  }
  throw ConfigError({file.string(), 0, 0},
                    fmt::format("belongs to another run: it has `{}`, this one has `{}`",
                                i < there.size() ? there[i] : "", i < here.size() ? here[i] : ""));
}

}  // namespace negphase::tool
