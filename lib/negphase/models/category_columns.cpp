#include "negphase/models/category_columns.hpp"

#include <fmt/format.h>

#include "negphase/core/error.hpp"

namespace negphase {

OptionSpec states_option(std::string_view name) {
  return {.name = name,
          .fallback = std::int64_t{0},
          .doc = "states of each column of y, coded 0, 1, ...; 0: as many as it has labels",
          .low = 0,
          .high = 1e6,
          .unit = "states"};
}

std::vector<Index> category_states(std::string_view model, std::string_view option,
                                   const Options& options, const DataShape& data) {
  const Index wanted = options.integer(option);
  std::vector<Index> states;
  for (Index j = 0; j < data.num_y; ++j) {
    const auto at = static_cast<std::size_t>(j);
    const Index labels = at < data.y_states.size() ? data.y_states[at] : 0;
    const std::string column = fmt::format("column {} of y", j + 1);
    if (wanted == 0 && labels == 0) {
      throw ConfigError(
          fmt::format("model '{}': {} holds numbers: name it in [data] labels, or say how "
                      "many states its codes 0, 1, ... have by the option {}",
                      model, column, option));
    }
    if (wanted > 0 && labels > wanted) {
      throw ConfigError(fmt::format("model '{}': {} = {}, but {} has {} labels", model, option,
                                    wanted, column, labels));
    }
    states.push_back(wanted > 0 ? wanted : labels);
    if (states.back() < 2) {
      throw ConfigError(
          fmt::format("model '{}': {} has 1 state; a category has at least 2", model, column));
    }
  }
  return states;
}

std::vector<Column> category_columns(const std::vector<Index>& states) {
  std::vector<Column> columns;
  for (const Index k : states) {
    columns.push_back({ColumnKind::category, k});
  }
  return columns;
}

}  // namespace negphase
