#pragma once
#include <functional>

#include "negphase/gradient/criteria/row_blocks.hpp"

namespace negphase {

/// What one changed column contributes to a criterion, as a function of D = F(changed) - F(y).
struct FlipTerm {
  double value = 0;
  double weight = 0;  ///< - d value / dD >= 0: the term's gradient is weight (dF(y) - dF(changed))
};

/// The sum over a block's rows of sum_j term(F(y with column j flipped) - F(y)), where every column
/// has two states. Cost a row: num_y energy changes and parameter gradients; of a pairwise model
/// (has_whole_pairwise_view) its couplings, once.
CriterionValue sum_over_flips(const RowBlock& rows, const std::function<FlipTerm(double)>& term);

}  // namespace negphase
