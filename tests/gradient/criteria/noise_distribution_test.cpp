#include "negphase/gradient/criteria/noise_distribution.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "negphase/models/gaussian.hpp"
#include "planted/CR12.hpp"
#include "support/listed_states.hpp"
#include "support/problems.hpp"

// How noise can fail: draws of another law than its density's, draws that repeat from row to row or
// from update to update, frequencies of 0.

namespace {

using namespace negphase;

// y2 goes with y1, and their spreads differ
Problem correlated() {
  Eigen::MatrixXd y(6, 2);
  y << 0.1, 1.5, 1.2, 0.1, -0.7, -2.2, 0.4, 2.0, -1.5, -0.4, 0.9, 2.2;
  return {GaussianModel::standard(2), Eigen::MatrixXd(6, 0), y, 1};
}

constexpr Index many = 4000;

// Largest z of the draws' mean and covariance against those of the data, which the noise has.
template <class Distribution>
double worst_moment_z(const Problem& p) {
  const auto drawn = Distribution(p).draw(p.x.topRows(1), p.y.topRows(1), many, 1, 1);
  Eigen::MatrixXd draws(many, 2);
  for (Index i = 0; i < many; ++i) {
    draws.row(i) = drawn.y[static_cast<std::size_t>(i)].row(0);
  }
  const Eigen::RowVectorXd mean = p.y.colwise().mean();
  const Eigen::MatrixXd centred = p.y.rowwise() - mean;
  const Eigen::MatrixXd covariance = centred.transpose() * centred / 6;
  draws.rowwise() -= mean;
  double worst = 0;
  for (Index a = 0; a < 2; ++a) {
    worst = std::max(worst, std::abs(draws.col(a).mean()) / std::sqrt(covariance(a, a) / many));
    for (Index b = 0; b <= a; ++b) {
      // the variance of a product of Gaussians (Isserlis)
      const double variance =
          covariance(a, a) * covariance(b, b) + covariance(a, b) * covariance(a, b);
      worst = std::max(worst, std::abs(draws.col(a).dot(draws.col(b)) / many - covariance(a, b)) /
                                  std::sqrt(variance / many));
    }
  }
  return worst;
}

}  // namespace

TEST_CASE("noise: draws of real columns have the mean and the covariance of the data") {
  CHECK(worst_moment_z<NoiseDistribution>(correlated()) < testing::z_bound(5));
  CHECK(worst_moment_z<planted::CR12::NoiseDistribution>(correlated()) > testing::z_bound(5));
}

TEST_CASE("noise: real columns given x are the regression's, by hand") {
  // y = 1 + 2 x and residuals (1, -1, -1, 1): variance 1
  const Problem p{testing::quartic_problem(1).model, Eigen::MatrixXd{{0.0}, {1.0}, {2.0}, {3.0}},
                  Eigen::MatrixXd{{2.0}, {2.0}, {4.0}, {8.0}}, 1};
  const Eigen::MatrixXd x{{5.0}}, y{{11.5}};
  CHECK(std::abs(NoiseDistribution(p).log_density(x, y)[0] -
                 (-0.125 - 0.5 * std::log(2 * std::numbers::pi))) < 1e-13);
}

TEST_CASE("noise: finite columns have the smoothed frequencies of the data") {
  const AnyModel model = testing::listed_model();
  const Problem p{model, Eigen::MatrixXd(4, 0),
                  Eigen::MatrixXd{{0.0, 0.0}, {0.0, 1.0}, {1.0, 0.0}, {0.0, 0.0}}, 1};
  const NoiseDistribution law(p);
  // (3 + 1, 1 + 1, 0 + 1) / 7 and (3 + 1, 1 + 1) / 6
  const Eigen::MatrixXd y{{0.0, 0.0}, {1.0, 1.0}, {2.0, 0.0}};
  const Eigen::VectorXd log_q = law.log_density(Eigen::MatrixXd(3, 0), y);
  CHECK(std::abs(log_q[0] - std::log(16.0 / 42)) < 1e-14);
  CHECK(std::abs(log_q[1] - std::log(4.0 / 42)) < 1e-14);
  CHECK(std::abs(log_q[2] - std::log(4.0 / 42)) < 1e-14);
  const NoiseSamples drawn = law.draw(Eigen::MatrixXd(1, 0), y.topRows(1), many, 3, 1);
  Eigen::Vector3d counts = Eigen::Vector3d::Zero();
  double high = 0;
  for (const Eigen::MatrixXd& sample : drawn.y) {
    counts[static_cast<Index>(sample(0, 0))] += 1;
    high += sample(0, 1);
  }
  // 5 standard errors of a frequency, at most 5 / (2 sqrt(4000)) = 0.04: 1 in 400,000 for each of 4
  CHECK((counts / many - Eigen::Vector3d(4, 2, 1) / 7).cwiseAbs().maxCoeff() < 0.04);
  CHECK(std::abs(high / many - 1.0 / 3) < 0.04);
  CHECK(drawn.log_density(0, 1) == law.log_density(Eigen::MatrixXd(1, 0), drawn.y[0])[0]);
}

TEST_CASE("noise: draws depend on seed, row, update and sample, and on nothing else") {
  const Problem p = correlated();
  const NoiseDistribution law(p);
  const NoiseSamples all = law.draw(p.x, p.y, 3, 1, 7),
                     few = law.draw(p.x.topRows(2), p.y.topRows(2), 2, 1, 7);
  CHECK(few.y[1] == all.y[1].topRows(2));
  CHECK((all.y[0].row(0) - all.y[0].row(1)).norm() > 1e-6);
  CHECK((all.y[0].row(0) - all.y[1].row(0)).norm() > 1e-6);
  CHECK((law.draw(p.x, p.y, 3, 1, 8).y[0] - all.y[0]).rowwise().norm().minCoeff() > 1e-6);
  CHECK((law.draw(p.x, p.y, 3, 2, 7).y[0] - all.y[0]).rowwise().norm().minCoeff() > 1e-6);
}

TEST_CASE("noise: data without spread are refused") {
  Problem p = correlated();
  p.y.col(1) = 2 * p.y.col(0);
  CHECK_THROWS_WITH_AS(NoiseDistribution{p}, doctest::Contains("spread"), ConfigError);
}
