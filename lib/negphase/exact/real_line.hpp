#pragma once
#include <algorithm>
#include <cmath>
#include <limits>

#include "negphase/core/log_sum_exp.hpp"

namespace negphase {

/// Where a real y may lie; both ends may be infinite.
struct LineRange {
  double lower = -std::numeric_limits<double>::infinity();
  double upper = std::numeric_limits<double>::infinity();

  bool has_lower() const { return lower > -std::numeric_limits<double>::infinity(); }
  bool has_upper() const { return upper < std::numeric_limits<double>::infinity(); }
  bool is_whole_line() const { return !has_lower() && !has_upper(); }
};

/// Throws ConfigError where nothing can be integrated over the range: it is empty, or infinite at a
/// beta that is not positive.
void check_range(const LineRange& range, double beta);

/// The change of variables y(t), t on the whole line, under which tails of any power decay
/// exponentially, and every place is resolved relative to its distance from 0 or from an end:
/// y = sinh t; lower + e^t or upper - e^-t on a half line; a logistic map on an interval.
struct LineMap {
  LineRange range;

  double y(double t) const {
    if (range.has_lower() && range.has_upper()) {
      const double width = range.upper - range.lower;
      return t < 0 ? range.lower + width * logistic(t) : range.upper - width * logistic(-t);
    }
    if (range.has_lower() || range.has_upper()) {
      return range.has_lower() ? range.lower + std::exp(t) : range.upper - std::exp(-t);
    }
    return std::sinh(t);
  }

  /// The inverse of y(t).
  double t(double y) const {
    if (range.has_lower() && range.has_upper()) {
      return std::log(y - range.lower) - std::log(range.upper - y);
    }
    if (range.has_lower() || range.has_upper()) {
      return range.has_lower() ? std::log(y - range.lower) : -std::log(range.upper - y);
    }
    return std::asinh(y);
  }

  /// log dy/dt
  double log_slope(double t) const {
    if (range.has_lower() && range.has_upper()) {
      return std::log(range.upper - range.lower) - softplus(t) - softplus(-t);
    }
    if (range.has_lower() || range.has_upper()) {
      return range.has_lower() ? t : -t;
    }
    return std::abs(t) + std::log1p(std::exp(-2 * std::abs(t))) - std::log(2.0);
  }
};

}  // namespace negphase
