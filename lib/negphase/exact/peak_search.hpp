#pragma once
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "negphase/core/block.hpp"

namespace negphase {

/// The log of a density, up to a constant, at the rows of t [points x d]; -inf where it is 0.
using LogDensity = std::function<PerChain(const Block<double>& t)>;

/// A local maximum as it was found.
struct Peak {
  Eigen::VectorXd place;  ///< [d]
  double value = 0;       ///< log density there
  Block<double> spread;   ///< [points x d] places around it at which the density is about as high
};

struct PeakSearch {
  std::vector<double> grid;  ///< places of each axis, ascending; d of these span the first scan
  std::size_t most_starts = 64;
  /// A climb is given up where its peak can no more be expected within this of `value_to_beat`, or
  /// of the best peak so far.
  double margin = 50;
  double value_to_beat = -std::numeric_limits<double>::infinity();
};

/// Local maxima of a density of d = 1 to 3 coordinates inside the grid's range: a scan of the grid,
/// then a climb from each of its local maxima, the highest first. A climb samples 64 points, moves
/// to the 16 best and takes its next covariance from their distances to where it was (evolution
/// strategy with covariance adaptation: Hansen and Ostermeier 2001, rank mu), so that it stretches
/// along slopes and shrinks onto ridges of any direction. It ends where the 64 stand out from each
/// other by less than a factor of e, which tells the peak's width. Deterministic: the points are
/// Halton's. Empty: the density is 0 on all of the grid. Cost: the grid, 64 points a move of up to
/// 80.
std::vector<Peak> find_peaks(const LogDensity& density, Index d, const PeakSearch& search);

}  // namespace negphase
