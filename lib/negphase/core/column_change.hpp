#pragma once
#include "negphase/core/any_energy.hpp"

namespace negphase {

/// E(y with column `column` set to values) - E(y) [chains]: by energy_change where the energy has
/// it, else by an energy less `at_y`, which is E(y) [chains] and finite.
inline PerChain column_change(const AnyEnergy<double>& energy, const Block<double>& y,
                              const PerChain& at_y, Index column, const Lane<double>& values) {
  PerChain change(y.rows());
  if (energy.can(Ability::energy_change)) {
    energy.energy_change(y, column, values, change);
  } else {
    Block<double> moved = y;
    moved.col(column) = values;
    energy.energy(moved, change);
    change -= at_y;
  }
  return change;
}

}  // namespace negphase
