#include "negphase/core/log_sum_exp.hpp"

#include <cmath>

#include "negphase/core/portable_log1p.hpp"

namespace negphase {

void LogSumExp::add_to_rest(double term) {
  const double sum = rest_ + term;
  error_ += std::abs(rest_) >= std::abs(term) ? (rest_ - sum) + term : (term - sum) + rest_;
  rest_ = sum;
}

void LogSumExp::merge(const LogSumExp& other) {
  if (std::isnan(max_) || std::isnan(other.max_)) {
    max_ = std::numeric_limits<double>::quiet_NaN();
    return;
  }
  if (other.max_ > max_) {
    LogSumExp larger = other;
    larger.merge(*this);
    *this = larger;
    return;
  }
  // +inf swallows everything; -inf adds nothing, and -inf - (-inf) would be NaN
  if (std::isinf(max_) || std::isinf(other.max_)) {
    return;
  }
  const double scale = std::exp(other.max_ - max_);
  add_to_rest(scale);
  add_to_rest(scale * other.rest_);
  error_ += scale * other.error_;
}

void LogSumExp::add(std::span<const double> a) {
  LogSumExp part;
  std::size_t at = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i])) {
      max_ = a[i];
      return;
    }
    if (a[i] > part.max_) {
      part.max_ = a[i];
      at = i;
    }
  }
  if (!std::isinf(part.max_)) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (i != at) {
        part.add_to_rest(std::exp(a[i] - part.max_));
      }
    }
  }
  merge(part);
}

double LogSumExp::value() const {
  if (std::isnan(max_) || std::isinf(max_)) {
    return max_;
  }
  // d log1p(r) / dr = 1 / (1 + r) carries the compensation through the logarithm
  return max_ + (std::log1p(rest_) + error_ / (1 + rest_));
}

double log_sum_exp(std::span<const double> a) {
  LogSumExp sum;
  sum.add(a);
  return sum.value();
}

double softplus(double x) { return log1p_exp(x); }

double logistic(double x) {
  if (x >= 0) {
    return 1 / (1 + std::exp(-x));
  }
  const double e = std::exp(x);
  return e / (1 + e);
}

}  // namespace negphase
