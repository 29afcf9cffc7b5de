#pragma once
#include <array>
#include <memory>
#include <span>
#include <string>

#include "negphase/core/model.hpp"

namespace negphase {

/// What QuarticModel takes from each row of x. `[rows]`
struct QuarticRows {
  PerChain x;
  PerChain slope;  ///< w2 x + w3
};

/// The energy of one block of a QuarticModel: y [chains x 1], all arithmetic in double.
template <class Scalar_>
class QuarticEnergy {
 public:
  using Scalar = Scalar_;

  QuarticEnergy(std::shared_ptr<const Params> w, const QuarticRows& rows,
                std::span<const Index> row_of_chain);

  std::span<const Column> columns() const { return columns_; }
  void energy(const Block<Scalar>& y, PerChain& out) const;
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const;
  Index num_params() const { return 4; }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;

 private:
  static constexpr std::array<Column, 1> columns_{};
  std::shared_ptr<const Params> w_;
  PerChain x_, slope_;  // of each chain's row
};

/// A double well that tilts with its input: the smallest conditional model with two modes.
///   E_W(x, y) = w0 y^4 / 4 + w1 y^2 / 2 - w2 x y - w3 y
/// x: one real; y: one real; no z, so F = E (M1). W = (w0, w1, w2, w3); normalisable (M2) where
/// w0 > 0, or w0 = 0 and w1 > 0. dE/dW = (y^4/4, y^2/2, -x y, -y).
class QuarticModel {
 public:
  using Prepared = QuarticRows;

  /// Throws ConfigError unless there are 4 parameters.
  explicit QuarticModel(std::shared_ptr<const Params> w);
  explicit QuarticModel(Params w) : QuarticModel(std::make_shared<const Params>(std::move(w))) {}

  ModelShape shape() const { return {1, {real_column()}, {}, 4}; }
  const Params& params() const { return *w_; }
  QuarticModel with_params(std::shared_ptr<const Params> w) const {
    return QuarticModel(std::move(w));
  }
  std::string param_name(Index i) const { return "w" + std::to_string(i); }

  /// @param x  [rows x 1]; throws UsageError otherwise
  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd& x) const;
  template <class Scalar>
  QuarticEnergy<Scalar> bind(const std::shared_ptr<const Prepared>& rows,
                             std::span<const Index> row_of_chain) const {
    return QuarticEnergy<Scalar>(w_, *rows, row_of_chain);
  }

 private:
  std::shared_ptr<const Params> w_;
};

}  // namespace negphase
