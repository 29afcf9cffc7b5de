#pragma once
#include <Eigen/Core>
#include <cmath>
#include <compare>

#include "negphase/core/block.hpp"

namespace negphase {

/// A number with its derivatives by `width` variables: what an energy that is written once computes
/// in where its derivatives are wanted (forward differentiation). Operators and functions are those
/// of double, found by argument (write exp(v), not std::exp(v)); comparisons look at the value.
/// Unlike Eigen's AutoDiffScalar every result is a Dual, never an expression that refers to
/// temporaries, so `auto` and ?: are safe in an energy, and nothing is allocated.
/// Where a function has no derivative, abs takes the right-hand one; sqrt and pow at 0 may be
/// infinite. Cost of an operation: that of double on 1 + width numbers.
struct Dual {
  /// With 4, micro_pointwise is as fast for few variables and half as fast for many.
  static constexpr Index width = 8;
  using Slopes = Eigen::Array<double, width, 1>;

  double value = 0;
  Slopes slopes = Slopes::Zero();

  Dual() = default;
  Dual(double constant) : value(constant) {}  // NOLINT: a constant is a Dual
  Dual(double v, const Slopes& s) : value(v), slopes(s) {}

  friend Dual operator+(const Dual& a) { return a; }
  friend Dual operator-(const Dual& a) { return {-a.value, -a.slopes}; }
  friend Dual operator+(const Dual& a, const Dual& b) {
    return {a.value + b.value, a.slopes + b.slopes};
  }
  friend Dual operator-(const Dual& a, const Dual& b) {
    return {a.value - b.value, a.slopes - b.slopes};
  }
  friend Dual operator*(const Dual& a, const Dual& b) {
    return {a.value * b.value, a.slopes * b.value + a.value * b.slopes};
  }
  friend Dual operator/(const Dual& a, const Dual& b) {
    const double ratio = a.value / b.value;
    return {ratio, (a.slopes - ratio * b.slopes) / b.value};
  }
  friend Dual operator*(const Dual& a, double b) { return {a.value * b, a.slopes * b}; }
  friend Dual operator*(double a, const Dual& b) { return b * a; }
  friend Dual operator/(const Dual& a, double b) { return {a.value / b, a.slopes / b}; }
  Dual& operator+=(const Dual& b) { return *this = *this + b; }
  Dual& operator-=(const Dual& b) { return *this = *this - b; }
  Dual& operator*=(const Dual& b) { return *this = *this * b; }
  Dual& operator/=(const Dual& b) { return *this = *this / b; }

  friend bool operator==(const Dual& a, const Dual& b) { return a.value == b.value; }
  friend auto operator<=>(const Dual& a, const Dual& b) { return a.value <=> b.value; }

  friend Dual exp(const Dual& a) { return a.with(std::exp(a.value), std::exp(a.value)); }
  friend Dual expm1(const Dual& a) { return a.with(std::expm1(a.value), std::exp(a.value)); }
  friend Dual log(const Dual& a) { return a.with(std::log(a.value), 1 / a.value); }
  friend Dual log1p(const Dual& a) { return a.with(std::log1p(a.value), 1 / (1 + a.value)); }
  friend Dual sqrt(const Dual& a) {
    const double root = std::sqrt(a.value);
    return a.with(root, 0.5 / root);
  }
  friend Dual sin(const Dual& a) { return a.with(std::sin(a.value), std::cos(a.value)); }
  friend Dual cos(const Dual& a) { return a.with(std::cos(a.value), -std::sin(a.value)); }
  friend Dual tanh(const Dual& a) {
    const double t = std::tanh(a.value);
    return a.with(t, (1 - t) * (1 + t));
  }
  friend Dual abs(const Dual& a) { return a.value < 0 ? -a : a; }
  friend Dual pow(const Dual& a, double power) {
    const double slope = power == 0 ? 0 : power * std::pow(a.value, power - 1);
    return a.with(std::pow(a.value, power), slope);
  }
  /// a > 0
  friend Dual pow(const Dual& a, const Dual& power) { return exp(power * log(a)); }

 private:
  /// f(a) from its value and its derivative at a.
  Dual with(double f, double derivative) const { return {f, derivative * slopes}; }
};

/// The number of the state that a bit or a category holds, to choose a parameter by: in an energy
/// that is written for both, double and Dual.
inline Index state_number(double code) { return static_cast<Index>(code); }
inline Index state_number(const Dual& code) { return static_cast<Index>(code.value); }

}  // namespace negphase
