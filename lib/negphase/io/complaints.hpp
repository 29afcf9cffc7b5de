#pragma once
#include <string>
#include <vector>

#include "negphase/core/error.hpp"

namespace negphase {

/// Gathers what is wrong with an input, so that all of it is said at once: the first `limit`
/// complaints, each said once, in the order in which they came.
class Complaints {
 public:
  static constexpr std::size_t limit = 20;

  void add(const FilePlace& place, const std::string& what);
  /// Runs `work` and takes over what a ConfigError says, line by line; a line that does not begin
  /// with a place of the same file or of the command line gets `place` in front. Returns whether
  /// `work` ended well. Other exceptions pass.
  template <class Work>
  bool collect(const FilePlace& place, Work&& work) {
    try {
      work();
      return true;
    } catch (const ConfigError& error) {
      add_lines(place, error.what());
      return false;
    }
  }
  bool empty() const { return lines_.empty(); }
  /// Throws ConfigError if there are any.
  void throw_if_any() const;

 private:
  void add_lines(const FilePlace& place, const std::string& text);
  std::vector<std::string> lines_;
};

/// How the file name of a FilePlace begins where a value came from the command line:
/// "--set sampler.step_size=0.1".
inline constexpr char command_line_place[] = "--set ";

}  // namespace negphase
