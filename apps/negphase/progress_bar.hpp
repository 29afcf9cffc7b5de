#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "negphase/core/progress.hpp"

namespace negphase::tool {

/// Shows on stderr how far one piece of work is. On a terminal: from two seconds on a bar with the
/// time left, drawn at most five times a second and wiped when the work is over. Elsewhere: a plain
/// line every ten seconds. Quiet: nothing. Threads may report at the same time.
class ProgressBar {
 public:
  ProgressBar(std::string label, bool quiet);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// What the library reports to.
  Progress* progress() { return &progress_; }

 private:
  void report(std::int64_t done, std::int64_t total);
  std::string text(double share, double elapsed) const;

  std::string label_;
  bool quiet_;
  bool terminal_;
  std::chrono::steady_clock::time_point begin_;
  std::atomic<double> next_;  // seconds after begin_ of the next drawing
  std::mutex drawing_;
  bool drawn_ = false;
  Progress progress_;
};

}  // namespace negphase::tool
