#include "negphase/models/mlp.hpp"

#include <doctest/doctest.h>

#include <set>

#include "negphase/core/error.hpp"
#include "negphase/core/log_sum_exp.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/langevin/mala.hpp"
#include "negphase/langevin/ula.hpp"
#include "negphase/metropolis/random_walk.hpp"
#include "negphase/models/registry.hpp"
#include "support/allocation_counter.hpp"
#include "support/kernel_checks.hpp"
#include "support/mlp_reference.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

constexpr std::array activations{Activation::tanh, Activation::softplus, Activation::silu};

MlpSpec spec_of(const MlpSizes& s) {
  return {s.num_x, s.num_y, s.hidden, s.layers, s.activation, s.confinement};
}

MlpModel model_of(const MlpSizes& sizes) {
  const MlpSpec spec = spec_of(sizes);
  return MlpModel(spec, mlp_params(spec.num_params()));
}

double log_z_of(const AnyModel& model, const Eigen::MatrixXd& x) {
  const Executor executor(1);
  return solve_exact(model, x, 1, {}, executor).log_z[0];
}

/// log Z at one row of x by Simpson's rule on [-24, 24] at steps of 2^-9. Truncation relative to Z:
/// 48 h^4 / 180 = 4e-12 times the largest fourth derivative of p, which |E'| <= 4 where there is
/// mass keeps below 1e3.
double simpson_log_z(const AnyModel& model, const Eigen::MatrixXd& x) {
  constexpr Index steps = 48 * 512;
  Block<double> y(steps + 1, 1);
  y.col(0) = PerChain::LinSpaced(steps + 1, -24, 24);
  PerChain energies(steps + 1);
  model.bind_double(model.prepare(x), std::vector<Index>(steps + 1, 0)).energy(y, energies);
  std::vector<double> terms;
  for (Index k = 0; k <= steps; ++k) {
    const int weight = k == 0 || k == steps ? 1 : (k % 2 == 1 ? 4 : 2);
    terms.push_back(std::log(weight / 3.0 / 512) - energies[k]);
  }
  return log_sum_exp(terms);
}

template <class Scalar>
void check_steps(const MlpSpec& spec) {
  const MlpModel model = MlpModel::initial(spec);
  const Eigen::MatrixXd x = Eigen::MatrixXd::Constant(2, spec.num_x, 0.5);
  const auto energy = model.bind<Scalar>(model.prepare(x), cycled_rows(64, 2));
  const Block<Scalar> start = legal_block(energy.columns(), 64, 3).template cast<Scalar>();
  CHECK(allocations_of_steps(Ula(0.01), energy, start) == 0);
  CHECK(allocations_of_steps(Mala(0.01), energy, start) == 0);
  CHECK(allocations_of_steps(RandomWalk(0.1), energy, start) == 0);
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(spec.num_params());
  const PerChain weights = PerChain::Ones(64);
  energy.add_param_grad(start, {0, 64}, weights, sum);
  const AllocationCounter counter;
  energy.add_param_grad(start, {0, 64}, weights, sum);
  CHECK(counter.count() == 0);
}

}  // namespace

TEST_CASE("mlp: energy by hand") {
  const double c = 0.5;
  // W1 = (1 2; -1 0.5), columns x, y; b1 = (0.25, -0.5); v = (2, -3)
  const MlpModel model({.num_x = 1, .hidden = 2, .activation = Activation::tanh, .confinement = c},
                       Params{{1, 2, -1, 0.5, 0.25, -0.5, 2, -3}});
  const auto energy =
      model.bind<double>(model.prepare(Eigen::MatrixXd{{4}, {0.5}}), std::vector<Index>{1, 0});
  PerChain out(2);
  energy.energy(Block<double>{{-0.75}, {2}}, out);
  const double at_half =
      c / 2 * 0.5625 + 2 * std::tanh(0.5 - 1.5 + 0.25) - 3 * std::tanh(-0.5 - 0.375 - 0.5);
  const double at_four = c / 2 * 4 + 2 * std::tanh(4 + 4 + 0.25) - 3 * std::tanh(-4 + 1 - 0.5);
  // some 20 roundings of numbers up to 10
  CHECK(std::abs(out[0] - at_half) < 200 * 0x1p-53);
  CHECK(std::abs(out[1] - at_four) < 200 * 0x1p-53);
}

TEST_CASE("mlp: energies and derivatives are those of the formula, by imaginary steps") {
  for (const Activation activation : activations) {
    for (const Index layers : {1, 2, 3}) {
      for (const Index num_x : {0, 2}) {
        CAPTURE(layers);
        CAPTURE(num_x);
        const MlpSizes sizes{num_x, 2, 5, layers, activation, 0.5};
        const MlpModel model = model_of(sizes);
        const MlpErrors in_double = mlp_errors<double>(model, sizes, mlp_x(num_x), 16);
        const MlpErrors in_float = mlp_errors<float>(model, sizes, mlp_x(num_x), 16);
        CHECK(in_double.worst() < mlp_roundings * 0x1p-53);
        CHECK(std::max(in_float.energy, in_float.gradient) < mlp_roundings * 0x1p-24);
        CHECK(in_float.param_grad < mlp_roundings * 0x1p-53);
      }
    }
  }
}

TEST_CASE("mlp: weighted ranges add up, and a chain alone is the block's") {
  const MlpSizes sizes{2, 3, 20, 3, Activation::silu, 0.5};
  const MlpModel model = MlpModel::initial(spec_of(sizes));
  const AnyModel any = model;
  const AnyEnergy<double> energy = any.bind_double(any.prepare(mlp_x(2)), cycled_rows(64, 3));
  const Block<double> y = legal_block(energy.columns(), 64, 4);
  // the same sums in another order: all products, 20 at a time, six times over
  CHECK(single_chain_error(any, mlp_x(2), y) < 6 * 20 * 0x1p-53 * 4);
  CHECK(param_grad_sum_error(energy, y) < (64 + 6 * 20) * 0x1p-52);
}

TEST_CASE("mlp: far out the energy is finite, and its tails are those of the parabola") {
  for (const Activation activation : activations) {
    const MlpModel model = model_of({1, 1, 5, 2, activation, 0.5});
    const auto energy = model.bind<float>(model.prepare(mlp_x(1)), cycled_rows(4, 3));
    const Block<float> y{{1e4f}, {-1e4f}, {1e18f}, {-1e18f}};
    PerChain out(4);
    Block<float> grad(4, 1);
    energy.energy_and_grad(y, out, grad);
    // |v'a| <= 5 (0.4) |a|, |a| <= (1.1 x 5 x 0.4)^2 |y| + 10
    const PerChain far = y.col(0).cast<double>().abs();
    CHECK(((out - far.square() / 4).abs() <= 10 * far + 20).all());
    CHECK(((grad.col(0) - y.col(0) / 2).abs() <= 10 + 1e-6f * y.col(0).abs()).all());
  }
}

TEST_CASE("mlp: log Z against Simpson's rule, the NLL's gradient against its differences") {
  const Executor executor(2);
  for (const Activation activation : activations) {
    for (const Index num_x : {0, 2}) {
      const MlpSizes sizes{num_x, 1, 4, 2, activation, 0.5};
      const AnyModel model = model_of(sizes);
      const Eigen::MatrixXd x = mlp_x(num_x), y{{0.25}, {-1.5}, {2}};
      CHECK(std::abs(log_z_of(model, x.topRows(1)) - simpson_log_z(model, x.topRows(1))) < 4e-9);
      const ExactNll here = exact_nll_gradient(model, x, y, 1, {}, executor);
      const ExactNll lying =
          exact_nll_gradient(LyingModel(model, {.param_grad = 1.01}), x, y, 1, {}, executor);
      double error = 0, error_of_lying = 0;
      for (Index p = 0; p < model.params().size(); p += 5) {
        const auto quotient = [&](double h) {
          Params up = model.params(), down = up;
          up[p] += h;
          down[p] -= h;
          return (exact_nll_gradient(model.with_params(up), x, y, 1, {}, executor).nll -
                  exact_nll_gradient(model.with_params(down), x, y, 1, {}, executor).nll) /
                 (2 * h);
        };
        const double slope = (4 * quotient(0x1p-7) - quotient(0x1p-6)) / 3;
        error = std::max(error, std::abs(slope - here.gradient[p]));
        error_of_lying = std::max(error_of_lying, std::abs(slope - lying.gradient[p]));
      }
      // truncation h^4 / 480 = 1.2e-10 of a fifth derivative below 1e3, rounding 1e-12 / h
      CHECK(error < 2e-7);
      CHECK(error_of_lying > 1e-5);
    }
  }
}

TEST_CASE("mlp: any confinement makes it normalisable") {
  for (const double c : {1e-6, 1e-3, 1.0, 1e3, 1e6}) {
    for (const Activation activation : activations) {
      const MlpSpec spec = spec_of({0, 1, 5, 2, activation, c});
      Params w = 5 * mlp_params(spec.num_params());
      CHECK(std::isfinite(log_z_of(MlpModel(spec, w), Eigen::MatrixXd(1, 0))));
      w.tail(spec.hidden).setZero();  // what is left is a Gaussian
      const double expected = std::log(2 * std::acos(-1.0) / c) / 2;
      CHECK(std::abs(log_z_of(MlpModel(spec, w), Eigen::MatrixXd(1, 0)) - expected) < 1e-12);
    }
  }
}

TEST_CASE("mlp: kernels step on it without taking memory") {
  for (const Activation activation : activations) {
    check_steps<double>({.num_x = 8, .num_y = 13, .activation = activation});
    check_steps<float>({.num_x = 8, .num_y = 13, .activation = activation});
  }
  check_steps<double>({.num_y = 256, .hidden = 256, .layers = 2});
  check_steps<double>({.num_y = 1, .hidden = 5, .layers = 4});
  const MlpModel model = MlpModel::initial({.num_x = 1, .num_y = 3, .hidden = 6, .layers = 2});
  const auto energy = model.bind<double>(model.prepare(mlp_x(1)), cycled_rows(64, 3));
  const Block<double> start = legal_block(energy.columns(), 64, 5);
  check_erased_is_typed(Mala(0.1), energy, start);
  check_draws_once(Mala(0.1), energy, start);
}

TEST_CASE("mlp: what training starts from is fixed, spread by fan-in, and nowhere zero") {
  const MlpSpec spec{.num_x = 20, .num_y = 5, .hidden = 40, .layers = 2};
  const Params w = MlpModel::initial(spec).params();
  CHECK(w == MlpModel::initial(spec).params());
  CHECK((w.array() != 0).all());
  CHECK(std::set<double>(w.begin(), w.end()).size() == static_cast<std::size_t>(w.size()));
  const auto check_spread = [&](Index begin, Index end, double fan_in) {
    const Eigen::ArrayXd part = w.segment(begin, end - begin).array() * std::sqrt(fan_in);
    const auto count = static_cast<double>(end - begin);
    CHECK(part.abs().maxCoeff() <= std::sqrt(3.0));
    // a uniform of variance 1 has mean +- 1 / sqrt(n) and mean square +- sqrt(0.8 / n)
    CHECK(std::abs(part.mean()) < 4 / std::sqrt(count));
    CHECK(std::abs(part.square().mean() - 1) < 4 * std::sqrt(0.8 / count));
  };
  check_spread(spec.weights_at(0), spec.weights_at(1), 25);
  check_spread(spec.weights_at(1), spec.weights_at(2), 40);
  check_spread(spec.output_at(), spec.num_params(), 40);
}

TEST_CASE("mlp: names, lengths and sizes") {
  const MlpSpec spec{.num_x = 2, .num_y = 1, .hidden = 4, .layers = 3};
  const MlpModel model = MlpModel::initial(spec);
  CHECK(spec.num_params() == 12 + 4 + 16 + 4 + 16 + 4 + 4);
  CHECK(model.param_name(0) == "W1[0,0]");
  CHECK(model.param_name(11) == "W1[3,2]");
  CHECK(model.param_name(15) == "b1[3]");
  CHECK(model.param_name(16) == "W2[0,0]");
  CHECK(model.param_name(22) == "W2[1,2]");
  CHECK(model.param_name(55) == "b3[3]");
  CHECK(model.param_name(56) == "v[0]");
  CHECK_THROWS_WITH_AS(MlpModel(spec, Params::Zero(7)),
                       "parameters of the wrong length: mlp of 3 x 4 units on 2 x and 1 y takes 60 "
                       "(W1 4x3 row by row, b1 4, W2 4x4, b2 4, .., v 4), got 7",
                       ConfigError);
  CHECK_THROWS_AS(model.prepare(Eigen::MatrixXd(3, 1)), UsageError);
  CHECK_THROWS_AS(MlpModel::initial({.num_y = 0}), UsageError);
  CHECK_THROWS_AS(MlpModel::initial({.hidden = 0}), UsageError);
  CHECK_THROWS_AS(MlpModel::initial({.layers = 0}), UsageError);
  for (const double c : {0.0, -1.0, std::nan(""), HUGE_VAL}) {
    CHECK_THROWS_AS(MlpModel::initial({.confinement = c}), UsageError);
  }
  CHECK_THROWS_WITH_AS(
      MlpModel::initial({.hidden = 1000000, .layers = 4}),
      doctest::Contains("has 3000006000000 parameters, which take at least 8.4e+04 GB"),
      ConfigError);
}
