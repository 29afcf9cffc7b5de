#include "negphase/core/factorizations.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/LU>

namespace negphase {

Cholesky::Cholesky(const Eigen::MatrixXd& a) : llt_(a) {}

Eigen::MatrixXd Cholesky::lower() const { return llt_.matrixL(); }

Eigen::VectorXd Cholesky::solve(const Eigen::VectorXd& b) const { return llt_.solve(b); }

Eigen::MatrixXd Cholesky::solve_upper(const Eigen::MatrixXd& b) const {
  return llt_.matrixU().solve(b);
}

SymmetricEigen symmetric_eigen(const Eigen::MatrixXd& a) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(a);
  return {solver.eigenvalues(), solver.eigenvectors()};
}

Eigen::VectorXd symmetric_eigenvalues(const Eigen::MatrixXd& a) {
  return Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(a, Eigen::EigenvaluesOnly).eigenvalues();
}

Eigen::MatrixXd inverse_of(const Eigen::MatrixXd& a) { return a.inverse(); }

double determinant_of(const Eigen::MatrixXd& a) { return a.determinant(); }

}  // namespace negphase
