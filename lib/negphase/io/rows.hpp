#pragma once
#include <Eigen/Core>
#include <vector>

#include "negphase/io/data_spec.hpp"
#include "negphase/io/table.hpp"

namespace negphase {

/// Rows of a table, from 0, rising; no row is in both.
struct RowSplit {
  std::vector<Eigen::Index> train, test;
};

/// The rows of [data]: to train on are those of `rows` (or all) without those that are held out.
/// A share holds out round(share x rows) of them, those whose 64-bit words are the smallest; the
/// word of row r is a pure function of (split_seed, r), so that which rows they are depends on no
/// column, no missing value and no standard library. Cost: rows log rows.
/// Throws ConfigError with all complaints: a row that the table lacks, no row left on either side.
RowSplit split_rows(const DataSpec& spec, const Table& table);

}  // namespace negphase
