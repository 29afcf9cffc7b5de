#pragma once
#include <functional>

#include "negphase/gradient/estimate.hpp"

namespace negphase {

/// An estimate as it stood after some of its draws.
struct Milestone {
  const GradientEstimate& estimate;  ///< over the draws so far, with what they have cost
  /// Standard error of direction . mean by the replicates (M7). The components' own error bars do
  /// not give it: components of one chain are correlated.
  const std::function<double(const Eigen::VectorXd& direction)>& error_along;
};

/// Wants to see an estimate grow: after all of its draws a chain, a half, a quarter and so on, at
/// most `points` of them, the fewest first. Looking changes no number. The error of the estimate
/// is reported as it stands; warnings are not among it yet. Of weighted draws all at once, of exact
/// estimates nothing.
struct Milestones {
  int points = 0;
  std::function<void(const Milestone&)> report;
};

}  // namespace negphase
