#pragma once
#include <Eigen/Core>
#include <span>
#include <string>
#include <vector>

#include "negphase/io/complaints.hpp"
#include "negphase/io/data_spec.hpp"
#include "negphase/io/table.hpp"

namespace negphase {

/// More labels than this in one column are refused: it will be no column of labels.
inline constexpr std::size_t most_labels = 1000;

/// A column of labels as codes 0 .. K-1.
struct LabelColumn {
  std::vector<std::string> labels;         ///< [K] by code
  std::vector<Eigen::Index> code_of_text;  ///< [distinct texts of the column]; -1: not among them
  const Table::TextColumn* text = nullptr;
  Eigen::Index code(Eigen::Index row) const {
    return code_of_text[text->of_row[static_cast<std::size_t>(row)]];
  }
};

/// Whether a field of a label column is missing: empty, NA, NaN, ?; never one that `order` has.
bool is_missing_label(const std::string& text, const std::vector<std::string>& order);

/// Gives the labels of a text column their codes: those of `choice.order`, or else the ones that
/// `rows` have, sorted (by value where all are numbers, else by bytes). Complains about the first
/// row with a label that the order lacks (nearest one named) and about too many labels.
LabelColumn code_labels(const Table& table, Eigen::Index column, const LabelChoice& choice,
                        std::span<const Eigen::Index> rows, Complaints& complaints);

}  // namespace negphase
