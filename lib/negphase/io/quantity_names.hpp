#pragma once
#include <Eigen/Core>
#include <optional>
#include <string>
#include <vector>

namespace negphase {

/// Quantities whose names differ in their places only, such as theta[1,2] or theta.1.2, as one
/// variable with axes.
struct NamedGrid {
  std::string name;                              ///< "theta"
  std::vector<std::vector<std::string>> labels;  ///< of each axis; no axes: a quantity by itself
  std::vector<Eigen::Index> columns;             ///< the last axis runs fastest
};

/// Puts names together that fill a grid of places; others stay by themselves. In the order in which
/// they come first.
std::vector<NamedGrid> grids_of(const std::vector<std::string>& names);

/// The number that a place is: "12". Nothing for other text.
std::optional<long long> index_number(const std::string& place);

/// "theta.1.2" of "theta[1,2]", as Stan CSV has it: every letter but letters, digits, '_' and '.'
/// becomes '_'.
std::string stan_name(const std::string& name);

}  // namespace negphase
