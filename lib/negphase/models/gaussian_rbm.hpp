#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "negphase/core/model.hpp"
#include "negphase/models/registry.hpp"

namespace negphase {

/// The products of a GaussianRbmModel in one precision.
template <class Scalar>
struct GaussianRbmProducts {
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  Matrix coupling;                                       ///< W [V x H]
  Matrix scaled;                                         ///< W_ij / s_i^2 [V x H]
  Eigen::Matrix<Scalar, 1, Eigen::Dynamic> hidden_bias;  ///< c [1 x H]
};

/// What all blocks of one GaussianRbmModel share.
struct GaussianRbmPrepared {
  GaussianRbmProducts<double> in_double;
  GaussianRbmProducts<float> in_float;
  Eigen::ArrayXd visible_bias, precision;  ///< a, 1 / s^2 [V]
  std::vector<Column> columns;             ///< V reals, then H bits

  template <class Scalar>
  const GaussianRbmProducts<Scalar>& products() const {
    if constexpr (std::same_as<Scalar, float>) {
      return in_float;
    } else {
      return in_double;
    }
  }
  Index num_visible() const { return in_double.coupling.rows(); }
  Index num_hidden() const { return in_double.coupling.cols(); }
  Index num_params() const { return num_visible() * (num_hidden() + 2) + num_hidden(); }
};

/// Free energy over v, the hidden bits summed out (M1):
///   F(v) = sum_i (v_i - a_i)^2 / (2 s_i^2) - (1/beta) sum_j log(1 + exp(beta b_j)),
///   b_j = c_j + sum_i (v_i / s_i^2) W_ij,
///   dF/dv_i = (v_i - a_i - sum_j W_ij m_j) / s_i^2, m_j = 1 / (1 + exp(-beta b_j)).
/// add_param_grad adds E[dE/dW | v]. Cost: one product [chains x V][V x H], with the gradient two.
template <class Scalar_>
class GaussianRbmVisible {
 public:
  using Scalar = Scalar_;

  GaussianRbmVisible(std::shared_ptr<const GaussianRbmPrepared> prepared, double beta);

  std::span<const Column> columns() const;
  void energy(const Block<Scalar>& y, PerChain& out) const;
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const;
  Index num_params() const { return prepared_->num_params(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;

 private:
  void finish_energy(const Block<Scalar>& y, PerChain& out) const;

  std::shared_ptr<const GaussianRbmPrepared> prepared_;
  double beta_;
  mutable Block<Scalar> fields_, pulls_;
  mutable Lane<Scalar> log_terms_;
  mutable Block<double> visible_, means_, param_pulls_;  // of add_param_grad
};

/// Free energy over h, the visible reals integrated out (M1): Gaussians of mean a + W h and
/// variance s^2 / beta, so that with u = W h
///   F(h) = -c'h - sum_i (u_i (a_i + u_i / 2) / s_i^2 + log(2 pi s_i^2 / beta) / (2 beta)).
/// add_param_grad adds E[dE/dW | h]. Cost: one product [chains x H][H x V].
template <class Scalar_>
class GaussianRbmHidden {
 public:
  using Scalar = Scalar_;

  GaussianRbmHidden(std::shared_ptr<const GaussianRbmPrepared> prepared, double beta);

  std::span<const Column> columns() const;
  void energy(const Block<Scalar>& y, PerChain& out) const;
  Index num_params() const { return prepared_->num_params(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;

 private:
  std::shared_ptr<const GaussianRbmPrepared> prepared_;
  double beta_, constant_;
  mutable Block<Scalar> pulls_;
  mutable Block<double> hidden_, param_pulls_;  // of add_param_grad
};

/// The joint energy of one block: columns 0 .. V-1 visible, V .. V+H-1 hidden. Sums over one layer
/// are products in the block's precision, the rest is in double.
template <class Scalar_>
class GaussianRbmEnergy {
 public:
  using Scalar = Scalar_;

  explicit GaussianRbmEnergy(std::shared_ptr<const GaussianRbmPrepared> prepared)
      : prepared_(std::move(prepared)) {}

  std::span<const Column> columns() const { return prepared_->columns; }
  /// Cost: one product [chains x V][V x H]; with the gradient two.
  void energy(const Block<Scalar>& y, PerChain& out) const;
  /// dE/dv_i = (v_i - a_i - (W h)_i) / s_i^2; 0 in the columns of h.
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const;
  /// Cost: the units of the other layer, for each chain.
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const;
  void energy_change(const Block<Scalar>& y, const Sites& sites, const Lane<Scalar>& values,
                     PerChain& out) const;
  /// Any hidden columns (UsageError otherwise): -b_j; the whole layer is one product.
  void conditional(const Block<Scalar>& y, std::span<const Index> columns,
                   Block<Scalar>& delta) const;
  Index num_params() const { return prepared_->num_params(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;
  /// Hidden, then visible: given the other one, the units of each are independent.
  LayerView layers() const;
  /// True for the whole hidden and for the whole visible layer, columns ascending.
  bool can_sum_out(std::span<const Index> columns) const;
  /// @param beta  > 0: M1 has no limit at 0
  AnyEnergy<Scalar> summed_out(std::span<const Index> columns, double beta) const;

 private:
  double change(const Block<Scalar>& y, Index chain, Index site, Scalar value) const;

  std::shared_ptr<const GaussianRbmPrepared> prepared_;
  mutable Block<Scalar> fields_, pulls_;
  mutable Block<double> visible_, hidden_, param_pulls_;  // of add_param_grad
};

/// Restricted Boltzmann machine of V visible reals y = v and H hidden bits z = h, no x:
///   E_W(v, h) = sum_i (v_i - a_i)^2 / (2 s_i^2) - c'h - sum_ij (v_i / s_i^2) W_ij h_j
/// Given h, v is Gaussian with mean a + W h and variance s^2 / beta: W is in units of v (Cho, Ilin,
/// Raiko 2011). The other common convention couples v_i / s_i (Hinton 2010): its W_ij is
/// W_ij / s_i of this one, and its mean a_i + s_i (W h)_i. Normalisable for any W: 2^H Gaussians.
/// W = (W row by row [V x H], row = visible unit; a [V]; c [H]; l [V], s_i^2 = exp(l_i)),
/// P = V H + 2 V + H. dE/dW_ij = -v_i h_j / s_i^2, dE/da_i = -(v_i - a_i) / s_i^2, dE/dc_j = -h_j,
/// dE/dl_i = -((v_i - a_i)^2 / 2 - v_i (W h)_i) / s_i^2.
class GaussianRbmModel {
 public:
  using Prepared = GaussianRbmPrepared;

  /// Throws ConfigError where the length is not V H + 2 V + H, and where exp(-l_i) is not a finite
  /// number above 0.
  GaussianRbmModel(Index num_visible, Index num_hidden, std::shared_ptr<const Params> w);
  GaussianRbmModel(Index num_visible, Index num_hidden, Params w)
      : GaussianRbmModel(num_visible, num_hidden, std::make_shared<const Params>(std::move(w))) {}

  ModelShape shape() const;
  const Params& params() const { return *w_; }
  GaussianRbmModel with_params(std::shared_ptr<const Params> w) const {
    return GaussianRbmModel(num_visible_, num_hidden_, std::move(w));
  }
  /// "W[3,2]", "a[3]", "c[2]", "log_variance[3]"
  std::string param_name(Index i) const;

  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd& x) const;
  template <class Scalar>
  GaussianRbmEnergy<Scalar> bind(std::shared_ptr<const Prepared> prepared,
                                 std::span<const Index>) const {
    return GaussianRbmEnergy<Scalar>(std::move(prepared));
  }

 private:
  Index num_visible_, num_hidden_;
  std::shared_ptr<const Params> w_;
};

/// Model 'gaussian_rbm'; training starts at 0: independent standard normals.
ModelRow gaussian_rbm_row();

}  // namespace negphase
