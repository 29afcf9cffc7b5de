#pragma once
#include "negphase/gradient/criteria/row_blocks.hpp"

namespace negphase {

/// Pseudo-likelihood, in the unit of the NLL (M4):
///   L = -(1/beta) mean_r sum_j log p(y_j | all other columns of y, x)
///   dL/dW = mean_r sum_j (dF(y) - E_{y_j' | rest}[dF])                  (no factor beta, as M6)
/// with p(y_j = k | rest) = exp(-beta F(y_j = k)) / sum_k' exp(-beta F(y_j = k')): log Z cancels.
/// Of one column it is the NLL itself; of several its minimum is another than that of the NLL,
/// unless the data come from the model, where both tend to the true W.
///
/// Every column of y finite; z summed out. Cost a row: sum_j (K_j - 1) energy changes and parameter
/// gradients; of a pairwise model its couplings, twice. No sampling, no error but rounding.
/// Source: Besag, Statistical analysis of non-lattice data, The Statistician 24 (1975).
/// Throws ConfigError where why_no_pseudo_likelihood(), and as mean_over_rows().
CriterionValue pseudo_likelihood(const Problem& problem, const Executor& executor);

/// "" where it applies.
std::string why_no_pseudo_likelihood(const Problem& problem);

}  // namespace negphase
