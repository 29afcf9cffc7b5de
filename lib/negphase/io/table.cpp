#include "negphase/io/table.hpp"

#include <fmt/core.h>

#include <cmath>

#include "negphase/io/csv.hpp"
#include "negphase/io/npy.hpp"

namespace negphase {

FilePlace Table::place(Eigen::Index row) const {
  const bool known = row >= 0 && static_cast<std::size_t>(row) < line_of_row.size();
  return {file.string(), known ? line_of_row[static_cast<std::size_t>(row)] : 0, 0};
}

std::string Table::describe_column(Eigen::Index column) const {
  const auto c = static_cast<std::size_t>(column);
  return c < names.size() ? fmt::format("column {} ('{}')", column + 1, names[c])
                          : fmt::format("column {}", column + 1);
}

std::string Table::describe_field(Eigen::Index row, Eigen::Index column) const {
  return fmt::format("row {}, {}", row + 1, describe_column(column));
}

std::string Table::name_of(Eigen::Index column) const {
  const auto c = static_cast<std::size_t>(column);
  return c < names.size() ? names[c] : fmt::format("column {}", column + 1);
}

std::string Table::key_of(Eigen::Index column) const {
  const auto c = static_cast<std::size_t>(column);
  return c < names.size() ? fmt::format("\"{}\"", names[c]) : fmt::format("{}", column + 1);
}

Table read_table(const std::filesystem::path& file, std::optional<bool> header,
                 const ColumnUses& uses) {
  if (file.extension() != ".npy") {
    return read_csv(file, header, uses);
  }
  Table table;
  table.file = file;
  table.values = read_npy(file);
  table.odd.resize(static_cast<std::size_t>(table.columns()));
  table.text.resize(table.odd.size());
  for (Eigen::Index c = 0; c < table.columns(); ++c) {
    for (Eigen::Index r = 0; r < table.rows(); ++r) {
      const double value = table.values(r, c);
      if (!std::isfinite(value)) {
        table.odd[static_cast<std::size_t>(c)].push_back(
            {r, std::isnan(value) ? NumberText::missing : NumberText::not_finite,
             fmt::format("{}", value)});
      }
    }
  }
  return table;
}

}  // namespace negphase
