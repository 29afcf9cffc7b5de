#include "negphase/models/params.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "negphase/core/error.hpp"

namespace negphase {

void check_params_length(const std::string& model, const std::string& layout, Index expected,
                         Index given) {
  if (given != expected) {
    throw ConfigError(fmt::format("parameters of the wrong length: {} takes {} ({}), got {}", model,
                                  expected, layout, given));
  }
}

void check_params_memory(const std::string& model, Index count) {
  constexpr double bytes_each = 8 + 8 + 8 + 4;
  const double bytes = bytes_each * static_cast<double>(count);
  const double memory = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) *
                        static_cast<double>(::sysconf(_SC_PAGE_SIZE));
  if (bytes > memory) {
    throw ConfigError(fmt::format(
        "{} has {} parameters, at least {:.3g} GB; this machine has {:.3g} GB of memory: at most "
        "{:.3g} parameters",
        model, count, bytes / 1e9, memory / 1e9, memory / bytes_each));
  }
}

}  // namespace negphase
