#include "negphase/models/gaussian.hpp"

#include <doctest/doctest.h>

#include "negphase/core/error.hpp"
#include "support/model_checks.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

const Params w_example{{0.5, -0.25, 1, 2, -0.5, 1.5, 0.25, 0.75, 1.25}};
const Eigen::MatrixXd p_example{{2, -0.5, 0.25}, {-0.5, 1.5, 0.75}, {0.25, 0.75, 1.25}};
const Eigen::VectorXd b_example{{0.5, -0.25, 1}};

}  // namespace

TEST_CASE("gaussian: the view and the energy are those of the documented order of W") {
  const GaussianModel model(3, w_example);
  const auto energy = model.bind<double>(model.prepare({}), cycled_rows(5, 0));
  CHECK(energy.gaussian().precision == p_example);
  CHECK(energy.gaussian().linear.rows() == 5);
  CHECK((energy.gaussian().linear.row(3).matrix().transpose() == b_example));
  const Block<double> y = legal_block(energy.columns(), 5, 3);
  PerChain out(5);
  energy.energy(y, out);
  for (Index c = 0; c < 5; ++c) {
    const Eigen::VectorXd v = y.row(c).matrix().transpose();
    const double expected = v.dot(p_example * v) / 2 - b_example.dot(v);
    // about 20 products and sums of at most 12 each
    CHECK(std::abs(out[c] - expected) <= 240 * 0x1p-53);
  }
}

TEST_CASE("gaussian: a float gradient is within its rounding bound of the double one") {
  constexpr Index d = 20;
  GaussianModel model = GaussianModel::standard(d);
  Params w = model.params();
  for (Index i = 0; i < w.size(); ++i) {
    w[i] += std::sin(static_cast<double>(i)) / 20;
  }
  model = model.with_params(std::make_shared<const Params>(w));
  const auto prepared = model.prepare({});
  const auto in_double = model.bind<double>(prepared, cycled_rows(64, 0));
  const auto in_float = model.bind<float>(prepared, cycled_rows(64, 0));
  const Block<double> y = legal_block(in_double.columns(), 64, 4);
  PerChain out(64);
  Block<double> grad(64, d);
  Block<float> grad_float(64, d);
  in_double.energy_and_grad(y, out, grad);
  in_float.energy_and_grad(y.cast<float>(), out, grad_float);
  const GaussianView view = in_double.gaussian();
  // d products and d + 1 sums, and a rounding of each parameter: (d + 2) 2^-24 of the magnitudes
  const Block<double> bound =
      (d + 2) * 0x1p-24 *
      ((y.abs().matrix() * view.precision.cwiseAbs()).array() + view.linear.abs());
  CHECK(((grad_float.cast<double>() - grad).abs() <= bound).all());
}

TEST_CASE("gaussian: P must be positive definite, and the message names the minor") {
  Params w = w_example;
  w[5] = 0.1;  // P_11: the minor of 2 is 2 * 0.1 - 0.25 < 0
  CHECK_THROWS_WITH_AS(GaussianModel(3, w),
                       "gaussian: the precision P is not positive definite: its leading 2 x 2 "
                       "minor is not positive",
                       ConfigError);
  w = w_example;
  w[8] = 0.25;  // P_22
  CHECK_THROWS_WITH_AS(GaussianModel(3, w), doctest::Contains("leading 3 x 3"), ConfigError);
  w[3] = std::nan("");
  CHECK_THROWS_WITH_AS(GaussianModel(3, w), doctest::Contains("leading 1 x 1"), ConfigError);
  CHECK_THROWS_WITH_AS(GaussianModel(3, Params::Zero(4)),
                       "parameters of the wrong length: gaussian of 3 takes 9 (b 3, P lower "
                       "triangle row by row 6), got 4",
                       ConfigError);
}

TEST_CASE("gaussian: the standard one has b = 0 and P = I, and parameters have names") {
  const GaussianModel model = GaussianModel::standard(4);
  const auto view = model.bind<double>(model.prepare({}), cycled_rows(1, 0)).gaussian();
  CHECK((view.precision == Eigen::MatrixXd::Identity(4, 4)));
  CHECK((view.linear == 0).all());
  CHECK(model.param_name(3) == "b[3]");
  CHECK(model.param_name(4) == "P[0,0]");
  CHECK(model.param_name(5) == "P[1,0]");
  CHECK(model.param_name(6) == "P[1,1]");
  CHECK(model.param_name(13) == "P[3,3]");
}
