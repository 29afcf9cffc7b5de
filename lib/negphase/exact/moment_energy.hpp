#pragma once
#include <memory>
#include <vector>

#include "negphase/core/any_energy.hpp"

namespace negphase {

/// The energy that is left of a MomentEnergy after summing some columns out. Columns of y among
/// these give E[y_j - r_j | rest] and E[(y_j - r_j)^2 | rest], from conditional() of the full
/// energy. Where that cannot be had (no conditional(), or a column without finitely many states),
/// there are no moments, and num_params() is that of the energy alone.
class MomentMarginal {
 public:
  using Scalar = double;

  MomentMarginal(std::shared_ptr<const AnyEnergy<double>> full, Eigen::VectorXd reference,
                 std::span<const Index> summed, double beta);

  Abilities abilities() const;
  std::span<const Column> columns() const { return marginal_.columns(); }
  void energy(const Block<double>& y, PerChain& out) const { marginal_.energy(y, out); }
  void energy_change(const Block<double>& y, Index site, const Lane<double>& values,
                     PerChain& out) const {
    marginal_.energy_change(y, site, values, out);
  }
  Index num_params() const;
  void add_param_grad(const Block<double>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;

 private:
  bool has_moments() const;
  void set_conditional_means() const;

  std::shared_ptr<const AnyEnergy<double>> full_;
  AnyEnergy<double> marginal_;
  Eigen::VectorXd reference_;
  double beta_;
  std::vector<Index> kept_, summed_y_;  // columns of the full energy
  mutable Block<double> states_;        // [chains x columns of the full energy]
  mutable Block<double> deltas_;
  mutable Block<double> first_, second_;  // [chains x num_y] of y - r given what is kept
  mutable Eigen::VectorXd gradient_;
};

/// An energy whose add_param_grad() adds, after dE/dW, the weighted y_j - r_j and then
/// (y_j - r_j)^2 of each column of y: every exact method then gives the mean and the variance of y
/// without knowing. It can what the energy inside can, but for what exact methods do not ask for;
/// num_params() = P + 2 num_y, also where the energy inside has no add_param_grad (P = 0).
class MomentEnergy {
 public:
  using Scalar = double;

  /// @param reference  r [num_y], of the first columns; near the means, so that
  ///                   Var = E[(y - r)^2] - E[y - r]^2 does not cancel
  MomentEnergy(AnyEnergy<double> energy, Eigen::VectorXd reference);

  Abilities abilities() const;
  std::span<const Column> columns() const { return inner_->columns(); }
  void energy(const Block<double>& y, PerChain& out) const { inner_->energy(y, out); }
  void energy_change(const Block<double>& y, Index site, const Lane<double>& values,
                     PerChain& out) const {
    inner_->energy_change(y, site, values, out);
  }
  Index num_params() const { return inner_->num_params() + 2 * reference_.size(); }
  void add_param_grad(const Block<double>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;
  bool can_sum_out(std::span<const Index> columns) const { return inner_->can_sum_out(columns); }
  MomentMarginal summed_out(std::span<const Index> columns, double beta) const {
    return {inner_, reference_, columns, beta};
  }
  LayerView layers() const { return inner_->layers(); }
  GaussianView gaussian() const { return inner_->gaussian(); }

 private:
  std::shared_ptr<const AnyEnergy<double>> inner_;
  Eigen::VectorXd reference_;
  mutable Block<double> first_, second_;  // [chains x num_y] y - r and its square
  mutable Eigen::VectorXd gradient_;
};

}  // namespace negphase
