#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "negphase/models/registry.hpp"

namespace negphase {

/// The option that says how many states a column of y has, 0 for as many as it has labels.
/// @param name  "states", "classes"
OptionSpec states_option(std::string_view name);

/// The states of each column of y: what the option says, else its labels. [num_y]
/// Throws ConfigError where a column has no labels and the option is 0, where it has more labels
/// than the option says, and where it would have a single state.
std::vector<Index> category_states(std::string_view model, std::string_view option,
                                   const Options& options, const DataShape& data);

/// One category column for each.
std::vector<Column> category_columns(const std::vector<Index>& states);

}  // namespace negphase
