#include "negphase/exact/gaussian.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "negphase/core/error.hpp"
#include "negphase/core/factorizations.hpp"

namespace negphase {

namespace {

constexpr Index block_chains = 64;

double energy_at(const AnyEnergy<double>& energy, const Eigen::VectorXd& y) {
  const Block<double> block = y.transpose().array();
  PerChain out(1);
  energy.energy(block, out);
  return out[0];
}

/// The 2d points m +- sqrt(d) l_i, one a column. With P = C C' the l_i are columns of C'^-1.
Eigen::MatrixXd cubature_points(const Eigen::VectorXd& mean, const Cholesky& precision,
                                double beta) {
  const Index d = mean.size();
  const double scale = std::sqrt(static_cast<double>(d) / beta);
  const Eigen::MatrixXd steps = precision.solve_upper(scale * Eigen::MatrixXd::Identity(d, d));
  Eigen::MatrixXd points(d, 2 * d);
  points.leftCols(d) = steps.colwise() + mean;
  points.rightCols(d) = (-steps).colwise() + mean;
  return points;
}

Eigen::VectorXd mean_param_grad(const BindRow& bind, Index row, const Eigen::MatrixXd& points) {
  Eigen::VectorXd sum;
  for (Index begin = 0; begin < points.cols(); begin += block_chains) {
    const Index size = std::min(block_chains, points.cols() - begin);
    const AnyEnergy<double> energy = bind(row, size);
    if (begin == 0) {
      sum.setZero(energy.num_params());
    }
    const Block<double> y = points.middleCols(begin, size).transpose().array();
    energy.add_param_grad(y, {0, size}, PerChain::Ones(size), sum);
  }
  return sum / static_cast<double>(points.cols());
}

GaussianSum integrate_row(const BindRow& bind, Index row, double beta) {
  const AnyEnergy<double> energy = bind(row, 1);
  const GaussianView view = energy.gaussian();
  const Index d = view.precision.rows();
  const Cholesky factor(view.precision);
  if (!factor.is_positive_definite()) {
    throw ModelError(fmt::format(
        "row {} of x: not normalisable, the precision is not positive definite", row + 1));
  }
  const Eigen::VectorXd mean = factor.solve(view.linear.row(0).matrix().transpose());
  const Eigen::VectorXd diagonal = factor.lower().diagonal();
  GaussianSum sum;
  sum.log_z = -beta * energy_at(energy, mean) - diagonal.array().log().sum() +
              static_cast<double>(d) / 2 * std::log(2 * std::numbers::pi / beta);
  sum.error =
      std::numeric_limits<double>::epsilon() * static_cast<double>(d) * (1 + std::abs(sum.log_z));
  sum.evaluations = 1;
  if (energy.can(Ability::param_grad)) {
    sum.mean_param_grad = mean_param_grad(bind, row, cubature_points(mean, factor, beta));
    sum.evaluations += 2 * static_cast<double>(d);
  }
  return sum;
}

}  // namespace

std::vector<GaussianSum> integrate_gaussian(const BindRow& bind, Index rows, double beta,
                                            const Executor& executor) {
  if (!(beta > 0)) {
    throw ConfigError(fmt::format("a Gaussian is not normalisable at beta = {}", beta));
  }
  return executor.map<GaussianSum>(rows, [&](Index row) { return integrate_row(bind, row, beta); });
}

}  // namespace negphase
