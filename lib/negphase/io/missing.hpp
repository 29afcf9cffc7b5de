#pragma once
#include <Eigen/Core>

#include "negphase/io/columns.hpp"
#include "negphase/io/rows.hpp"

namespace negphase {

/// Takes the rows with a missing value in a used column out of `rows` where missing = "drop", and
/// returns how many they are; else complains about the first of each column. Complains about every
/// column's first field that is neither a number nor missing, and where no row is left.
Eigen::Index leave_out_missing(const DataSpec& spec, const Table& table,
                               const ChosenColumns& columns, RowSplit& rows,
                               Complaints& complaints);

}  // namespace negphase
