#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "negphase/core/block.hpp"
#include "negphase/core/progress.hpp"

namespace negphase {

/// The one place that knows threads: hands the numbers 0 .. n-1 (blocks of chains, rows, slices of
/// a sum) to worker threads. Results are kept per number and merged by the caller in their order,
/// so that they do not depend on the number of threads.
class Executor {
 public:
  /// @param threads  0: as many as affinity mask and cgroup quota allow; capped at 64 times that
  explicit Executor(int threads = 0);
  ~Executor();
  Executor(Executor&&) noexcept;
  Executor& operator=(Executor&&) noexcept;

  int threads() const;

  /// For work whose result is all or nothing; chains and training look at their own token, since
  /// they have steps to finish. The token must outlive the executor.
  void stop_on(const StopToken& token) { stop_ = &token; }

  /// Calls work(i) for each i in 0 .. n-1, in any order, on any thread; returns when all are done.
  /// If some throw, all others still run, and the exception of the lowest i is rethrown. Throws
  /// Stopped, with work left undone, once stop_on() has been told to stop.
  void for_each(Index n, const std::function<void(Index)>& work) const;

  /// The results of work(i), in the order of i. Result needs no default constructor.
  template <class Result>
  std::vector<Result> map(Index n, const std::function<Result(Index)>& work) const {
    std::vector<std::unique_ptr<Result>> slots(static_cast<std::size_t>(n));
    for_each(n, [&](Index i) {
      slots[static_cast<std::size_t>(i)] = std::make_unique<Result>(work(i));
    });
    std::vector<Result> results;
    results.reserve(slots.size());
    for (auto& slot : slots) {
      results.push_back(std::move(*slot));
    }
    return results;
  }

 private:
  struct Arena;
  std::unique_ptr<Arena> arena_;
  const StopToken* stop_ = nullptr;
};

/// Threads that this process may use: the smaller of affinity mask and cgroup CPU quota, at
/// least 1.
int available_threads();

}  // namespace negphase
