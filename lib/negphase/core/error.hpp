#pragma once
#include <stdexcept>
#include <string>
#include <vector>

namespace negphase {

/// A place in a file, for messages: `model.toml:3:1`. Line and column count from 1; 0 = unknown.
struct FilePlace {
  std::string file;
  int line = 0;
  int column = 0;
};

/// "file:line:column", "file:line", "file" or "" — as much as is known.
std::string to_string(const FilePlace& place);

/// Base of everything that this library throws. Every message says what, where and what to do.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  /// The exit code that a program should end with (table in apps/README.md).
  virtual int exit_code() const noexcept { return 1; }
};

/// A function was called in a way that its contract excludes (wrong size, missing ability).
class UsageError : public Error {
 public:
  using Error::Error;
  int exit_code() const noexcept override { return 2; }
};

/// Configuration or data refused before any work. Collects several complaints, one a line.
class ConfigError : public Error {
 public:
  using Error::Error;
  ConfigError(const FilePlace& place, const std::string& what);
  explicit ConfigError(const std::vector<std::string>& complaints);
  int exit_code() const noexcept override { return 3; }
};

/// The model misbehaved while running: NaN, -inf, divergence, not normalisable.
class ModelError : public Error {
 public:
  using Error::Error;
  int exit_code() const noexcept override { return 4; }
};

/// Input or output failed: missing file, full disk.
class IoError : public Error {
 public:
  using Error::Error;
  int exit_code() const noexcept override { return 5; }
};

/// Stopped on request (a signal); nothing accepted so far is lost.
class Stopped : public Error {
 public:
  using Error::Error;
  int exit_code() const noexcept override { return 130; }
};

/// The candidate nearest to `name` by edit distance, or "" where none is near enough to suggest
/// (more than a third of the letters differ).
std::string nearest_name(const std::string& name, const std::vector<std::string>& candidates);

/// "unknown sampler 'mla'; did you mean 'mala'? (known: ula, mala)"
std::string unknown_name(const std::string& kind, const std::string& name,
                         const std::vector<std::string>& known);

}  // namespace negphase
