#pragma once
#include "negphase/core/model.hpp"

namespace negphase {

/// Holds the derivatives that an energy gives against differences of its own values, so that a
/// slip in a user's formula is found before any sampling: dE/dy at `y` where the energy has
/// energy_and_grad and its columns are real, and dE/dW where it has add_param_grad, each at
/// at most 10 rows of x and y: up to 64 coordinates of y and one parameter a row.
///
/// Differences of order four, steps of 1e-3 max(1, |coordinate|), where they contradict 16 and 256
/// times smaller ones too; points where one of the energies
/// is not finite are passed over. Throws ConfigError where a derivative is off by more than 1e-4 of
/// the larger of the two and of what rounding of E explains: row, coordinate, both values.
/// Cost: below 3,000 energies and 40 models, three times that where smaller steps are needed.
/// @param x  [rows x num_x]  @param y  [rows x num_y]  @param seed  of z, where there is one
void check_gradients(const AnyModel& model, const Eigen::MatrixXd& x, const Eigen::MatrixXd& y,
                     std::uint64_t seed);

}  // namespace negphase
