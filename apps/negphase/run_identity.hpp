#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "problem_file.hpp"

namespace negphase::tool {

/// What must be the same for a run that was stopped to go on with the same numbers, as lines "what
/// = value": version, precision, checksums of the files that go in, the configuration. Not where
/// the files lie, nor how often checkpoints are written.
/// @param config  the resolved configuration, as config.toml holds it
std::string run_identity(std::span<const ProblemFile* const> problems, const std::string& config,
                         const CommonArguments& common);

/// Throws ConfigError with the first line that differs where `saved`, which stands in `file`, is of
/// another run than `now`.
void check_identity(const std::string& saved, const std::string& now,
                    const std::filesystem::path& file);

/// Without their ends.
std::vector<std::string> split_lines(const std::string& text);

}  // namespace negphase::tool
