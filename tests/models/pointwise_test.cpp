#include "negphase/models/pointwise.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "negphase/core/error.hpp"
#include "negphase/gradient/defaults.hpp"
#include "negphase/gradient/registry.hpp"
#include "negphase/models/quartic.hpp"
#include "negphase/registry/registry.hpp"
#include "support/allocation_counter.hpp"
#include "support/model_checks.hpp"
#include "support/problems.hpp"

#include "planted/V7.hpp"
#include "planted/V8.hpp"
#include "planted/V9.hpp"

// How these tests can fail: a chain that sees another row, a weight or a range that is ignored,
// values kept from the chain before, an ability that is shown though its function is missing;
// derivatives of the energy by another variable than the one that they stand for.

using namespace negphase;
using namespace negphase::testing;

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

// And once more: the energy alone.
struct AutoQuartic {
  static ModelShape shape() { return Quartic::shape(); }
  static auto energy(const auto& w, const auto& x, const auto& y) {
    const auto v = y[0];
    return (w[0] / 4 * v * v + w[1] / 2) * v * v - (w[2] * x[0] + w[3]) * v;
  }
};

// 10 reals and 13 parameters: more than one pass of each, the last one not full.
struct Rugged {
  static ModelShape shape() { return {0, std::vector<Column>(10, real_column()), {}, 13}; }
  static auto energy(const auto& w, const auto&, const auto& y) {
    auto e = w[10] * w[11] * y[0] + w[12] * y[5];
    for (std::size_t j = 0; j < 10; ++j) {
      const auto next = y[(j + 1) % 10];
      e += w[static_cast<Index>(j)] * tanh(y[j] - next / 2) + y[j] * y[j];
    }
    return e;
  }
};

// Its gradient by hand, its dE/dW of the energy; and the energy takes y in double only.
struct HalfGiven {
  static ModelShape shape() { return {0, {real_column()}, {}, 1}; }
  static auto energy(const auto& w, In, In y) { return w[0] * y[0] * y[0]; }
  static void grad(const Params& w, In, In y, std::span<double> dy) { dy[0] = 2 * w[0] * y[0]; }
};

// Each function of a dual number beside its derivative; 0 < v < 1.
template <class D>
double function_error(double v) {
  D a(v), one(v), two(v + 1);
  a.slopes[1] = 1;
  one.slopes[0] = 1;
  two.slopes[1] = 1;
  const double u = v + 1;  // the second variable of two-variable functions
  struct {
    D result;
    double value, first, second;
  } const all[] = {
      {exp(a), std::exp(v), 0, std::exp(v)},
      {expm1(a), std::expm1(v), 0, std::exp(v)},
      {log(a), std::log(v), 0, 1 / v},
      {log1p(a), std::log1p(v), 0, 1 / (1 + v)},
      {sqrt(a), std::sqrt(v), 0, 0.5 / std::sqrt(v)},
      {sin(a), std::sin(v), 0, std::cos(v)},
      {cos(a), std::cos(v), 0, -std::sin(v)},
      {tanh(a), std::tanh(v), 0, 1 / std::pow(std::cosh(v), 2)},
      {abs(-a), v, 0, 1},
      {pow(a, 3.5), std::pow(v, 3.5), 0, 3.5 * std::pow(v, 2.5)},
      {pow(a, 0), 1, 0, 0},
      {pow(one, two), std::pow(v, u), u * std::pow(v, u - 1), std::log(v) * std::pow(v, u)},
      {one + two, v + u, 1, 1},
      {one - two, v - u, 1, -1},
      {one * two, v * u, u, v},
      {one / two, v / u, 1 / u, -v / (u * u)},
      {2 * one - two * 3, 2 * v - 3 * u, 2, -3},
      {2 / one - two / 4 + 1, 2 / v - u / 4 + 1, -2 / (v * v), -0.25},
      {one > two ? one : two, u, 0, 1},
  };
  double worst = 0;
  for (const auto& f : all) {
    worst = std::max({worst, std::abs(f.result.value - f.value) / (1 + std::abs(f.value)),
                      std::abs(f.result.slopes[0] - f.first) / (1 + std::abs(f.first)),
                      std::abs(f.result.slopes[1] - f.second) / (1 + std::abs(f.second)),
                      std::abs(f.result.slopes[2])});
  }
  return worst;
}

template <class M>
double rugged_error() {
  const AnyModel model = M(Params(Eigen::ArrayXd::LinSpaced(13, 1, 13).sin()));
  const AnyEnergy<double> energy =
      model.bind_double(model.prepare(Eigen::MatrixXd(1, 0)), cycled_rows(8, 0));
  const Block<double> y = legal_block(energy.columns(), 8, 4);
  return std::max(gradient_error(energy, y), param_gradient_error(model, {}, y));
}

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

TEST_CASE_TEMPLATE("pointwise: automatic derivatives are those by hand, to rounding", S, double,
                   float) {
  const Params w{{0.6, -0.4, 1.1, 0.2}};
  const Eigen::MatrixXd x{{-1}, {0.5}, {2}};
  const std::vector<Index> rows{2, 0, 1, 1, 2};
  const PointwiseModel<Quartic> given(w);
  const PointwiseModel<AutoQuartic> taken(w);
  const auto a = given.bind<S>(given.prepare(x), rows);
  const auto b = taken.bind<S>(taken.prepare(x), rows);
  Block<S> y(5, 1);
  y << S(0.5), S(-1.25), S(0), S(3), S(-0.75);
  PerChain ea(5), eb(5);
  Block<S> ga(5, 1), gb(5, 1);
  a.energy_and_grad(y, ea, ga);
  b.energy_and_grad(y, eb, gb);
  CHECK((ea == eb).all());
  // terms below 17, some 16 roundings of each, and one to float
  const double one = std::is_same_v<S, float> ? 0x1p-24 : 16 * 0x1p-53;
  CHECK(((ga - gb).abs().template cast<double>() <= one * 17).all());

  PerChain weights(5);
  weights << 1, -0.5, 2, 0.25, 3;
  Eigen::VectorXd pa = Eigen::VectorXd::Ones(4), pb = pa;
  a.add_param_grad(y, {1, 3}, weights, pa);
  b.add_param_grad(y, {1, 3}, weights, pb);
  CHECK((pa - pb).cwiseAbs().maxCoeff() <= 16 * 20.25 * 0x1p-53);
}

TEST_CASE("pointwise: automatic derivatives by many variables; V7 and V9 are seen") {
  CHECK(rugged_error<PointwiseModel<Rugged>>() < 1e-11);  // model_checks.hpp
  CHECK(rugged_error<planted::V7::PointwiseModel<Rugged>>() > 1e-3);
  CHECK(rugged_error<planted::V9::PointwiseModel<Rugged>>() > 1e-3);
}

TEST_CASE("dual: functions and operators; V8 is seen") {
  for (const double v : {0.125, 0.5, 0.875}) {
    CHECK(function_error<Dual>(v) <= 16 * 0x1p-53);  // a few roundings of numbers below 1 + |f|
    CHECK(function_error<planted::V8::Dual>(v) > 1e-3);
  }
  Dual e = 1;
  e += 2;
  e *= 3;
  e -= 1;
  e /= 4;
  CHECK(e == 2);
  CHECK(e < 2.5);
  CHECK(e >= 2);
}

TEST_CASE("pointwise: given derivatives win over automatic ones") {
  struct Lying : AutoQuartic {
    static void grad(const Params&, In, In, std::span<double> dy) { dy[0] = 77; }
    static void param_grad(const Params&, In, In, std::span<double> dw) { dw[3] = 77; }
  };
  const PointwiseModel<Lying> model(Params{{1, 1, 1, 1}});
  const auto energy = model.bind<double>(model.prepare(Eigen::MatrixXd{{1}}), cycled_rows(1, 1));
  PerChain out(1);
  Block<double> y = Block<double>::Ones(1, 1), grad(1, 1);
  energy.energy_and_grad(y, out, grad);
  CHECK(grad(0, 0) == 77);
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(4);
  energy.add_param_grad(y, {0, 1}, PerChain::Ones(1), sum);
  CHECK(sum[3] == 77);
}

TEST_CASE("pointwise: an energy may be differentiable in W only, and allocates nothing") {
  CHECK(DifferentiableInW<HalfGiven>);
  CHECK_FALSE(DifferentiableInY<HalfGiven>);
  const PointwiseModel<HalfGiven> model(Params{{0.75}});
  const auto energy = model.bind<double>(model.prepare({}), cycled_rows(8, 0));
  const Block<double> y = legal_block(energy.columns(), 8, 2);
  PerChain out(8), weights = PerChain::Ones(8);
  Block<double> grad(8, 1);
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(1);
  const AllocationCounter counter;
  energy.energy_and_grad(y, out, grad);
  energy.add_param_grad(y, {0, 8}, weights, sum);
  CHECK(counter.count() == 0);
  CHECK(std::abs(sum[0] - y.square().sum()) <= 16 * 4 * 0x1p-53);  // 8 terms up to 4
}

TEST_CASE("pointwise: the short ways to a gradient are the long ones") {
  const Problem quartic = quartic_problem(4);
  const Problem problem{PointwiseModel<AutoQuartic>(quartic.model.params()), quartic.x, quartic.y};
  const Executor executor(2);
  const AnySampler mala = make_sampler("mala");
  const GradientEstimate by_default = estimate_gradient(problem, mala);
  CHECK(by_default.mean ==
        estimate_gradient(problem, &mala, "long_chains", {}, settings_on(executor, 1)).mean);
  const Eigen::VectorXd exact = exact_gradient(problem);
  CHECK(exact == estimate_gradient(problem, nullptr, "exact", {}, settings_on(executor, 1)).mean);
  CHECK(compare(by_default, exact).worst_z < z_bound(4));
}
