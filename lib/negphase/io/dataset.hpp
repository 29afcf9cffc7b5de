#pragma once
#include <Eigen/Core>
#include <span>
#include <string>
#include <vector>

#include "negphase/core/energy.hpp"
#include "negphase/io/config.hpp"
#include "negphase/io/table.hpp"

namespace negphase {

/// A column of a data set: its name and, where it was standardized, what was taken away and what it
/// was divided by.
struct DataColumn {
  std::string name;
  double mean = 0;
  double scale = 1;  ///< standard deviation (divisor n)
  bool standardized = false;
  Eigen::Index source = 0;  ///< column of the table, from 0
};

/// The rows (x_r, y_r) that a likelihood is taken of.
struct Dataset {
  Eigen::MatrixXd x;  ///< [rows x num_x]
  Eigen::MatrixXd y;  ///< [rows x num_y]
  std::vector<DataColumn> x_columns, y_columns;
  Eigen::Index rows() const { return y.rows(); }
};

/// Picks the columns of [data] out of a table and standardizes them. Throws ConfigError with all
/// complaints: unknown column (nearest name), number out of range, a column used twice, a field
/// that is no finite number (row and column named), a constant column that is to be standardized.
Dataset make_dataset(const DataSpec& spec, const Table& table);

/// Makes y the state codes of a model's columns [num_y]: applies the threshold where there is one,
/// then checks every value. Throws ConfigError: a value that is no state (row and column named), a
/// threshold on real columns, another number of columns than the model has.
void encode_y(Dataset& data, const DataSpec& spec, const Table& table,
              std::span<const Column> columns);

}  // namespace negphase
