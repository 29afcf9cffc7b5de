#pragma once
#include <vector>

#include "negphase/exact/node_energies.hpp"
#include "negphase/exact/real_line.hpp"
#include "negphase/parallel/executor.hpp"

namespace negphase {

/// log Z and E_p[dE/dW] under p = exp(-beta E) / Z (M2) by quadrature over y in `range`, each row
/// of x for itself; nodes are the chains of blocks bound to that row.
///
/// 1. Find the mass: a scan over t with y = sinh t (lower + e^t on a half line; a logistic map on
/// an
///    interval), at steps of 2^-11 up to |y| = 10^8 and of 1/4 up to 10^75. Each peak between nodes
///    is then closed in on until it is resolved.
/// 2. The integrand must fall below e^-50 of its peak (per unit of t) towards both ends, if need be
///    beyond |y| = 10^299: an energy that is not normalisable has no number, and is refused. So are
///    tails heavier than |y|^-1.08, normalisable or not.
/// 3. Panels in y, cut where the integrand changes by e^2, each integrated by Gauss and Kronrod's
///    10 and 21 points (QUADPACK 1983), halved until the two agree to 1e-13 of Z in all, or as far
///    as rounding of E and y allows. The error is the sum of what is left: pessimistic, save where
///    E jumps (a wall inside the range): there it is 1e-13 at best.
///
/// What it can miss: a well whose basin is narrower than some 5e-4 max(1, |y|) (of the interval on
/// one) and falls between the scan's nodes; a mean of dE/dW that does not exist although Z does.
/// A singularity at an end of the range is resolved at 0 only.
/// Cost a row: about 80,000 energies (a millisecond), 200 to 5,000 more a mode.
/// Throws ModelError with row and y: not normalisable, NaN or -inf, +inf everywhere, does not
/// settle; ConfigError for an empty range, or beta = 0 on an infinite one.
std::vector<RealIntegral> integrate_line(const BindRow& bind, Index rows, double beta,
                                         const LineRange& range, const Executor& executor);

}  // namespace negphase
