#include "negphase/exact/real_line.hpp"

#include <fmt/core.h>

#include "negphase/core/error.hpp"

namespace negphase {

void check_range(const LineRange& range, double beta) {
  if (!(range.lower < range.upper)) {
    throw ConfigError(
        fmt::format("quadrature: the range of y is empty: [{}, {}]", range.lower, range.upper));
  }
  if (!(beta > 0) && !(range.upper - range.lower < std::numeric_limits<double>::infinity())) {
    throw ConfigError(
        fmt::format("not normalisable at beta = {} over an infinite range of y", beta));
  }
}

}  // namespace negphase
