#pragma once
#include "negphase/core/model.hpp"

namespace negphase {

/// Holds what an energy says of changes of itself against its own values, so that a slip in a
/// user's formula, or coupled columns in one layer, is found before any sampling. At up to 10 rows,
/// with some columns at each, others at the next row:
///   energy_change    E(y with column j changed) - E(y), for both forms; of columns not real
///   conditional      E(column j = state k) - E(column j = state 0), asked for j alone, and for a
///                    whole layer at once
///   layers           the energy of a change of column j must not depend on the other columns of
///                    its layer (M13): these are drawn anew, all at once; halving them finds the
///                    one that is coupled to j
/// Throws ConfigError where a change is off by more than 1e-4 of the larger of the two and of what
/// rounding of E explains, or a layer couples: row, columns, both values.
/// Cost: below 700 energies where columns have two states, and 40 conditionals of a layer.
/// @param x  [rows x num_x]  @param y  [rows x num_y]  @param seed  of z and of what is drawn anew
void check_changes(const AnyModel& model, const Eigen::MatrixXd& x, const Eigen::MatrixXd& y,
                   std::uint64_t seed);

}  // namespace negphase
