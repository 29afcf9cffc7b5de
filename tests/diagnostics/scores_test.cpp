#include "negphase/diagnostics/scores.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "negphase/core/error.hpp"
#include "negphase/diagnostics/stein_discrepancy.hpp"
#include "negphase/exact/enumeration.hpp"
#include "negphase/models/gaussian.hpp"
#include "negphase/models/potts.hpp"
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

TEST_CASE("scores: draws that are not of the law are named") {
  Params w(2);
  w << 0, 1;
  Eigen::ArrayXXd y = Eigen::ArrayXXd::Zero(80, 1);
  y(70, 0) = 1e200;
  CHECK_THROWS_WITH_AS(scores(binding(GaussianModel(1, w)), 1, y),
                       doctest::Contains("draw 71 has E = "), ModelError);
  CHECK_THROWS_AS(score_differences(binding(GaussianModel(1, w)), 1, y), UsageError);
}
