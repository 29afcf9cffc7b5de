#pragma once
#include <limits>
#include <span>

namespace negphase {

/// A running log sum_i exp(a_i) (M14), shifted by the maximum so far and compensated (Neumaier).
/// One term equal to the maximum is kept apart, so that log1p sees the rest at full precision.
/// Partial sums are merged in a fixed order: the result does not depend on the number of threads.
/// Empty: -inf. Any NaN: NaN. Any +inf: +inf. Cost: one exp a term.
class LogSumExp {
 public:
  void add(double a) { merge(LogSumExp(a)); }
  void add(std::span<const double> a);
  void merge(const LogSumExp& other);
  double value() const;

 private:
  friend double log_sum_exp(std::span<const double> a);
  explicit LogSumExp(double a) : max_(a) {}
  void add_to_rest(double term);

  double max_ = -std::numeric_limits<double>::infinity();  ///< NaN once a NaN was seen
  double rest_ = 0, error_ = 0;  ///< sum of exp(a_i - max) over all terms but one maximum

 public:
  LogSumExp() = default;
};

/// log sum_i exp(a_i) in one go, within 1 ulp. Cost: one exp a term, two passes.
double log_sum_exp(std::span<const double> a);

/// log(1 + exp(x)) without overflow.
double softplus(double x);
/// 1 / (1 + exp(-x)) without overflow.
double logistic(double x);

}  // namespace negphase
