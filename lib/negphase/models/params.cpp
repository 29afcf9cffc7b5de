#include "negphase/models/params.hpp"

#include <fmt/format.h>

#include "negphase/core/error.hpp"
#include "negphase/core/memory.hpp"

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
  check_memory(bytes_each * static_cast<double>(count),
               fmt::format("{} has {} parameters, which take at least", model, count));
}

}  // namespace negphase
