#pragma once
#include <atomic>
#include <cstdint>
#include <functional>

namespace negphase {

/// Set by a signal handler or another thread; the runner looks at it between steps.
class StopToken {
 public:
  void stop() noexcept { stopped_.store(true, std::memory_order_relaxed); }
  bool stopped() const noexcept { return stopped_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> stopped_{false};
};

/// How far something is, counted in units of its own (block-steps). The library never prints: it
/// calls `report` from whichever thread does the work; what is done with it is the caller's affair
/// and must be thread-safe. Never decides anything: results do not depend on it.
class Progress {
 public:
  using Report = std::function<void(std::int64_t done, std::int64_t total)>;
  Progress() = default;
  explicit Progress(Report report) : report_(std::move(report)) {}
  void begin(std::int64_t total) {
    total_ = total;
    done_.store(0, std::memory_order_relaxed);
  }
  void advance(std::int64_t units) {
    const auto done = done_.fetch_add(units, std::memory_order_relaxed) + units;
    if (report_) {
      report_(done, total_);
    }
  }

 private:
  Report report_;
  std::int64_t total_ = 0;
  std::atomic<std::int64_t> done_{0};
};

}  // namespace negphase
