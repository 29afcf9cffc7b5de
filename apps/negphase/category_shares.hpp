#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "negphase/run/sampling.hpp"
#include "problem_file.hpp"

namespace negphase::tool {

/// How often a category column is in each of its states: what a mean of its codes does not say.
struct CategoryShares {
  std::string column;               ///< "y.1"
  std::vector<std::string> states;  ///< labels of the file, or codes
  Eigen::VectorXd share;
  Eigen::VectorXd standard_error;  ///< NaN where chains are too few (M7); empty: exact
};

/// Of each category column of y and z, over all draws.
std::vector<CategoryShares> shares_of_draws(const Draws& draws, const ProblemFile& file);

/// Of each category column of y, mean over the rows of x: by summing over all y. Nothing where y is
/// not finite, z cannot be summed out, or rows times states are more than 2^20.
std::vector<CategoryShares> exact_shares(const ProblemFile& file, const Executor& executor);

/// NaN in the place of every category column of y, then z.
void forget_categories(const ModelShape& shape, Eigen::VectorXd& by_column);

/// A line a column; "" for none.
std::string text_of(const std::vector<CategoryShares>& all);
/// Name of the column: {"states", "share", "standard_error" (null: exact)}.
nlohmann::ordered_json json_of(const std::vector<CategoryShares>& all);

}  // namespace negphase::tool
