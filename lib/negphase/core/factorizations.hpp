#pragma once
#include <Eigen/Cholesky>
#include <Eigen/Core>

// Eigen's factorizations of dense symmetric and square matrices, compiled once: each takes a
// compiler seconds wherever it is written out.
namespace negphase {

/// a = L L' of a symmetric positive definite matrix [n x n]. Cost: n^3 / 3.
class Cholesky {
 public:
  explicit Cholesky(const Eigen::MatrixXd& a);
  /// False: there is no such L, and nothing else here has a meaning.
  bool is_positive_definite() const { return llt_.info() == Eigen::Success; }
  Eigen::MatrixXd lower() const;
  /// a^-1 b
  Eigen::VectorXd solve(const Eigen::VectorXd& b) const;
  /// L'^-1 b
  Eigen::MatrixXd solve_upper(const Eigen::MatrixXd& b) const;

 private:
  Eigen::LLT<Eigen::MatrixXd> llt_;
};

/// Eigenvalues, ascending, and orthonormal eigenvectors, one a column, of a symmetric matrix.
struct SymmetricEigen {
  Eigen::VectorXd values;
  Eigen::MatrixXd vectors;
};
SymmetricEigen symmetric_eigen(const Eigen::MatrixXd& a);
Eigen::VectorXd symmetric_eigenvalues(const Eigen::MatrixXd& a);

/// By LU with partial pivoting.
Eigen::MatrixXd inverse_of(const Eigen::MatrixXd& a);
double determinant_of(const Eigen::MatrixXd& a);

}  // namespace negphase
