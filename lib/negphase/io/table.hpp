#pragma once
#include <Eigen/Core>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "negphase/core/error.hpp"
#include "negphase/io/number_text.hpp"

namespace negphase {

/// A table as a file holds it: numbers, and the text of those columns that are asked for as text.
/// What is no number is refused only where it is used.
struct Table {
  /// A field of a column of numbers that is no finite number.
  struct OddField {
    Eigen::Index row = 0;  ///< from 0
    NumberText kind = NumberText::not_a_number;
    std::string text;
  };
  /// A column of text: each text once, in the order of appearance, and which of them a row has.
  struct TextColumn {
    std::vector<std::string> distinct;
    std::vector<std::uint32_t> of_row;  ///< [rows]
  };

  std::filesystem::path file;
  std::vector<std::string> names;               ///< [columns]; empty where the file has no header
  Eigen::MatrixXd values;                       ///< [rows x columns]; NaN where there is no number
  std::vector<int> line_of_row;                 ///< [rows]; empty for .npy
  std::vector<std::vector<OddField>> odd;       ///< [columns], each in the order of its rows
  std::vector<std::optional<TextColumn>> text;  ///< [columns]; of those read as text

  Eigen::Index rows() const { return values.rows(); }
  Eigen::Index columns() const { return values.cols(); }
  /// "yacht.csv:7" or "digits.npy" for a row (from 0).
  FilePlace place(Eigen::Index row) const;
  /// "column 3 ('froude_number')" or "column 3" for a column (from 0).
  std::string describe_column(Eigen::Index column) const;
  /// "row 7, column 3 ('froude_number')": how a complaint about a field begins.
  std::string describe_field(Eigen::Index row, Eigen::Index column) const;
  /// "froude_number" or "column 3".
  std::string name_of(Eigen::Index column) const;
  /// How a configuration names it: "froude_number" in quotes, or 3.
  std::string key_of(Eigen::Index column) const;
};

/// What a column is read for. Of `none` nothing is kept.
enum class ColumnUse { none, numbers, text };
/// Says for each column what it is read for, from a table with names and columns but no rows.
using ColumnUses = std::function<std::vector<ColumnUse>(const Table& head)>;

/// Reads .csv, .csv.gz or .npy (by the file's ending; .npy else .csv). `header`: whether the first
/// line holds names; found out where not said (see csv.hpp). Without `uses` all columns are read as
/// numbers; a .npy has nothing else. Throws IoError, ConfigError.
Table read_table(const std::filesystem::path& file, std::optional<bool> header = {},
                 const ColumnUses& uses = {});

}  // namespace negphase
