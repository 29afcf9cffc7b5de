#include "negphase/core/conditioned.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "negphase/models/gaussian.hpp"
#include "negphase/models/pairwise.hpp"
#include "negphase/models/rbm.hpp"
#include "planted/C1.hpp"
#include "support/problems.hpp"

namespace {

using namespace negphase;
using namespace negphase::testing;

const std::vector<Index> free_columns{1, 4, 6};

Block<double> spins(Index chains) {
  Block<double> y(chains, 8);
  for (Index c = 0; c < chains; ++c) {
    for (Index j = 0; j < 8; ++j) {
      y(c, j) = (c * 3 + j * 5 + c * j) % 4 < 2 ? 1 : -1;
    }
  }
  return y;
}

AnyEnergy<double> glass() {
  const Problem p = glass_problem(1);
  return p.model.bind_double(p.model.prepare(p.x), std::vector<Index>(5, 0));
}

Block<double> columns_of(const Block<double>& y, const std::vector<Index>& columns) {
  return y(Eigen::all, columns);
}

// worst difference between changes and differences of the whole energy, over all free sites
template <template <class, class> class Conditioning>
double change_error() {
  const Block<double> y = spins(5);
  const AnyEnergy<double> whole = glass();
  const Conditioning<AnyEnergy<double>, AnyEnergy<double>> part(glass(), free_columns, y);
  const Block<double> free = columns_of(y, free_columns);
  PerChain before(5), after(5), change(5);
  whole.energy(y, before);
  double worst = 0;
  for (Index j = 0; j < 3; ++j) {
    Block<double> flipped = y;
    const Index column = free_columns[static_cast<std::size_t>(j)];
    flipped.col(column) *= -1;
    whole.energy(flipped, after);
    const Lane<double> values = flipped.col(column);
    part.energy_change(free, j, values, change);
    worst = std::max(worst, (change - (after - before)).abs().maxCoeff());
  }
  return worst;
}

// an energy of 8 spins is a sum of 36 products below 2: 36 x 2 x 2^-53, twice
constexpr double rounding = 36 * 4 * 0x1p-53;

}  // namespace

TEST_CASE(
    "clamped energies, changes, conditionals and parameter gradients are the whole energy's") {
  const Block<double> y = spins(5);
  const AnyEnergy<double> whole = glass();
  const Conditioned<AnyEnergy<double>> part(glass(), free_columns, y);
  const Block<double> free = columns_of(y, free_columns);
  PerChain expected(5), got(5);
  whole.energy(y, expected);
  part.energy(free, got);
  CHECK((expected == got).all());
  CHECK(change_error<Conditioned>() <= rounding);

  Block<double> delta(5, 1), whole_delta(5, 1);
  const std::vector<Index> second{1}, fourth{4};
  part.conditional(free, second, delta);
  whole.conditional(y, fourth, whole_delta);
  CHECK((delta == whole_delta).all());

  Eigen::VectorXd sum = Eigen::VectorXd::Zero(36), whole_sum = sum;
  const PerChain weights = PerChain::LinSpaced(5, 1, 2);
  part.add_param_grad(free, {1, 3}, weights, sum);
  whole.add_param_grad(y, {1, 3}, weights, whole_sum);
  CHECK(sum == whole_sum);

  const Sites sites = Sites::Constant(5, 2);
  const Lane<double> values = -free.col(2);
  PerChain by_site(5);
  part.energy_change(free, sites, values, got);
  part.energy_change(free, 2, values, by_site);
  CHECK((got - by_site).abs().maxCoeff() <= rounding);
}

TEST_CASE("planted C1: a site that is not mapped to its column is rejected") {
  CHECK(change_error<planted::C1::Conditioned>() > rounding);
}

TEST_CASE("an erased conditioned energy can what the energy inside can, and no more") {
  const Conditioned<AnyEnergy<double>> part(glass(), free_columns, spins(5));
  const AnyEnergy<double> erased{Conditioned<AnyEnergy<double>>(glass(), free_columns, spins(5))};
  CHECK(erased.abilities() == glass().abilities());
  CHECK_FALSE(erased.can(Ability::gradient));
  PerChain out(5);
  Block<double> grad(5, 3);
  CHECK_THROWS_AS(erased.energy_and_grad(grad, out, grad), UsageError);
}

TEST_CASE("layers: clamped columns leave, layers that are clamped whole disappear") {
  const RbmModel rbm(3, 2, Params::Zero(11));
  const std::vector<Index> rows(1, 0);
  const AnyModel model = rbm;
  auto energy = [&] { return model.bind_double(model.prepare(Eigen::MatrixXd(1, 0)), rows); };
  const Block<double> values = Block<double>::Zero(1, 5);
  const Conditioned<AnyEnergy<double>> hidden(energy(), {3, 4}, values);
  CHECK(hidden.layers().layers == std::vector<std::vector<Index>>{{0, 1}});
  const Conditioned<AnyEnergy<double>> mixed(energy(), {0, 2, 4}, values);
  CHECK(mixed.layers().layers == std::vector<std::vector<Index>>{{2}, {0, 1}});
}

TEST_CASE("a conditioned Gaussian has the textbook's conditional, and can be clamped anew") {
  Params w(9);  // b, then the lower triangle of P row by row
  w << 0.3, -0.2, 0.5, 2.0, 0.4, 1.5, -0.3, 0.2, 1.0;
  const AnyModel model = GaussianModel(3, w);
  const std::vector<Index> rows(2, 0);
  const auto energy = model.bind_double(model.prepare(Eigen::MatrixXd(1, 0)), rows);
  Block<double> values(2, 3);
  values << 9, 0.7, 9, 9, -1.1, 9;
  Conditioned<AnyEnergy<double>, const AnyEnergy<double>*> part(&energy, {0, 2}, values);
  for (int round = 0; round < 2; ++round) {
    const GaussianView view = part.gaussian();
    CHECK(view.precision(0, 0) == 2.0);
    CHECK(view.precision(0, 1) == -0.3);
    CHECK(view.precision(1, 1) == 1.0);
    for (Index c = 0; c < 2; ++c) {
      CHECK(view.linear(c, 0) == doctest::Approx(0.3 - 0.4 * values(c, 1)).epsilon(1e-15));
      CHECK(view.linear(c, 1) == doctest::Approx(0.5 - 0.2 * values(c, 1)).epsilon(1e-15));
    }
    // the gradient is the whole energy's in the free columns
    Block<double> free(2, 2), grad(2, 2), whole_grad(2, 3), whole = values;
    free << 0.1, 0.2, -0.3, 0.4;
    whole.col(0) = free.col(0);
    whole.col(2) = free.col(1);
    PerChain e(2), whole_e(2);
    part.energy_and_grad(free, e, grad);
    energy.energy_and_grad(whole, whole_e, whole_grad);
    CHECK((e == whole_e).all());
    CHECK((grad.col(0) == whole_grad.col(0)).all());
    CHECK((grad.col(1) == whole_grad.col(2)).all());
    values.col(1) += 1;
    part.clamp(values);
  }
}

TEST_CASE("a conditioned pairwise view has the couplings to clamped columns in its fields") {
  Params w = Eigen::ArrayXd::LinSpaced(36, 1, 36).sin();
  const AnyModel model = PairwiseModel(ColumnKind::spin, Graph(8, all_pairs(8)), w);
  const auto energy = model.bind_double(model.prepare({}), std::vector<Index>(5, 0));
  using Borrowed = const AnyEnergy<double>*;
  const Block<double> y = spins(5), free = columns_of(y, free_columns);
  const AnyEnergy<double> part(Conditioned<AnyEnergy<double>, Borrowed>(&energy, free_columns, y));
  const PairwiseView view = part.pairwise();
  CHECK(view.couplings.size() == 3);
  // each chain's energy by the view, less that of all columns at -1, is the whole energy's
  const Block<double> low = Block<double>::Constant(5, 3, -1);
  const auto by_view = [&](const Block<double>& at) {
    PerChain e = -(view.linear * at).rowwise().sum();
    for (const PairwiseView::Coupling& c : view.couplings) {
      e -= c.weight * at.col(c.first) * at.col(c.second);
    }
    return e;
  };
  PerChain here(5), there(5);
  part.energy(free, here);
  part.energy(low, there);
  CHECK((by_view(free) - by_view(low) - (here - there)).abs().maxCoeff() <= rounding);
  // and the right parameters: those of the whole
  for (const PairwiseView::Coupling& c : view.couplings) {
    CHECK(w[c.param] == c.weight);
  }
  CHECK(view.linear_param == std::vector<Index>{28 + 1, 28 + 4, 28 + 6});
}

TEST_CASE("with nothing clamped it is the energy itself, whatever the values") {
  const Block<double> y = spins(5), other = -y;
  const Conditioned<AnyEnergy<double>> part(glass(), {0, 1, 2, 3, 4, 5, 6, 7}, other);
  PerChain expected(5), got(5);
  glass().energy(y, expected);
  part.energy(y, got);
  CHECK((got == expected).all());
}

TEST_CASE("free columns must be ascending columns of the energy") {
  const Block<double> y = spins(5);
  const Block<double> narrow = Block<double>::Zero(5, 3);
  using Part = Conditioned<AnyEnergy<double>>;
  CHECK_THROWS_AS(Part(glass(), {4, 1}, y), UsageError);
  CHECK_THROWS_AS(Part(glass(), {1, 8}, y), UsageError);
  CHECK_THROWS_AS(Part(glass(), {-1, 2}, y), UsageError);
  CHECK_THROWS_AS(Part(glass(), {1, 2}, narrow), UsageError);
}
