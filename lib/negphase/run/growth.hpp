#pragma once
#include <span>
#include <vector>

#include "negphase/run/sampling.hpp"

namespace negphase {

/// A real column whose draws lie further out at the end of the run than at its beginning.
struct GrowingColumn {
  Index column;       ///< number, from 0
  double ratio;       ///< of the mean squares of the last and the first quarter
  Index growing, of;  ///< chains that grew, and chains that moved at all
};

/// The real columns that still grow when the draws end: an energy that falls without end or is
/// flat, or a warm-up that was too short. For each chain, D = mean square of its last quarter of
/// draws less that of its first, about the mean of all chains of its row of x. Where the law is
/// that of the model and the kernel is reversible, a chain and its reversal are as likely as each
/// other, so that the signs of D are independent fair coins, whatever the model: with k of n chains
/// growing, P(Bin(n, 1/2) >= k) is the exact level. Named is a column below 1e-4 / number of real
/// columns (false alarms: 1e-4 a run) whose mean square grew by a tenth at least, which is what
/// matters. Needs 4 draws; fewer than 14 chains can show nothing.
/// @param rows  of x; chain c sees row c mod rows. 1 where the model has no x
std::vector<GrowingColumn> find_growing(const Draws& draws, std::span<const Column> columns,
                                        Index rows);

}  // namespace negphase
