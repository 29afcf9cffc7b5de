#include "negphase/models/potts_rbm.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "negphase/core/error.hpp"
#include "negphase/core/log_sum_exp.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/gibbs/block_gibbs.hpp"
#include "negphase/models/rbm.hpp"
#include "support/allocation_counter.hpp"
#include "support/kernel_probe.hpp"
#include "support/model_checks.hpp"

#include "planted/MD6.hpp"
#include "planted/MD7.hpp"
#include "planted/MD8.hpp"
#include "planted/MD9.hpp"

// What every model must show is in registry_test.cpp.

using namespace negphase;
using namespace negphase::testing;

namespace {

const std::vector<Index> states{2, 4, 3};  // S = 9
constexpr Index num_visible = 3, num_hidden = 3;

/// Parameters that no symmetry hides, up to `scale` in magnitude.
Params some_params(Index n, double scale) {
  Params w(n);
  for (Index i = 0; i < n; ++i) {
    w[i] = scale * std::sin(1.0 + 2.7 * static_cast<double>(i));
  }
  return w;
}

template <class M = PottsRbmModel>
M model_of(double scale = 1) {
  return M(states, num_hidden, some_params(9 * num_hidden + 9 + num_hidden, scale));
}

AnyEnergy<double> bind(const AnyModel& model, Index chains) {
  return model.bind_double(model.prepare({}), cycled_rows(chains, 0));
}

std::vector<Index> hidden_columns() { return {3, 4, 5}; }

/// Worst error of both layers' sums, at a beta other than 1.
double summed_error(const AnyModel& model) {
  const AnyEnergy<double> energy = bind(model, 24);
  const double of_hidden = summed_out_error(
      energy, hidden_columns(), 2.5, legal_block(energy.columns().first(num_visible), 24, 5));
  const double of_visible =
      summed_out_error(energy, first_columns(num_visible), 2.5,
                       legal_block(energy.columns().subspan(num_visible), 24, 6));
  return std::max(of_hidden, of_visible);
}

double worst_error(const AnyModel& model) {
  const AnyEnergy<double> energy = bind(model, 24);
  const Block<double> y = legal_block(energy.columns(), 24, 3);
  const std::vector<std::vector<Index>> groups{{3, 4, 5}, {0, 1, 2}, {0},    {1},
                                               {2},       {4},       {2, 0}, {5, 3}};
  return std::max({param_gradient_error(model, {}, y), param_grad_sum_error(energy, y),
                   energy_change_error(energy, y), conditional_error(energy, y, groups)});
}

// Sums of at most 24 states of at most 1e3, under a logarithm: 24 roundings, and some for the
// products, relative to 1 + |F|.
constexpr double summed_bound = 64 * 0x1p-52;

}  // namespace

TEST_CASE("potts_rbm: energy by hand, names and order of parameters") {
  // units of 2 and 3 states, 1 hidden: W 5x1, a 5, c 1
  const PottsRbmModel model({2, 3}, 1, Params{{1, 2, 4, 8, 16, 0.5, 0.25, 32, 64, 128, 256}});
  const auto energy = model.bind<double>(model.prepare({}), {});
  PerChain out(3);
  energy.energy(Block<double>{{0, 0, 1}, {1, 2, 1}, {1, 1, 0}}, out);
  CHECK(out[0] == -(0.5 + 32 + 256 + 1 + 4));
  CHECK(out[1] == -(0.25 + 128 + 256 + 2 + 16));
  CHECK(out[2] == -(0.25 + 64));
  CHECK(model.param_name(1) == "W[0,1,0]");
  CHECK(model.param_name(4) == "W[1,2,0]");
  CHECK(model.param_name(6) == "a[0,1]");
  CHECK(model.param_name(7) == "a[1,0]");
  CHECK(model.param_name(10) == "c[0]");
  CHECK(model_of().param_name(5) == "W[0,1,2]");
}

TEST_CASE("potts_rbm: gradients, changes and conditionals; MD6 is seen") {
  // 50 terms of at most 1, and Richardson's quotients of them: registry_test.cpp
  CHECK(worst_error(model_of()) < 1e-11);
  CHECK(worst_error(model_of<planted::MD6::PottsRbmModel>()) > 1e-3);
}

TEST_CASE("M1: potts_rbm: both layers summed out against sums over their states") {
  CHECK(summed_error(model_of()) < summed_bound);
  CHECK(summed_error(model_of(0.01)) < summed_bound);
  CHECK(summed_error(model_of(1000)) < summed_bound);
  CHECK(summed_error(model_of<planted::MD7::PottsRbmModel>()) < summed_bound);
  CHECK(summed_error(model_of<planted::MD7::PottsRbmModel>(1000)) > 1);
  CHECK(summed_error(model_of<planted::MD8::PottsRbmModel>()) > 1e-3);
  CHECK(summed_error(model_of<planted::MD9::PottsRbmModel>()) > 1e-3);
}

TEST_CASE("potts_rbm: log Z by either layer is that of a sum over all states") {
  const double beta = 1.5;
  const AnyModel model = model_of();
  const StateSpace space(bind(model, 1).columns());
  PerChain table(space.size());
  bind(model, space.size()).energy(space.all(), table);
  const PerChain exponents = -beta * table;
  const double expected =
      log_sum_exp({exponents.data(), static_cast<std::size_t>(exponents.size())});
  // 8 states of h are fewer than 24 of v: the visible layer is summed out
  const ExactAnswer answer = solve_exact(model, Eigen::MatrixXd(1, 0), beta, {}, Executor(1));
  CHECK(answer.method == "layer_sum");
  CHECK(std::abs(answer.log_z[0] - expected) < summed_bound * (1 + std::abs(expected)));
  const AnyEnergy<double> of_visible = bind(model, 24).summed_out(hidden_columns(), beta);
  const StateSpace visible(of_visible.columns());
  PerChain free_energy(visible.size());
  of_visible.energy(visible.all(), free_energy);
  const PerChain terms = -beta * free_energy;
  CHECK(std::abs(log_sum_exp({terms.data(), static_cast<std::size_t>(terms.size())}) - expected) <
        summed_bound * (1 + std::abs(expected)));
}

TEST_CASE("potts_rbm: of two states it is an RBM of the differences") {
  const Index v = 3, h = 2;
  const Params w = some_params(2 * v * h + 2 * v + h, 1);
  const PottsRbmModel two({2, 2, 2}, h, w);
  // the terms of state 0: W_ij(0) goes to c, a_i(0) is a constant
  Params rbm = Params::Zero(v * h + v + h);
  double constant = 0;
  rbm.tail(h) = w.tail(h);
  for (Index i = 0; i < v; ++i) {
    rbm.segment(i * h, h) = w.segment((2 * i + 1) * h, h) - w.segment(2 * i * h, h);
    rbm.tail(h) += w.segment(2 * i * h, h);
    rbm[v * h + i] = w[2 * v * h + 2 * i + 1] - w[2 * v * h + 2 * i];
    constant -= w[2 * v * h + 2 * i];
  }
  const AnyEnergy<double> energy = bind(two, 32);
  const StateSpace space(bind(RbmModel(v, h, rbm), 1).columns());
  PerChain of_two(32), of_rbm(32);
  energy.energy(space.all(), of_two);
  bind(RbmModel(v, h, rbm), 32).energy(space.all(), of_rbm);
  // 14 terms of at most 1
  CHECK((of_two - of_rbm - constant).abs().maxCoeff() < 32 * 0x1p-52);
}

TEST_CASE("M13: potts_rbm: block Gibbs draws h, then v, exactly") {
  const PottsRbmModel model({3, 2}, 1, some_params(5 + 5 + 1, 1));
  const auto energy = model.bind<double>(model.prepare({}), {});
  REQUIRE(energy.layers().layers == std::vector<std::vector<Index>>{{2}, {0, 1}});
  const StateSpace space(energy.columns());
  PerChain table(space.size());
  bind(model, space.size()).energy(space.all(), table);
  for (const double beta : {0.25, 1.0, 2.5}) {
    CAPTURE(beta);
    const Eigen::MatrixXd reference = in_order({gibbs_matrix(space, table.matrix(), beta, {2}),
                                                gibbs_matrix(space, table.matrix(), beta, {0, 1})});
    CHECK(complaint(probe(space, step_of(BlockGibbs(), energy, beta)),
                    {gibbs_law(table.matrix(), beta), reference, false, 1e-14}) == "");
  }
}

TEST_CASE("potts_rbm: nothing is allocated after the first call") {
  const AnyEnergy<double> energy = bind(model_of(), 16);
  const Block<double> y = legal_block(energy.columns(), 16, 4);
  Block<double> of_hidden(16, 3), of_visible(16, 6);
  PerChain out(16);
  const std::vector<Index> hidden = hidden_columns(), visible = first_columns(num_visible);
  const auto use = [&] {
    energy.energy(y, out);
    energy.conditional(y, hidden, of_hidden);
    energy.conditional(y, visible, of_visible);
  };
  use();
  const AllocationCounter counter;
  use();
  CHECK(counter.count() == 0);
}

TEST_CASE("potts_rbm: what is refused") {
  const AnyEnergy<double> energy = bind(model_of(), 2);
  const Block<double> y = legal_block(energy.columns(), 2, 4);
  Block<double> delta;
  const std::vector<Index> both{2, 3};
  CHECK_THROWS_WITH_AS(energy.conditional(y, both, delta), doctest::Contains("these are of both"),
                       UsageError);
  CHECK(energy.can_sum_out(hidden_columns()));
  CHECK_FALSE(energy.can_sum_out(both));
  CHECK_THROWS_AS(energy.summed_out(both, 1), UsageError);
  CHECK_THROWS_WITH_AS(energy.summed_out(hidden_columns(), 0), doctest::Contains("beta > 0"),
                       UsageError);
  CHECK_THROWS_WITH_AS(PottsRbmModel({2, 3}, 2, Params::Zero(4)),
                       "parameters of the wrong length: potts_rbm 2 x 2 takes 17 (W 5x2 row by "
                       "row, a 5, c 2), got 4",
                       ConfigError);
  const ModelRow row = potts_rbm_row();
  const auto make = [&](std::int64_t hidden, std::int64_t k, const DataShape& data) {
    const std::vector<GivenOption> given{{"hidden", hidden, {}}, {"states", k, {}}};
    return row.make(Options::resolve("model 'potts_rbm'", row.options, given), data);
  };
  CHECK(make(2, 4, {0, 3, {}}).shape().num_params == 24 + 12 + 2);
  CHECK_THROWS_WITH_AS(make(2, 0, {0, 2, {3, 0}}), doctest::Contains("column 2 of y holds numbers"),
                       ConfigError);
  CHECK_THROWS_AS(make(2, 4, {1, 2, {}}), ConfigError);
  CHECK_THROWS_WITH_AS(make(1000000, 1000000, {0, 3, {}}), doctest::Contains("parameters"),
                       ConfigError);
}
