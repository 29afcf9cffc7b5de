#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "negphase/io/config.hpp"

namespace negphase {

/// One problem of a suite: a configuration of `negphase gradient` with a name.
struct SuiteProblem {
  std::string name;
  FilePlace place;
  /// Every sampler that applies and that no row names is a row as well, with its defaults.
  bool add_samplers = false;
  RunConfig config;  ///< its seed has no meaning
};

/// A file of problems that samplers are compared on, each by several seeds (lib/negphase/io/
/// README.md documents every key).
struct Suite {
  std::filesystem::path file;
  std::uint64_t seed = 1;
  int seeds = 10;  ///< repetitions
  int points = 8;  ///< cost points, each with twice the draws of the one before
  std::vector<SuiteProblem> problems;
};

/// Reads and checks a suite. Throws as read_config(): IoError, UsageError, and ConfigError with the
/// complaints of all problems.
Suite read_suite(const std::filesystem::path& file, const std::vector<std::string>& sets,
                 const LegalNames& legal);

/// The resolved suite as TOML: read_suite() of it gives the same runs, wherever the text is put.
std::string to_toml(const Suite& suite, const LegalNames& legal);

}  // namespace negphase
