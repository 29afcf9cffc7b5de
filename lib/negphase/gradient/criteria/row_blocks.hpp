#pragma once
#include <cstdint>
#include <functional>

#include "negphase/gradient/estimate.hpp"
#include "negphase/parallel/executor.hpp"

namespace negphase {

/// A criterion that is not the NLL, as training follows it: mean over the rows.
struct CriterionValue {
  double value = 0;
  Eigen::VectorXd gradient;      ///< [P] of `value` in W
  std::int64_t evaluations = 0;  ///< energies, with dE/dy or without, and energy changes
};

/// Some consecutive rows of a problem with their free energy (M1).
struct RowBlock {
  const AnyEnergy<double>& free_energy;  ///< of y alone, chain c seeing the x of row first + c
  const Block<double>& y;                ///< [chains x num_y]
  const PerChain& at_y;                  ///< F(y) [chains], finite
  Index first;                           ///< number of the block's first row, from 0

  Index chains() const { return y.rows(); }
  /// F(y with column `site` set to values) - F(y) [chains], by energy_change where there is one;
  /// +inf where the changed state is forbidden. ModelError for NaN and -inf.
  PerChain change(Index site, const PerChain& values) const;
  /// F(states) [chains]. ModelError for NaN and -inf, `what` being the states ("noise sample 3").
  PerChain at(const Block<double>& states, const std::string& what) const;
  /// sum += sum_c weights[c] dF/dW(states_c)
  void add_param_grad(const Block<double>& states, const PerChain& weights,
                      Eigen::VectorXd& sum) const {
    free_energy.add_param_grad(states, {0, chains()}, weights, sum);
  }
};

/// Why no criterion can be had of the model's free energy: z that cannot be summed out, no
/// add_param_grad; "" where it can.
std::string why_no_free_energy(const Problem& problem);

/// The mean over the rows of what `sum_of` makes of a block of them (sums over its rows). Blocks of
/// 64 rows, merged in their order: the same bits for any number of threads.
/// Throws ConfigError where why_no_free_energy(), where y or x has the wrong size or no row, and
/// for a datum of energy +inf; ModelError for a datum of energy NaN or -inf.
CriterionValue mean_over_rows(const Problem& problem, const Executor& executor,
                              const std::function<CriterionValue(const RowBlock&)>& sum_of);

}  // namespace negphase
