#pragma once
#include <Eigen/Core>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "negphase/core/error.hpp"

namespace negphase {

/// A table of numbers as a file holds it. A column may hold other things as well (labels): that is
/// refused only when the column is used.
struct Table {
  /// The first field of a column that is no finite number.
  struct BadField {
    Eigen::Index row = 0;  ///< from 0
    std::string text;      ///< `'abc' is not a number`
  };

  std::filesystem::path file;
  std::vector<std::string> names;            ///< [columns]; empty where the file has no header
  Eigen::MatrixXd values;                    ///< [rows x columns]; NaN where there is no number
  std::vector<int> line_of_row;              ///< [rows]; empty for .npy
  std::vector<std::optional<BadField>> bad;  ///< [columns]

  Eigen::Index rows() const { return values.rows(); }
  Eigen::Index columns() const { return values.cols(); }
  /// "yacht.csv:7" or "digits.npy" for a row (from 0).
  FilePlace place(Eigen::Index row) const;
  /// "column 3 ('froude_number')" or "column 3" for a column (from 0).
  std::string describe_column(Eigen::Index column) const;
};

/// Reads .csv, .csv.gz or .npy (by the file's ending; .npy else .csv). `header`: whether the first
/// line holds names; found out where not said (see csv.hpp). Throws IoError, ConfigError.
Table read_table(const std::filesystem::path& file, std::optional<bool> header = {});

}  // namespace negphase
