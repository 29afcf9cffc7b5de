#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "negphase/core/model.hpp"

namespace negphase {

/// Natural parameters of a Gaussian in one precision.
template <class Scalar>
struct GaussianWeights {
  Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic> precision;  ///< P [d x d], symmetric
  Eigen::Matrix<Scalar, 1, Eigen::Dynamic> linear;                  ///< b [1 x d]
};

/// What all blocks of one GaussianModel share.
struct GaussianPrepared {
  GaussianWeights<double> in_double;
  GaussianWeights<float> in_float;
  std::vector<Column> columns;

  template <class Scalar>
  const GaussianWeights<Scalar>& weights() const {
    if constexpr (std::same_as<Scalar, float>) {
      return in_float;
    } else {
      return in_double;
    }
  }
};

/// The energy of one block of a GaussianModel. One product [chains x d][d x d] an evaluation, in
/// the block's precision; sums over coordinates in double.
template <class Scalar_>
class GaussianEnergy {
 public:
  using Scalar = Scalar_;

  GaussianEnergy(std::shared_ptr<const GaussianPrepared> prepared, Index chains)
      : prepared_(std::move(prepared)), chains_(chains) {}

  std::span<const Column> columns() const { return prepared_->columns; }
  void energy(const Block<Scalar>& y, PerChain& out) const;
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const;
  Index num_params() const;
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;
  GaussianView gaussian() const;

 private:
  std::shared_ptr<const GaussianPrepared> prepared_;
  Index chains_;
  mutable Block<Scalar> product_;                        // P y
  mutable Eigen::MatrixXd states_, weighted_, moments_;  // of add_param_grad
};

/// A Gaussian of any dimension d by its natural parameters, so that E is linear in W:
///   E_W(y) = y' P y / 2 - b' y
/// No x, no z; y: d reals. W = (b [d], P lower triangle row by row [d (d + 1) / 2]), P positive
/// definite. dE/db_i = -y_i, dE/dP_ii = y_i^2 / 2, dE/dP_ij = y_i y_j (i > j). At beta the mean is
/// P^-1 b and the covariance P^-1 / beta.
class GaussianModel {
 public:
  using Prepared = GaussianPrepared;

  /// Throws ConfigError where the length is not d (d + 3) / 2, or where P is not positive definite:
  /// it names the smallest leading minor that fails.
  GaussianModel(Index d, std::shared_ptr<const Params> w);
  GaussianModel(Index d, Params w)
      : GaussianModel(d, std::make_shared<const Params>(std::move(w))) {}
  /// b = 0, P = I.
  static GaussianModel standard(Index d);

  ModelShape shape() const;
  const Params& params() const { return *w_; }
  GaussianModel with_params(std::shared_ptr<const Params> w) const {
    return GaussianModel(d_, std::move(w));
  }
  /// "b[2]", "P[3,1]"
  std::string param_name(Index i) const;

  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd& x) const;
  template <class Scalar>
  GaussianEnergy<Scalar> bind(std::shared_ptr<const Prepared> prepared,
                              std::span<const Index> row_of_chain) const {
    return GaussianEnergy<Scalar>(std::move(prepared), static_cast<Index>(row_of_chain.size()));
  }

 private:
  Index d_;
  std::shared_ptr<const Params> w_;
};

}  // namespace negphase
