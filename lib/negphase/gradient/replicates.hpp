#pragma once
#include <functional>
#include <vector>

#include "negphase/core/block.hpp"

namespace negphase {

/// How chains make replicates (M7), and how their sums become a mean with a standard error.
///   by row    chain c is bound to row c mod R, m = chains / R >= 2 chains a row. With s_r^2 the
///             variance among the chains of row r: SE^2 = sum_r s_r^2 / m / R^2, degrees of freedom
///             by Satterthwaite.
///   by group  no rows: G = min(32, chains) groups of consecutive chains, of n_g chains each. With
///   m_g
///             the mean of a group: SE^2 = sum_g n_g (m_g - mean)^2 / (G - 1) / chains, Student t
///             with G - 1 degrees of freedom.
/// A *cell* is what is summed together: one chain by row, one group otherwise.
class Replicates {
 public:
  static Replicates by_row(Index rows, Index chains_per_row) {
    return {rows * chains_per_row, rows, rows * chains_per_row};
  }
  static Replicates by_group(Index chains) { return {chains, 0, std::min<Index>(32, chains)}; }
  /// All chains in one cell: a mean without an error.
  static Replicates as_one(Index chains) { return {chains, 0, 1}; }

  Index chains() const { return chains_; }
  Index rows() const { return rows_; }  ///< 0: by group
  Index cells() const { return cells_; }
  Index first_chain(Index cell) const { return (cell * chains_ + cells_ - 1) / cells_; }
  Index cell_of(Index chain) const { return chain * cells_ / chains_; }
  Index cell_size(Index cell) const { return first_chain(cell + 1) - first_chain(cell); }
  /// Degrees of freedom that an error bar can have at most; below 15 it is refused.
  Index most_degrees_of_freedom() const { return rows_ > 0 ? chains_ - rows_ : cells_ - 1; }

 private:
  Replicates(Index chains, Index rows, Index cells) : chains_(chains), rows_(rows), cells_(cells) {}
  Index chains_, rows_, cells_;
};

/// A mean over replicates, component by component.
struct ReplicateMean {
  Eigen::VectorXd mean;
  Eigen::VectorXd squared_error;       ///< SE^2
  Eigen::VectorXd degrees_of_freedom;  ///< of Student's t
  Eigen::VectorXd mean_square;         ///< mean_r (row mean)^2; by group: mean^2
};

/// @param cell_means  [components x cells]: the mean of each cell over its chains and draws
ReplicateMean combine(const Replicates& replicates, const Eigen::MatrixXd& cell_means);
/// The mean of a cell is scale times its sum [components].
struct CellSum {
  Eigen::Ref<const Eigen::VectorXd> sum;
  double scale = 1;
};
/// The same of sums that are asked for, each twice, so that no matrix is made of their means; bit
/// for bit as if it had been. A sum need not outlive the next call.
ReplicateMean combine(const Replicates& replicates, Index components,
                      const std::function<CellSum(Index cell)>& cells);

/// The difference of two independent means: variances add, degrees of freedom by Satterthwaite.
/// Where one has no error (SE^2 = 0) the other's degrees of freedom stand.
ReplicateMean difference(const ReplicateMean& a, const ReplicateMean& b);

}  // namespace negphase
