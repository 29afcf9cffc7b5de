#include "negphase/core/memory.hpp"

#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "negphase/core/error.hpp"

namespace negphase {

namespace {

// looked up once: opening the file takes longer than a small update of training
double memory_of_machine() {
  static const double bytes = [] {
    const double physical = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) *
                            static_cast<double>(::sysconf(_SC_PAGE_SIZE));
    std::ifstream cgroup("/sys/fs/cgroup/memory.max");
    double most = 0;  // "max" where there is no limit
    return cgroup >> most ? std::min(physical, most) : physical;
  }();
  return bytes;
}

}  // namespace

double usable_memory() {
  double bytes = memory_of_machine();
  struct ::rlimit limit {};
  if (::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    bytes = std::min(bytes, static_cast<double>(limit.rlim_cur));
  }
  return bytes;
}

std::string memory_shortage(double bytes) {
  constexpr double always_there = 1 << 20;  // a process that runs has more
  if (bytes <= always_there) {
    return "";  // an update of training asks, and the limits are the system's to tell
  }
  const double memory = usable_memory();
  return bytes > memory ? fmt::format("{:.3g} GB; this machine has {:.3g} GB of memory to use",
                                      bytes / 1e9, memory / 1e9)
                        : "";
}

void check_memory(double bytes, const std::string& what) {
  if (const std::string shortage = memory_shortage(bytes); !shortage.empty()) {
    throw ConfigError(what + " " + shortage);
  }
}

}  // namespace negphase
