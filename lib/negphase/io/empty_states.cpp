#include "negphase/io/empty_states.hpp"

#include <fmt/core.h>

#include <vector>

#include "negphase/io/complaints.hpp"

namespace negphase {

namespace {

using Eigen::Index;

/// The first state of a column that no row is in; -1: none.
Index first_empty_state(const Eigen::Ref<const Eigen::VectorXd>& codes, const Column& column) {
  std::vector<bool> seen(static_cast<std::size_t>(column.num_states), false);
  for (const double code : codes) {
    seen[static_cast<std::size_t>(state_index(column, code))] = true;
  }
  for (Index k = 0; k < column.num_states; ++k) {
    if (!seen[static_cast<std::size_t>(k)]) {
      return k;
    }
  }
  return -1;
}

}  // namespace

void refuse_empty_states(const Dataset& data, const DataSpec& spec,
                         std::span<const Column> columns) {
  Complaints complaints;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    if (columns[j].kind != ColumnKind::category) {
      continue;
    }
    const Index empty = first_empty_state(data.y.col(static_cast<Index>(j)), columns[j]);
    if (empty < 0) {
      continue;
    }
    const DataColumn& column = data.y_columns[j];
    const bool has_label = static_cast<std::size_t>(empty) < column.labels.size();
    const std::string state =
        has_label ? fmt::format("label '{}'", column.labels[static_cast<std::size_t>(empty)])
                  : fmt::format("state {} of {}", empty, columns[j].num_states);
    complaints.add(has_label ? spec.labels_place : spec.place,
                   fmt::format("[data]: column '{}': no row to train on has {}; training would "
                               "make it ever less probable and its parameters grow without limit: "
                               "leave it out, or give [train] an l2 > 0",
                               column.name, state));
  }
  complaints.throw_if_any();
}

}  // namespace negphase
