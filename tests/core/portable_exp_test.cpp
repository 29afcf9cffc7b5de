#include "negphase/core/portable_exp.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "support/ulps.hpp"

using namespace negphase;
using negphase::testing::ulps;

TEST_CASE_TEMPLATE("exp of what is not positive, within 1 ulp", S, double, float) {
  const double lowest = portable_exp::Constants<S>::lowest;
  double worst = 0;
  for (int i = 0; i <= 200000; ++i) {
    // dense near 0 and out to the end
    const double t = i / 200000.0;
    for (const S x : {static_cast<S>(lowest * t), static_cast<S>(-std::pow(10.0, -8 + 8 * t))}) {
      worst = std::max(worst, ulps(exp_of_nonpositive(x), std::exp(static_cast<long double>(x))));
    }
  }
  CHECK(worst < 1);
}

TEST_CASE_TEMPLATE("exp at its ends", S, double, float) {
  constexpr S inf = std::numeric_limits<S>::infinity();
  CHECK(exp_of_nonpositive(S(0)) == 1);
  CHECK(exp_of_nonpositive(S(-0.0)) == 1);
  CHECK(exp_of_nonpositive(-inf) == 0);
  CHECK(exp_of_nonpositive(std::numeric_limits<S>::lowest()) == 0);
  CHECK(std::isnan(exp_of_nonpositive(std::numeric_limits<S>::quiet_NaN())));
}

TEST_CASE_TEMPLATE("the same bits one by one and in a vector loop", S, double, float) {
  std::vector<S> x, together;
  for (int i = 0; i < 1003; ++i) {
    x.push_back(static_cast<S>(-0.0371 * i));
  }
  together.resize(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    together[i] = exp_of_nonpositive(x[i]);
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    volatile S alone = x[i];
    CHECK(exp_of_nonpositive(static_cast<S>(alone)) == together[i]);
  }
}
