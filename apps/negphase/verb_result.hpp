#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "verbs.hpp"

namespace negphase::tool {

/// What a verb has found and written into its folder: the text that it prints, the object that it
/// prints with --json, and whether a check failed (exit code 7 with --strict).
struct VerbResult {
  std::string text;
  nlohmann::ordered_json json;
  bool failed_check = false;
};

/// `negphase gradient` and `negphase train` up to printing; where a run is stopped, gradient prints
/// what it has. Throw as the verbs do.
VerbResult gradient_result(const std::string& file, const CommonArguments& common);
VerbResult train_result(const std::string& file, const CommonArguments& common);

/// Prints it as it is wanted; returns the exit code.
int print_result(const VerbResult& result, const CommonArguments& common);

}  // namespace negphase::tool
