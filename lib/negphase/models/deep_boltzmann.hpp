#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "negphase/models/rbm.hpp"
#include "negphase/models/registry.hpp"

namespace negphase {

/// Units of each layer of a DeepBoltzmannModel.
struct DeepBoltzmannSizes {
  Index visible = 1, first = 1, second = 1;
  Index num_columns() const { return visible + first + second; }
  Index num_params() const { return visible * first + first * second + visible + first + second; }
};

/// What all blocks of one DeepBoltzmannModel share. v and h2 meet only h1, so the energy is that of
/// an RBM whose visible layer is (v, h2) and whose hidden one is h1.
struct DeepBoltzmannPrepared {
  DeepBoltzmannSizes sizes;
  std::shared_ptr<const RbmPrepared> rbm;
  std::vector<Column> columns;       ///< v, h1, h2: bits
  std::vector<Index> rbm_column;     ///< of each column, its number in the RBM
  std::vector<Index> param_of_rbm;   ///< of each parameter of the RBM, its number in W
  std::vector<Index> outer_columns;  ///< those of v and h2
  std::vector<Index> inner_columns;  ///< those of h1
};

/// Free energy over (v, h2), h1 summed out, or over h1, (v, h2) summed out (M1): those of the RBM.
/// add_param_grad adds E[dE/dW | kept columns].
template <class Scalar_>
class DeepBoltzmannMarginal {
 public:
  using Scalar = Scalar_;

  DeepBoltzmannMarginal(std::shared_ptr<const DeepBoltzmannPrepared> prepared, RbmLayer summed,
                        double beta)
      : prepared_(std::move(prepared)), rbm_(prepared_->rbm, summed, beta) {}

  std::span<const Column> columns() const { return rbm_.columns(); }
  void energy(const Block<Scalar>& y, PerChain& out) const { rbm_.energy(y, out); }
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const {
    rbm_.energy_change(y, site, values, out);
  }
  Index num_params() const { return prepared_->sizes.num_params(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;

 private:
  std::shared_ptr<const DeepBoltzmannPrepared> prepared_;
  RbmMarginal<Scalar> rbm_;
  mutable Eigen::VectorXd rbm_sum_;
};

/// The joint energy of one block: columns v, then h1, then h2. Costs are those of the RBM, and a
/// copy of the block.
template <class Scalar_>
class DeepBoltzmannEnergy {
 public:
  using Scalar = Scalar_;

  explicit DeepBoltzmannEnergy(std::shared_ptr<const DeepBoltzmannPrepared> prepared)
      : prepared_(std::move(prepared)), rbm_(prepared_->rbm) {}

  std::span<const Column> columns() const { return prepared_->columns; }
  void energy(const Block<Scalar>& y, PerChain& out) const { rbm_.energy(in_rbm(y), out); }
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const;
  void energy_change(const Block<Scalar>& y, const Sites& sites, const Lane<Scalar>& values,
                     PerChain& out) const;
  /// Any columns of h1, or any of v and h2 (UsageError otherwise).
  void conditional(const Block<Scalar>& y, std::span<const Index> columns,
                   Block<Scalar>& delta) const;
  Index num_params() const { return prepared_->sizes.num_params(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;
  /// h1, then v and h2; with v clamped h1, then h2.
  LayerView layers() const;
  /// True for h1, and for v and h2 together, columns ascending; not for z = (h1, h2), whose units
  /// depend on each other.
  bool can_sum_out(std::span<const Index> columns) const;
  /// @param beta  > 0: M1 has no limit at 0
  DeepBoltzmannMarginal<Scalar> summed_out(std::span<const Index> columns, double beta) const;

 private:
  const Block<Scalar>& in_rbm(const Block<Scalar>& y) const;

  std::shared_ptr<const DeepBoltzmannPrepared> prepared_;
  RbmEnergy<Scalar> rbm_;
  mutable Block<Scalar> block_;
  mutable Sites sites_;
  mutable std::vector<Index> rbm_columns_;
  mutable Eigen::VectorXd rbm_sum_;
};

/// Boltzmann machine with two layers of hidden bits (Salakhutdinov, Hinton 2009): V visible bits
/// y = v, latents z = (h1, h2), no x.
///   E_W(v, h1, h2) = -a'v - c1'h1 - c2'h2 - v'W1 h1 - h1'W2 h2
/// W = (W1 row by row [V x H1], row = visible unit; W2 row by row [H1 x H2], row = unit of h1;
/// a [V]; c1 [H1]; c2 [H2]), P = V H1 + H1 H2 + V + H1 + H2. dE/dW1_ij = -v_i h1_j, dE/dW2_jk =
/// -h1_j h2_k, and minus the unit for a bias.
/// The positive phase has no closed form: given v, the units of h1 and h2 depend on each other. log
/// Z needs the states of h1 only, or of (v, h2) only.
class DeepBoltzmannModel {
 public:
  using Prepared = DeepBoltzmannPrepared;

  /// Throws ConfigError where the length is not P.
  DeepBoltzmannModel(const DeepBoltzmannSizes& sizes, std::shared_ptr<const Params> w);
  DeepBoltzmannModel(const DeepBoltzmannSizes& sizes, Params w)
      : DeepBoltzmannModel(sizes, std::make_shared<const Params>(std::move(w))) {}

  ModelShape shape() const;
  const Params& params() const { return *w_; }
  DeepBoltzmannModel with_params(std::shared_ptr<const Params> w) const {
    return DeepBoltzmannModel(sizes_, std::move(w));
  }
  /// "W1[3,2]", "W2[2,0]", "a[3]", "c1[2]", "c2[0]"
  std::string param_name(Index i) const;

  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd& x) const;
  template <class Scalar>
  DeepBoltzmannEnergy<Scalar> bind(std::shared_ptr<const Prepared> prepared,
                                   std::span<const Index>) const {
    return DeepBoltzmannEnergy<Scalar>(std::move(prepared));
  }

 private:
  DeepBoltzmannSizes sizes_;
  std::shared_ptr<const Params> w_;
};

/// The row of the registry.
ModelRow deep_boltzmann_row();

}  // namespace negphase
