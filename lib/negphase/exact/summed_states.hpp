#pragma once
#include <memory>
#include <vector>

#include "negphase/core/any_energy.hpp"
#include "negphase/core/log_sum_exp.hpp"

namespace negphase {

/// What is left of an energy when some of its columns, all of them finite, are summed out state by
/// state: an Energy over the other columns with the value (M1)
///   F(y) = -(1/beta) log sum_s exp(-beta E(y, s)),
/// dF/dy = E[dE/dy | y] and add_param_grad E[dE/dW | y]. For energies that have no summed_out() of
/// their own, or not for these columns (core/states_summed_out.hpp, which keeps the weights of
/// every state and so is for few; this takes the same memory for any number of them). In double;
/// states in a fixed order, first column most significant, by log-sum-exp (M14). Cost, S the number
/// of states: S energies; for a gradient or a dE/dW 2 S energies and S of them.
class SummedStates {
 public:
  using Scalar = double;

  /// @param summed  ascending columns of `full`, each with a list of states; UsageError otherwise,
  ///                and where beta is not positive (M1 has no limit at 0)
  SummedStates(AnyEnergy<double> full, std::vector<Index> summed, double beta);

  Abilities abilities() const;
  std::span<const Column> columns() const { return columns_; }
  void energy(const Block<double>& y, PerChain& out) const;
  void energy_and_grad(const Block<double>& y, PerChain& out, Block<double>& grad) const;
  Index num_params() const { return full_.num_params(); }
  void add_param_grad(const Block<double>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;

 private:
  template <class Visit>
  void for_each_state(const Block<double>& y, Visit visit) const;

  AnyEnergy<double> full_;
  std::vector<Index> summed_, kept_;
  double beta_;
  std::vector<Column> columns_;              // that are kept
  mutable Block<double> states_, gradient_;  // [chains x columns of the full energy]
  mutable PerChain energies_, free_, weights_;
  mutable std::vector<LogSumExp> sums_;
};

/// The columns, ascending, that have a list of states.
std::vector<Index> finite_columns(std::span<const Column> columns);

}  // namespace negphase
