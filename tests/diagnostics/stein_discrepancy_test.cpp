#include "negphase/diagnostics/stein_discrepancy.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "negphase/core/error.hpp"
#include "planted/KD1.hpp"
#include "planted/KD2.hpp"
#include "planted/KD3.hpp"
#include "planted/KD7.hpp"
#include "support/normal_draws.hpp"

// How these tests can fail: a term of k0 that is left out or has another sign (its mean over the
// law is then not 0), a length that does not scale the scores, a state moved the wrong way (seen by
// more than two states only), a bootstrap that favours a side or depends on threads.

using namespace negphase;
using namespace negphase::testing;

namespace {

struct Case {
  std::string name;
  Eigen::ArrayXXd scores;
};

const nlohmann::json& vectors() {
  static const auto all = nlohmann::json::parse(std::ifstream(TEST_VECTOR_DIR "/ksd_mmd.json"));
  return all;
}
double number(const nlohmann::json& value) { return std::stod(value.get<std::string>()); }

Eigen::ArrayXXd points() {
  Eigen::ArrayXXd x(5, 2);
  for (Index i = 0; i < 5; ++i) {
    for (Index j = 0; j < 2; ++j) {
      x(i, j) = number(vectors()["X"][static_cast<std::size_t>(i)][static_cast<std::size_t>(j)]);
    }
  }
  return x;
}

std::vector<Case> cases() {
  const Eigen::ArrayXXd x = points();
  const Eigen::Array2d mean{0.25, -0.25};
  Eigen::ArrayXXd correlated(5, 2);
  for (Index i = 0; i < 5; ++i) {
    const Eigen::Array2d y = x.row(i).transpose() - mean;
    correlated(i, 0) = -(4 * y[0] - 2 * y[1]) / 3;
    correlated(i, 1) = -(4 * y[1] - 2 * y[0]) / 3;
  }
  // E = sum (x^2 - 1)^2 / 4 + x / 8
  return {{"standard_normal_2d", -x},
          {"normal_mu_0.25_-0.25_precision_4/3_-2/3", correlated},
          {"two_double_wells_beta1", -x * (x.square() - 1) - 0.125}};
}

Eigen::ArrayXd first_row(const PairFunction& k) {
  Eigen::ArrayXd row;
  k.row(0, 0, row);
  return row;
}

// a law of one column of 3 states and one spin, and all of its states
const Eigen::ArrayXd& small_law() {
  static const Eigen::ArrayXd p{{0.05, 0.3, 0.2, 0.1, 0.25, 0.1}};
  return p;
}
const std::vector<Column>& small_columns() {
  static const std::vector<Column> columns{{ColumnKind::category, 3}, spin_column()};
  return columns;
}
Eigen::ArrayXXd small_states() {
  Eigen::ArrayXXd states(6, 2);
  states << 0, -1, 0, 1, 1, -1, 1, 1, 2, -1, 2, 1;
  return states;
}
Eigen::ArrayXXd small_differences() {
  Eigen::ArrayXXd s(6, 2);
  for (Index k = 0; k < 6; ++k) {
    s(k, 0) = 1 - small_law()[(k + 2) % 6] / small_law()[k];
    s(k, 1) = 1 - small_law()[k % 2 == 0 ? k + 1 : k - 1] / small_law()[k];
  }
  return s;
}

// sum_x p(x) k0(x, y) for every y
Eigen::VectorXd means_under_law(const PairFunction& k, const Executor& executor) {
  return pair_matrix(k, executor) * small_law().matrix();
}

}  // namespace

TEST_CASE("kernel Stein discrepancy: ten-digit answers") {
  const Executor executor(1);
  for (const Case& c : cases()) {
    CAPTURE(c.name);
    const auto& answer = vectors()["ksd"][c.name];
    const Eigen::ArrayXXd x = points();
    const Eigen::ArrayXd row = first_row(stein_kernel(x, c.scores));
    for (Index j = 0; j < 5; ++j) {
      CHECK(std::abs(row[j] - number(answer["k0_first_row"][static_cast<std::size_t>(j)])) <
            1e-14 * 8);  // some 30 roundings of terms below 3
    }
    const auto result = stein_discrepancy(stein_kernel(x, c.scores), executor);
    const double v = number(answer["V_statistic"]);
    const double u = number(answer["U_statistic"]);
    CHECK(std::abs(result.v_statistic - v) < 1e-13);
    CHECK(std::abs(result.u_statistic - u) < 1e-13);
    CHECK(std::abs(std::sqrt(result.v_statistic) - number(answer["ksd_from_V"])) < 1e-13);
    const auto wrong_v = [&](const auto& k) {
      return std::abs(stein_discrepancy(k, executor).v_statistic - v);
    };
    CHECK(wrong_v(planted::KD1::stein_kernel(x, c.scores)) > 0.1);
    CHECK(wrong_v(planted::KD2::stein_kernel(x, c.scores)) > 0.1);
    CHECK(
        std::abs(planted::KD3::stein_discrepancy(stein_kernel(x, c.scores), executor).u_statistic -
                 u) > 0.1);
  }
}

TEST_CASE("the Stein kernel has mean 0 under the law, for any length") {
  // the trapezoidal rule on N(0.5, 1 / 2): an analytic integrand on +-9 sd, step 0.05 sd, errs by
  // far less than the 360 roundings of terms below 10
  const Index nodes = 361;
  Eigen::ArrayXXd x(nodes, 1);
  Eigen::ArrayXd weight(nodes);
  for (Index i = 0; i < nodes; ++i) {
    const double t = -9 + 0.05 * static_cast<double>(i);
    x(i, 0) = 0.5 + t * std::sqrt(0.5);
    weight[i] = 0.05 * std::exp(-t * t / 2) / std::sqrt(2 * M_PI);
  }
  const Executor executor(1);
  for (const double length : {0.4, 1.0, 3.0}) {
    CAPTURE(length);
    const auto k = pair_matrix(stein_kernel(x, -2 * (x - 0.5), length), executor);
    // looked at within 4 sd, where k0 is of order 10 / length^2
    const Eigen::VectorXd mean = k * weight.matrix();
    CHECK(mean.segment(100, 161).cwiseAbs().maxCoeff() < 1e-12 / length / length);
    const auto wrong = pair_matrix(planted::KD1::stein_kernel(x, -2 * (x - 0.5), length), executor);
    CHECK((wrong * weight.matrix()).segment(100, 161).cwiseAbs().maxCoeff() > 0.01);
  }
}

TEST_CASE("the discrete Stein kernel has mean 0 under the law") {
  const Executor executor(1);
  const auto k = discrete_stein_kernel(small_states(), small_columns(), small_differences());
  // six terms below 20
  CHECK(means_under_law(k, executor).cwiseAbs().maxCoeff() < 1e-14);
  const auto wrong =
      planted::KD7::discrete_stein_kernel(small_states(), small_columns(), small_differences());
  CHECK(means_under_law(wrong, executor).cwiseAbs().maxCoeff() > 0.01);
}

TEST_CASE("the discrete Stein kernel is that of its definition") {
  const Executor executor(1);
  const Eigen::ArrayXXd y = small_states();
  const Eigen::ArrayXXd s = small_differences();
  const auto back = [](Index state, Index column) {  // one column one state back
    return column == 0 ? (state + 4) % 6 : state % 2 == 0 ? state + 1 : state - 1;
  };
  const auto kernel = [&](Index a, Index b) {
    return std::exp(-((y.row(a) != y.row(b)).cast<double>().sum()) / 2);
  };
  const Eigen::MatrixXd k0 = pair_matrix(discrete_stein_kernel(y, small_columns(), s), executor);
  for (Index a = 0; a < 6; ++a) {
    for (Index b = 0; b < 6; ++b) {
      double sum = 0;
      for (Index i = 0; i < 2; ++i) {
        const double k = kernel(a, b);
        const double k_b = kernel(a, back(b, i));
        const double k_a = kernel(back(a, i), b);
        sum += s(a, i) * s(b, i) * k - s(a, i) * (k - k_b) - s(b, i) * (k - k_a) +
               (k - k_a - k_b + kernel(back(a, i), back(b, i)));
      }
      CHECK(std::abs(k0(a, b) - sum) < 1e-14 * 40);  // terms up to s^2 = 36
    }
  }
}

TEST_CASE("Stein discrepancies do not depend on order, shift or threads") {
  const Eigen::ArrayXXd x = normal_draws(3, 0, 200, 3);
  const PairFunction k = stein_kernel(x, -x, 1.5);
  const auto one = stein_discrepancy(k, Executor(1));
  const double p = stein_p_value(k, 200, 7, Executor(1));
  for (const int threads : {2, 3, 4}) {
    const auto other = stein_discrepancy(k, Executor(threads));
    CHECK(other.v_statistic == one.v_statistic);
    CHECK(other.u_statistic == one.u_statistic);
    CHECK(stein_p_value(k, 200, 7, Executor(threads)) == p);
  }
  const Executor executor(1);
  const Eigen::ArrayXXd reversed = x.colwise().reverse();
  // 4e4 terms of order 1 in another order, and roundings of x - y where both are shifted by 8
  const auto same = [&](const PairFunction& other) {
    return std::abs(stein_discrepancy(other, executor).v_statistic - one.v_statistic) < 1e-13;
  };
  CHECK(same(stein_kernel(reversed, -reversed, 1.5)));
  CHECK(same(stein_kernel(x + 8, -x, 1.5)));
  CHECK_FALSE(same(stein_kernel(x + 8, -(x + 8), 1.5)));
  CHECK_THROWS_AS(stein_discrepancy(stein_kernel(x.topRows(1), -x.topRows(1)), executor),
                  UsageError);
  CHECK_THROWS_AS(stein_kernel(x, -x.leftCols(2)), UsageError);
}

TEST_CASE("the wild bootstrap: other laws are seen, a missing mode is not") {
  const Executor executor(1);
  const auto p_value = [&](const Eigen::ArrayXXd& x, const Eigen::ArrayXXd& scores, int seed) {
    const PairFunction k = stein_kernel(x, scores, median_distance(x, executor));
    return stein_p_value(k, 199, static_cast<std::uint64_t>(seed), executor);
  };
  int kept = 0;
  int seen = 0;
  int seen_missing_mode = 0;
  constexpr int runs = 40;
  for (int run = 0; run < runs; ++run) {
    const Eigen::ArrayXXd x = normal_draws(11, static_cast<std::uint32_t>(run), 100, 1);
    kept += p_value(x, -x, run) > 0.01 ? 1 : 0;
    seen += p_value(1.6 * x, -1.6 * x, run) <= 0.01 ? 1 : 0;
    // half N(-4, 1), half N(4, 1), and all draws of the latter: s = -y + 4 tanh(4 y)
    const Eigen::ArrayXXd one_mode = x + 4;
    seen_missing_mode += p_value(one_mode, -one_mode + 4 * (4 * one_mode).tanh(), run) <= 0.01;
  }
  // at level 0.01, 8 rejections of 40 have probability 6e-9, of the level 0.02 that a wild
  // bootstrap may have at n = 100 still 1e-6
  MESSAGE("rejected at 0.01, of ", runs, ": exact draws ", runs - kept, ", 1.6 times as wide ",
          seen, ", a mode missing 8 sd away ", seen_missing_mode);
  CHECK(kept > runs - 8);
  CHECK(seen > runs / 2);
  CHECK(seen_missing_mode < 8);
  // the observed signs count among all: never 0
  const Eigen::ArrayXXd far = normal_draws(11, 99, 50, 1) + 5;
  CHECK(p_value(far, -far, 1) == 1.0 / 200);
}
