#include "negphase/parallel/executor.hpp"

#include <sched.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <fstream>
#include <limits>
#include <string>
#include <thread>

#include "negphase/core/error.hpp"

namespace negphase {

namespace {

// oneTBB looks at the affinity mask but not at the cgroup quota
int cgroup_quota() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) {
    return std::numeric_limits<int>::max();
  }
  const double cores = std::strtod(quota.c_str(), nullptr) / period;
  return cores > 0 ? std::max(1, static_cast<int>(std::ceil(cores))) : 1;
}

int affinity_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    return CPU_COUNT(&set);
  }
  return static_cast<int>(std::thread::hardware_concurrency());
}

}  // namespace

int available_threads() { return std::max(1, std::min(affinity_count(), cgroup_quota())); }

namespace {

// oversubscription beyond this helps nobody
int most_threads() { return 64 * available_threads(); }

// oneTBB fixes the size of its pool when it starts, at the number of cores; an executor that was
// asked for more threads would get a warning on stderr in their place. Workers are made when
// needed.
void allow_most_threads() {
  static const tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                         static_cast<std::size_t>(most_threads()));
}

}  // namespace

struct Executor::Arena {
  explicit Arena(int n) : threads(n), arena((allow_most_threads(), n)) {}
  int threads;
  tbb::task_arena arena;
};

Executor::Executor(int threads)
    : arena_(std::make_unique<Arena>(threads <= 0 ? available_threads()
                                                  : std::min(threads, most_threads()))) {}
Executor::~Executor() = default;
Executor::Executor(Executor&&) noexcept = default;
Executor& Executor::operator=(Executor&&) noexcept = default;

int Executor::threads() const { return arena_->threads; }

void Executor::for_each(Index n, const std::function<void(Index)>& work) const {
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(n));
  const auto stopped = [this] { return stop_ != nullptr && stop_->stopped(); };
  auto guarded = [&](Index i) {
    if (stopped()) {
      return;
    }
    try {
      work(i);
    } catch (...) {
      errors[static_cast<std::size_t>(i)] = std::current_exception();
    }
  };
  if (threads() == 1 || n <= 1) {
    for (Index i = 0; i < n; ++i) {
      guarded(i);
    }
  } else {
    // one task a number: a block's steps take long enough to pay for the hand-over
    arena_->arena.execute([&] {
      tbb::parallel_for(
          Index{0}, n, [&](Index i) { guarded(i); }, tbb::simple_partitioner());
    });
  }
  if (stopped()) {
    throw Stopped("stopped on request");
  }
  for (const auto& error : errors) {
    if (error) {
      std::rethrow_exception(error);
    }
  }
}

}  // namespace negphase
