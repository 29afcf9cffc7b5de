#pragma once
#include <cstdint>

#include "negphase/diagnostics/pair_function.hpp"

namespace negphase {

/// The squared maximum mean discrepancy of two samples x (m draws) and y (n draws) under a kernel,
/// MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y): 0 where the laws are equal, and for a
/// characteristic kernel (Gaussian, inverse multiquadric, exp(-hamming / d) on finite columns) only
/// there. With k = -|x - y| it is the energy distance.
/// Source: Gretton et al., "A kernel two-sample test", 2012; Szekely and Rizzo 2013.
struct MeanDiscrepancy {
  /// Pairs of a draw with itself left out: mean MMD^2, so that it may be negative.
  double unbiased = 0;
  /// With them: >= 0, and above 0 by some 1/m + 1/n where the laws are equal. (For the energy
  /// distance, whose diagonal is 0, the usual one.)
  double biased = 0;
};

/// @param k  of the pooled draws, the m of x first; m >= 2 and size - m >= 2, else UsageError
/// Cost: (m + n)^2 / 2 values of k, in parallel; memory: a row a thread.
MeanDiscrepancy mean_discrepancy(const PairFunction& k, Index m, const Executor& executor);

/// p-value of the unbiased one by permutations.hpp: independent draws of one law have
/// P(p <= a) <= a for every a. Cost: (m + n)^2 permutations multiplications; memory: the matrix of
/// (m + n)^2 (ConfigError where too large).
double mean_discrepancy_p_value(const PairFunction& k, Index m, Index permutations,
                                std::uint64_t seed, const Executor& executor);

}  // namespace negphase
