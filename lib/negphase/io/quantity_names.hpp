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

/// The names as Stan CSV has them: "theta.1.2" where they fill a grid that counts from 1, which is
/// what readers take the points for; else "theta_1", "theta_Choate". Every letter but letters,
/// digits and '_' becomes '_'; names that would be the same, or end in "__", get a number.
/// @param taken  names that are there already
std::vector<std::string> stan_names(const std::vector<std::string>& names,
                                    const std::vector<std::string>& taken);

}  // namespace negphase
