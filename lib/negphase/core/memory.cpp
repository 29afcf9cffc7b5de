#include "negphase/core/memory.hpp"

#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "negphase/core/error.hpp"

namespace negphase {

double usable_memory() {
  double bytes = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) *
                 static_cast<double>(::sysconf(_SC_PAGE_SIZE));
  struct ::rlimit limit {};
  if (::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    bytes = std::min(bytes, static_cast<double>(limit.rlim_cur));
  }
  std::ifstream cgroup("/sys/fs/cgroup/memory.max");
  if (double most = 0; cgroup >> most) {  // "max" where there is no limit
    bytes = std::min(bytes, most);
  }
  return bytes;
}

std::string memory_shortage(double bytes) {
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
