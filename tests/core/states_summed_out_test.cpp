#include "negphase/core/states_summed_out.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <memory>

#include "negphase/core/error.hpp"
#include "negphase/models/gaussian_mixture.hpp"
#include "negphase/models/mixed_mlp.hpp"
#include "support/allocation_counter.hpp"
#include "support/mlp_reference.hpp"
#include "support/model_checks.hpp"

#include "planted/MC11.hpp"
#include "planted/MC12.hpp"
#include "planted/MC13.hpp"
#include "planted/MC14.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

/// An energy whose sums are taken by the class that is looked at.
template <class Summed>
class Summable {
 public:
  using Scalar = double;
  explicit Summable(AnyEnergy<double> inner)
      : inner_(std::make_shared<const AnyEnergy<double>>(std::move(inner))) {}
  std::span<const Column> columns() const { return inner_->columns(); }
  void energy(const Block<double>& y, PerChain& out) const { inner_->energy(y, out); }
  Index num_params() const { return inner_->num_params(); }
  void add_param_grad(const Block<double>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const {
    inner_->add_param_grad(y, range, weights, sum);
  }
  bool can_sum_out(std::span<const Index> columns) const {
    return Summed::can_sum(inner_->columns(), columns);
  }
  Summed summed_out(std::span<const Index> columns, double beta) const {
    return {inner_, columns, beta};
  }

 private:
  std::shared_ptr<const AnyEnergy<double>> inner_;
};

/// Columns: a real, a category of 3, a bit, a latent category of 2.
MixedMlpModel model() {
  const MixedMlpSpec spec{.num_x = 2,
                          .y = {real_column(), {ColumnKind::category, 3}, bit_column()},
                          .z = {{ColumnKind::category, 2}},
                          .hidden = 5,
                          .activation = Activation::silu,
                          .confinement = 0.5};
  return MixedMlpModel(spec, mlp_params(spec.net().num_params()));
}

AnyEnergy<double> bind(Index chains) {
  const AnyModel any = model();
  return any.bind_double(any.prepare(mlp_x(2)), cycled_rows(chains, 3));
}

std::vector<Column> without(std::span<const Column> all, const std::vector<Index>& summed) {
  std::vector<Column> kept(all.begin(), all.end());
  for (auto j = summed.rbegin(); j != summed.rend(); ++j) {
    kept.erase(kept.begin() + *j);
  }
  return kept;
}

/// Worst error of F, its derivatives, changes and conditionals when `summed` are summed out.
template <class Summed = StatesSummedOut<double>>
double error_of(const std::vector<Index>& summed, double beta) {
  const AnyEnergy<double> energy = Summable<Summed>(bind(16));
  const std::vector<Column> kept = without(energy.columns(), summed);
  const Block<double> y = legal_block(kept, 16, 5);
  const AnyEnergy<double> left = energy.summed_out(summed, beta);
  std::vector<std::vector<Index>> groups;
  for (std::size_t j = 0; j < kept.size(); ++j) {
    if (kept[j].num_states > 0) {
      groups.push_back({static_cast<Index>(j)});
    }
  }
  return std::max({summed_out_error(energy, summed, beta, y), gradient_error(left, y),
                   conditional_error(left, y, groups), param_grad_sum_error(left, y)});
}

/// Two states of z; the first is forbidden where y < 0, both where y < -1, and there dE/dy is NaN.
struct Walled {
  using Scalar = double;
  std::span<const Column> columns() const { return all; }
  void energy(const Block<double>& y, PerChain& out) const {
    for (Index c = 0; c < y.rows(); ++c) {
      const bool forbidden = y(c, 0) < (y(c, 1) == 0 ? 0 : -1);
      out[c] = forbidden ? inf : y(c, 0) * y(c, 0) / 2 + y(c, 1);
    }
  }
  void energy_and_grad(const Block<double>& y, PerChain& out, Block<double>& grad) const {
    energy(y, out);
    grad.col(0) = out.isFinite().select(y.col(0), std::nan(""));
    grad.col(1).setZero();
  }
  std::vector<Column> all{real_column(), bit_column()};
};

// Differences (model_checks.hpp) of energies below 20 with some 100 roundings between them.
constexpr double of_differences = 1e-11;

}  // namespace

TEST_CASE("M1: finite columns summed out of any energy, with all derivatives; MC11, MC12, MC14") {
  for (const double beta : {0.25, 1.0, 2.5}) {
    for (const std::vector<Index>& summed :
         {std::vector<Index>{1}, {2}, {3}, {1, 3}, {2, 3}, {1, 2, 3}}) {
      CHECK(error_of(summed, beta) < of_differences);
    }
  }
  CHECK(error_of<planted::MC11::StatesSummedOut<double>>({1, 3}, 1) < of_differences);
  CHECK(error_of<planted::MC11::StatesSummedOut<double>>({1, 3}, 2.5) > 1e-3);
  CHECK(error_of<planted::MC12::StatesSummedOut<double>>({1, 3}, 1) > 1e-3);
  CHECK(error_of<planted::MC14::StatesSummedOut<double>>({1, 3}, 2.5) > 1e-3);
}

TEST_CASE("M1: the sum over states is that of the mixture's own closed form") {
  const Params w = Eigen::ArrayXd::LinSpaced(12, 1, 12).sin();
  const AnyModel mixture = GaussianMixtureModel(2, 3, true, w);
  const auto bound = [&] { return mixture.bind_double(mixture.prepare({}), cycled_rows(16, 0)); };
  const AnyEnergy<double> own = bound().summed_out(std::vector<Index>{2}, 1.5);
  const StatesSummedOut<double> here(std::make_shared<const AnyEnergy<double>>(bound()),
                                     std::vector<Index>{2}, 1.5);
  const Block<double> y = legal_block(mixture.shape().y, 16, 3);
  PerChain a(16), b(16);
  Block<double> of_a(16, 2), of_b(16, 2);
  own.energy_and_grad(y, a, of_a);
  here.energy_and_grad(y, b, of_b);
  // energies up to 100, weights off by 4 roundings of them, as in gaussian_mixture_test.cpp
  CHECK((a - b).abs().maxCoeff() < 4 * 250 * 100 * 0x1p-53);
  CHECK((of_a - of_b).abs().maxCoeff() < 4 * 250 * 100 * 0x1p-53);
}

TEST_CASE("M14: large energies neither overflow nor vanish; MC13 is seen") {
  CHECK(error_of({1, 3}, 2000) < of_differences);
  CHECK(error_of<planted::MC13::StatesSummedOut<double>>({1, 3}, 1) < of_differences);
  CHECK(error_of<planted::MC13::StatesSummedOut<double>>({1, 3}, 2000) > 1e-3);
}

TEST_CASE("forbidden states leave the sum; where all are, F is +inf") {
  const StatesSummedOut<double> summed(std::make_shared<const AnyEnergy<double>>(Walled{}),
                                       std::vector<Index>{1}, 2);
  PerChain out(3);
  Block<double> grad(3, 1);
  summed.energy_and_grad(Block<double>{{0.5}, {-0.5}, {-2}}, out, grad);
  // a few roundings of numbers below 2
  CHECK(std::abs(out[0] - (0.125 - std::log(1 + std::exp(-2.0)) / 2)) < 16 * 0x1p-53);
  CHECK(out[1] == 0.125 + 1);
  CHECK(out[2] == inf);
  CHECK(std::abs(grad(0, 0) - 0.5) < 16 * 0x1p-53);
  CHECK(grad(1, 0) == -0.5);
}

TEST_CASE("what can be summed, and what is refused") {
  const AnyEnergy<double> energy = Summable<StatesSummedOut<double>>(bind(1));
  CHECK(energy.can_sum_out(std::vector<Index>{1, 2, 3}));
  CHECK_FALSE(energy.can_sum_out({}));
  CHECK_FALSE(energy.can_sum_out(std::vector<Index>{0, 1}));  // a real
  CHECK_FALSE(energy.can_sum_out(std::vector<Index>{2, 1}));
  CHECK_FALSE(energy.can_sum_out(std::vector<Index>{3, 4}));
  CHECK_FALSE(energy.can_sum_out(std::vector<Index>{-1}));
  const std::vector<Column> wide(13, bit_column());
  CHECK(StatesSummedOut<double>::can_sum(wide, first_columns(12)));
  CHECK_FALSE(StatesSummedOut<double>::can_sum(wide, first_columns(13)));
  CHECK_THROWS_AS(energy.summed_out(std::vector<Index>{0}, 1), UsageError);
  CHECK_THROWS_AS(energy.summed_out(std::vector<Index>{1}, 0), UsageError);
  CHECK_THROWS_AS(energy.summed_out(std::vector<Index>{1}, std::nan("")), UsageError);
}

TEST_CASE("a free energy allocates nothing after its first call") {
  const AnyEnergy<double> energy = Summable<StatesSummedOut<double>>(bind(16));
  const AnyEnergy<double> summed = energy.summed_out(std::vector<Index>{1, 3}, 1);
  const Block<double> y = legal_block(summed.columns(), 16, 7);
  const Block<double> other = legal_block(summed.columns(), 16, 8);
  PerChain out(16);
  const PerChain weights = PerChain::Ones(16);
  Block<double> grad(16, 2), delta(16, 1);
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(summed.num_params());
  const std::vector<Index> bit{1};
  const Lane<double> values = y.col(1);
  const auto all = [&](const Block<double>& at) {
    summed.energy_and_grad(at, out, grad);
    summed.energy_change(at, 1, values, out);
    summed.conditional(at, bit, delta);
    summed.add_param_grad(at, {4, 8}, weights, sum);
  };
  all(y);
  const AllocationCounter counter;
  all(other);
  CHECK(counter.count() == 0);
}
