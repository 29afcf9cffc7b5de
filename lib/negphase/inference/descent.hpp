#pragma once
#include <Eigen/Core>
#include <functional>

#include "negphase/core/block.hpp"

namespace negphase {

/// A function of real coordinates: its value, and its gradient (already sized).
using SmoothFunction =
    std::function<double(const Eigen::VectorXd& place, Eigen::VectorXd& gradient)>;

struct DescentLimits {
  /// A place is stationary where no component of the gradient exceeds this times 1 + |value|.
  double gradient_tolerance = 1e-8;
  Index most_steps = 2000;
  double farthest = 1e8;  ///< |place - start| beyond this times 1 + |start| is running away
};

/// Where a descent ended.
struct Descent {
  enum class End {
    stationary,  ///< the gradient is 0 within the tolerance
    stalled,     ///< no lower place along the last direction, yet the gradient is not 0: a kink
    ran_away,    ///< the value falls without end, or to -inf
    unsettled,   ///< still falling after most_steps
    no_start,    ///< the value at the start is +inf
    bad_start,   ///< the value at the start is NaN
  };
  Eigen::VectorXd place, gradient;
  double value = 0;
  End end = End::unsettled;
  double evaluations = 0;
};

/// Goes downhill from `start`: L-BFGS (Liu and Nocedal 1989, 10 pairs) with a line search by
/// bisection for the weak Wolfe conditions (Lewis and Overton 2013), which copes with kinks. NaN
/// and +inf on the way are walls. No random number.
Descent descend(const SmoothFunction& function, const Eigen::VectorXd& start,
                const DescentLimits& limits);

/// The Hessian at a place by central differences of the gradient, made symmetric.
/// Truncation and rounding: some eps^(2/3) of its size.
Eigen::MatrixXd hessian(const SmoothFunction& function, const Eigen::VectorXd& place);

}  // namespace negphase
