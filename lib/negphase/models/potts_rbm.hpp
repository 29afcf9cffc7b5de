#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "negphase/models/registry.hpp"

namespace negphase {

/// Sizes of a PottsRbmModel; S = sum_i K_i. State k of visible unit i is number first[i] + k.
struct PottsRbmSizes {
  PottsRbmSizes(std::vector<Index> states_of_columns, Index hidden);
  std::vector<Index> states;    ///< K of each visible unit
  std::vector<Index> first;     ///< [V]
  std::vector<Column> columns;  ///< V categories, then H bits
  Index num_hidden = 0;         ///< H
  Index num_states = 0;         ///< S
  Index most_states = 0;        ///< the largest K

  Index num_visible() const { return static_cast<Index>(states.size()); }
  Index num_params() const { return num_states * num_hidden + num_states + num_hidden; }
};

/// Sizes and parameters, as the energies of all blocks share them.
struct PottsRbmWeights {
  using Matrix = Eigen::Map<const Eigen::MatrixXd>;
  using Vector = Eigen::Map<const Eigen::VectorXd>;
  std::shared_ptr<const PottsRbmSizes> sizes;
  std::shared_ptr<const Params> w;

  /// W, a column for each visible state [H x S]: what W row by row is in memory.
  Matrix coupling() const { return {w->data(), sizes->num_hidden, sizes->num_states}; }
  Vector visible_bias() const {
    return {w->data() + sizes->num_states * sizes->num_hidden, sizes->num_states};
  }
  Vector hidden_bias() const {
    return {w->data() + sizes->num_states * (sizes->num_hidden + 1), sizes->num_hidden};
  }
};

/// Free energy over the visible units of a PottsRbmModel, hidden ones summed out (M1):
///   F(v) = -sum_i a_i(v_i) - (1/beta) sum_j log(1 + exp(beta (c_j + sum_i W_ij(v_i))))
/// add_param_grad adds E[dE/dW | v]. Cost a chain: V H sums and H logarithms. In double.
template <class Scalar_>
class PottsRbmVisible {
 public:
  using Scalar = Scalar_;
  PottsRbmVisible(PottsRbmWeights weights, double beta);

  std::span<const Column> columns() const {
    return std::span(w_.sizes->columns).first(w_.sizes->states.size());
  }
  void energy(const Block<Scalar>& y, PerChain& out) const;
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const;
  Index num_params() const { return w_.w->size(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;

 private:
  PottsRbmWeights w_;
  double beta_;
  mutable Eigen::MatrixXd fields_;  // [H x chains]
  mutable Eigen::VectorXd moved_;   // [H]
};

/// Free energy over the hidden units, visible ones summed out (M1):
///   F(h) = -c'h - (1/beta) sum_i log sum_k exp(beta (a_i(k) + sum_j W_ij(k) h_j))
/// Each sum is shifted by its largest term (M14). add_param_grad adds E[dE/dW | h]. Cost a chain:
/// S H products and S exponentials. In double.
template <class Scalar_>
class PottsRbmHidden {
 public:
  using Scalar = Scalar_;
  PottsRbmHidden(PottsRbmWeights weights, double beta);

  std::span<const Column> columns() const {
    return std::span(w_.sizes->columns).subspan(w_.sizes->states.size());
  }
  void energy(const Block<Scalar>& y, PerChain& out) const;
  Index num_params() const { return w_.w->size(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;

 private:
  void set_fields(const Block<Scalar>& y, ChainRange range) const;

  PottsRbmWeights w_;
  double beta_;
  mutable Eigen::MatrixXd hidden_;  // [H x chains]
  mutable Eigen::MatrixXd fields_;  // [S x chains]
};

/// The joint energy of one block: columns 0 .. V-1 visible, V .. V+H-1 hidden. In double.
template <class Scalar_>
class PottsRbmEnergy {
 public:
  using Scalar = Scalar_;
  explicit PottsRbmEnergy(PottsRbmWeights weights) : w_(std::move(weights)) {}

  std::span<const Column> columns() const { return w_.sizes->columns; }
  /// Cost: V H sums a chain.
  void energy(const Block<Scalar>& y, PerChain& out) const;
  /// Cost: the units of the other layer.
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const;
  void energy_change(const Block<Scalar>& y, const Sites& sites, const Lane<Scalar>& values,
                     PerChain& out) const;
  /// Any columns of one layer (UsageError otherwise).
  void conditional(const Block<Scalar>& y, std::span<const Index> columns,
                   Block<Scalar>& delta) const;
  Index num_params() const { return w_.w->size(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;
  LayerView layers() const;
  /// True for the whole hidden and for the whole visible layer, columns ascending.
  bool can_sum_out(std::span<const Index> columns) const;
  /// @param beta  > 0: M1 has no limit at 0
  AnyEnergy<Scalar> summed_out(std::span<const Index> columns, double beta) const;

 private:
  double change(const Block<Scalar>& y, Index chain, Index site, Scalar value) const;
  double hidden_field(const Block<Scalar>& y, Index chain, Index unit) const;

  PottsRbmWeights w_;
  mutable Eigen::MatrixXd hidden_, fields_;  // [H x chains]
  mutable Eigen::MatrixXd of_states_;        // of one visible unit [largest K x chains]
};

/// Restricted Boltzmann machine over categories (Salakhutdinov, Mnih, Hinton 2007): V visible units
/// y = v, unit i in one of K_i states, H hidden bits z = h, no x.
///   E_W(v, h) = -sum_i a_i(v_i) - c'h - sum_ij W_ij(v_i) h_j
/// W = (W row by row, a row of H for each state of each visible unit [S x H]; a [S], unit by unit;
/// c [H]), S = sum_i K_i, P = S H + S + H. dE/dW_ij(k) = -[v_i = k] h_j, dE/da_i(k) = -[v_i = k],
/// dE/dc_j = -h_j. With K_i = 2 an RBM, whose W is W_ij(1) - W_ij(0).
/// More numbers than the law has: constants added to all a_i(k) of a unit, or to all W_ij(k) of a
/// pair and taken from c_j, change no probability (see PottsModel).
class PottsRbmModel {
 public:
  using Prepared = PottsRbmWeights;

  /// @param states  K of each visible unit
  /// Throws ConfigError where the length is not S H + S + H.
  PottsRbmModel(std::vector<Index> states, Index num_hidden, Params w);

  ModelShape shape() const;
  const Params& params() const { return *weights_->w; }
  PottsRbmModel with_params(std::shared_ptr<const Params> w) const {
    return PottsRbmModel({weights_->sizes, std::move(w)});
  }
  /// "W[3,1,2]" (visible unit, its state, hidden unit), "a[3,1]", "c[2]"
  std::string param_name(Index i) const;

  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd&) const { return weights_; }
  template <class Scalar>
  PottsRbmEnergy<Scalar> bind(const std::shared_ptr<const Prepared>& prepared,
                              std::span<const Index>) const {
    return PottsRbmEnergy<Scalar>(*prepared);
  }

 private:
  explicit PottsRbmModel(PottsRbmWeights weights);
  std::shared_ptr<const PottsRbmWeights> weights_;
};

/// The row of the registry.
ModelRow potts_rbm_row();

}  // namespace negphase
