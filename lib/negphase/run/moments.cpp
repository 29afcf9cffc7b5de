#include "negphase/run/moments.hpp"

namespace negphase {

void RunningMoments::add(const Eigen::VectorXd& value) {
  ++count_;
  const Eigen::VectorXd step = value - mean_;
  mean_ += step / static_cast<double>(count_);
  squares_ += step.cwiseProduct(value - mean_);
}

void RunningMoments::merge(const RunningMoments& other) {
  if (count_ == 0) {
    *this = other;
    return;
  }
  if (other.count_ == 0) {
    return;
  }
  const auto n = static_cast<double>(count_), m = static_cast<double>(other.count_);
  const Eigen::VectorXd step = other.mean_ - mean_;
  mean_ += step * (m / (n + m));
  squares_ += other.squares_ + step.cwiseAbs2() * (n * m / (n + m));
  count_ += other.count_;
}

}  // namespace negphase
