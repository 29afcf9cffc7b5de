#pragma once
#include <concepts>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "negphase/core/model.hpp"
#include "negphase/models/params.hpp"

namespace negphase {

/// What PointwiseModel makes a model of: functions of one x, one y and W, in double.
///   shape()                   static; no z
///   energy(w, x, y)           E_W(x, y)
///   grad(w, x, y, dy)         dE/dy into dy [num_y]; may be left out: then Langevin samplers do
///                             not apply
///   param_grad(w, x, y, dw)   dE/dW into dw [P]
template <class F>
concept PointwiseFunctions = requires(const Params& w, std::span<const double> in,
                                      std::span<double> out) {
  { F::shape() } -> std::convertible_to<ModelShape>;
  { F::energy(w, in, in) } -> std::convertible_to<double>;
  F::param_grad(w, in, in, out);
};

/// The energy of one block of a PointwiseModel: chain by chain, so it is slower than a model that
/// is written for blocks (models/README.md).
template <class F, class Scalar_>
class PointwiseEnergy {
 public:
  using Scalar = Scalar_;

  PointwiseEnergy(std::shared_ptr<const Params> w, const Eigen::MatrixXd& x,
                  std::span<const Index> row_of_chain)
      : w_(std::move(w)), columns_(F::shape().y), y_(columns_.size()), dy_(columns_.size()) {
    const Eigen::Map<const Sites> rows(row_of_chain.data(),
                                       static_cast<Index>(row_of_chain.size()));
    if (x.cols() > 0) {
      x_ = x(rows, Eigen::all).transpose();
    } else {
      x_.resize(0, rows.size());
    }
    dw_.resize(static_cast<std::size_t>(w_->size()));
  }

  std::span<const Column> columns() const { return columns_; }
  void energy(const Block<Scalar>& y, PerChain& out) const {
    for (Index c = 0; c < y.rows(); ++c) {
      out[c] = F::energy(*w_, x_of(c), y_of(y, c));
    }
  }
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const requires
      requires(std::span<const double> in, std::span<double> dy, const Params& w) {
    F::grad(w, in, in, dy);
  }
  {
    for (Index c = 0; c < y.rows(); ++c) {
      out[c] = F::energy(*w_, x_of(c), y_of(y, c));
      F::grad(*w_, x_of(c), y_, dy_);
      for (Index j = 0; j < y.cols(); ++j) {
        grad(c, j) = static_cast<Scalar>(dy_[static_cast<std::size_t>(j)]);
      }
    }
  }
  Index num_params() const { return w_->size(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const {
    for (Index c = range.begin; c < range.end(); ++c) {
      F::param_grad(*w_, x_of(c), y_of(y, c), dw_);
      sum += weights[c] * Eigen::Map<const Eigen::VectorXd>(dw_.data(), sum.size());
    }
  }

 private:
  std::span<const double> x_of(Index chain) const {
    return {x_.col(chain).data(), static_cast<std::size_t>(x_.rows())};
  }
  std::span<const double> y_of(const Block<Scalar>& y, Index chain) const {
    for (Index j = 0; j < y.cols(); ++j) {
      y_[static_cast<std::size_t>(j)] = static_cast<double>(y(chain, j));
    }
    return y_;
  }

  std::shared_ptr<const Params> w_;
  std::vector<Column> columns_;
  Eigen::MatrixXd x_;  // [num_x x chains]
  mutable std::vector<double> y_, dy_, dw_;
};

/// A model out of three functions of one point: the shortest way to an energy of one's own
/// (apps/examples/own_energy.cpp). Its derivatives are held against its energy before a run.
template <PointwiseFunctions F>
class PointwiseModel {
 public:
  using Prepared = Eigen::MatrixXd;

  /// Throws ConfigError unless there are as many parameters as F::shape() says.
  explicit PointwiseModel(std::shared_ptr<const Params> w) : w_(std::move(w)) {
    check_params_length("pointwise", "as shape().num_params says", F::shape().num_params,
                        w_->size());
  }
  explicit PointwiseModel(Params w)
      : PointwiseModel(std::make_shared<const Params>(std::move(w))) {}

  ModelShape shape() const { return F::shape(); }
  const Params& params() const { return *w_; }
  PointwiseModel with_params(std::shared_ptr<const Params> w) const {
    return PointwiseModel(std::move(w));
  }
  std::string param_name(Index i) const { return "w" + std::to_string(i); }
  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd& x) const {
    return std::make_shared<const Prepared>(x);
  }
  template <class Scalar>
  PointwiseEnergy<F, Scalar> bind(const std::shared_ptr<const Prepared>& x,
                                  std::span<const Index> row_of_chain) const {
    return {w_, *x, row_of_chain};
  }

 private:
  std::shared_ptr<const Params> w_;
};

}  // namespace negphase
