#include "negphase/models/mixed_mlp.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "negphase/core/error.hpp"
#include "negphase/core/log_sum_exp.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/gradient/registry.hpp"
#include "negphase/models/registry.hpp"
#include "negphase/registry/registry.hpp"
#include "support/mlp_reference.hpp"
#include "support/problems.hpp"

#include "planted/MC10.hpp"
#include "planted/MC7.hpp"
#include "planted/MC8.hpp"
#include "planted/MC9.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

const Executor two_threads(2);
constexpr Column three_states{ColumnKind::category, 3};
constexpr Column two_states{ColumnKind::category, 2};
constexpr double c = 0.5;

const std::vector<Column> mixed_y{three_states, real_column(), bit_column()};
const std::vector<Column> mixed_z{two_states, real_column()};

template <class Spec = MixedMlpSpec>
Spec spec_of(Index num_x, std::vector<Column> y, std::vector<Column> z, Index layers = 1,
             Activation activation = Activation::tanh) {
  return {num_x, std::move(y), std::move(z), 5, layers, activation, c};
}

template <class Model = MixedMlpModel, class Spec>
Model model_of(const Spec& spec) {
  return Model(spec, mlp_params(spec.net().num_params()));
}

/// The inputs of the first layer beside x, by the words of the specification.
std::vector<double> inputs_of(std::span<const Column> columns, const Block<double>& y,
                              Index chain) {
  std::vector<double> inputs;
  for (Index j = 0; j < y.cols(); ++j) {
    const Column& column = columns[static_cast<std::size_t>(j)];
    for (Index k = 0; k < (column.kind == ColumnKind::category ? column.num_states : 1); ++k) {
      inputs.push_back(column.kind != ColumnKind::category     ? y(chain, j)
                       : y(chain, j) == static_cast<double>(k) ? 1.0
                                                               : 0.0);
    }
  }
  return inputs;
}

/// Worst errors of a model over mixed y and z and two x against the perceptron written anew
/// (mlp_reference.hpp, without its confinement), derivatives by imaginary steps.
template <class Model, class Spec, class Scalar = double>
MlpErrors errors_of(Index layers, Activation activation) {
  const Spec spec = spec_of<Spec>(2, mixed_y, mixed_z, layers, activation);
  const AnyModel model = model_of<Model>(spec);
  const Eigen::MatrixXd x = mlp_x(2);
  constexpr Index chains = 16;
  const AnyEnergy<Scalar> energy = model.bind<Scalar>(model.prepare(x), cycled_rows(chains, 3));
  const Block<double> y = legal_block(energy.columns(), chains, 21);
  const Block<double> other = legal_block(energy.columns(), chains, 22);
  const MlpSizes sizes{2, spec.net().num_y, 5, layers, activation, 0};
  PerChain alone(chains), beside(chains);
  Block<Scalar> grad(chains, y.cols());
  energy.energy(y.cast<Scalar>(), alone);
  energy.energy_and_grad(y.cast<Scalar>(), beside, grad);
  MlpErrors worst;
  const auto keep = [](double& largest, double error) {
    largest = error <= largest ? largest : (std::isnan(error) ? HUGE_VAL : error);
  };
  for (Index chain = 0; chain < chains; ++chain) {
    MlpPlace at{{model.params().begin(), model.params().end()}, {x(chain % 3, 0), x(chain % 3, 1)}};
    const std::vector<double> inputs = inputs_of(energy.columns(), y, chain);
    at.x_and_y.insert(at.x_and_y.end(), inputs.begin(), inputs.end());
    const double squares = y(chain, 1) * y(chain, 1) + y(chain, 4) * y(chain, 4);
    const double expected = c / 2 * squares + mlp_energy(sizes, at);
    keep(worst.energy, std::abs(alone[chain] - expected));
    keep(worst.energy, std::abs(beside[chain] - expected));
    // the real columns 1 and 4 are inputs 3 and 7, after two x; the others have no gradient
    const double of_y = c * y(chain, 1) + mlp_derivative(sizes, at, &MlpPlace::x_and_y, 2 + 3);
    const double of_z = c * y(chain, 4) + mlp_derivative(sizes, at, &MlpPlace::x_and_y, 2 + 7);
    keep(worst.gradient, std::abs(static_cast<double>(grad(chain, 1)) - of_y));
    keep(worst.gradient, std::abs(static_cast<double>(grad(chain, 4)) - of_z));
    for (const Index j : {0, 2, 3}) {
      keep(worst.gradient, std::abs(static_cast<double>(grad(chain, j))));
    }
    // an energy that has seen other states than these
    const AnyEnergy<Scalar> fresh = model.bind<Scalar>(model.prepare(x), cycled_rows(chains, 3));
    PerChain of_others(chains);
    fresh.energy(other.cast<Scalar>(), of_others);
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(energy.num_params());
    fresh.add_param_grad(y.cast<Scalar>(), {chain, 1}, PerChain::Constant(chains, -2), sum);
    for (Index p = 0; p < sum.size(); ++p) {
      keep(worst.param_grad, std::abs(sum[p] / -2 - mlp_derivative(sizes, at, &MlpPlace::w, p)));
    }
  }
  return worst;
}

// mlp_roundings is for 5 units, a few inputs; these have 10 in place of 5.
constexpr double right = 2 * mlp_roundings * 0x1p-53;
constexpr double seen = 1e-3;

/// log Z of y given x where z is fixed: that of a plain perceptron whose b1 has z's weights in it.
double log_z_given(const MixedMlpModel& model, const MixedMlpSpec& spec, Index state, double beta,
                   const Eigen::MatrixXd& x) {
  const MlpSpec net = spec.net();
  const Index kept = net.num_x + spec.y.size();
  MlpSpec plain = net;
  plain.num_y = static_cast<Index>(spec.y.size());
  Params w(plain.num_params());
  for (Index unit = 0; unit < net.hidden; ++unit) {
    w.segment(unit * kept, kept) = model.params().segment(unit * net.fan_in(0), kept);
    w[plain.biases_at(0) + unit] = model.params()[net.biases_at(0) + unit] +
                                   model.params()[unit * net.fan_in(0) + kept + state];
  }
  w.tail(net.num_params() - net.weights_at(1)) =
      model.params().tail(net.num_params() - net.weights_at(1));
  return solve_exact(MlpModel(plain, w), x, beta, {}, two_threads).log_z[0];
}

}  // namespace

TEST_CASE("mixed mlp: energies and derivatives are those of the formula; MC7 to MC10 are seen") {
  for (const Activation activation : {Activation::tanh, Activation::softplus, Activation::silu}) {
    for (const Index layers : {1, 2}) {
      CHECK(errors_of<MixedMlpModel, MixedMlpSpec>(layers, activation).worst() < right);
      const MlpErrors in_float = errors_of<MixedMlpModel, MixedMlpSpec, float>(layers, activation);
      CHECK(std::max(in_float.energy, in_float.gradient) < right * 0x1p29);
      CHECK(in_float.param_grad < right);
    }
  }
  constexpr Activation tanh = Activation::tanh;
  CHECK(errors_of<planted::MC7::MixedMlpModel, planted::MC7::MixedMlpSpec>(1, tanh).energy > seen);
  CHECK(errors_of<planted::MC8::MixedMlpModel, planted::MC8::MixedMlpSpec>(1, tanh).energy > seen);
  const MlpErrors nine =
      errors_of<planted::MC9::MixedMlpModel, planted::MC9::MixedMlpSpec>(1, tanh);
  CHECK(nine.energy < right);
  CHECK(nine.gradient > seen);
  const MlpErrors ten =
      errors_of<planted::MC10::MixedMlpModel, planted::MC10::MixedMlpSpec>(1, tanh);
  CHECK(ten.gradient < right);
  CHECK(ten.param_grad > seen);
}

TEST_CASE("mixed mlp: with real y alone it is the plain one, bit for bit") {
  const MixedMlpSpec spec = spec_of(2, {real_column(), real_column()}, {}, 2, Activation::softplus);
  const AnyModel mixed = model_of(spec);
  const AnyModel plain = MlpModel(spec.net(), mlp_params(spec.net().num_params()));
  const std::vector<Index> rows = cycled_rows(8, 3);
  const AnyEnergy<double> a = mixed.bind_double(mixed.prepare(mlp_x(2)), rows);
  const AnyEnergy<double> b = plain.bind_double(plain.prepare(mlp_x(2)), rows);
  const Block<double> y = legal_block(a.columns(), 8, 4);
  PerChain ea(8), eb(8);
  Eigen::VectorXd pa = Eigen::VectorXd::Zero(a.num_params()), pb = pa;
  a.energy(y, ea);
  b.energy(y, eb);
  a.add_param_grad(y, {0, 8}, PerChain::Ones(8), pa);
  b.add_param_grad(y, {0, 8}, PerChain::Ones(8), pb);
  CHECK((ea == eb).all());
  CHECK(pa == pb);
  CHECK(mixed.param_name(11) == plain.param_name(11));
}

TEST_CASE("M2: mixed mlp, a category y given x is a softmax of its energies") {
  const AnyModel model = model_of(spec_of(2, {three_states}, {}));
  const Eigen::MatrixXd x = mlp_x(2);
  for (const double beta : {0.5, 2.0}) {
    const ExactAnswer answer = solve_exact(model, x, beta, {}, two_threads);
    CHECK(answer.method == "enumeration");
    for (Index row = 0; row < 3; ++row) {
      const AnyEnergy<double> energy =
          model.bind_double(model.prepare(x), std::vector<Index>(3, row));
      PerChain e(3);
      energy.energy(Block<double>{{0}, {1}, {2}}, e);
      // a few roundings of numbers below 5
      CHECK(std::abs(answer.log_z[row] - std::log((-beta * e).exp().sum())) < 100 * 0x1p-53);
    }
  }
}

TEST_CASE("M1: mixed mlp, log Z with a latent category is the sum of one perceptron a state") {
  const MixedMlpSpec spec = spec_of(2, {real_column()}, {three_states});
  const MixedMlpModel model = model_of(spec);
  const Eigen::MatrixXd x = mlp_x(2).topRows(1);
  for (const double beta : {0.5, 2.0}) {
    const ExactAnswer answer = solve_exact(model, x, beta, {}, two_threads);
    CHECK(answer.method == "quadrature");
    std::vector<double> of_states;
    for (Index k = 0; k < 3; ++k) {
      of_states.push_back(log_z_given(model, spec, k, beta, x));
    }
    // quadrature's promise of each (exact/quadrature.hpp)
    CHECK(std::abs(answer.log_z[0] - log_sum_exp(of_states)) < 1e-11);
  }
}

TEST_CASE("M6: mixed mlp with a latent category, the exact gradient is the derivative of the NLL") {
  const AnyModel model = model_of(spec_of(2, {real_column()}, {two_states}));
  const Eigen::MatrixXd x = mlp_x(2), y{{0.25}, {-1.5}, {2}};
  const ExactNll here = exact_nll_gradient(model, x, y, 1.5, {}, two_threads);
  for (Index p = 0; p < model.params().size(); p += 9) {
    const auto quotient = [&](double h) {
      Params up = model.params(), down = up;
      up[p] += h;
      down[p] -= h;
      return (exact_nll_gradient(model.with_params(up), x, y, 1.5, {}, two_threads).nll -
              exact_nll_gradient(model.with_params(down), x, y, 1.5, {}, two_threads).nll) /
             (2 * h);
    };
    const double slope = (4 * quotient(0x1p-7) - quotient(0x1p-6)) / 3;
    // truncation h^4 / 480 = 1.2e-10 of a fifth derivative below 1e3, rounding 1e-12 / h
    CHECK(std::abs(slope - here.gradient[p]) < 2e-7);
  }
}

TEST_CASE("M6: mixed mlp, latents of both kinds, chains of all columns within their errors") {
  const AnyModel model = model_of(spec_of(0, {real_column()}, {two_states, real_column()}));
  const Problem problem{model, Eigen::MatrixXd(2, 0), Eigen::MatrixXd{{0.75}, {-1.25}}, 1};
  // The trapezoidal rule in y and z at steps of 1/8: E is analytic within the strip |Im| < 1.5,
  // where pre-activations of weights below 0.4 stay off the poles of tanh at pi/2: error
  // exp(-2 pi 1.5 8) = 2e-33 of a Gaussian of width 1.4 that 12 bounds to exp(-12^2/4).
  constexpr Index half = 96, side = 2 * half + 1;
  Block<double> states(2 * side * side, 3);
  for (Index i = 0; i < states.rows(); ++i) {
    states(i, 0) = static_cast<double>(i / (2 * side) - half) / 8;
    states(i, 1) = static_cast<double>(i % 2);
    states(i, 2) = static_cast<double>(i / 2 % side - half) / 8;
  }
  const auto mean_grad = [&](const Block<double>& at) -> Eigen::VectorXd {
    const AnyEnergy<double> energy =
        model.bind_double(model.prepare({}), cycled_rows(at.rows(), 0));
    PerChain weights(at.rows());
    energy.energy(at, weights);
    weights = (-(weights - weights.minCoeff())).exp();
    weights /= weights.sum();
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(energy.num_params());
    energy.add_param_grad(at, {0, at.rows()}, weights, sum);
    return sum;
  };
  Eigen::VectorXd exact = -mean_grad(states);
  for (Index row = 0; row < 2; ++row) {
    Block<double> clamped = states.topRows(2 * side);
    clamped.col(0) = problem.y(row, 0);
    exact += mean_grad(clamped) / 2;
  }
  const AnySampler sampler =
      make_sampler("metropolis_within_gibbs", std::vector<GivenOption>{{"step_size", 0.8, {}}});
  const std::vector<GivenOption> options{{"chains", std::int64_t{128}, {}},
                                         {"warmup", std::int64_t{100}, {}},
                                         {"draws", std::int64_t{300}, {}}};
  const GradientEstimate e =
      estimate_gradient(problem, &sampler, "long_chains", options, settings_on(two_threads, 5));
  CHECK(compare(e, exact).worst_z <= z_bound(exact.size()));
  // dE/dW is below 2 in size: 128 chains of ten effective draws at least
  CHECK(e.standard_error.maxCoeff() < 2 / std::sqrt(1280.0));
}

TEST_CASE("mixed mlp: columns from data and options, names, lengths, refusals") {
  const ModelRow& row = find_model("mlp");
  const auto make = [&](const std::vector<GivenOption>& given, const DataShape& data) {
    return row.make(Options::resolve("model", row.options, given), data);
  };
  const std::vector<GivenOption> latents{{"hidden", std::int64_t{4}, {}},
                                         {"latent_states", std::int64_t{3}, {}},
                                         {"latent_reals", std::int64_t{2}, {}}};
  const ModelShape shape = make(latents, {1, 3, {0, 2, 4}}).shape();
  CHECK(shape.y == std::vector<Column>{real_column(), bit_column(), {ColumnKind::category, 4}});
  CHECK(shape.z == std::vector<Column>{three_states, real_column(), real_column()});
  CHECK(shape.num_params == 4 * (1 + 6 + 5) + 4 + 4);
  CHECK_THROWS_WITH_AS(make({}, {1, 2, {0, 1}}), doctest::Contains("y.2 has a single label"),
                       ConfigError);
  CHECK_THROWS_WITH_AS(make({{"latent_states", std::int64_t{1}, {}}}, {1, 1}),
                       doctest::Contains("0 for none, or at least 2"), ConfigError);
  CHECK_THROWS_WITH_AS(MixedMlpModel(spec_of(2, mixed_y, mixed_z), Params::Zero(7)),
                       "parameters of the wrong length: mlp of 1 x 5 units on 2 x and 8 inputs of "
                       "3 y and 2 z takes 60 (W1 5x10 row by row, b1 5, v 5), got 7",
                       ConfigError);
  CHECK_THROWS_AS(MixedMlpModel::initial(spec_of(0, {}, {real_column()})), UsageError);
  CHECK_THROWS_AS(MixedMlpModel::initial(spec_of(0, {{ColumnKind::category, 0}}, {})), UsageError);
  CHECK_THROWS_WITH_AS(
      make({{"latent_reals", std::int64_t{10000}, {}}, {"hidden", std::int64_t{1000000}, {}}},
           {1, 1}),
      doctest::Contains("GB"), ConfigError);
}
