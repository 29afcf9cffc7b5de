#pragma once
#include "negphase/gradient/criteria/row_blocks.hpp"

namespace negphase {

/// Ratio matching, for columns of two states (a number without unit):
///   J = mean_r sum_j g_j^2,  g_j = g(p(y) / p(y with column j flipped)),  g(u) = 1 / (1 + u)
///   dJ/dW = mean_r sum_j 2 beta g_j^2 (1 - g_j) (dF(y) - dF(y flipped))
/// g_j = 1 / (1 + exp(beta (F(y flipped) - F(y)))) is the probability of the flipped state given
/// the rest; log Z cancels. Least, in expectation, at the law of the data. z is summed out. Cost a
/// row: num_y energy changes and parameter gradients; of a pairwise model its couplings, twice. No
/// sampling, no error but rounding.
/// Source: Hyvarinen, Some extensions of score matching, Computational Statistics & Data Analysis
/// 51 (2007), section 4. Throws ConfigError where why_no_ratio_matching(), and as mean_over_rows().
CriterionValue ratio_matching(const Problem& problem, const Executor& executor);

/// "" where it applies.
std::string why_no_ratio_matching(const Problem& problem);

}  // namespace negphase
