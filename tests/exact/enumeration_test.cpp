#include "negphase/exact/enumeration.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cmath>
#include <set>

#include "negphase/core/error.hpp"
#include "support/model_checks.hpp"
#include "support/pairwise_energy.hpp"

#include "planted/X1.hpp"
#include "planted/X2.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const Executor two_threads(2);

/// An energy given state by state, over columns of any finite kinds; W = (one parameter a state),
/// so that E[dE/dW] is the law itself. Energy changes are differences, NaN between forbidden
/// states.
class TableEnergy {
 public:
  using Scalar = double;
  TableEnergy(std::vector<Column> columns, std::vector<double> energies)
      : columns_(std::move(columns)), energies_(std::move(energies)) {}

  std::span<const Column> columns() const { return columns_; }
  void energy(const Block<double>& y, PerChain& out) const {
    out.resize(y.rows());
    for (Index c = 0; c < y.rows(); ++c) {
      out[c] = energies_[state_number(y, c)];
    }
  }
  void energy_change(const Block<double>& y, Index site, const Lane<double>& values,
                     PerChain& out) const {
    Block<double> moved = y;
    moved.col(site) = values;
    PerChain before;
    energy(y, before);
    energy(moved, out);
    out -= before;
  }
  Index num_params() const { return static_cast<Index>(energies_.size()); }
  void add_param_grad(const Block<double>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const {
    for (Index c = range.begin; c < range.end(); ++c) {
      sum[static_cast<Index>(state_number(y, c))] += weights[c];
    }
  }

 private:
  std::size_t state_number(const Block<double>& y, Index c) const {
    Index number = 0;
    for (std::size_t j = 0; j < columns_.size(); ++j) {
      number =
          number * columns_[j].num_states + state_index(columns_[j], y(c, static_cast<Index>(j)));
    }
    return static_cast<std::size_t>(number);
  }
  std::vector<Column> columns_;
  std::vector<double> energies_;
};

/// E = 0 on bits, by an energy_change() that is off by `slip` every time.
class SlippingEnergy {
 public:
  using Scalar = double;
  SlippingEnergy(Index bits, double slip)
      : columns_(static_cast<std::size_t>(bits), bit_column()), slip_(slip) {}
  std::span<const Column> columns() const { return columns_; }
  void energy(const Block<double>& y, PerChain& out) const { out.setZero(y.rows()); }
  void energy_change(const Block<double>& y, Index, const Lane<double>&, PerChain& out) const {
    out.setConstant(y.rows(), slip_);
  }

 private:
  std::vector<Column> columns_;
  double slip_;
};

std::vector<double> wavy_energies(std::size_t n) {
  std::vector<double> energies;
  for (std::size_t i = 0; i < n; ++i) {
    energies.push_back(2 * std::sin(1 + 2.3 * static_cast<double>(i)));
  }
  return energies;
}

const std::vector<Column> mixed_columns{spin_column(),
                                        {ColumnKind::category, 3},
                                        {ColumnKind::ordinal, 1},
                                        bit_column(),
                                        {ColumnKind::ordinal, 4}};

BindRow bind_table(std::vector<Column> columns, std::vector<double> energies) {
  return [=](Index, Index) { return AnyEnergy<double>(TableEnergy(columns, energies)); };
}

/// Largest difference between the law that sum_states finds and exp(-beta E) / Z by hand. `sum`
/// stands for the function, so that a planted one can be tried.
template <class Sum>
double law_error(const Sum& sum, const std::vector<Column>& columns,
                 const std::vector<double>& energies, double beta) {
  double z = 0;
  for (double e : energies) {
    z += e == infinity ? 0 : std::exp(-beta * e);
  }
  const auto found = sum(bind_table(columns, energies), 1, beta, two_threads)[0];
  double worst = std::abs(found.log_z - std::log(z));
  for (std::size_t i = 0; i < energies.size(); ++i) {
    const double p = energies[i] == infinity ? 0 : std::exp(-beta * energies[i]) / z;
    worst = std::max(worst, std::abs(found.mean_param_grad[static_cast<Index>(i)] - p));
  }
  return worst;
}

/// How far log Z of 2^21 states of energy 0 is off when every change slips by 1e-6.
template <class Sum>
double slip_error(const Sum& sum) {
  constexpr Index bits = 21;
  const BindRow bind = [](Index, Index) { return AnyEnergy<double>(SlippingEnergy(bits, 1e-6)); };
  const double log_z = sum(bind, 1, 1.0, two_threads)[0].log_z;
  return std::abs(log_z - static_cast<double>(bits) * std::log(2.0));
}

const auto by_gray_code = [](const BindRow& bind, Index rows, double beta,
                             const Executor& executor) {
  return sum_states(bind, rows, beta, Walk::gray_code, executor);
};
const auto plainly = [](const BindRow& bind, Index rows, double beta, const Executor& executor) {
  return sum_states(bind, rows, beta, Walk::plain, executor);
};

// 48 states: each probability comes from an exp, a quotient and sums of positive terms
constexpr double law_bound = 100 * 0x1p-52;

/// Spins enough for several slices and many recomputations.
PairwiseModel large_model() {
  constexpr Index n = 16;
  Params w(n * (n + 1) / 2);
  for (Index i = 0; i < w.size(); ++i) {
    w[i] = 0.4 * std::sin(1.7 * static_cast<double>(i));
  }
  return PairwiseModel(ColumnKind::spin, n, w);
}

BindRow bind_of(const AnyModel& model) {
  return [model](Index row, Index chains) {
    const std::vector<Index> rows(static_cast<std::size_t>(chains), row);
    return model.bind_double(model.prepare({}), rows);
  };
}

}  // namespace

TEST_CASE("enumeration: columns of all finite kinds, one of them of a single state") {
  const std::vector<double> energies = wavy_energies(48);
  for (double beta : {0.0, 0.25, 1.0, 2.5}) {
    CHECK(law_error(by_gray_code, mixed_columns, energies, beta) < law_bound);
    CHECK(law_error(plainly, mixed_columns, energies, beta) < law_bound);
  }
}

TEST_CASE("enumeration: forbidden states, at beta 0 too, are exactly impossible") {
  std::vector<double> energies = wavy_energies(48);
  for (std::size_t i : {0, 1, 5, 17, 18, 19, 47}) {
    energies[i] = infinity;
  }
  for (double beta : {0.0, 1.0}) {
    CHECK(law_error(by_gray_code, mixed_columns, energies, beta) < law_bound);
    const auto sum = by_gray_code(bind_table(mixed_columns, energies), 1, beta, two_threads)[0];
    CHECK(sum.mean_param_grad[17] == 0);
  }
}

TEST_CASE("enumeration: walks longer than the prefixes agree with the energies of all states") {
  // 3^9 states: prefixes of 7 columns, walks over 2
  const std::vector<Column> columns(9, Column{ColumnKind::category, 3});
  const std::vector<double> energies = wavy_energies(19683);
  // sums of 19683 terms of 1e-4 in two levels
  CHECK(law_error(by_gray_code, columns, energies, 1.5) < 1e-13);
}

TEST_CASE("enumeration: planted bugs are seen") {
  const std::vector<double> energies = wavy_energies(19683);
  const std::vector<Column> columns(9, Column{ColumnKind::category, 3});
  SUBCASE("X1: energies never recomputed") {
    const auto stale = [](const BindRow& bind, Index rows, double beta, const Executor& executor) {
      return planted::X1::sum_states(bind, rows, beta, planted::X1::Walk::gray_code, executor);
    };
    // between recomputations at most 256 slips add up
    CHECK(slip_error(by_gray_code) <= 256e-6);
    CHECK(slip_error(stale) > 256e-6);
  }
  SUBCASE("X2: a column of the Gray code never moves") {
    const auto wrong = [](const BindRow& bind, Index rows, double beta, const Executor& executor) {
      return planted::X2::sum_states(bind, rows, beta, planted::X2::Walk::gray_code, executor);
    };
    CHECK(law_error(wrong, columns, energies, 1.5) > 1e-6);
  }
  SUBCASE("a lying energy change") {
    const AnyModel model = large_model();
    const AnyModel lying = LyingModel(model, {.change = 1.001});
    const double truth = by_gray_code(bind_of(model), 1, 1.0, two_threads)[0].log_z;
    CHECK(std::abs(by_gray_code(bind_of(lying), 1, 1.0, two_threads)[0].log_z - truth) > 1e-6);
  }
}

TEST_CASE("enumeration: Gray code and plain sums agree, in the same bytes for any threads") {
  const BindRow bind = bind_of(large_model());
  for (double beta : {0.25, 1.0, 2.5}) {
    const auto gray = by_gray_code(bind, 2, beta, two_threads);
    const auto plain = plainly(bind, 1, beta, two_threads)[0];
    CHECK(std::abs(gray[0].log_z - plain.log_z) < 1e-12 * std::abs(plain.log_z));
    CHECK((gray[0].mean_param_grad - plain.mean_param_grad).lpNorm<Eigen::Infinity>() < 1e-12);
    CHECK(gray[0].log_z == gray[1].log_z);
    for (int threads : {1, 3}) {
      const auto again = by_gray_code(bind, 2, beta, Executor(threads));
      CHECK(again[1].log_z == gray[1].log_z);
      CHECK(again[1].mean_param_grad == gray[1].mean_param_grad);
    }
  }
}

TEST_CASE("enumeration: a table of states is in order, with their law") {
  const std::vector<double> energies = wavy_energies(48);
  const auto bind = [&](Index) { return AnyEnergy<double>(TableEnergy(mixed_columns, energies)); };
  const StateTable table = tabulate_states(bind, 2.5);
  REQUIRE(table.states.rows() == 48);
  for (Index i = 0; i < 48; ++i) {
    CHECK(table.energy[i] == energies[static_cast<std::size_t>(i)]);
    CHECK(std::abs(table.probability[i] - std::exp(-2.5 * table.energy[i] - table.log_z)) <
          law_bound);
  }
  CHECK(table.states(0, 0) == -1);
  CHECK(table.states(47, 0) == 1);
  CHECK(table.states(4, 3) == 1);  // the last column has 4 states, the one before it is a bit
}

TEST_CASE("enumeration: what has no sum is refused, with the state") {
  const std::vector<Column> bits(2, bit_column());
  const auto sum = [&](std::vector<double> energies) {
    return by_gray_code(bind_table(bits, std::move(energies)), 1, 1, Executor(1));
  };
  CHECK_THROWS_WITH_AS(sum({0, 1, std::nan(""), 2}), doctest::Contains("state (1, 0)"), ModelError);
  CHECK_THROWS_WITH_AS(sum({0, -infinity, 1, 2}), doctest::Contains("not normalisable"),
                       ModelError);
  CHECK_THROWS_AS(sum(std::vector<double>(4, infinity)), ModelError);
  const auto real = [](Index, Index) {
    return AnyEnergy<double>(TableEnergy({real_column()}, {0}));
  };
  CHECK_THROWS_AS(by_gray_code(real, 1, 1, Executor(1)), UsageError);
  CHECK(count_states(std::vector<Column>{bit_column(), real_column()}) == 0);
  CHECK(count_states(mixed_columns) == 48);
  CHECK(count_states(std::vector<Column>(2000, bit_column())) == infinity);
}
