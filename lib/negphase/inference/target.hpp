#pragma once
#include <span>
#include <vector>

#include "negphase/core/model.hpp"

namespace negphase {

/// What inference minimises (M3). The two answers agree where there is no z, and as beta grows.
enum class Target {
  y,   ///< F_W(x, y), z summed out at the model's beta
  yz,  ///< E_W(x, y, z), z minimised out
};

/// The energies whose minima are sought: functions of y, or of y and then z.
class TargetEnergies {
 public:
  /// F is the energy's own summed_out(), else a sum over all states of z (exact/summed_states.hpp),
  /// if these are at most `max_latent_states`.
  /// @param x  [rows x num_x]; of no matter where num_x = 0
  /// Throws ConfigError where F cannot be had (z real, or of too many states; beta not positive),
  /// where x has the wrong number of columns or no row, and for columns that are neither real nor
  /// have a list of states.
  TargetEnergies(const AnyModel& model, const Eigen::MatrixXd& x, double beta, Target target,
                 double max_latent_states);

  Index rows() const { return rows_; }  ///< of x; 1 for an unconditional model
  bool is_conditional() const { return shape_.num_x > 0; }
  std::span<const Column> columns() const { return columns_; }
  Index num_columns() const { return static_cast<Index>(columns_.size()); }
  Index num_y() const { return shape_.num_y(); }
  const ModelShape& shape() const { return shape_; }
  double beta() const { return beta_; }

  /// Chain c sees row row_of_chain[c] of x.
  AnyEnergy<double> bind(std::span<const Index> row_of_chain) const;
  /// So many chains that all see one row.
  AnyEnergy<double> bind_row(Index row, Index chains) const;
  /// E over y and z, whatever the target: what chains move on.
  AnyEnergy<double> bind_joint(std::span<const Index> row_of_chain) const;

 private:
  AnyModel model_;
  ModelShape shape_;
  double beta_;
  AnyPrepared prepared_;
  Index rows_;
  std::vector<Index> summed_;  // columns of z, where F is the target
  bool has_closed_sum_ = false;
  std::vector<Column> columns_;
};

/// How far two energies may be apart that are equal but for rounding.
double tie_tolerance(double energy);

}  // namespace negphase
