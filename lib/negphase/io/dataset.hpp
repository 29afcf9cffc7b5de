#pragma once
#include <Eigen/Core>
#include <string>
#include <vector>

#include "negphase/io/data_spec.hpp"
#include "negphase/io/rows.hpp"
#include "negphase/io/table.hpp"

namespace negphase {

/// A column of a data set: its name and, where it was standardized, what was taken away and what it
/// was divided by.
struct DataColumn {
  std::string name;  ///< of an indicator "species=Adelie"
  double mean = 0;
  double scale = 1;  ///< standard deviation (divisor n)
  bool standardized = false;
  Eigen::Index source = 0;               ///< column of the table, from 0
  std::vector<std::string> labels = {};  ///< of a y column of labels, by code; else empty
};

/// The rows (x_r, y_r) that a likelihood is taken of, and those held out.
struct Dataset {
  Eigen::MatrixXd x;               ///< [rows x num_x]
  Eigen::MatrixXd y;               ///< [rows x num_y]
  Eigen::MatrixXd x_test, y_test;  ///< the rows held out, scaled as the others are
  std::vector<DataColumn> x_columns, y_columns;
  RowSplit sources;              ///< the table's rows behind those of x, y and x_test, y_test
  Eigen::Index num_dropped = 0;  ///< rows left out for a missing value
  Eigen::Index rows() const { return y.rows(); }
  /// [num_y] the number of labels of each column of y, 0 for numbers.
  std::vector<Eigen::Index> y_states() const;
};

/// Reads the file of [data]: its columns of labels as text, the others that are used as numbers.
/// Throws IoError, ConfigError. What is wrong with the names of columns is left to make_dataset().
Table read_data(const DataSpec& spec);

/// Picks rows and columns of [data] out of a table that read_data() read, leaves out or refuses
/// rows with missing values, splits off the held-out rows and standardizes by the others. A column
/// of labels becomes codes 0 .. K-1 in y, and K indicators, 0 or 1, in x.
/// Throws ConfigError with all complaints: unknown column (nearest name), number out of range, a
/// column used twice, a row that is not there, a field of a used row that is no finite number (row
/// and column named), a label that is none of those given (nearest one), one label found in a
/// column of y (nothing says which state it is), an image of another number of pixels than y has
/// columns, a column to be standardized that is constant in
/// the training rows.
Dataset make_dataset(const DataSpec& spec, const Table& table);

}  // namespace negphase
