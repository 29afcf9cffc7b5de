#include "negphase/models/params.hpp"

#include <fmt/format.h>

#include "negphase/core/error.hpp"

namespace negphase {

void check_params_length(const std::string& model, const std::string& layout, Index expected,
                         Index given) {
  if (given != expected) {
    throw ConfigError(fmt::format("parameters of the wrong length: {} takes {} ({}), got {}", model,
                                  expected, layout, given));
  }
}

}  // namespace negphase
