#include "negphase/models/refuse_data.hpp"

#include <fmt/format.h>

#include "negphase/core/error.hpp"

namespace negphase {

namespace {

std::string counted(Index n, std::string_view what) {
  return fmt::format("{} {} column{}", n, what, n == 1 ? "" : "s");
}

}  // namespace

void refuse_data(std::string_view model, std::string_view wanted, const DataShape& data) {
  throw ConfigError(fmt::format("model '{}' takes data of {}; these have {} and {}", model, wanted,
                                counted(data.num_x, "x"), counted(data.num_y, "y")));
}

}  // namespace negphase
