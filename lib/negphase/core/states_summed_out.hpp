#pragma once
#include <memory>
#include <span>
#include <vector>

#include "negphase/core/any_energy.hpp"
#include "negphase/core/by_evaluation.hpp"

namespace negphase {

/// The free energy (M1) that is left when finite columns of any energy are summed out, state by
/// state:
///   F(rest) = -(1/beta) log sum_s exp(-beta E(rest, s)),
/// over the joint states s of those columns. Its derivatives are those of E weighted with
/// p(s | rest) = exp(-beta (E - F)), so that add_param_grad adds E[dE/dW | rest]. Shifted by the
/// least E (M14); all but E itself in double. Cost: an energy a state; of the gradient, an energy
/// and a gradient. The weights of the last block are kept: add_param_grad of many ranges of one
/// block evaluates its energies once. Conditionals: of one column.
template <class Scalar_>
class StatesSummedOut {
 public:
  using Scalar = Scalar_;
  /// Joint states at most.
  static constexpr double max_states = 4096;

  /// Whether `summed` names columns in ascending order, each finite, of at most max_states joint
  /// states.
  static bool can_sum(std::span<const Column> columns, std::span<const Index> summed);

  /// @param full    the energy; its scratch is used, so nothing else may evaluate it meanwhile
  /// @param summed  columns of it; UsageError unless can_sum()
  /// @param beta    > 0: M1 has no limit at 0; UsageError otherwise
  StatesSummedOut(std::shared_ptr<const AnyEnergy<Scalar>> full, std::span<const Index> summed,
                  double beta);

  std::span<const Column> columns() const { return columns_; }
  Abilities abilities() const;
  void energy(const Block<Scalar>& y, PerChain& out) const;
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const;
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const {
    changes_.energy_change(*this, y, site, values, out);
  }
  void energy_change(const Block<Scalar>& y, const Sites& sites, const Lane<Scalar>& values,
                     PerChain& out) const {
    changes_.energy_change(*this, y, sites, values, out);
  }
  void conditional(const Block<Scalar>& y, std::span<const Index> columns,
                   Block<Scalar>& delta) const {
    changes_.conditional(*this, y, columns, delta);
  }
  Index num_params() const { return full_->num_params(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;

 private:
  void weigh(const Block<Scalar>& y) const;
  void set_state(Index state) const;

  std::shared_ptr<const AnyEnergy<Scalar>> full_;
  std::vector<Index> summed_, kept_;
  std::vector<Column> columns_;
  double beta_;
  Index num_states_ = 1;
  mutable Block<Scalar> states_;    // [chains x columns of the full energy]
  mutable Block<Scalar> weighed_;   // the block that the weights are of
  mutable Block<double> weight_;    // exp(-beta (E - least)) [chains x states]
  mutable PerChain least_, total_;  // min E, and the sum of the weights
  mutable PerChain share_;
  mutable Block<Scalar> full_grad_;
  mutable Block<double> mean_grad_;
  mutable ByEvaluation<Scalar> changes_;
};

}  // namespace negphase
