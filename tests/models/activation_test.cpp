#include "negphase/models/activation.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "planted/Y6.hpp"

using namespace negphase;

namespace {

template <class Scalar>
constexpr Scalar epsilon = std::numeric_limits<Scalar>::epsilon();

/// phi and phi' in long double.
struct Exact {
  long double value, slope;
};
Exact tanh_of(long double u) { return {std::tanh(u), 1 / (std::cosh(u) * std::cosh(u))}; }
Exact softplus_of(long double u) {
  return {std::max(u, 0.0L) + std::log1p(std::exp(-std::abs(u))), 1 / (1 + std::exp(-u))};
}
Exact silu_of(long double u) {
  const long double s = 1 / (1 + std::exp(-u)), t = 1 / (1 + std::exp(u));
  return {u * s, s * (1 + u * t)};
}

/// Worst error over a grid with large arguments, in roundings (epsilon) of 1 + |phi|.
template <class Unit, class Scalar>
double worst_error(Exact (*exact)(long double)) {
  std::vector<double> places{0, 1e-300, 1e-8, 87, 88, 100, 700, 708, 709, 745, 1e3, 1e4, 1e15};
  for (int i = 1; i <= 4000; ++i) {
    places.push_back(i / 128.0);
  }
  long double worst = 0;
  for (const double place : places) {
    for (const auto u : {static_cast<Scalar>(place), static_cast<Scalar>(-place)}) {
      const Exact expected = exact(static_cast<long double>(u));
      const auto unit = Unit::at(u);
      const long double scale =
          (1 + std::abs(expected.value)) * static_cast<long double>(epsilon<Scalar>);
      const long double error =
          std::max(std::abs(unit.value - expected.value), std::abs(unit.slope - expected.slope)) /
          scale;
      worst = error <= worst ? worst : (error > worst ? error : HUGE_VALL);  // NaN: infinity
    }
  }
  return static_cast<double>(worst);
}

// exp within an ulp, and at most 6 more roundings of half an epsilon each; u (1 - s) <= |phi| + 1
// enters the slope of silu once more
constexpr double bound = 4;

}  // namespace

TEST_CASE("activation: values and slopes are right to some roundings, from 0 to 1e15") {
  CHECK(worst_error<TanhUnit, double>(tanh_of) < bound);
  CHECK(worst_error<SoftplusUnit, double>(softplus_of) < bound);
  CHECK(worst_error<SiluUnit, double>(silu_of) < bound);
  CHECK(worst_error<TanhUnit, float>(tanh_of) < bound);
  CHECK(worst_error<SoftplusUnit, float>(softplus_of) < bound);
  CHECK(worst_error<SiluUnit, float>(silu_of) < bound);
}

TEST_CASE("activation: Y6, a softplus that overflows, is seen") {
  CHECK(worst_error<planted::Y6::SoftplusUnit, double>(softplus_of) > 1e10);
  CHECK(planted::Y6::SoftplusUnit::at(2.0).value == doctest::Approx(std::log1p(std::exp(2.0))));
}

TEST_CASE("activation: NaN stays NaN") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(TanhUnit::at(nan).value));
  CHECK(std::isnan(SoftplusUnit::at(nan).value));
  CHECK(std::isnan(SiluUnit::at(nan).value));
}
