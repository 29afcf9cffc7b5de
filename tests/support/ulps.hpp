#pragma once
#include <cmath>
#include <limits>

namespace negphase::testing {

/// Distance from the long double function in units of the last place of the rounded answer; NaN
/// counts as infinitely far.
template <class S>
double ulps(S got, long double exact) {
  const S rounded = static_cast<S>(exact);
  const S next = std::nextafter(rounded, std::numeric_limits<S>::infinity());
  const auto distance = static_cast<double>(std::abs(static_cast<long double>(got) - exact) /
                                            static_cast<long double>(next - rounded));
  return std::isnan(distance) ? HUGE_VAL : distance;
}

}  // namespace negphase::testing
