#pragma once
#include <Eigen/Core>
#include <functional>

#include "negphase/core/any_energy.hpp"

namespace negphase {

/// Makes the energy of a block of so many chains.
using BindChains = std::function<AnyEnergy<double>(Index chains)>;

/// s(y) = d log p / dy = -beta dE/dy at each draw (M2), what Stein kernels need of a law.
/// @param draws  [draws x columns of the energy], real columns
/// @return       [draws x columns]
/// Cost: a gradient a draw. Throws UsageError for an energy without one, ModelError with the number
/// of the draw where E or its gradient is not finite.
Eigen::ArrayXXd scores(const BindChains& bind, double beta, const Eigen::ArrayXXd& draws);

/// What is drawn less what was to be expected, for finite columns: [y_i = v] - P(y_i = v | the
/// other columns) (M13), for each column i in turn and each of its states v. Between -1 and 1
/// whatever the law.
/// @param draws  [draws x columns of the energy], state codes
/// @return       [draws x sum of the numbers of states]
/// Cost: an energy change a draw, column and other state (an energy where there is no change).
/// Throws UsageError for columns that are not finite, ModelError with the number of the draw where
/// E is not finite.
Eigen::ArrayXXd conditional_residuals(const BindChains& bind, double beta,
                                      const Eigen::ArrayXXd& draws);

/// Another score of finite columns: s_i(y) = 1 - p(~y_i) / p(y) = 1 - exp(-beta (E(~y_i) - E(y))),
/// with ~y_i = y whose column i is moved to its next state, the last to the first.
/// @param draws  [draws x columns of the energy], state codes
/// Cost: an energy change a draw and column (an energy where there is none). Throws UsageError for
/// columns that are not finite, ModelError with the number of the draw where E is not finite or
/// the ratio too large for a double.
Eigen::ArrayXXd score_differences(const BindChains& bind, double beta,
                                  const Eigen::ArrayXXd& draws);

}  // namespace negphase
