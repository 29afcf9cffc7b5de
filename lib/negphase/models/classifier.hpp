#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "negphase/models/registry.hpp"

namespace negphase {

/// What a ClassifierModel makes of x.
enum class ClassifierFeatures {
  linear,     ///< phi = x
  quadratic,  ///< phi = x, and x_i x_j for i <= j
  tanh,       ///< phi = tanh(U x + c), U and c trained
};

/// Sizes of a ClassifierModel.
struct ClassifierSpec {
  Index num_x = 1;
  Index classes = 2;
  ClassifierFeatures features = ClassifierFeatures::linear;
  Index hidden = 8;  ///< units of `tanh`

  Index num_features() const;
  /// Parameters of the features: U and c of `tanh`, else none; they stand first in W.
  Index feature_params() const;
  Index num_params() const { return feature_params() + classes * (num_features() + 1); }
};

/// What depends on x, computed once a row.
struct ClassifierPrepared {
  ClassifierSpec spec;
  std::vector<Column> columns;  ///< one category
  Eigen::MatrixXd x;            ///< [rows x num_x], of `tanh` only
  Eigen::MatrixXd phi;          ///< [features x rows]
  Eigen::MatrixXd energy;       ///< E of each class [classes x rows]
  Eigen::MatrixXd weights;      ///< [classes x features], of `tanh` only
};

/// The energy of one block: a look-up of what prepare() found, in double. add_param_grad costs a
/// chain the features of one class; `tanh` hidden x num_x.
template <class Scalar_>
class ClassifierEnergy {
 public:
  using Scalar = Scalar_;

  ClassifierEnergy(std::shared_ptr<const ClassifierPrepared> prepared,
                   std::span<const Index> row_of_chain)
      : prepared_(std::move(prepared)), row_(row_of_chain.begin(), row_of_chain.end()) {}

  std::span<const Column> columns() const { return prepared_->columns; }
  void energy(const Block<Scalar>& y, PerChain& out) const;
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const;
  void energy_change(const Block<Scalar>& y, const Sites& sites, const Lane<Scalar>& values,
                     PerChain& out) const;
  void conditional(const Block<Scalar>& y, std::span<const Index> columns,
                   Block<Scalar>& delta) const;
  Index num_params() const { return prepared_->spec.num_params(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;
  LayerView layers() const { return {{{0}}}; }

 private:
  double energy_of(Index chain, Scalar code) const {
    return prepared_->energy(static_cast<Index>(code), row_[static_cast<std::size_t>(chain)]);
  }

  std::shared_ptr<const ClassifierPrepared> prepared_;
  std::vector<Index> row_;          // of x, of each chain
  mutable Eigen::VectorXd slopes_;  // dE/d(U x + c) [hidden]
};

/// A classifier: y is one of n classes, given x.
///   E_W(x, y) = -b_y - sum_k W_yk phi_k(x)
/// so that p(y | x) is a softmax, exact by a sum over n states; with `linear` features the model is
/// multinomial logistic regression. W = (for `tanh` first U row by row [hidden x num_x] and c
/// [hidden]; then for each class y: b_y, W_y1 .. W_yF). Quadratic features are x_1 .. x_d, then x_i
/// x_j row by row, i <= j. dE/db_y = -1, dE/dW_yk = -phi_k, dE/dc_k = -W_yk (1 - phi_k^2), dE/dU_kj
/// = x_j dE/dc_k.
/// One class more than needed has parameters: what is added to all b, or to W_yk of all y, changes
/// no probability, and the NLL is flat along it; l2 > 0 takes the shortest W. Where the classes can
/// be separated, or one has no row, the NLL has no minimum at all: W grows without limit.
class ClassifierModel {
 public:
  using Prepared = ClassifierPrepared;

  /// Throws ConfigError where the length of w is wrong.
  ClassifierModel(const ClassifierSpec& spec, std::shared_ptr<const Params> w);
  ClassifierModel(const ClassifierSpec& spec, Params w)
      : ClassifierModel(spec, std::make_shared<const Params>(std::move(w))) {}
  /// With the parameters that training starts from: all classes alike (b = 0, W = 0); U uniform of
  /// variance 1 / num_x, the same at every call, because equal units would stay equal.
  static ClassifierModel initial(const ClassifierSpec& spec);

  ModelShape shape() const;
  const Params& params() const { return *w_; }
  ClassifierModel with_params(std::shared_ptr<const Params> w) const {
    return ClassifierModel(spec_, std::move(w));
  }
  /// "U[1,0]", "c[1]", "b[2]", "W[2,0]" (class, feature)
  std::string param_name(Index i) const;

  /// @param x  [rows x num_x]; throws UsageError otherwise
  /// Cost: rows x features x (classes, and num_x for `tanh`).
  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd& x) const;
  template <class Scalar>
  ClassifierEnergy<Scalar> bind(std::shared_ptr<const Prepared> prepared,
                                std::span<const Index> row_of_chain) const {
    return ClassifierEnergy<Scalar>(std::move(prepared), row_of_chain);
  }

 private:
  ClassifierSpec spec_;
  std::shared_ptr<const Params> w_;
};

/// The row of the registry.
ModelRow classifier_row();

}  // namespace negphase
