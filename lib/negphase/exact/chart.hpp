#pragma once
#include <cmath>
#include <utility>

#include "negphase/core/block.hpp"
#include "negphase/core/factorizations.hpp"
#include "negphase/exact/real_line.hpp"

namespace negphase {

/// The change of variables of quadrature in d dimensions, y = center + axes u, u_j = map(t_j):
/// on the whole space the axes may stand along those of the mass; within a range they are those of
/// y.
class Chart {
 public:
  /// u = y.
  Chart(const LineMap& map, Index d)
      : Chart(map, Eigen::VectorXd::Zero(d), Eigen::MatrixXd::Identity(d, d)) {}
  /// @param center  [d]  @param axes  [d x d], of positive determinant up to sign
  Chart(const LineMap& map, Eigen::VectorXd center, Eigen::MatrixXd axes)
      : map_(map),
        center_(std::move(center)),
        axes_(std::move(axes)),
        inverse_(inverse_of(axes_)),
        log_volume_(std::log(std::abs(determinant_of(axes_)))) {}

  Index dimensions() const { return center_.size(); }
  const LineMap& map() const { return map_; }
  /// log |det axes|, what log_slope leaves out.
  double log_volume() const { return log_volume_; }

  /// Rows of u [points x d] to rows of y.
  Block<double> y_of_u(const Block<double>& u) const {
    return (u.matrix() * axes_.transpose()).array().rowwise() + center_.transpose().array();
  }
  Block<double> y(const Block<double>& t) const {
    return y_of_u(t.unaryExpr([this](double v) { return map_.y(v); }));
  }
  /// log |det dy/dt| [points]
  PerChain log_slope(const Block<double>& t) const {
    return t.unaryExpr([this](double v) { return map_.log_slope(v); }).rowwise().sum() +
           log_volume_;
  }
  /// The inverse of y(t).
  Block<double> t(const Block<double>& y) const {
    const Block<double> from_center = y.rowwise() - center_.transpose().array();
    const Block<double> u = (from_center.matrix() * inverse_.transpose()).array();
    return u.unaryExpr([this](double v) { return map_.t(v); });
  }

 private:
  LineMap map_;
  Eigen::VectorXd center_;
  Eigen::MatrixXd axes_, inverse_;
  double log_volume_;
};

}  // namespace negphase
