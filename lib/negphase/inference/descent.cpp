#include "negphase/inference/descent.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <utility>
#include <vector>

namespace negphase {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double epsilon = std::numeric_limits<double>::epsilon();

struct Point {
  Eigen::VectorXd place, gradient;
  double value = 0;
};

/// The last moves, and what they say of the inverse Hessian.
class Memory {
 public:
  void add(Eigen::VectorXd move, Eigen::VectorXd turn) {
    const double curvature = move.dot(turn);
    if (!(curvature > epsilon * move.norm() * turn.norm())) {
      return;
    }
    pairs_.push_back({std::move(move), std::move(turn), 1 / curvature});
    if (pairs_.size() > most_pairs) {
      pairs_.pop_front();
    }
  }
  bool empty() const { return pairs_.empty(); }
  void forget() { pairs_.clear(); }

  /// - H g (Nocedal's two loops)
  Eigen::VectorXd direction(const Eigen::VectorXd& gradient) const {
    Eigen::VectorXd q = -gradient;
    if (pairs_.empty()) {
      return q / std::max(1.0, gradient.norm());
    }
    std::vector<double> alpha(pairs_.size());
    for (std::size_t i = pairs_.size(); i-- > 0;) {
      alpha[i] = pairs_[i].scale * pairs_[i].move.dot(q);
      q -= alpha[i] * pairs_[i].turn;
    }
    q /= pairs_.back().scale * pairs_.back().turn.squaredNorm();
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      q += (alpha[i] - pairs_[i].scale * pairs_[i].turn.dot(q)) * pairs_[i].move;
    }
    return q;
  }

 private:
  static constexpr std::size_t most_pairs = 10;
  struct Pair {
    Eigen::VectorXd move, turn;
    double scale;  // 1 / move'turn
  };
  std::deque<Pair> pairs_;
};

class Walk {
 public:
  Walk(const SmoothFunction& function, const Eigen::VectorXd& start, const DescentLimits& limits)
      : function_(function), start_(start), limits_(limits), here_(at(start)) {}

  Descent run() {
    using End = Descent::End;
    if (std::isnan(here_.value) || here_.value == infinity) {
      return result(here_.value == infinity ? End::no_start : End::bad_start);
    }
    if (here_.value == -infinity) {
      return result(End::ran_away);
    }
    for (Index step = 0; step < limits_.most_steps; ++step) {
      if (is_stationary()) {
        return result(End::stationary);
      }
      const bool fresh = memory_.empty();
      const Found found = move_along(memory_.direction(here_.gradient));
      if (found == Found::no_end) {
        return result(End::ran_away);
      }
      if (found == Found::nothing) {
        if (fresh) {
          return result(End::stalled);
        }
        memory_.forget();
      }
    }
    return result(is_stationary() ? End::stationary : End::unsettled);
  }

 private:
  enum class Found { lower, nothing, no_end };

  Point at(const Eigen::VectorXd& place) {
    Point point{place, Eigen::VectorXd(place.size()), 0};
    point.value = function_(place, point.gradient);
    ++evaluations_;
    return point;
  }

  bool is_stationary() const {
    return here_.gradient.size() == 0 ||
           here_.gradient.lpNorm<Eigen::Infinity>() <=
               limits_.gradient_tolerance * (1 + std::abs(here_.value));
  }

  /// A step that lowers the value enough and turns the slope enough (weak Wolfe conditions).
  Found move_along(const Eigen::VectorXd& direction) {
    constexpr double enough_lower = 1e-4, enough_flatter = 0.9;
    const double slope = here_.gradient.dot(direction);
    if (!(slope < 0)) {
      return Found::nothing;
    }
    // below this, values of a smooth function no longer tell up from down, and slopes do
    const double noise = 4 * epsilon * std::abs(here_.value);
    double low = 0, high = infinity, length = 1;
    Point lower = here_;
    for (int trial = 0; trial < 100; ++trial) {
      Point there = at(here_.place + length * direction);
      if (there.value == -infinity ||
          (there.place - start_).norm() > limits_.farthest * (1 + start_.norm())) {
        here_ = std::move(there);
        return Found::no_end;
      }
      if (!(there.value <= here_.value + enough_lower * length * slope + noise) ||
          !there.gradient.allFinite()) {
        high = length;
      } else if (there.gradient.dot(direction) < enough_flatter * slope) {
        low = length;
        lower = std::move(there);
      } else {
        return take(std::move(there));
      }
      length = high < infinity ? (low + high) / 2 : 2 * low;
      if (!(length > low) || !(length < high)) {
        break;
      }
    }
    // at a kink the slope jumps, and no step turns it by little
    return low > 0 && lower.value < here_.value ? take(std::move(lower)) : Found::nothing;
  }

  Found take(Point there) {
    memory_.add(there.place - here_.place, there.gradient - here_.gradient);
    const bool moved = there.place != here_.place;
    here_ = std::move(there);
    return moved ? Found::lower : Found::nothing;
  }

  Descent result(Descent::End end) {
    return {std::move(here_.place), std::move(here_.gradient), here_.value, end, evaluations_};
  }

  const SmoothFunction& function_;
  const Eigen::VectorXd& start_;
  const DescentLimits& limits_;
  double evaluations_ = 0;
  Memory memory_;
  Point here_;
};

}  // namespace

Descent descend(const SmoothFunction& function, const Eigen::VectorXd& start,
                const DescentLimits& limits) {
  return Walk(function, start, limits).run();
}

Eigen::MatrixXd hessian(const SmoothFunction& function, const Eigen::VectorXd& place) {
  const Index d = place.size();
  Eigen::MatrixXd second(d, d);
  Eigen::VectorXd above(d), below(d);
  for (Index j = 0; j < d; ++j) {
    const double step = std::cbrt(epsilon) * std::max(1.0, std::abs(place[j]));
    Eigen::VectorXd shifted = place;
    shifted[j] = place[j] + step;
    const double up = shifted[j] - place[j];  // what rounding left of the step
    function(shifted, above);
    shifted[j] = place[j] - step;
    const double down = place[j] - shifted[j];
    function(shifted, below);
    second.col(j) = (above - below) / (up + down);
  }
  return (second + second.transpose()) / 2;
}

}  // namespace negphase
