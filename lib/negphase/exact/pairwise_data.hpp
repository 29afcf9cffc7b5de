#pragma once
#include <optional>

#include "negphase/exact/exact.hpp"

namespace negphase {

/// All that the likelihood of a pairwise model takes of its data, whatever W.
struct PairwiseData {
  Eigen::VectorXd mean_products;  ///< mean over the rows of s_i s_j, one a coupling of the view
  Eigen::VectorXd mean_states;    ///< [columns] mean over the rows of s_i
};

/// nullopt unless the model has neither x nor z and an energy that has_whole_pairwise_view().
/// @param y  [rows x num_y]; ConfigError for another number of columns or no row
/// Cost: couplings times rows, once.
std::optional<PairwiseData> pairwise_data(const AnyModel& model, const Eigen::MatrixXd& y);

/// What solve_positive() gives for these data. Cost: couplings, where that takes couplings times
/// rows. nullopt where W has numbers that are not finite.
/// @param model  with the graph of the one that made `data`
std::optional<ExactPositive> solve_positive(const AnyModel& model, const PairwiseData& data);

}  // namespace negphase
