#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "negphase/core/by_evaluation.hpp"
#include "negphase/core/model.hpp"
#include "negphase/core/states_summed_out.hpp"
#include "negphase/models/mlp.hpp"

namespace negphase {

/// Sizes and constants of a MixedMlpModel.
struct MixedMlpSpec {
  Index num_x = 0;
  std::vector<Column> y, z;  ///< of any kind
  Index hidden = 32;         ///< units a layer
  Index layers = 1;          ///< of hidden units
  Activation activation = Activation::tanh;
  double confinement = 0.1;  ///< c > 0

  /// Inputs of the first layer that a column gives: a category its K indicators, others their code.
  static Index num_inputs(const Column& column) {
    return column.kind == ColumnKind::category ? column.num_states : 1;
  }
  /// The perceptron over x and the inputs of y and z, in their order.
  MlpSpec net() const;
};

/// What all blocks of one MixedMlpModel share.
struct MixedMlpPrepared {
  std::shared_ptr<const MlpPrepared> net;
  std::vector<Column> columns;  ///< y, then z
  std::vector<Index> input_at;  ///< the first input of each column
};

/// The energy of one block of a MixedMlpModel. Precision and cost of an energy, its gradient and
/// dE/dW are those of MlpEnergy with as many y as there are inputs; a change costs two energies, a
/// conditional an energy a state. dE/dy is 0 in columns that are not real.
template <class Scalar_>
class MixedMlpEnergy {
 public:
  using Scalar = Scalar_;

  MixedMlpEnergy(std::shared_ptr<const MixedMlpPrepared> prepared,
                 std::span<const Index> row_of_chain)
      : prepared_(std::move(prepared)), net_(prepared_->net, row_of_chain) {}

  std::span<const Column> columns() const { return prepared_->columns; }
  void energy(const Block<Scalar>& y, PerChain& out) const;
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const;
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const {
    changes_.energy_change(*this, y, site, values, out);
  }
  void energy_change(const Block<Scalar>& y, const Sites& sites, const Lane<Scalar>& values,
                     PerChain& out) const {
    changes_.energy_change(*this, y, sites, values, out);
  }
  /// Of one column of finitely many states (UsageError otherwise).
  void conditional(const Block<Scalar>& y, std::span<const Index> columns,
                   Block<Scalar>& delta) const {
    changes_.conditional(*this, y, columns, delta);
  }
  Index num_params() const { return net_.prepared().spec.num_params(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;
  /// True for columns of finitely many states, of y or z, few enough for StatesSummedOut.
  bool can_sum_out(std::span<const Index> columns) const {
    return StatesSummedOut<Scalar>::can_sum(prepared_->columns, columns);
  }
  StatesSummedOut<Scalar> summed_out(std::span<const Index> columns, double beta) const {
    return {std::make_shared<const AnyEnergy<Scalar>>(MixedMlpEnergy(*this)), columns, beta};
  }

 private:
  void encode(const Block<Scalar>& y, ChainRange range) const;
  void set_confinement(const Block<Scalar>& y, PerChain& out) const;

  std::shared_ptr<const MixedMlpPrepared> prepared_;
  MlpNet<Scalar> net_;
  mutable Block<Scalar> inputs_, input_grad_;
  mutable ByEvaluation<Scalar> changes_;
};

/// The multilayer perceptron of MlpModel over y and z of any kinds:
///   E_W(x, y, z) = (c/2) (|y_real|^2 + |z_real|^2) + v'a_L,
///   a_0 = [x; y; z], a_l = phi(W_l a_(l-1) + b_l),
/// where a category of K states enters a_0 as its K indicators, every other column as its code.
/// A discrete y makes p(y | x) a softmax of K perceptrons with common weights; a discrete z gives y
/// a mixture of laws, one for each of its states, and is summed out exactly (M1); a real z is
/// sampled. Confined in every real column, so Z is finite (M2). W as in MlpModel, W1 with a column
/// for each input.
class MixedMlpModel {
 public:
  using Prepared = MixedMlpPrepared;

  /// Throws ConfigError where the length of w is wrong, UsageError where there is no y, a column
  /// has no inputs, a size is below 1 (num_x: 0) or c is not positive.
  MixedMlpModel(const MixedMlpSpec& spec, std::shared_ptr<const Params> w);
  MixedMlpModel(const MixedMlpSpec& spec, Params w)
      : MixedMlpModel(spec, std::make_shared<const Params>(std::move(w))) {}
  /// With the parameters that training starts from (MlpSpec); ConfigError where they would not fit
  /// in memory.
  static MixedMlpModel initial(const MixedMlpSpec& spec);

  ModelShape shape() const;
  const Params& params() const { return *w_; }
  MixedMlpModel with_params(std::shared_ptr<const Params> w) const {
    return MixedMlpModel(spec_, std::move(w));
  }
  std::string param_name(Index i) const { return spec_.net().param_name(i); }

  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd& x) const;
  template <class Scalar>
  MixedMlpEnergy<Scalar> bind(std::shared_ptr<const Prepared> prepared,
                              std::span<const Index> row_of_chain) const {
    return MixedMlpEnergy<Scalar>(std::move(prepared), row_of_chain);
  }

 private:
  MixedMlpSpec spec_;
  std::shared_ptr<const Params> w_;
};

}  // namespace negphase
