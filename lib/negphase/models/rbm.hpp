#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "negphase/core/model.hpp"

namespace negphase {

enum class RbmLayer { visible, hidden };

/// The parameters of an RBM in one precision.
template <class Scalar>
struct RbmWeights {
  Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic> coupling;      ///< W [V x H]
  Eigen::Matrix<Scalar, 1, Eigen::Dynamic> visible_bias, hidden_bias;  ///< a [1 x V], c [1 x H]

  const auto& bias(RbmLayer layer) const {
    return layer == RbmLayer::visible ? visible_bias : hidden_bias;
  }
};

/// What all blocks of one RbmModel share.
struct RbmPrepared {
  RbmWeights<double> in_double;
  RbmWeights<float> in_float;
  std::vector<Column> columns;  ///< V + H bits

  template <class Scalar>
  const RbmWeights<Scalar>& weights() const {
    if constexpr (std::same_as<Scalar, float>) {
      return in_float;
    } else {
      return in_double;
    }
  }
  Index num_visible() const { return in_double.coupling.rows(); }
  Index num_hidden() const { return in_double.coupling.cols(); }
  Index num_units(RbmLayer layer) const { return in_double.bias(layer).size(); }
  Index num_params() const;
};

/// Free energy over one layer of an RBM, the other one summed out (M1); for the hidden layer
///   F(v) = -a'v - (1/beta) sum_j log(1 + exp(beta (c_j + (v'W)_j)))
/// and with the layers exchanged for the visible one. add_param_grad adds E[dE/dW | kept layer].
/// Cost of an energy and of a change: one product [chains x V][V x H] and a log a summed unit.
template <class Scalar_>
class RbmMarginal {
 public:
  using Scalar = Scalar_;

  RbmMarginal(std::shared_ptr<const RbmPrepared> prepared, RbmLayer summed, double beta);

  std::span<const Column> columns() const;
  void energy(const Block<Scalar>& y, PerChain& out) const;
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const;
  Index num_params() const { return prepared_->num_params(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;

 private:
  std::shared_ptr<const RbmPrepared> prepared_;
  RbmLayer summed_, kept_;
  double beta_;
  mutable Block<Scalar> fields_;
  mutable Lane<Scalar> step_, log_terms_;
  mutable Block<double> states_, means_;  // of add_param_grad
};

/// The joint energy of one block of an RbmModel: columns 0 .. V-1 visible, V .. V+H-1 hidden. Sums
/// over one layer are products in the block's precision, the rest is in double.
template <class Scalar_>
class RbmEnergy {
 public:
  using Scalar = Scalar_;

  explicit RbmEnergy(std::shared_ptr<const RbmPrepared> prepared);

  std::span<const Column> columns() const { return prepared_->columns; }
  /// Cost: one product [chains x V][V x H].
  void energy(const Block<Scalar>& y, PerChain& out) const;
  /// Cost: the units of the other layer, for each chain.
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const;
  void energy_change(const Block<Scalar>& y, const Sites& sites, const Lane<Scalar>& values,
                     PerChain& out) const;
  /// Any columns of one layer (UsageError otherwise); a whole layer is one product.
  void conditional(const Block<Scalar>& y, std::span<const Index> columns,
                   Block<Scalar>& delta) const;
  Index num_params() const { return prepared_->num_params(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;
  LayerView layers() const;
  /// True for the whole hidden and for the whole visible layer, columns ascending.
  bool can_sum_out(std::span<const Index> columns) const;
  /// @param beta  > 0: M1 has no limit at 0
  RbmMarginal<Scalar> summed_out(std::span<const Index> columns, double beta) const;

 private:
  void set_field(const Block<Scalar>& y, Index site) const;

  std::shared_ptr<const RbmPrepared> prepared_;
  mutable Block<Scalar> fields_;
  mutable Lane<Scalar> field_;              // of one unit
  mutable Block<double> visible_, hidden_;  // of add_param_grad
};

/// Bernoulli restricted Boltzmann machine: V visible bits y = v, H hidden bits z = h, no x.
///   E_W(v, h) = -a'v - c'h - v'W h
/// W = (W row by row [V x H], row = visible unit; a [V]; c [H]), P = V H + V + H.
/// dE/dW_ij = -v_i h_j, dE/da_i = -v_i, dE/dc_j = -h_j.
class RbmModel {
 public:
  using Prepared = RbmPrepared;

  /// Throws ConfigError where the length is not V H + V + H.
  RbmModel(Index num_visible, Index num_hidden, std::shared_ptr<const Params> w);
  RbmModel(Index num_visible, Index num_hidden, Params w)
      : RbmModel(num_visible, num_hidden, std::make_shared<const Params>(std::move(w))) {}

  ModelShape shape() const;
  const Params& params() const { return *w_; }
  RbmModel with_params(std::shared_ptr<const Params> w) const {
    return RbmModel(num_visible_, num_hidden_, std::move(w));
  }
  /// "W[3,2]", "a[3]", "c[2]"
  std::string param_name(Index i) const;

  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd& x) const;
  template <class Scalar>
  RbmEnergy<Scalar> bind(std::shared_ptr<const Prepared> prepared, std::span<const Index>) const {
    return RbmEnergy<Scalar>(std::move(prepared));
  }

 private:
  Index num_visible_, num_hidden_;
  std::shared_ptr<const Params> w_;
};

}  // namespace negphase
