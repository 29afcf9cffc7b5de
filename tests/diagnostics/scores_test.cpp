#include "negphase/diagnostics/scores.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "negphase/core/error.hpp"
#include "negphase/diagnostics/stein_discrepancy.hpp"
#include "negphase/exact/enumeration.hpp"
#include "negphase/models/gaussian.hpp"
#include "negphase/models/potts.hpp"
#include "planted/KD17.hpp"
#include "planted/KD8.hpp"
#include "support/normal_draws.hpp"

// How these tests can fail: beta left out (not seen at beta = 1), a last block of another size, a
// state that is moved to no neighbour, a draw of probability zero that passes for one of the law.

using namespace negphase;
using namespace negphase::testing;

namespace {

BindChains binding(const AnyModel& model) {
  return [model](Index chains) {
    return model.bind_double(model.prepare(Eigen::MatrixXd(1, 0)),
                             std::vector<Index>(static_cast<std::size_t>(chains), 0));
  };
}

AnyModel three_categories() {
  Params w(12);
  w << 0.3, -0.2, 0.1, 0.5, -0.4, 0.2, 0.7, -0.6, 0.15, -0.25, 0.35, 0.05;
  return PottsModel(PottsCouplings::equal, Graph(3, {{0, 1}, {1, 2}, {0, 2}}), {3, 3, 3}, w);
}

}  // namespace

TEST_CASE("scores of a Gaussian are -beta (P y - b)") {
  Params w(5);
  w << 0.5, -1, 2, 0.7, 1.5;
  const GaussianModel model(2, w);
  const Eigen::Matrix2d precision{{2, 0.7}, {0.7, 1.5}};
  for (const double beta : {0.25, 1.0, 2.5}) {
    const Eigen::ArrayXXd y = normal_draws(1, 0, 70, 2);  // a block and a part of one
    const Eigen::ArrayXXd expected =
        -beta * ((y.matrix() * precision).rowwise() - Eigen::RowVector2d{0.5, -1}).array();
    // three roundings of numbers below 20
    CHECK((scores(binding(model), beta, y) - expected).abs().maxCoeff() < 2e-14);
  }
}

TEST_CASE("score differences of categories make a Stein kernel of mean 0, at any beta") {
  const Executor executor(1);
  const BindChains bind = binding(three_categories());
  for (const double beta : {0.25, 1.0, 2.5}) {
    CAPTURE(beta);
    const StateTable table = tabulate_states(bind, beta);
    const auto mean = [&](const Eigen::ArrayXXd& differences) {
      const auto k = discrete_stein_kernel(table.states, bind(1).columns(), differences);
      return (pair_matrix(k, executor) * table.probability.matrix()).cwiseAbs().maxCoeff();
    };
    // 27 terms; ratios are at most exp(beta 3) squared, so 4e6 x 27 roundings at beta 2.5
    const double rounding = 27 * 4e-16 * std::exp(beta * 6);
    CHECK(mean(score_differences(bind, beta, table.states)) < rounding);
    if (beta != 1) {
      CHECK(mean(planted::KD8::score_differences(bind, beta, table.states)) > 0.01);
    }
  }
}

TEST_CASE("conditional residuals make a Stein kernel of mean 0, at any beta") {
  const Executor executor(1);
  const BindChains bind = binding(three_categories());
  for (const double beta : {0.0, 0.25, 1.0, 2.5}) {
    CAPTURE(beta);
    const StateTable table = tabulate_states(bind, beta);
    const auto mean = [&](const PairFunction& k) {
      return (pair_matrix(k, executor) * table.probability.matrix()).cwiseAbs().maxCoeff();
    };
    const auto columns = bind(1).columns();
    const Eigen::ArrayXXd residuals = conditional_residuals(bind, beta, table.states);
    CHECK(residuals.abs().maxCoeff() <= 1);
    const PairFunction k = conditional_stein_kernel(table.states, columns, residuals);
    CHECK(mean(k) < 1e-14);  // 27 terms below 2
    CHECK(mean(planted::KD17::conditional_stein_kernel(table.states, columns, residuals)) > 1e-3);
    if (beta != 1) {
      CHECK(mean(conditional_stein_kernel(
                table.states, columns,
                planted::KD8::conditional_residuals(bind, beta, table.states))) > 1e-3);
    }
  }
  CHECK_THROWS_AS(conditional_stein_kernel(Eigen::ArrayXXd::Zero(4, 3), bind(1).columns(),
                                           Eigen::ArrayXXd::Zero(4, 3)),
                  UsageError);
}

TEST_CASE("the conditional Stein kernel is that of its definition") {
  // f -> E(f | the other columns) - f in both arguments of k, column by column
  const Executor executor(1);
  const BindChains bind = binding(three_categories());
  const StateTable table = tabulate_states(bind, 1.5);
  const Eigen::MatrixXd k0 =
      pair_matrix(conditional_stein_kernel(table.states, bind(1).columns(),
                                           conditional_residuals(bind, 1.5, table.states)),
                  executor);
  const Eigen::MatrixXd k = pair_matrix(hamming_kernel(table.states), executor);
  Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(27, 27);
  for (const Index stride : {9, 3, 1}) {  // of a column in the number of a state
    Eigen::MatrixXd change = -Eigen::MatrixXd::Identity(27, 27);  // (P_i - 1)
    for (Index x = 0; x < 27; ++x) {
      const Index rest = x - x / stride % 3 * stride;
      const double total = table.probability[rest] + table.probability[rest + stride] +
                           table.probability[rest + 2 * stride];
      for (Index v = 0; v < 3; ++v) {
        change(x, rest + v * stride) += table.probability[rest + v * stride] / total;
      }
    }
    sum += change * k * change.transpose();
  }
  CHECK((k0 - sum).cwiseAbs().maxCoeff() < 1e-14);  // sums of 3 x 9 terms below 1
}

TEST_CASE("scores: draws that are not of the law are named") {
  Params w(2);
  w << 0, 1;
  Eigen::ArrayXXd y = Eigen::ArrayXXd::Zero(80, 1);
  y(70, 0) = 1e200;
  CHECK_THROWS_WITH_AS(scores(binding(GaussianModel(1, w)), 1, y),
                       doctest::Contains("draw 71 has E = "), ModelError);
  CHECK_THROWS_AS(score_differences(binding(GaussianModel(1, w)), 1, y), UsageError);
  CHECK_THROWS_AS(conditional_residuals(binding(GaussianModel(1, w)), 1, y), UsageError);
}
