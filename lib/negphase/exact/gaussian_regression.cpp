#include "negphase/exact/gaussian_regression.hpp"

#include <Eigen/QR>
#include <cmath>
#include <limits>
#include <numbers>

#include "negphase/core/error.hpp"

namespace negphase {

namespace {

Eigen::MatrixXd with_intercept(const Eigen::MatrixXd& x) {
  Eigen::MatrixXd design(x.rows(), 1 + x.cols());
  design << Eigen::VectorXd::Ones(x.rows()), x;
  return design;
}

}  // namespace

std::optional<GaussianRegression> GaussianRegression::fit(const Eigen::MatrixXd& x,
                                                          const Eigen::MatrixXd& y) {
  if (x.rows() != y.rows() || y.rows() == 0) {
    throw UsageError("GaussianRegression: x and y need the same number of rows, one at least");
  }
  const Eigen::MatrixXd design = with_intercept(x);
  GaussianRegression found;
  found.coefficients_ = design.completeOrthogonalDecomposition().solve(y);
  const Eigen::MatrixXd residuals = y - design * found.coefficients_;
  if (residuals.rows() < residuals.cols()) {
    return {};
  }
  // S = R'R / rows; by QR, for the Cholesky root of the products has half the digits
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(residuals);
  const auto rows = static_cast<double>(y.rows());
  found.root_ =
      qr.matrixQR().topRows(y.cols()).triangularView<Eigen::Upper>().toDenseMatrix().transpose() /
      std::sqrt(rows);
  // what rounding leaves of residuals that are 0: about (rows + columns) eps of y
  const double rounding = (rows + static_cast<double>(design.cols())) *
                          std::numeric_limits<double>::epsilon() * y.cwiseAbs().maxCoeff();
  if (!(found.root_.diagonal().cwiseAbs().minCoeff() > rounding)) {
    return {};
  }
  return found;
}

Eigen::MatrixXd GaussianRegression::mean(const Eigen::MatrixXd& x) const {
  return with_intercept(x) * coefficients_;
}

Eigen::VectorXd GaussianRegression::log_density(const Eigen::MatrixXd& x,
                                                const Eigen::MatrixXd& y) const {
  const Eigen::MatrixXd residuals = (y - mean(x)).transpose();  // [num_y x rows]
  const Eigen::MatrixXd scores = root_.triangularView<Eigen::Lower>().solve(residuals);
  const double normalisation = static_cast<double>(y.cols()) / 2 * std::log(2 * std::numbers::pi) +
                               root_.diagonal().array().abs().log().sum();
  return -(scores.colwise().squaredNorm().transpose().array() / 2 + normalisation);
}

double GaussianRegression::nll(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y,
                               double beta) const {
  return -log_density(x, y).mean() / beta;
}

}  // namespace negphase
