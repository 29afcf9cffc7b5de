#pragma once
#include <cmath>

#include "negphase/core/energy.hpp"

namespace negphase {

/// Whether a value is one that a column can hold: a state code, a whole number >= 0 of a count, and
/// any number of a real column.
inline bool is_state(const Column& column, double value) {
  switch (column.kind) {
    case ColumnKind::real:
      return true;
    case ColumnKind::spin:
      return value == -1 || value == 1;
    case ColumnKind::count:
      return value >= 0 && value == std::floor(value);
    default:
      return value >= 0 && value < static_cast<double>(column.num_states) &&
             value == std::floor(value);
  }
}

}  // namespace negphase
