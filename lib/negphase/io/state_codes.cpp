#include "negphase/io/state_codes.hpp"

#include <fmt/core.h>
#include <fmt/format.h>

#include <cmath>

#include "negphase/core/column_states.hpp"
#include "negphase/io/complaints.hpp"

namespace negphase {

namespace {

using Eigen::Index;

std::string legal_states(const Column& column) {
  switch (column.kind) {
    case ColumnKind::spin:
      return "-1 or +1";
    case ColumnKind::bit:
      return "0 or 1";
    case ColumnKind::count:
      return "0, 1, 2, ...";
    case ColumnKind::real:
      return "any number";
    default:
      return fmt::format("0 to {}", column.num_states - 1);
  }
}

// What may have been meant by a column that holds `value`.
std::string state_hint(const Column& column, const Eigen::VectorXd& values) {
  const bool all_spins = ((values.array() == -1) || (values.array() == 1)).all();
  const bool all_bits = ((values.array() == 0) || (values.array() == 1)).all();
  if (column.kind == ColumnKind::bit && all_spins) {
    return "; bits coded -1/+1? threshold = 0 in [data] makes them 0/1";
  }
  if (column.kind == ColumnKind::spin && all_bits) {
    return "; spins coded 0/1? threshold = 0.5 in [data] makes them -1/+1";
  }
  if (column.kind == ColumnKind::bit || column.kind == ColumnKind::spin) {
    return fmt::format("; a threshold in [data] makes two states of it: threshold = {}",
                       (values.minCoeff() + values.maxCoeff()) / 2);
  }
  return "";
}

void check_threshold(const Dataset& data, const DataSpec& spec, std::span<const Column> columns,
                     Complaints& complaints) {
  bool has_numbers = false;
  for (std::size_t i = 0; spec.threshold && i < columns.size(); ++i) {
    if (data.y_columns[i].labels.empty()) {
      has_numbers = true;
      if (columns[i].num_states != 2) {
        complaints.add(spec.threshold_place,
                       "[data]: a threshold makes two states, but y of this model has others: "
                       "leave it out");
      }
    }
  }
  if (spec.threshold && !has_numbers) {
    complaints.add(spec.threshold_place,
                   "[data]: a threshold cuts numbers, but y holds labels: leave it out");
  }
}

void check_labels(const DataColumn& described, const Column& column, const DataSpec& spec,
                  const Table& table, Complaints& complaints) {
  const auto labels = static_cast<Index>(described.labels.size());
  if (labels == 0 || labels <= column.num_states) {
    return;
  }
  complaints.add(
      spec.labels_place,
      fmt::format("[data]: {} has {} label{} ({}), but y of this model {}",
                  table.describe_column(described.source), labels, labels == 1 ? "" : "s",
                  fmt::join(described.labels, ", "),
                  column.num_states == 0 ? std::string("holds numbers: use the column as x")
                                         : fmt::format("has {} states", column.num_states)));
}

// One column of y, whose rows are these of the table, becomes state codes.
void encode(Eigen::Ref<Eigen::VectorXd> y, const std::vector<Index>& rows,
            const DataColumn& described, const Column& column, const DataSpec& spec,
            const Table& table, Complaints& complaints) {
  const bool has_labels = !described.labels.empty();
  for (Index r = 0; r < y.size(); ++r) {
    if (has_labels) {
      y(r) = state_code(column, static_cast<Index>(y(r)));
    } else if (spec.threshold) {
      y(r) = state_code(column, y(r) >= *spec.threshold ? 1 : 0);
    } else if (!is_state(column, y(r))) {
      const Index row = rows[static_cast<std::size_t>(r)];
      complaints.add(
          table.place(row),
          fmt::format("{}: {} is no state of the model's y (legal: {}{}){}",
                      table.describe_field(row, described.source), y(r), legal_states(column),
                      described.standardized ? "; the column was standardized" : "",
                      state_hint(column, y)));
      return;
    }
  }
}

}  // namespace

void encode_y(Dataset& data, const DataSpec& spec, const Table& table,
              std::span<const Column> columns) {
  if (data.y.cols() != static_cast<Index>(columns.size())) {
    throw ConfigError(spec.place, fmt::format("[data]: y has {} columns, the model wants {}",
                                              data.y.cols(), columns.size()));
  }
  Complaints complaints;
  check_threshold(data, spec, columns, complaints);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    check_labels(data.y_columns[i], columns[i], spec, table, complaints);
  }
  complaints.throw_if_any();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto c = static_cast<Index>(i);
    encode(data.y.col(c), data.sources.train, data.y_columns[i], columns[i], spec, table,
           complaints);
    encode(data.y_test.col(c), data.sources.test, data.y_columns[i], columns[i], spec, table,
           complaints);
  }
  complaints.throw_if_any();
}

}  // namespace negphase
