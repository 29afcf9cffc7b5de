#include "negphase/models/pointwise.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "negphase/core/error.hpp"
#include "negphase/models/quartic.hpp"

// How these tests can fail: a chain that sees another row, a weight or a range that is ignored,
// values kept from the chain before, an ability that is shown though its function is missing.

using namespace negphase;

namespace {

using In = std::span<const double>;

// The quartic model again, point by point.
struct Quartic {
  static ModelShape shape() { return {1, {real_column()}, {}, 4}; }
  static double energy(const Params& w, In x, In y) {
    const double v = y[0];
    return (w[0] / 4 * v * v + w[1] / 2) * v * v - (w[2] * x[0] + w[3]) * v;
  }
  static void grad(const Params& w, In x, In y, std::span<double> dy) {
    const double v = y[0];
    dy[0] = (w[0] * v * v + w[1]) * v - (w[2] * x[0] + w[3]);
  }
  static void param_grad(const Params&, In x, In y, std::span<double> dw) {
    const double v = y[0];
    dw[0] = v * v * v * v / 4;
    dw[1] = v * v / 2;
    dw[2] = -x[0] * v;
    dw[3] = -v;
  }
};

// Without a gradient, without x, of two spins.
struct Spins {
  static ModelShape shape() { return {0, {spin_column(), spin_column()}, {}, 1}; }
  static double energy(const Params& w, In, In y) { return -w[0] * y[0] * y[1]; }
  static void param_grad(const Params&, In, In y, std::span<double> dw) { dw[0] = -y[0] * y[1]; }
};

}  // namespace

TEST_CASE_TEMPLATE("pointwise: the quartic model, point by point", S, double, float) {
  const Params w{{0.6, -0.4, 1.1, 0.2}};
  const Eigen::MatrixXd x{{-1}, {0.5}, {2}};
  const std::vector<Index> rows{2, 0, 1, 1, 2};
  const PointwiseModel<Quartic> own(w);
  const QuarticModel whole(w);
  const auto a = own.bind<S>(own.prepare(x), rows);
  const auto b = whole.bind<S>(whole.prepare(x), rows);
  Block<S> y(5, 1);
  y << S(0.5), S(-1.25), S(0), S(3), S(-0.75);
  PerChain ea(5), eb(5);
  Block<S> ga(5, 1), gb(5, 1);
  a.energy_and_grad(y, ea, ga);
  b.energy_and_grad(y, eb, gb);
  // the same four terms, each below 12.2: a few roundings of double
  CHECK((ea - eb).abs().maxCoeff() <= 16 * 12.2 * 0x1p-53);
  a.energy(y, eb);
  CHECK((ea == eb).all());
  const double one = std::is_same_v<S, float> ? 0x1p-24 : 16 * 0x1p-53;
  CHECK(((ga - gb).abs().template cast<double>() <= one * 17).all());

  PerChain weights(5);
  weights << 1, -0.5, 2, 0.25, 3;
  Eigen::VectorXd pa = Eigen::VectorXd::Ones(4), pb = pa;
  a.add_param_grad(y, {1, 3}, weights, pa);
  b.add_param_grad(y, {1, 3}, weights, pb);
  CHECK((pa - pb).cwiseAbs().maxCoeff() <= 16 * 20.25 * 0x1p-53);
}

TEST_CASE("pointwise: abilities are those of the functions; a wrong length is refused") {
  CHECK(HasGradient<PointwiseEnergy<Quartic, double>>);
  CHECK_FALSE(HasGradient<PointwiseEnergy<Spins, double>>);
  const AnyModel spins = PointwiseModel<Spins>(Params{{0.5}});
  const std::vector<Index> rows{0, 0};
  const auto energy = spins.bind_double(spins.prepare(Eigen::MatrixXd(1, 0)), rows);
  CHECK_FALSE(energy.can(Ability::gradient));
  CHECK(energy.can(Ability::param_grad));
  Block<double> y(2, 2);
  y << 1, -1, -1, -1;
  PerChain out(2);
  energy.energy(y, out);
  CHECK(out[0] == 0.5);
  CHECK(out[1] == -0.5);
  CHECK_THROWS_AS(PointwiseModel<Spins>(Params{{0.5, 1}}), ConfigError);
}
