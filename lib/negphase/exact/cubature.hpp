#pragma once
#include <vector>

#include "negphase/exact/node_energies.hpp"
#include "negphase/exact/real_line.hpp"

namespace negphase {

/// log Z and E_p[dE/dW] under p = exp(-beta E) / Z (M2) by quadrature over 2 or 3 real columns,
/// each row of x for itself; every column lies in `range`. Rows are given to threads; where there
/// is one only, pieces of its nodes are.
///
/// 1. Find the peaks: a scan of a grid in t, y = sinh t (see LineMap), to |y| = 2 10^8, and a climb
///    from each of its local maxima (find_peaks).
/// 2. Choose the chart: over the whole space t = 0 is the heaviest peak, and its axes are those of
///    the peak's curvature, or of y where correlations are weak. Within a range, axes are those of
///    y.
/// 3. The integrand must fall below e^-36 of its peak (per unit of t) on all faces of the chart's
///    box, sought by scan and climb on each face: at 10^8, 10^26 or 10^74 widths of the peak, and
///    once more farther out. An energy that is not normalisable is refused by this, or because 4.
///    does not settle (a ridge that bends); so are tails heavier than some |y|^-(d + 0.2).
/// 4. Adaptive cubature over that box (BoxSum), to 1e-9 of Z in 2 dimensions, to 1e-7 in 3. The
///    error is what is left: pessimistic, mostly by a factor of 1000. Where that is not reached in
///    `most_energies` (walls, E = +inf, that no axis is normal to; long, thin, bent ridges), an
///    answer with a relative error up to 0.05 says so by its error; else there is none, nor where a
///    ridge was left that leads farther than was looked.
///
/// What it can miss: a well whose basin, as the energy's slopes show it, is narrower than some
/// 0.2 max(1, |y|) in 2 dimensions, 0.3 max(1, |y|) in 3 (beyond |y| = 30: |y|; of the interval on
/// one), and falls between the scan's nodes; more than 64 basins, where boxes do not meet the
/// others; a mean of dE/dW that does not exist although Z does. Where E has kinks, the error may
/// be too small by some times in 3 dimensions. It is that of Z: a mean of dE/dW is as good where
/// dE/dW is as smooth.
/// Cost a row: 2 dimensions: 40,000 to 100,000 energies where peaks are round, a million for a
/// banana; 3 dimensions: a million; eight for a product of double wells. dE/dW once at each node of
/// more than negligible weight.
/// @param most_energies  of each row
/// Throws ModelError with row and y: not normalisable, NaN or -inf, +inf everywhere, does not
/// settle; ConfigError for an empty range, or beta = 0 on an infinite one.
std::vector<RealIntegral> integrate_space(const BindRow& bind, Index rows, double beta,
                                          const LineRange& range, double most_energies,
                                          const Executor& executor);

}  // namespace negphase
