#include "negphase/models/rbm.hpp"

#include <doctest/doctest.h>

#include "negphase/core/error.hpp"
#include "support/model_checks.hpp"

#include "planted/E3.hpp"
#include "planted/E4.hpp"
#include "planted/E5.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

constexpr Index num_visible = 5, num_hidden = 3;

/// Parameters that no symmetry hides, up to `scale` in magnitude.
Params some_params(Index v, Index h, double scale) {
  Params w(v * h + v + h);
  for (Index i = 0; i < w.size(); ++i) {
    w[i] = scale * std::sin(1.0 + 2.7 * static_cast<double>(i));
  }
  return w;
}

std::vector<Index> hidden_columns(Index v, Index h) {
  std::vector<Index> columns = first_columns(v + h);
  columns.erase(columns.begin(), columns.begin() + v);
  return columns;
}

AnyEnergy<double> bind(const AnyModel& model, Index chains) {
  return model.bind_double(model.prepare({}), cycled_rows(chains, 0));
}

/// Worst error of both layers' sums, at a beta other than 1.
double summed_out_error_of(const AnyEnergy<double>& energy) {
  const auto columns = energy.columns();
  const double of_hidden = summed_out_error(energy, hidden_columns(num_visible, num_hidden), 2.5,
                                            legal_block(columns.first(num_visible), 32, 5));
  const double of_visible = summed_out_error(energy, first_columns(num_visible), 2.5,
                                             legal_block(columns.first(num_hidden), 8, 6));
  return std::max(of_hidden, of_visible);
}

AnyModel rbm(double scale) {
  return RbmModel(num_visible, num_hidden, some_params(num_visible, num_hidden, scale));
}

// Sums of at most 2^5 terms of at most 1e3, under a logarithm: 32 roundings, and some for the
// products, relative to 1 + |F|.
constexpr double summed_bound = 64 * 0x1p-52;

}  // namespace

TEST_CASE("rbm: energy by hand") {
  const RbmModel model(2, 1, Params{{0.5, -0.25, 1, 2, 4}});  // W 2x1, a 2, c 1
  const auto energy = model.bind<double>(model.prepare({}), cycled_rows(2, 0));
  PerChain out(2);
  energy.energy(Block<double>{{1, 0, 1}, {1, 1, 0}}, out);
  CHECK(out[0] == -(1 + 4 + 0.5));
  CHECK(out[1] == -(1 + 2));
}

TEST_CASE("rbm: layers, whole and in part, and single units have the right conditionals") {
  const AnyEnergy<double> energy = bind(rbm(1), 16);
  const Block<double> y = legal_block(energy.columns(), 16, 2);
  const auto layers = energy.layers().layers;
  REQUIRE(layers.size() == 2);
  const std::vector<std::vector<Index>> groups{layers[0], layers[1], {0}, {7}, {3, 1}, {5, 7}};
  CHECK(conditional_error(energy, y, groups) < 1e-14);
  const AnyEnergy<double> lying = LyingEnergy<double>(bind(rbm(1), 16), {.conditional = 1.001});
  CHECK(conditional_error(lying, y, groups) > 1e-5);
  Block<double> delta;
  CHECK_THROWS_AS(energy.conditional(y, std::vector<Index>{4, 5}, delta), UsageError);
}

TEST_CASE("rbm: a whole layer is the same as its units one by one, in float too") {
  constexpr Index v = 48, h = 40, chains = 64;
  const RbmModel model(v, h, some_params(v, h, 0.5));
  const auto energy = model.bind<float>(model.prepare({}), cycled_rows(chains, 0));
  const Block<float> y = legal_block(energy.columns(), chains, 3).cast<float>();
  Block<float> whole, one;
  energy.conditional(y, hidden_columns(v, h), whole);
  for (Index j = 0; j < h; ++j) {
    energy.conditional(y, std::vector<Index>{v + j}, one);
    // two orders of at most 49 sums of at most 0.5 each
    CHECK(((whole.col(j) - one.col(0)).abs() <= 2 * 49 * 25 * 0x1p-24f).all());
  }
}

TEST_CASE("rbm: energy changes, and the checks reject wrong ones") {
  const AnyEnergy<double> energy = bind(rbm(1), 16);
  const Block<double> y = legal_block(energy.columns(), 16, 4);
  CHECK(energy_change_error(energy, y) < 1e-15 * 16);
  const AnyEnergy<double> in_sweeps = LyingEnergy<double>(bind(rbm(1), 16), {.change = 1.001});
  CHECK(energy_change_error(in_sweeps, y) > 1e-5);
  const AnyEnergy<double> by_chain =
      LyingEnergy<double>(bind(rbm(1), 16), {.change_by_site = 1.001});
  CHECK(energy_change_error(by_chain, y) > 1e-5);
}

TEST_CASE("rbm: both layers summed out against a sum over their states") {
  CHECK(summed_out_error_of(bind(rbm(1), 32)) < summed_bound);
  CHECK(summed_out_error_of(bind(rbm(0.01), 32)) < summed_bound);
  const AnyEnergy<double> lying = LyingEnergy<double>(bind(rbm(1), 32), {.summed_out = 1.001});
  CHECK(summed_out_error_of(lying) > 1e-5);
}

TEST_CASE("rbm: free energies of fields far beyond the range of exp") {
  CHECK(summed_out_error_of(bind(rbm(1000), 32)) < summed_bound);
}

TEST_CASE("rbm: free energies in float") {
  const RbmModel model(num_visible, num_hidden, some_params(num_visible, num_hidden, 1));
  const auto prepared = model.prepare({});
  const auto columns = hidden_columns(num_visible, num_hidden);
  const auto in_float = model.bind<float>(prepared, cycled_rows(32, 0)).summed_out(columns, 2.5);
  const auto in_double = model.bind<double>(prepared, cycled_rows(32, 0)).summed_out(columns, 2.5);
  const Block<double> v = legal_block(in_double.columns(), 32, 8);
  PerChain rounded(32), exact(32);
  in_float.energy(v.cast<float>(), rounded);
  in_double.energy(v, exact);
  // each of 3 fields: 6 terms of at most 2.5; softplus has slope at most 1 and a few roundings
  CHECK(((rounded - exact).abs() <= 3 * (6 + 4) * 6 * 2.5 * 0x1p-23 / 2.5).all());
}

TEST_CASE("rbm: planted bugs in the free energy are seen") {
  const Params w = some_params(num_visible, num_hidden, 1);
  const Params large = some_params(num_visible, num_hidden, 1000);
  SUBCASE("E3: without hidden bias") {
    CHECK(summed_out_error_of(bind(planted::E3::RbmModel(num_visible, num_hidden, w), 32)) > 1e-3);
  }
  SUBCASE("E4: log(1 + exp(x)) overflows, and is right where it does not") {
    CHECK(summed_out_error_of(bind(planted::E4::RbmModel(num_visible, num_hidden, w), 32)) <
          summed_bound);
    CHECK(summed_out_error_of(bind(planted::E4::RbmModel(num_visible, num_hidden, large), 32)) >
          1e-3);
  }
  SUBCASE("E5: sign of the softplus") {
    CHECK(summed_out_error_of(bind(planted::E5::RbmModel(num_visible, num_hidden, w), 32)) > 1e-3);
  }
}

TEST_CASE("rbm: what can be summed out, names and lengths") {
  const AnyEnergy<double> energy = bind(rbm(1), 1);
  CHECK(energy.can_sum_out(first_columns(num_visible)));
  CHECK(energy.can_sum_out(hidden_columns(num_visible, num_hidden)));
  CHECK_FALSE(energy.can_sum_out(first_columns(num_visible - 1)));
  CHECK_FALSE(energy.can_sum_out(first_columns(num_visible + 1)));
  CHECK_FALSE(energy.can_sum_out({}));
  CHECK_THROWS_AS(energy.summed_out(first_columns(1), 1), UsageError);
  CHECK_THROWS_AS(energy.summed_out(first_columns(num_visible), 0), UsageError);
  const AnyModel model = rbm(1);
  CHECK(model.param_name(0) == "W[0,0]");
  CHECK(model.param_name(4) == "W[1,1]");
  CHECK(model.param_name(15) == "a[0]");
  CHECK(model.param_name(22) == "c[2]");
  CHECK_THROWS_WITH_AS(RbmModel(64, 16, Params::Zero(7)),
                       "parameters of the wrong length: rbm 64 x 16 takes 1104 (W 64x16 row by "
                       "row, a 64, c 16), got 7",
                       ConfigError);
}
