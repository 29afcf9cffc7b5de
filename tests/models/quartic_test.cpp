#include "negphase/models/quartic.hpp"

#include <doctest/doctest.h>

#include "negphase/core/error.hpp"
#include "negphase/models/registry.hpp"
#include "support/model_checks.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

const Params w_example{{1, -2, 0.75, 0.125}};
const Eigen::MatrixXd x_example{{-1.25}, {0.5}};

double energy_by_hand(double x, double y) {
  const Params& w = w_example;
  return w[0] * y * y * y * y / 4 + w[1] * y * y / 2 - w[2] * x * y - w[3] * y;
}

}  // namespace

TEST_CASE("quartic: energies of both rows of x are those of the formula") {
  const QuarticModel model(w_example);
  const std::vector<Index> rows{0, 1, 1, 0};
  const auto energy = model.bind<double>(model.prepare(x_example), rows);
  const Block<double> y{{-1.5}, {0.75}, {2}, {0}};
  PerChain out(4);
  energy.energy(y, out);
  for (Index c = 0; c < 4; ++c) {
    const double x = x_example(rows[static_cast<std::size_t>(c)], 0);
    // six products and sums of at most 4 each
    CHECK(std::abs(out[c] - energy_by_hand(x, y(c, 0))) <= 24 * 0x1p-53);
  }
}

TEST_CASE("quartic: the checks reject wrong gradients") {
  const AnyModel model = QuarticModel(w_example);
  const std::vector<Index> rows = cycled_rows(8, 2);
  const Block<double> y = legal_block(model.shape().y, 8, 1);
  const auto lying = [&](const Lies& lies) {
    return AnyEnergy<double>(
        LyingEnergy<double>(model.bind_double(model.prepare(x_example), rows), lies));
  };
  CHECK(gradient_error(lying({}), y) < 1e-12);
  CHECK(gradient_error(lying({.gradient = 1.0001}), y) > 1e-6);
  CHECK(gradient_error(lying({.energy = 1.0001}), y) > 1e-6);
  CHECK(param_gradient_error(LyingModel(model, {}), x_example, y) < 1e-12);
  CHECK(param_gradient_error(LyingModel(model, {.param_grad = 1.0001}), x_example, y) > 1e-6);
}

TEST_CASE("quartic: names, lengths and shapes") {
  CHECK(QuarticModel(w_example).param_name(2) == "w2");
  CHECK_THROWS_WITH_AS(QuarticModel(Params::Zero(3)),
                       "parameters of the wrong length: quartic takes 4 (w0, w1, w2, w3), got 3",
                       ConfigError);
  CHECK_THROWS_AS(QuarticModel(w_example).prepare(Eigen::MatrixXd(2, 3)), UsageError);
}
