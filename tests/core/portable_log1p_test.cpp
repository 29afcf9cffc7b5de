#include "negphase/core/portable_log1p.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "planted/RO1.hpp"
#include "planted/RO2.hpp"
#include "support/ulps.hpp"

using namespace negphase;
using negphase::testing::ulps;

namespace {

/// Dense over [0, 1] and, in equal ratios, down to where e^2 is nothing beside e.
template <class S, class Function>
double worst_log1p(Function&& f) {
  double worst = 0;
  for (int i = 0; i <= 100000; ++i) {
    const double t = i / 100000.0;
    for (const S e : {static_cast<S>(t), static_cast<S>(std::pow(10.0, -20 * t))}) {
      worst = std::max(worst, ulps(f(e), std::log1p(static_cast<long double>(e))));
    }
  }
  return worst;
}

template <class S, class Function>
double worst_softplus(Function&& f) {
  const double lowest = portable_exp::Constants<S>::lowest;
  double worst = 0;
  for (int i = 0; i <= 50000; ++i) {
    const double t = i / 50000.0;
    for (const S x : {static_cast<S>(lowest * t), static_cast<S>(-lowest * t),
                      static_cast<S>(-40 * t), static_cast<S>(3 * t - 1.5)}) {
      const auto exact = static_cast<long double>(x);
      worst = std::max(worst,
                       ulps(f(x), std::max(exact, 0.0L) + std::log1p(std::exp(-std::abs(exact)))));
    }
  }
  return worst;
}

}  // namespace

TEST_CASE_TEMPLATE("log(1 + e), 0 <= e <= 1, within 2 ulp", S, double, float) {
  const double worst = worst_log1p<S>([](S e) { return log1p_of_unit(e); });
  CAPTURE(worst);
  CHECK(worst < 2);
}

TEST_CASE_TEMPLATE("log(1 + exp(x)) within 4 ulp on both sides", S, double, float) {
  const double worst = worst_softplus<S>([](S x) { return log1p_exp(x); });
  CAPTURE(worst);
  CHECK(worst < 4);
}

TEST_CASE("planted RO1, RO2: a series cut too early, and small values lost, are rejected") {
  CHECK(worst_log1p<double>([](double e) { return planted::RO1::log1p_of_unit(e); }) > 2);
  CHECK(worst_softplus<double>([](double x) { return planted::RO2::log1p_exp(x); }) > 1e6);
}

TEST_CASE_TEMPLATE("log(1 + exp(x)) at its ends", S, double, float) {
  constexpr S inf = std::numeric_limits<S>::infinity();
  CHECK(log1p_of_unit(S(0)) == 0);
  CHECK(log1p_exp(-inf) == 0);
  CHECK(log1p_exp(inf) == inf);
  CHECK(log1p_exp(std::numeric_limits<S>::max()) == std::numeric_limits<S>::max());
  CHECK(log1p_exp(std::numeric_limits<S>::lowest()) == 0);
  CHECK(std::isnan(log1p_of_unit(std::numeric_limits<S>::quiet_NaN())));
  CHECK(std::isnan(log1p_exp(std::numeric_limits<S>::quiet_NaN())));
}

TEST_CASE_TEMPLATE("the softplus has the same bits one by one and in a vector loop", S, double,
                   float) {
  std::vector<S> x, together;
  for (int i = 0; i < 1003; ++i) {
    x.push_back(static_cast<S>(0.0371 * (i - 500)));
  }
  together.resize(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    together[i] = log1p_exp(x[i]);
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    volatile S alone = x[i];
    CHECK(log1p_exp(static_cast<S>(alone)) == together[i]);
  }
}
