#pragma once
#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "negphase/core/by_evaluation.hpp"
#include "negphase/core/error.hpp"
#include "negphase/core/model.hpp"
#include "negphase/core/states_summed_out.hpp"
#include "negphase/models/dual.hpp"
#include "negphase/models/params.hpp"
#include "negphase/models/pointwise_functions.hpp"

namespace negphase {

/// The energy of one block of a PointwiseModel: chain by chain, so it is slower than a model that
/// is written for blocks (models/README.md). Changes and conditionals (of one column) by
/// evaluation; finite columns are summed out state by state.
template <class F, class Scalar_>
class PointwiseEnergy {
 public:
  using Scalar = Scalar_;

  PointwiseEnergy(F functions, std::shared_ptr<const Params> w, const Eigen::MatrixXd& x,
                  std::span<const Index> row_of_chain)
      : functions_(std::move(functions)),
        w_(std::move(w)),
        columns_(columns_of(functions_.shape())),
        num_y_(functions_.shape().y.size()),
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
      out[c] = evaluate(*w_, x_of(c), y_of(y, c));
    }
  }
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const
      requires(GivesGrad<F> || DifferentiableInY<F>) {
    for (Index c = 0; c < y.rows(); ++c) {
      out[c] = evaluate(*w_, x_of(c), y_of(y, c));
      set_grad(c);
      for (Index j = 0; j < y.cols(); ++j) {
        const auto at = static_cast<std::size_t>(j);
        grad(c, j) = columns_[at].kind == ColumnKind::real ? static_cast<Scalar>(dy_[at]) : 0;
      }
    }
  }
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const {
    changes_.energy_change(*this, y, site, values, out);
  }
  void energy_change(const Block<Scalar>& y, const Sites& sites, const Lane<Scalar>& values,
                     PerChain& out) const {
    changes_.energy_change(*this, y, sites, values, out);
  }
  void conditional(const Block<Scalar>& y, std::span<const Index> columns,
                   Block<Scalar>& delta) const {
    changes_.conditional(*this, y, columns, delta);
  }
  bool can_sum_out(std::span<const Index> columns) const {
    return StatesSummedOut<Scalar>::can_sum(columns_, columns);
  }
  StatesSummedOut<Scalar> summed_out(std::span<const Index> columns, double beta) const {
    return {std::make_shared<const AnyEnergy<Scalar>>(PointwiseEnergy(*this)), columns, beta};
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
  static std::vector<Column> columns_of(const ModelShape& shape) {
    std::vector<Column> columns = shape.y;
    columns.insert(columns.end(), shape.z.begin(), shape.z.end());
    return columns;
  }
  /// @param free  y, then z
  template <class W, class Number>
  auto evaluate(const W& w, std::span<const double> x, std::span<const Number> free) const {
    if constexpr (SeesLatents<F>) {
      return functions_.energy(w, x, free.first(num_y_), free.subspan(num_y_));
    } else {
      return functions_.energy(w, x, free);
    }
  }
  /// dE/dy at y_ into dy_.
  void set_grad(Index chain) const {
    const std::span<const double> x = x_of(chain), y = y_;
    const std::span<double> dy = dy_;
    if constexpr (GivesGrad<F> && SeesLatents<F>) {
      functions_.grad(*w_, x, y.first(num_y_), y.subspan(num_y_), dy);
    } else if constexpr (GivesGrad<F>) {
      functions_.grad(*w_, x, y, dy);
    } else {
      std::copy(y_.begin(), y_.end(), dual_y_.begin());
      differentiate([&] { return evaluate(*w_, x, std::span<const Dual>(dual_y_)); }, dual_y_, dy_);
    }
  }
  /// dE/dW at y_ into dw_.
  void set_param_grad(Index chain) const {
    const std::span<const double> x = x_of(chain), y = y_;
    const std::span<double> dw = dw_;
    if constexpr (GivesParamGrad<F> && SeesLatents<F>) {
      functions_.param_grad(*w_, x, y.first(num_y_), y.subspan(num_y_), dw);
    } else if constexpr (GivesParamGrad<F>) {
      functions_.param_grad(*w_, x, y, dw);
    } else {
      differentiate([&] { return evaluate(std::span<const Dual>(dual_w_), x, y); }, dual_w_, dw_);
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

  F functions_;
  std::shared_ptr<const Params> w_;
  std::vector<Column> columns_;
  std::size_t num_y_;
  Eigen::MatrixXd x_;  // [num_x x chains]
  mutable std::vector<double> y_, dy_, dw_;
  mutable std::vector<Dual> dual_y_, dual_w_;  // of derivatives that are not given
  mutable ByEvaluation<Scalar> changes_;
};

/// A model out of an energy of one point, its derivatives automatic or given: the shortest way to
/// an energy of one's own (apps/examples/own_energy.cpp). Its derivatives are held against
/// differences of its energy before a run.
template <PointwiseFunctions F>
class PointwiseModel {
 public:
  using Prepared = Eigen::MatrixXd;

  /// Throws ConfigError unless there are as many parameters as shape() says, UsageError where it
  /// has z and the energy takes none.
  PointwiseModel(F functions, std::shared_ptr<const Params> w)
      : functions_(std::move(functions)), w_(std::move(w)) {
    const ModelShape shape = functions_.shape();
    check_params_length("pointwise", "as shape().num_params says", shape.num_params, w_->size());
    if (!SeesLatents<F> && !shape.z.empty()) {
      throw UsageError("pointwise: shape() has z, so the energy must take it: energy(w, x, y, z)");
    }
  }
  explicit PointwiseModel(std::shared_ptr<const Params> w) : PointwiseModel(F{}, std::move(w)) {}
  explicit PointwiseModel(Params w)
      : PointwiseModel(std::make_shared<const Params>(std::move(w))) {}

  ModelShape shape() const { return functions_.shape(); }
  const Params& params() const { return *w_; }
  PointwiseModel with_params(std::shared_ptr<const Params> w) const {
    return PointwiseModel(functions_, std::move(w));
  }
  std::string param_name(Index i) const { return "w" + std::to_string(i); }
  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd& x) const {
    return std::make_shared<const Prepared>(x);
  }
  template <class Scalar>
  PointwiseEnergy<F, Scalar> bind(const std::shared_ptr<const Prepared>& x,
                                  std::span<const Index> row_of_chain) const {
    return {functions_, w_, *x, row_of_chain};
  }

 private:
  F functions_;
  std::shared_ptr<const Params> w_;
};

}  // namespace negphase
