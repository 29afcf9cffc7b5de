#pragma once
#include <Eigen/Core>
#include <optional>

namespace negphase {

/// What a conditional model of real y must beat: y = B' [1; x] + e, e ~ N(0, S), at the maximum of
/// its likelihood: ordinary least squares, and S the mean of the residuals' products (divisor n).
class GaussianRegression {
 public:
  /// By QR with column pivoting and rank check; of columns of x that depend on each other (all
  /// indicators of a label and the intercept) the shortest B, which predicts the same.
  /// @param x  [rows x num_x], num_x may be 0  @param y  [rows x num_y]
  /// Cost: rows (1 + num_x)^2 products. Nothing where the residuals leave no spread in some
  /// direction of y (too few rows, a y that is an exact function of x, equal columns): the
  /// likelihood has no maximum. Throws UsageError where the numbers of rows differ or there is
  /// none.
  static std::optional<GaussianRegression> fit(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y);

  /// [rows x num_y]
  Eigen::MatrixXd mean(const Eigen::MatrixXd& x) const;
  /// [num_y] roots of S's diagonal.
  Eigen::VectorXd deviation() const { return root_.rowwise().norm(); }
  /// A draw given x is mean(x) + root e with e ~ N(0, I): S = root root' [num_y x num_y].
  const Eigen::MatrixXd& root() const { return root_; }
  /// log p(y_r | x_r) in nats [rows].
  Eigen::VectorXd log_density(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) const;
  /// -log p(y | x) / beta in nats, mean over the rows: the unit of M4, so that it can stand beside
  /// the NLL of an energy at that beta.
  double nll(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y, double beta) const;

 private:
  Eigen::MatrixXd coefficients_;  // B [1 + num_x x num_y]
  Eigen::MatrixXd root_;          // S = root root', lower triangular, diagonal of any sign
};

}  // namespace negphase
