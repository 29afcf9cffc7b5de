#include "negphase/exact/gaussian.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>
#include <numbers>

#include "negphase/core/error.hpp"
#include "negphase/models/gaussian.hpp"
#include "support/model_checks.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

GaussianModel some_gaussian(Index d) {
  Params w = GaussianModel::standard(d).params();
  for (Index i = 0; i < w.size(); ++i) {
    w[i] += 0.4 / std::sqrt(static_cast<double>(d)) * std::sin(1 + 1.3 * static_cast<double>(i));
  }
  return GaussianModel(d, w);
}

BindRow bind_of(const AnyModel& model) {
  return [model](Index row, Index chains) {
    const std::vector<Index> rows(static_cast<std::size_t>(chains), row);
    return model.bind_double(model.prepare({}), rows);
  };
}

/// Adds a constant and a slope that depends on the row to a standard Gaussian: b = row + 1.
class ShiftedEnergy {
 public:
  using Scalar = double;
  ShiftedEnergy(Index row, Index chains) : slope_(static_cast<double>(row + 1)), chains_(chains) {}
  std::span<const Column> columns() const { return columns_; }
  void energy(const Block<double>& y, PerChain& out) const {
    out = y.col(0).square() / 2 - slope_ * y.col(0) + 7;
  }
  GaussianView gaussian() const {
    return {Eigen::MatrixXd::Identity(1, 1), Block<double>::Constant(chains_, 1, slope_)};
  }

 private:
  std::vector<Column> columns_{real_column()};
  double slope_;
  Index chains_;
};

/// The worst of log Z (relative) and of E[dE/dW] (by mean m and covariance S) against inverse and
/// determinant by LU.
double closed_form_error(const AnyModel& model, double beta) {
  const GaussianView view = bind_of(model)(0, 1).gaussian();
  const Index d = view.precision.rows();
  const Eigen::MatrixXd inverse = view.precision.inverse();
  const Eigen::VectorXd b = view.linear.row(0).matrix().transpose();
  const Eigen::VectorXd mean = inverse * b;
  const Eigen::MatrixXd second = inverse / beta + mean * mean.transpose();
  const double log_z = beta * b.dot(mean) / 2 - std::log(view.precision.determinant()) / 2 +
                       static_cast<double>(d) / 2 * std::log(2 * std::numbers::pi / beta);
  const GaussianSum sum = integrate_gaussian(bind_of(model), 1, beta, Executor(1))[0];
  double worst = std::abs(sum.log_z - log_z) / std::max(1.0, std::abs(log_z));
  Index p = d;
  for (Index i = 0; i < d; ++i) {
    worst = std::max(worst, std::abs(sum.mean_param_grad[i] + mean[i]));
    for (Index j = 0; j <= i; ++j) {
      const double expected = i == j ? second(i, i) / 2 : second(i, j);
      worst = std::max(worst, std::abs(sum.mean_param_grad[p++] - expected));
    }
  }
  return worst;
}

}  // namespace

TEST_CASE("gaussian integral: log Z and the mean of dE/dW are the closed forms") {
  // condition numbers below 10: products and sums of d terms of order 1
  for (Index d : {1, 2, 5, 40}) {
    for (double beta : {0.25, 1.0, 2.5, 100.0}) {
      CHECK(closed_form_error(some_gaussian(d), beta) < 1e-13);
    }
  }
}

TEST_CASE("gaussian integral: a lying dE/dW is seen") {
  const AnyModel lying = LyingModel(some_gaussian(3), {.param_grad = 1.0001});
  CHECK(closed_form_error(lying, 1) > 1e-6);
}

TEST_CASE("gaussian integral: each row has its own slope, and constants count") {
  const BindRow bind = [](Index row, Index chains) {
    return AnyEnergy<double>(ShiftedEnergy(row, chains));
  };
  const auto sums = integrate_gaussian(bind, 3, 2.0, Executor(2));
  for (Index row = 0; row < 3; ++row) {
    const auto slope = static_cast<double>(row + 1);
    const double expected = 2 * (slope * slope / 2 - 7) + std::log(std::numbers::pi) / 2;
    CHECK(std::abs(sums[static_cast<std::size_t>(row)].log_z - expected) < 1e-13 * 20);
    CHECK(sums[static_cast<std::size_t>(row)].mean_param_grad.size() == 0);
  }
}

TEST_CASE("gaussian integral: what is not normalisable is refused") {
  CHECK_THROWS_AS(integrate_gaussian(bind_of(some_gaussian(2)), 1, 0, Executor(1)), ConfigError);
  class Saddle : public ShiftedEnergy {
   public:
    using ShiftedEnergy::ShiftedEnergy;
    GaussianView gaussian() const {
      return {-Eigen::MatrixXd::Identity(1, 1), Block<double>::Zero(1, 1)};
    }
  };
  const BindRow bind = [](Index row, Index chains) {
    return AnyEnergy<double>(Saddle(row, chains));
  };
  CHECK_THROWS_WITH_AS(integrate_gaussian(bind, 1, 1, Executor(1)),
                       doctest::Contains("row 1 of x: not normalisable"), ModelError);
}
