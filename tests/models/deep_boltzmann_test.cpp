#include "negphase/models/deep_boltzmann.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "negphase/core/conditioned.hpp"
#include "negphase/core/error.hpp"
#include "negphase/core/log_sum_exp.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/gibbs/block_gibbs.hpp"
#include "support/kernel_probe.hpp"
#include "support/model_checks.hpp"

#include "planted/MD10.hpp"
#include "planted/MD11.hpp"
#include "planted/MD12.hpp"

// What every model must show is in registry_test.cpp.

using namespace negphase;
using namespace negphase::testing;

namespace {

const std::vector<Index> outer{0, 1, 2, 3, 6, 7, 8}, inner{4, 5};  // of 4 x 2 x 3 units

/// Parameters that no symmetry hides.
Params some_params(Index n) {
  Params w(n);
  for (Index i = 0; i < n; ++i) {
    w[i] = std::sin(1.0 + 2.7 * static_cast<double>(i));
  }
  return w;
}

/// Any version of the model, 4 x 2 x 3 (M: it; S: its sizes).
template <class M = DeepBoltzmannModel, class S = DeepBoltzmannSizes>
M model_of() {
  const S sizes{4, 2, 3};
  return M(sizes, some_params(sizes.num_params()));
}

AnyEnergy<double> bind(const AnyModel& model, Index chains) {
  return model.bind_double(model.prepare({}), cycled_rows(chains, 0));
}

/// -E of one state as the formula says it.
double minus_energy(const DeepBoltzmannSizes& n, const Params& w, const Block<double>& y) {
  const Eigen::VectorXd v = y.row(0).head(n.visible).transpose();
  const Eigen::VectorXd h1 = y.row(0).segment(n.visible, n.first).transpose();
  const Eigen::VectorXd h2 = y.row(0).tail(n.second).transpose();
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const RowMajor> w1(w.data(), n.visible, n.first);
  const Eigen::Map<const RowMajor> w2(w.data() + w1.size(), n.first, n.second);
  const Eigen::VectorXd biases = w.tail(n.num_columns());
  return v.dot(w1 * h1) + h1.dot(w2 * h2) + v.dot(biases.head(n.visible)) +
         h1.dot(biases.segment(n.visible, n.first)) + h2.dot(biases.tail(n.second));
}

/// Worst error of the energy against the formula.
double formula_error(const AnyModel& model) {
  const StateSpace space(bind(model, 1).columns());
  PerChain table(space.size());
  bind(model, space.size()).energy(space.all(), table);
  double worst = 0;
  for (Index k = 0; k < space.size(); ++k) {
    worst = std::max(worst,
                     std::abs(table[k] + minus_energy({4, 2, 3}, model.params(), space.state(k))));
  }
  return worst;
}

double worst_error(const AnyModel& model) {
  const AnyEnergy<double> energy = bind(model, 24);
  const Block<double> y = legal_block(energy.columns(), 24, 3);
  const std::vector<std::vector<Index>> groups{inner, outer, {4}, {0}, {8}, {7, 2}};
  return std::max({formula_error(model), param_gradient_error(model, {}, y),
                   param_grad_sum_error(energy, y), energy_change_error(energy, y),
                   conditional_error(energy, y, groups)});
}

}  // namespace

TEST_CASE("deep_boltzmann: the formula, gradients, changes, conditionals; MD10 to MD12 are seen") {
  // 23 terms of at most 1, and Richardson's quotients of them: registry_test.cpp
  CHECK(worst_error(model_of()) < 1e-11);
  namespace wrong = planted;
  CHECK(worst_error(model_of<wrong::MD10::DeepBoltzmannModel, wrong::MD10::DeepBoltzmannSizes>()) >
        1e-3);
  CHECK(worst_error(model_of<wrong::MD11::DeepBoltzmannModel, wrong::MD11::DeepBoltzmannSizes>()) >
        1e-3);
  CHECK(worst_error(model_of<wrong::MD12::DeepBoltzmannModel, wrong::MD12::DeepBoltzmannSizes>()) >
        1e-3);
}

TEST_CASE("deep_boltzmann: names stand in the order of W") {
  const AnyModel model = model_of();
  CHECK(model.param_name(0) == "W1[0,0]");
  CHECK(model.param_name(7) == "W1[3,1]");
  CHECK(model.param_name(8) == "W2[0,0]");
  CHECK(model.param_name(13) == "W2[1,2]");
  CHECK(model.param_name(14) == "a[0]");
  CHECK(model.param_name(18) == "c1[0]");
  CHECK(model.param_name(22) == "c2[2]");
}

TEST_CASE("M1: deep_boltzmann: h1, or v and h2, summed out against sums over their states") {
  const AnyEnergy<double> energy = bind(model_of(), 24);
  const std::span<const Column> columns = energy.columns();
  // sums of at most 2^7 terms under a logarithm, a rounding each at worst, relative to 1 + |F|
  CHECK(summed_out_error(energy, inner, 2.5, legal_block(columns.first(7), 24, 5)) < 128 * 0x1p-52);
  CHECK(summed_out_error(energy, outer, 2.5, legal_block(columns.first(2), 4, 6)) < 128 * 0x1p-52);
  const std::vector<Index> latents{4, 5, 6, 7, 8}, visible{0, 1, 2, 3};
  CHECK_FALSE(energy.can_sum_out(latents));
  CHECK_FALSE(energy.can_sum_out(visible));
  CHECK_THROWS_WITH_AS(energy.summed_out(latents, 1), doctest::Contains("takes h1, or v and h2"),
                       UsageError);
}

TEST_CASE("deep_boltzmann: log Z over the few states of h1 is that of a sum over all") {
  const AnyModel model = model_of();
  const StateSpace space(bind(model, 1).columns());
  PerChain exponents(space.size());
  bind(model, space.size()).energy(space.all(), exponents);
  exponents *= -1.5;
  const double expected =
      log_sum_exp({exponents.data(), static_cast<std::size_t>(exponents.size())});
  const ExactAnswer answer = solve_exact(model, Eigen::MatrixXd(1, 0), 1.5, {}, Executor(1));
  CHECK(answer.method == "layer_sum");
  // 4 sums of 7 logarithms each; 512 terms on the other side, compensated
  CHECK(std::abs(answer.log_z[0] - expected) < 64 * 0x1p-52 * (1 + std::abs(expected)));
}

TEST_CASE("deep_boltzmann: without upper couplings it is an RBM and loose bits") {
  const DeepBoltzmannSizes sizes{4, 2, 3};
  Params w = some_params(sizes.num_params());
  w.segment(8, 6).setZero();
  Params rbm(8 + 4 + 2);
  rbm << w.head(8), w.segment(14, 6);
  const double beta = 0.7;
  const auto log_z = [&](const AnyModel& model) {
    return solve_exact(model, Eigen::MatrixXd(1, 0), beta, {}, Executor(1)).log_z[0];
  };
  double expected = log_z(RbmModel(4, 2, rbm));
  for (Index k = 0; k < 3; ++k) {
    expected += std::log1p(std::exp(beta * w[20 + k]));
  }
  // 10 logarithms a state, of at most 4 states
  CHECK(std::abs(log_z(DeepBoltzmannModel(sizes, w)) - expected) <
        64 * 0x1p-52 * (1 + std::abs(expected)));
}

TEST_CASE("M13: deep_boltzmann: block Gibbs draws h1, then v and h2; with v clamped h1, then h2") {
  const DeepBoltzmannSizes sizes{2, 1, 1};
  const DeepBoltzmannModel model(sizes, some_params(sizes.num_params()));
  const auto energy = model.bind<double>(model.prepare({}), {});
  REQUIRE(energy.layers().layers == std::vector<std::vector<Index>>{{2}, {0, 1, 3}});
  const StateSpace space(energy.columns());
  PerChain table(space.size());
  bind(model, space.size()).energy(space.all(), table);
  const double beta = 1.5;
  const Eigen::MatrixXd free = in_order({gibbs_matrix(space, table.matrix(), beta, {2}),
                                         gibbs_matrix(space, table.matrix(), beta, {0, 1, 3})});
  CHECK(complaint(probe(space, step_of(BlockGibbs(), energy, beta)),
                  {gibbs_law(table.matrix(), beta), free, false, 1e-14}) == "");

  // v = (1, 0): the latents are columns 0 and 1 of what is free
  const Conditioned<DeepBoltzmannEnergy<double>> positive(energy, {2, 3},
                                                          Block<double>{{1, 0, 0, 0}});
  REQUIRE(positive.layers().layers == std::vector<std::vector<Index>>{{0}, {1}});
  const StateSpace latents(positive.columns());
  Eigen::VectorXd of_latents(4);
  for (Index k = 0; k < 4; ++k) {
    const Block<double> z = latents.state(k);
    of_latents[k] = table[space.index(Block<double>{{1, 0, z(0, 0), z(0, 1)}})];
  }
  const Eigen::MatrixXd clamped = in_order(
      {gibbs_matrix(latents, of_latents, beta, {0}), gibbs_matrix(latents, of_latents, beta, {1})});
  CHECK(complaint(probe(latents, step_of(BlockGibbs(), positive, beta)),
                  {gibbs_law(of_latents, beta), clamped, false, 1e-14}) == "");
}

TEST_CASE("deep_boltzmann: what is refused") {
  const AnyEnergy<double> energy = bind(model_of(), 2);
  const Block<double> y = legal_block(energy.columns(), 2, 4);
  Block<double> delta;
  const std::vector<Index> both{4, 6};
  CHECK_THROWS_WITH_AS(energy.conditional(y, both, delta), doctest::Contains("these are of both"),
                       UsageError);
  CHECK_THROWS_WITH_AS(
      DeepBoltzmannModel({4, 2, 3}, Params::Zero(7)),
      "parameters of the wrong length: deep_boltzmann 4 x 2 x 3 takes 23 (W1 4x2 and W2 2x3 row by "
      "row, a 4, c1 2, c2 3), got 7",
      ConfigError);
  const ModelRow row = deep_boltzmann_row();
  const auto make = [&](std::int64_t hidden, const DataShape& data) {
    const std::vector<GivenOption> given{{"hidden1", hidden, {}}, {"hidden2", hidden, {}}};
    return row.make(Options::resolve("model 'deep_boltzmann'", row.options, given), data);
  };
  CHECK_THROWS_AS(make(2, {1, 3}), ConfigError);
  CHECK_THROWS_WITH_AS(make(1000000, {0, 3}),
                       doctest::Contains("deep_boltzmann 3 x 1000000 x 1000000 has 1000005000003 "
                                         "parameters"),
                       ConfigError);
}
