#include "negphase/exact/total_variation.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "negphase/core/error.hpp"
#include "planted/S7.hpp"
#include "support/problems.hpp"

// How these tests can fail: a floor that is right only for states that are often visited, a law of
// y that forgets beta or z, a state with another's number.

using namespace negphase;
using namespace negphase::testing;

namespace {

// E|k / n - p| / 2 summed over the states and over all counts k, weight by weight
double by_all_counts(const Eigen::ArrayXd& p, int n) {
  double sum = 0;
  for (const double q : p) {
    double weight = std::pow(1 - q, n);
    for (int k = 0; k <= n; ++k) {
      sum += weight * std::abs(k / static_cast<double>(n) - q) / 2;
      weight *= q / (1 - q) * (n - k) / (k + 1);
    }
  }
  return sum;
}

const Eigen::ArrayXd& some_law() {
  static const Eigen::ArrayXd law{{0.5, 0.25, 0.2, 0.04999, 1e-5}};
  return law;
}

}  // namespace

TEST_CASE("expected total variation of independent draws") {
  for (const int n : {1, 2, 7, 64, 1000}) {
    CAPTURE(n);
    // n + 1 terms of some roundings each, in either sum
    const double exact = by_all_counts(some_law(), n);
    CHECK(std::abs(expected_total_variation(some_law(), n) - exact) < 1e-12 * n * exact);
    CHECK(std::abs(planted::S7::expected_total_variation(some_law(), n) - exact) > 1e-4 * exact);
  }
  CHECK(expected_total_variation(some_law(), 7.4) == expected_total_variation(some_law(), 7));
  CHECK(std::isnan(expected_total_variation(some_law(), 0.2)));
  CHECK(expected_total_variation(Eigen::ArrayXd{{1, 0}}, 10) == 0);
  // many draws: the normal law's sqrt(2 / pi) of the standard error, to a few 1 / (n p)
  const Eigen::ArrayXd fair{{0.5, 0.5}};
  CHECK(std::abs(expected_total_variation(fair, 1e6) / (0.5e-3 * std::sqrt(2 / M_PI)) - 1) < 1e-5);
}

TEST_CASE("total variation") {
  CHECK(total_variation(Eigen::ArrayXd{{0.5, 0.5, 0}}, Eigen::ArrayXd{{0.25, 0.25, 0.5}}) == 0.5);
}

TEST_CASE("law of y: latents are summed out, at this beta") {
  const Problem p = rbm_problem("rbm_3x2_strong");
  for (const double beta : {0.5, 1.0, 2.0}) {
    CAPTURE(beta);
    REQUIRE(has_law_of_y(p.model, 8));
    const Eigen::ArrayXd law = law_of_y(p.model, beta);
    REQUIRE(law.size() == 8);
    // all states of y and z, y by its number
    Block<double> states(32, 5);
    Eigen::ArrayXd sum = Eigen::ArrayXd::Zero(8);
    for (Index s = 0; s < 32; ++s) {
      for (Index j = 0; j < 5; ++j) {
        states(s, j) = static_cast<double>(s >> (4 - j) & 1);
      }
    }
    const std::vector<Index> rows(32, 0);
    PerChain energy(32);
    p.model.bind_double(p.model.prepare(p.x), rows).energy(states, energy);
    for (Index s = 0; s < 32; ++s) {
      CHECK(state_number(p.model.shape().y, states.row(s).head(3)) == s / 4);
      sum[s / 4] += std::exp(-beta * energy[s]);
    }
    CHECK((law - sum / sum.sum()).abs().maxCoeff() < 1e-14);  // sums of 32 terms below 1
  }
}

TEST_CASE("law of y: what cannot be listed is said") {
  CHECK_FALSE(has_law_of_y(rbm_problem("rbm_3x2").model, 7));
  CHECK_FALSE(has_law_of_y(quartic_problem(3).model, 1e9));
  CHECK_THROWS_AS(law_of_y(quartic_problem(3).model, 1), UsageError);
  CHECK(has_law_of_y(glass_problem(1).model, 256));
  CHECK(law_of_y(glass_problem(1).model, 1).size() == 256);
}
