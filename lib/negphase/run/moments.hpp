#pragma once
#include "negphase/run/chains.hpp"

namespace negphase {

/// Mean and variance of vectors as they come, in constant memory: Welford's update, Chan's merge.
class RunningMoments {
 public:
  RunningMoments() = default;
  explicit RunningMoments(Index components)
      : mean_(Eigen::VectorXd::Zero(components)), squares_(Eigen::VectorXd::Zero(components)) {}

  void add(const Eigen::VectorXd& value);
  /// Merge in a fixed order: rounding depends on it.
  void merge(const RunningMoments& other);

  Index count() const { return count_; }
  const Eigen::VectorXd& mean() const { return mean_; }
  /// With n - 1; NaN below two values.
  Eigen::VectorXd variance() const { return squares_ / static_cast<double>(count_ - 1); }

 private:
  Index count_ = 0;
  Eigen::VectorXd mean_, squares_;
};

/// The moments of every column of the position, over the live chains and draws of a block.
template <class Scalar>
class MomentsObserver final : public Observer<Scalar> {
 public:
  void observe(const AnyEnergy<Scalar>&, const AnyState<Scalar>& state, Index live) override {
    if (moments_.mean().size() == 0) {
      moments_ = RunningMoments(state.position().cols());
    }
    for (Index c = 0; c < live; ++c) {
      value_ = state.position().row(c).matrix().transpose().template cast<double>();
      moments_.add(value_);
    }
  }
  const RunningMoments& moments() const { return moments_; }

 private:
  RunningMoments moments_;
  Eigen::VectorXd value_;
};

}  // namespace negphase
