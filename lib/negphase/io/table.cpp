#include "negphase/io/table.hpp"

#include <fmt/core.h>

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

Table read_table(const std::filesystem::path& file, std::optional<bool> header) {
  if (file.extension() != ".npy") {
    return read_csv(file, header);
  }
  Table table;
  table.file = file;
  table.values = read_npy(file);
  table.bad.resize(static_cast<std::size_t>(table.columns()));
  for (Eigen::Index c = 0; c < table.columns(); ++c) {
    for (Eigen::Index r = 0; r < table.rows(); ++r) {
      if (!std::isfinite(table.values(r, c))) {
        table.bad[static_cast<std::size_t>(c)] = {
            r, fmt::format("'{}' is not a finite number", table.values(r, c))};
        break;
      }
    }
  }
  return table;
}

}  // namespace negphase
