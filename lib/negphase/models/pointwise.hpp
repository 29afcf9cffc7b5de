#pragma once
#include <algorithm>
#include <concepts>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "negphase/core/model.hpp"
#include "negphase/models/dual.hpp"
#include "negphase/models/params.hpp"

namespace negphase {

// Which derivatives the functions of a PointwiseModel give, and which follow from their energy.
template <class F>
concept GivesGrad = requires(const Params& w, std::span<const double> in, std::span<double> out) {
  F::grad(w, in, in, out);
};
template <class F>
concept GivesParamGrad = requires(const Params& w, std::span<const double> in,
                                  std::span<double> out) {
  F::param_grad(w, in, in, out);
};
template <class F>
concept DifferentiableInY = requires(const Params& w, std::span<const double> in,
                                     std::span<const Dual> y) {
  { F::energy(w, in, y) } -> std::convertible_to<Dual>;
};
template <class F>
concept DifferentiableInW = requires(std::span<const Dual> w, std::span<const double> in) {
  { F::energy(w, in, in) } -> std::convertible_to<Dual>;
};

/// What PointwiseModel makes a model of: static functions of one x, one y and W, all in double.
///   shape()                   kinds and sizes; no z
///   energy(w, x, y)           E_W(x, y); arguments are indexed by []
///   grad(w, x, y, dy)         dE/dy into dy [num_y]
///   param_grad(w, x, y, dw)   dE/dW into dw [P]
/// Where energy takes `const auto& w` or `const auto& y`, param_grad or grad may be left out: the
/// derivatives are taken of the energy, exact to rounding, at the cost of n / 8 energies (rounded
/// up) on Duals (dual.hpp) for n variables: 1.1 to 1.3 times that of derivatives by hand for up to
/// 4 variables, about 2 times for 16, 5 to 8 times for 64 (benchmarks/micro_pointwise.cpp). Without
/// either dE/dy Langevin samplers do not apply.
template <class F>
concept PointwiseFunctions = requires(const Params& w, std::span<const double> in) {
  { F::shape() } -> std::convertible_to<ModelShape>;
  { F::energy(w, in, in) } -> std::convertible_to<double>;
  requires GivesParamGrad<F> || DifferentiableInW<F>;
};

/// The energy of one block of a PointwiseModel: chain by chain, so it is slower than a model that
/// is written for blocks (models/README.md).
template <class F, class Scalar_>
class PointwiseEnergy {
 public:
  using Scalar = Scalar_;

  PointwiseEnergy(std::shared_ptr<const Params> w, const Eigen::MatrixXd& x,
                  std::span<const Index> row_of_chain)
      : w_(std::move(w)),
        columns_(F::shape().y),
        y_(columns_.size()),
        dy_(columns_.size()),
        dual_y_(columns_.size()),
        dual_w_(w_->begin(), w_->end()) {
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
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const
      requires(GivesGrad<F> || DifferentiableInY<F>) {
    for (Index c = 0; c < y.rows(); ++c) {
      out[c] = F::energy(*w_, x_of(c), y_of(y, c));
      set_grad(c);
      for (Index j = 0; j < y.cols(); ++j) {
        grad(c, j) = static_cast<Scalar>(dy_[static_cast<std::size_t>(j)]);
      }
    }
  }
  Index num_params() const { return w_->size(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const {
    for (Index c = range.begin; c < range.end(); ++c) {
      y_of(y, c);
      set_param_grad(c);
      sum += weights[c] * Eigen::Map<const Eigen::VectorXd>(dw_.data(), sum.size());
    }
  }

 private:
  /// dE/dy at y_ into dy_.
  void set_grad(Index chain) const {
    if constexpr (GivesGrad<F>) {
      F::grad(*w_, x_of(chain), y_, dy_);
    } else {
      std::copy(y_.begin(), y_.end(), dual_y_.begin());
      differentiate([&] { return F::energy(*w_, x_of(chain), std::span<const Dual>(dual_y_)); },
                    dual_y_, dy_);
    }
  }
  /// dE/dW at y_ into dw_.
  void set_param_grad(Index chain) const {
    if constexpr (GivesParamGrad<F>) {
      F::param_grad(*w_, x_of(chain), y_, dw_);
    } else {
      const std::span<const double> y = y_;
      differentiate([&] { return F::energy(std::span<const Dual>(dual_w_), x_of(chain), y); },
                    dual_w_, dw_);
    }
  }
  /// The derivatives of f() by the constants in `at`, which f reads: Dual::width of them a pass.
  template <class Function>
  static void differentiate(const Function& f, std::vector<Dual>& at, std::vector<double>& out) {
    constexpr auto width = static_cast<std::size_t>(Dual::width);
    for (std::size_t first = 0; first < at.size(); first += width) {
      const std::size_t count = std::min(width, at.size() - first);
      for (std::size_t i = 0; i < count; ++i) {
        at[first + i].slopes[static_cast<Index>(i)] = 1;
      }
      const Dual result = f();
      for (std::size_t i = 0; i < count; ++i) {
        out[first + i] = result.slopes[static_cast<Index>(i)];
        at[first + i].slopes.setZero();
      }
    }
  }
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
  mutable std::vector<Dual> dual_y_, dual_w_;  // of derivatives that are not given
};

/// A model out of an energy of one point, its derivatives automatic or given: the shortest way to
/// an energy of one's own (apps/examples/own_energy.cpp). Its derivatives are held against
/// differences of its energy before a run.
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
