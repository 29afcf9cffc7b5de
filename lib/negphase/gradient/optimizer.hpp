#pragma once
#include <Eigen/Core>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "negphase/core/options.hpp"
#include "negphase/run/saved_state.hpp"

namespace negphase {

/// The learning rate of update 1 .. updates: `schedule` constant, linear or cosine from
/// learning_rate at the first to learning_rate_end at the last.
double learning_rate(const Options& train, std::int64_t update);

/// A step along a noisy gradient g:
///   sgd        w -= r g
///   momentum   v = mu v + g, w -= r v
///   adam       m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, w -= r m' / (sqrt(v') + 1e-8),
///              m' = m / (1 - b1^t), v' = v / (1 - b2^t)   (Kingma and Ba 2015)
///   rmsprop    v = d v + (1 - d) g^2, w -= r g / (sqrt(v) + 1e-8)   (Tieleman and Hinton 2012)
class Optimizer {
 public:
  /// @param train  the options of train(): optimizer, momentum, adam_beta1, adam_beta2,
  /// rmsprop_decay
  Optimizer(const Options& train, Eigen::Index num_params);
  void step(Eigen::VectorXd& w, const Eigen::VectorXd& gradient, double rate);
  void save(SavedState& state) const;
  void restore(const SavedState& state);

 private:
  std::string rule_;
  double momentum_, beta1_, beta2_, decay_;
  std::int64_t steps_ = 0;
  Eigen::VectorXd first_, second_;  ///< velocity, Adam's moments, rmsprop's in second_
};

/// Shortens a gradient that is longer than `longest` (0: never) to that length, keeping its
/// direction. Returns its length before.
double clip(Eigen::VectorXd& gradient, double longest);

/// Limited-memory BFGS with a weak Wolfe line search, for values and gradients without noise.
/// Source: Nocedal and Wright, Numerical Optimization, algorithm 7.4; the line search is that of
/// Lewis and Overton (2013), algorithm 2.6.
class Lbfgs {
 public:
  struct Point {
    double value = 0;
    Eigen::VectorXd gradient;
  };
  using Objective = std::function<Point(const Eigen::VectorXd& w)>;

  /// Value and gradient at the first w.
  void begin(const Eigen::VectorXd& w, const Objective& objective) { present_ = objective(w); }
  /// One iteration after begin(). Returns false, and leaves w alone, where no step lowers the value
  /// any more.
  bool step(Eigen::VectorXd& w, const Objective& objective);
  /// Value and gradient at the present w; the gradient is empty before begin().
  const Point& present() const { return present_; }
  void save(SavedState& state) const;
  void restore(const SavedState& state, Eigen::Index num_params);

 private:
  struct Pair {
    Eigen::VectorXd move, change;  ///< of w and of the gradient
  };
  Eigen::VectorXd direction() const;
  Point present_;
  std::deque<Pair> pairs_;
};

}  // namespace negphase
