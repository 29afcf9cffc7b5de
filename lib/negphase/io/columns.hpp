#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "negphase/io/complaints.hpp"
#include "negphase/io/data_spec.hpp"
#include "negphase/io/table.hpp"

namespace negphase {

/// Finds columns of a table by name, number or range; what is wrong goes to the complaints: unknown
/// name (with the nearest), number out of range, range that runs backwards.
class ColumnFinder {
 public:
  /// Both must outlive the finder.
  ColumnFinder(const Table& table, Complaints& complaints)
      : table_(table), complaints_(complaints) {}

  /// Columns from 0, in the order of the choices.
  std::vector<Eigen::Index> find(std::span<const ColumnChoice> choices) const;
  std::vector<Eigen::Index> find(const ColumnChoice& choice) const { return find({&choice, 1}); }

 private:
  void add(const ColumnChoice& choice, std::vector<Eigen::Index>& found) const;
  std::optional<Eigen::Index> by_text(const std::string& text, const FilePlace& place) const;
  std::optional<Eigen::Index> by_number(std::int64_t number, const FilePlace& place) const;
  std::optional<Eigen::Index> by_exact_name(const std::string& name) const;
  std::optional<Eigen::Index> by_name(const std::string& name, const FilePlace& place) const;

  const Table& table_;
  Complaints& complaints_;
};

/// The columns that [data] names.
struct ChosenColumns {
  std::vector<Eigen::Index> x, y;
  std::vector<Eigen::Index> used;  ///< x and y, rising
  std::vector<Eigen::Index> standardized;
  std::map<Eigen::Index, const LabelChoice*> labels;  ///< into the DataSpec

  /// Null where the column holds numbers.
  const LabelChoice* labels_of(Eigen::Index column) const {
    const auto at = labels.find(column);
    return at == labels.end() ? nullptr : at->second;
  }
};

/// Finds the columns of [data] in a table. Complains as ColumnFinder does, and about a column that
/// is used twice, named but not used, or asked for two things that exclude each other.
ChosenColumns choose_columns(const DataSpec& spec, const Table& table, Complaints& complaints);

}  // namespace negphase
