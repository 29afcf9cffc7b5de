#include "negphase/exact/pairwise_sum.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "negphase/core/conditioned.hpp"
#include "negphase/core/error.hpp"
#include "negphase/exact/enumeration.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/exact/pairwise_data.hpp"
#include "negphase/exact/pairwise_view.hpp"
#include "negphase/models/pairwise.hpp"
#include "planted/X10.hpp"
#include "planted/X4.hpp"
#include "planted/X5.hpp"
#include "planted/X6.hpp"
#include "planted/X7.hpp"
#include "planted/X8.hpp"
#include "planted/X9.hpp"
#include "support/model_checks.hpp"

using namespace negphase;
using testing::legal_block;

namespace {

const Executor two_threads(2);

Params waves(Index n) {
  return 0.8 * (1 + 1.7 * Eigen::ArrayXd::LinSpaced(n, 0, static_cast<double>(n - 1))).sin();
}

AnyModel dense(ColumnKind kind, Index n) {
  return PairwiseModel(kind, Graph(n, all_pairs(n)), waves(n * (n + 1) / 2));
}
AnyModel ring(ColumnKind kind, Index n, double coupling, double field) {
  Graph graph(n, torus_lattice(1, n));
  Params w(static_cast<Index>(graph.edges().size()) + n);
  w.head(w.size() - n).setConstant(coupling);
  w.tail(n).setConstant(field);
  return PairwiseModel(kind, std::move(graph), w);
}

BindRow bind_of(const AnyModel& model) {
  return [model](Index row, Index chains) {
    const std::vector<Index> rows(static_cast<std::size_t>(chains), row);
    return model.bind_double(model.prepare({}), rows);
  };
}

const auto by_view = [](const BindRow& bind, Index rows, double beta, const Executor& executor) {
  return sum_pairwise(bind, rows, beta, executor);
};

/// Roundings of -beta E: each energy of either method is a sum of at most n^2 terms, |W| in all;
/// the exponentials and sums of positive weights, in pieces, add some ulp each.
double bound(const AnyModel& model, double beta) {
  const auto n = static_cast<double>(model.shape().num_y());
  return 0x1p-52 * (n * n + 64) * (1 + beta * model.params().lpNorm<1>());
}

/// The worst of log Z and E[dE/dW] against the energy asked anew at every state, over the bound. A
/// relative error d of all weights moves a mean of numbers up to 1 by 2 d.
template <class Sum>
double worst_error(const Sum& sum, const AnyModel& model, double beta) {
  const auto found = sum(bind_of(model), 1, beta, two_threads)[0];
  const StateSum plain = sum_states(bind_of(model), 1, beta, Walk::plain, two_threads)[0];
  const double in_means = (found.mean_param_grad - plain.mean_param_grad).cwiseAbs().maxCoeff();
  const double in_log_z = std::abs(found.log_z - plain.log_z);
  return std::max(in_log_z, in_means / 2) / bound(model, beta);
}

/// A spin, a bit, a spin, ...: n columns, coupled to the next, and a b that differs by row of x.
/// E = 3.5 - ...; no dE/dW.
class MixedColumns {
 public:
  using Scalar = double;
  MixedColumns(Index n, Index row, Index chains) : row_(row), chains_(chains) {
    for (Index j = 0; j < n; ++j) {
      columns_.push_back(j % 2 == 0 ? spin_column() : bit_column());
    }
  }
  std::span<const Column> columns() const { return columns_; }
  void energy(const Block<double>& y, PerChain& out) const {
    out.setConstant(y.rows(), 3.5);
    for (Index j = 0; j < y.cols(); ++j) {
      out -= field(j) * y.col(j);
      if (j > 0) {
        out -= coupling(j) * y.col(j - 1) * y.col(j);
      }
    }
  }
  PairwiseView pairwise() const {
    PairwiseView view;
    const auto n = static_cast<Index>(columns_.size());
    view.linear.resize(chains_, n);
    for (Index j = 0; j < n; ++j) {
      view.linear.col(j) = field(j);
      view.linear_param.push_back(-1);
      if (j > 0) {
        view.couplings.push_back({j - 1, j, coupling(j)});
      }
    }
    return view;
  }

 private:
  double field(Index j) const { return 0.3 * std::sin(static_cast<double>(2 + j + 5 * row_)); }
  double coupling(Index j) const { return std::cos(static_cast<double>(3 * j)); }
  std::vector<Column> columns_;
  Index row_, chains_;
};

const BindRow mixed = [](Index row, Index chains) {
  return AnyEnergy<double>(MixedColumns(12, row, chains));
};

template <class Sum>
double mixed_error(const Sum& sum) {
  const auto found = sum(mixed, 3, 1.5, two_threads);
  const auto plain = sum_states(mixed, 3, 1.5, Walk::plain, two_threads);
  double worst = 0;
  for (std::size_t row = 0; row < 3; ++row) {
    worst = std::max(worst, std::abs(found[row].log_z - plain[row].log_z));
  }
  return worst;
}
// 12 columns: sums of 24 terms up to 1 each, times 1.5
constexpr double mixed_bound = 0x1p-52 * (144 + 64) * (1 + 1.5 * (3.5 + 24));

double ring_log_z(Index n, double beta, double coupling, double field) {
  // eigenvalues of the transfer matrix
  const double k = beta * coupling, h = beta * field;
  const double root = std::sqrt(std::exp(2 * k) * std::pow(std::sinh(h), 2) + std::exp(-2 * k));
  const double high = std::exp(k) * std::cosh(h) + root, low = std::exp(k) * std::cosh(h) - root;
  return static_cast<double>(n) * std::log(high) + std::log1p(std::pow(low / high, n));
}

/// Runs enough for pieces of several of them: log Z against the transfer matrix, and means of all
/// sites, which are equal by symmetry; over the bound.
template <class Sum>
double ring_error(const Sum& sum, Index n) {
  const AnyModel model = ring(ColumnKind::spin, n, 0.4, 0.1);
  const auto found = sum(bind_of(model), 1, 0.7, two_threads)[0];
  const double in_log_z = std::abs(found.log_z - ring_log_z(n, 0.7, 0.4, 0.1));
  const double in_means = found.mean_states.maxCoeff() - found.mean_states.minCoeff();
  return std::max(in_log_z, in_means / 4) / bound(model, 0.7);
}

}  // namespace

TEST_CASE("pairwise sum: agrees with the energy asked at every state") {
  for (const ColumnKind kind : {ColumnKind::spin, ColumnKind::bit}) {
    for (const double beta : {0.0, 0.5, 1.0, 1e6}) {
      CAPTURE(beta);
      for (const Index n : {1, 2, 5, 8, 9, 12, 13, 16}) {
        CAPTURE(n);
        CHECK(worst_error(by_view, dense(kind, n), beta) < 1);
        CHECK(worst_error(by_view, ring(kind, n, 0.7, -0.2), beta) < 1);
      }
    }
  }
}

TEST_CASE("pairwise sum: kinds and rows mixed, with a constant") {
  CHECK(mixed_error(by_view) < mixed_bound);
  CHECK(sum_pairwise(mixed, 1, 1, two_threads)[0].mean_param_grad.size() == 0);
}

TEST_CASE("pairwise sum: 2^24 states of a ring against the transfer matrix") {
  CHECK(ring_error(by_view, 24) < 1);
}

TEST_CASE("pairwise sum: the same bytes for any number of threads") {
  const AnyModel model = dense(ColumnKind::bit, 17);
  const PairwiseSum one = sum_pairwise(bind_of(model), 1, 0.9, Executor(1))[0];
  for (int threads : {2, 3}) {
    const PairwiseSum again = sum_pairwise(bind_of(model), 1, 0.9, Executor(threads))[0];
    CHECK(again.log_z == one.log_z);
    CHECK(again.mean_param_grad == one.mean_param_grad);
    CHECK(again.mean_states == one.mean_states);
  }
}

TEST_CASE("pairwise sum: planted bugs are seen") {
  const AnyModel model = dense(ColumnKind::spin, 13);
  const auto error = [&](const auto& sum) { return worst_error(sum, model, 1); };
  SUBCASE("X4: the field of another column") {
    CHECK(error([](const auto&... a) { return planted::X4::sum_pairwise(a...); }) > 1e6);
  }
  SUBCASE("X5: outer columns have no part in the means") {
    CHECK(error([](const auto&... a) { return planted::X5::sum_pairwise(a...); }) > 1e6);
  }
  SUBCASE("X6: the last run of a piece is left out") {
    CHECK(ring_error([](const auto&... a) { return planted::X6::sum_pairwise(a...); }, 20) > 1e6);
  }
  SUBCASE("X7: sums keep their old scale when a lower energy comes") {
    CHECK(ring_error([](const auto&... a) { return planted::X7::sum_pairwise(a...); }, 20) > 1e6);
  }
  SUBCASE("X8: states of inner columns in another order than their energies") {
    CHECK(error([](const auto&... a) { return planted::X8::sum_pairwise(a...); }) > 1e6);
  }
  SUBCASE("X9: steps of inner columns taken from the outer ones, which only mixed kinds show") {
    const auto wrong = [](const auto&... a) { return planted::X9::sum_pairwise(a...); };
    CHECK(error(wrong) < 1);
    CHECK(mixed_error(wrong) > 1e6 * mixed_bound);
  }
}

TEST_CASE("pairwise sum: more states than can be numbered are refused") {
  CHECK_THROWS_AS(sum_pairwise(bind_of(ring(ColumnKind::bit, 61, 1, 1)), 1, 1, Executor(1)),
                  UsageError);
}

TEST_CASE("pairwise view: what it cannot answer for is left to the generic walk") {
  const AnyModel model = dense(ColumnKind::spin, 4);
  CHECK(has_whole_pairwise_view(bind_of(model)(0, 1)));
  const AnyEnergy<double> clamped =
      Conditioned<AnyEnergy<double>>(bind_of(model)(0, 1), {0, 2}, Block<double>::Ones(1, 4));
  CHECK(clamped.can(Ability::pairwise));
  CHECK_FALSE(has_whole_pairwise_view(clamped));  // J[1,3] is no coupling of free columns
  for (const double bad : {std::nan(""), HUGE_VAL, 1e308}) {
    Params w = model.params();
    w[0] = w[3] = bad;  // the sum of two 1e308 is not finite
    const AnyModel broken = model.with_params(w);
    CHECK_FALSE(has_whole_pairwise_view(bind_of(broken)(0, 1)));
  }
  Params w = model.params();
  w[0] = std::nan("");
  CHECK_THROWS_WITH_AS(solve_exact(model.with_params(w), {}, 1, {}, two_threads),
                       doctest::Contains("the energy is nan at state"), ModelError);
}

TEST_CASE("pairwise data: means of products once are the positive phase for every W") {
  for (const ColumnKind kind : {ColumnKind::spin, ColumnKind::bit}) {
    const AnyModel model = dense(kind, 7);
    const Eigen::MatrixXd y = legal_block(model.shape().y, 300, 5).matrix();
    const auto error = [&](const PairwiseData& data) {
      const AnyModel other = model.with_params(-2 * model.params());
      const ExactPositive fast = *solve_positive(other, data);
      const ExactPositive slow = *solve_positive(other, {}, y, 1, two_threads);
      return std::max(std::abs(fast.mean_free_energy - slow.mean_free_energy),
                      (fast.mean_param_grad - slow.mean_param_grad).cwiseAbs().maxCoeff());
    };
    // sums of 300 terms of size 1, 28 means times weights of 1.6 at most
    const double rounding = 0x1p-52 * 300 * 28 * 1.6;
    CHECK(error(*pairwise_data(model, y)) < rounding);
    const auto wrong = planted::X10::pairwise_data(model, y);
    CHECK(error({wrong->mean_products, wrong->mean_states}) > 1e-2);
  }
  CHECK_THROWS_AS(pairwise_data(dense(ColumnKind::spin, 3), Eigen::MatrixXd(0, 3)), ConfigError);
  CHECK_THROWS_AS(pairwise_data(dense(ColumnKind::spin, 3), Eigen::MatrixXd(2, 4)), ConfigError);
}
