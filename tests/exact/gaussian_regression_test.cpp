#include "negphase/exact/gaussian_regression.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "negphase/core/error.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/models/gaussian.hpp"
#include "planted/B1.hpp"
#include "planted/B2.hpp"
#include "planted/B3.hpp"

// How these tests can fail: the unbiased variance in the place of the likelihood's, no intercept,
// beta left out, correlations of y ignored, a rank that is taken for full.

using namespace negphase;

namespace {

// y = 1 + 2 x and residuals (1, -1, -1, 1), which are orthogonal to 1 and x: they stay, B is (1, 2)
// and S = 4 / 4
struct HandMade {
  Eigen::MatrixXd x{{0.0}, {1.0}, {2.0}, {3.0}}, y{{2.0}, {2.0}, {4.0}, {8.0}};
};

// numbers of the order of 10 through some ten operations each
constexpr double rounding = 1e-13;

template <class Regression>
double off_by(double beta) {
  const HandMade data;
  const auto fitted = Regression::fit(data.x, data.y);
  const double nll = (0.5 * std::log(2 * std::numbers::pi) + 0.5) / beta;
  return std::abs(fitted->nll(data.x, data.y, beta) - nll);
}

}  // namespace

TEST_CASE("gaussian regression: a line through four points, by hand") {
  const HandMade data;
  const auto fitted = GaussianRegression::fit(data.x, data.y);
  REQUIRE(fitted);
  const Eigen::MatrixXd mean = fitted->mean(Eigen::MatrixXd{{0.0}, {10.0}});
  CHECK(std::abs(mean(0, 0) - 1) < rounding);
  CHECK(std::abs(mean(1, 0) - 21) < rounding);
  CHECK(std::abs(fitted->deviation()[0] - 1) < rounding);
  CHECK(off_by<GaussianRegression>(1) < rounding);
  CHECK(off_by<GaussianRegression>(0.25) < rounding);
  // one row at x = 1, 3 above the mean: log sqrt(2 pi) + 9 / 2
  CHECK(std::abs(fitted->nll(Eigen::MatrixXd{{1.0}}, Eigen::MatrixXd{{6.0}}, 1) -
                 (0.5 * std::log(2 * std::numbers::pi) + 4.5)) < rounding);
}

TEST_CASE("planted B1, B2, B3: divisor n - p, no intercept, beta left out") {
  CHECK(off_by<planted::B1::GaussianRegression>(1) > 0.01);
  CHECK(off_by<planted::B2::GaussianRegression>(1) > 0.01);
  CHECK(off_by<planted::B3::GaussianRegression>(0.25) > 0.01);
}

TEST_CASE("gaussian regression: without x it is the Gaussian model at its minimum") {
  Eigen::MatrixXd y(6, 2);
  y << 0.3, 1, -1, 0.2, 2, 2.5, 0.1, -0.4, 1.2, 1.9, -0.7, 0;
  const Eigen::MatrixXd x(6, 0);
  const auto fitted = GaussianRegression::fit(x, y);
  REQUIRE(fitted);
  // E = y'P y / 2 - b'y of mean P^-1 b and covariance P^-1 / beta (M2)
  const double beta = 0.7;
  const Eigen::VectorXd mean = y.colwise().mean();
  const Eigen::MatrixXd centered = y.rowwise() - mean.transpose();
  const Eigen::MatrixXd precision = (centered.transpose() * centered / 6).inverse() / beta;
  Params w(5);
  w << precision * mean, precision(0, 0), precision(1, 0), precision(1, 1);
  const Executor executor(1);
  const ExactNll exact = exact_nll_gradient(GaussianModel(2, w), x, y, beta, {}, executor);
  CHECK(exact.gradient.norm() < 1e-12);  // it is the minimum
  CHECK(std::abs(fitted->nll(x, y, beta) - exact.nll) < 1e-12);
  CHECK((fitted->mean(x).row(3).transpose() - mean).norm() < rounding);
}

TEST_CASE("gaussian regression: columns of x that depend on each other predict as without") {
  const HandMade data;
  Eigen::MatrixXd twice(4, 3);  // x, 1 - x and a constant
  twice << data.x, (1 - data.x.array()).matrix(), Eigen::VectorXd::Constant(4, 7);
  const auto fitted = GaussianRegression::fit(twice, data.y);
  REQUIRE(fitted);
  const auto plain = GaussianRegression::fit(data.x, data.y);
  CHECK((fitted->mean(twice) - plain->mean(data.x)).norm() < rounding);
  CHECK(std::abs(fitted->nll(twice, data.y, 1) - plain->nll(data.x, data.y, 1)) < rounding);
}

TEST_CASE("gaussian regression: no spread, no likelihood; no rows, an error") {
  const HandMade data;
  CHECK_FALSE(GaussianRegression::fit(data.x, 3 * data.x.array() + 0.1));
  CHECK_FALSE(GaussianRegression::fit(data.x.topRows(2), data.y.topRows(2)));
  Eigen::MatrixXd equal(4, 2);
  equal << data.y, data.y;
  CHECK_FALSE(GaussianRegression::fit(data.x, equal));
  CHECK_FALSE(GaussianRegression::fit(data.x, Eigen::MatrixXd::Zero(4, 1)));
  CHECK_THROWS_AS(GaussianRegression::fit(data.x.topRows(3), data.y), UsageError);
  CHECK_THROWS_AS(GaussianRegression::fit(Eigen::MatrixXd(0, 1), Eigen::MatrixXd(0, 1)),
                  UsageError);
}
