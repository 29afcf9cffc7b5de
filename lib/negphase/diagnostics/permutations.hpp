#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "negphase/core/block.hpp"
#include "negphase/parallel/executor.hpp"

namespace negphase {

/// A test that two samples, of m and n draws, are of one law: if they are, and all draws are
/// independent, any m of the m + n pooled draws could as well have been the first sample. The
/// p-value is (1 + how many of B random choices have a statistic at least as large) / (B + 1),
/// which keeps any level exactly, whatever the law and the statistic.
/// Source: Phipson and Smyth, "Permutation p-values should never be zero", 2010.
///
/// It does assume independent draws: chains' draws must be thinned until they are about that, or
/// the p-value is too small.

/// Choice number `number`: m of the numbers 0 .. n-1, each set alike. A pure function of the
/// arguments. Cost: n.
std::vector<Index> random_subset(std::uint64_t seed, std::uint32_t number, Index m, Index n);

/// @param observed   the statistic of the samples as they are
/// @param tolerance  rounding of the statistic: choices that fall short by no more count as equal,
/// so that ties are never lost to rounding
/// @param statistic  of the pooled draws `chosen` against the others; called from several threads
double permutation_p_value(Index permutations, std::uint64_t seed, Index m, Index n,
                           double observed, double tolerance,
                           const std::function<double(std::span<const Index> chosen)>& statistic,
                           const Executor& executor);

}  // namespace negphase
