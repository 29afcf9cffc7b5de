#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "negphase/core/model.hpp"

namespace negphase {

/// What all blocks of one GaussianMixtureModel share: W taken apart.
struct MixturePrepared {
  PerChain offset, precision;   ///< a_k, exp(l_k) [K]
  Eigen::MatrixXd mean;         ///< m_k [d x K]
  std::vector<Column> columns;  ///< d reals, then a category of K states

  Index dimension() const { return mean.rows(); }
  Index num_components() const { return mean.cols(); }
  Index num_params() const { return num_components() * (dimension() + 2); }
};

/// A mixture with its component summed out (M1):
///   F(y) = -(1/beta) log sum_k exp(-beta E_k(y))
/// y [chains x d]. Derivatives are those of the E_k weighted with p(k | y) = exp(-beta (E_k - F)),
/// so that add_param_grad adds E[dE/dW | y]. Shifted by the least E_k (M14): no y overflows before
/// its square does, and there F is +inf. All arithmetic in double; the sum of K terms, one of which
/// is 1, is off by at most K 2^-53 of itself. Cost a chain: K exponentials and K d products.
template <class Scalar_>
class MixtureMarginal {
 public:
  using Scalar = Scalar_;

  /// @param beta  > 0: M1 has no limit at 0; throws UsageError otherwise
  MixtureMarginal(std::shared_ptr<const MixturePrepared> prepared, double beta);

  std::span<const Column> columns() const;
  void energy(const Block<Scalar>& y, PerChain& out) const;
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const;
  Index num_params() const { return prepared_->num_params(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;

 private:
  void weigh(const Block<Scalar>& y, ChainRange range) const;

  std::shared_ptr<const MixturePrepared> prepared_;
  double beta_;
  mutable Block<double> weight_;  // p(k | y) [chains x K]
  mutable PerChain least_, sum_;  // min_k E_k, and sum_k exp(-beta (E_k - least)) [chains]
  mutable PerChain slope_, share_;
};

/// The joint energy of a mixture and its component: E(y, z = k) = E_k(y), columns y [chains x d],
/// then z. A category has no gradient: energy_and_grad gives 0 in its column, so that with z
/// clamped (core/conditioned.hpp) Langevin moves y. All arithmetic in double.
/// Cost a chain: d for an energy, its gradient and a change; K d for conditional and
/// add_param_grad.
template <class Scalar_>
class MixtureEnergy {
 public:
  using Scalar = Scalar_;

  explicit MixtureEnergy(std::shared_ptr<const MixturePrepared> prepared)
      : prepared_(std::move(prepared)) {}

  std::span<const Column> columns() const { return prepared_->columns; }
  void energy(const Block<Scalar>& y, PerChain& out) const;
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const;
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const;
  void energy_change(const Block<Scalar>& y, const Sites& sites, const Lane<Scalar>& values,
                     PerChain& out) const;
  /// Of z alone (UsageError otherwise): delta_k = E_k(y) - E_0(y).
  void conditional(const Block<Scalar>& y, std::span<const Index> columns,
                   Block<Scalar>& delta) const;
  Index num_params() const { return prepared_->num_params(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;
  /// True for z.
  bool can_sum_out(std::span<const Index> columns) const;
  MixtureMarginal<Scalar> summed_out(std::span<const Index> columns, double beta) const;

 private:
  double component_energy(const Block<Scalar>& y, Index chain, Index k) const;
  double change(const Block<Scalar>& y, Index chain, Index site, double value) const;

  std::shared_ptr<const MixturePrepared> prepared_;
  mutable Block<double> component_energies_;  // E_k(y) [chains x K]
  mutable PerChain share_;
};

/// A mixture of K spherical Gaussians in d dimensions; y: d reals, no x. Component k has the energy
///   E_k(y) = exp(l_k) |y - m_k|^2 / 2 - a_k,
/// without normalising constants: they are what is to be learnt. The model is one of two:
///   latent = false  no z, E_W(y) = -log sum_k exp(-E_k(y))
///   latent = true   z a category of K states, E_W(y, z = k) = E_k(y)
/// At beta = 1 they give y the same law, at any other beta not: there the first has
/// exp(-beta E) = (sum_k exp(-E_k))^beta, the second sum_k exp(-beta E_k).
///
/// W component by component: a_k, l_k (the logarithm of the precision), m_k [d]; P = K (d + 2), any
/// real numbers. dE_k/da_k = -1, dE_k/dl_k = exp(l_k) |y - m_k|^2 / 2, dE_k/dm_k = exp(l_k) (m_k -
/// y). With z summed out (or beta = 1) log Z = log sum_k exp(beta a_k) (2 pi / (beta
/// exp(l_k)))^(d/2).
class GaussianMixtureModel {
 public:
  using Prepared = MixturePrepared;

  /// Throws ConfigError where the length is not K (d + 2), and where exp(l_k) is not a finite
  /// number above 0.
  GaussianMixtureModel(Index d, Index num_components, bool latent, std::shared_ptr<const Params> w);
  GaussianMixtureModel(Index d, Index num_components, bool latent, Params w)
      : GaussianMixtureModel(d, num_components, latent,
                             std::make_shared<const Params>(std::move(w))) {}
  /// Where training starts: a = 0, l = 0, and means without symmetry or pattern in [-1, 1)^d, the
  /// scale of standardised data: m_kj = 2 frac((k + 1) (j + 1) g) - 1, g the golden ratio. Equal
  /// components would stay equal for ever.
  static GaussianMixtureModel spread(Index d, Index num_components, bool latent);

  ModelShape shape() const;
  const Params& params() const { return *w_; }
  GaussianMixtureModel with_params(std::shared_ptr<const Params> w) const {
    return GaussianMixtureModel(d_, num_components_, latent_, std::move(w));
  }
  /// "a[1]", "log_precision[1]", "m[1,0]"
  std::string param_name(Index i) const;

  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd& x) const;
  template <class Scalar>
  AnyEnergy<Scalar> bind(std::shared_ptr<const Prepared> prepared, std::span<const Index>) const {
    if (latent_) {
      return MixtureEnergy<Scalar>(std::move(prepared));
    }
    return MixtureMarginal<Scalar>(std::move(prepared), 1);
  }

 private:
  Index d_, num_components_;
  bool latent_;
  std::shared_ptr<const Params> w_;
};

}  // namespace negphase
