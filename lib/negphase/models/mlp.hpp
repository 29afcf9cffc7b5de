#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "negphase/core/model.hpp"
#include "negphase/models/activation.hpp"

namespace negphase {

/// Sizes and constants of an MlpModel.
struct MlpSpec {
  Index num_x = 0, num_y = 1;
  Index hidden = 32;  ///< units a layer
  Index layers = 1;   ///< of hidden units
  Activation activation = Activation::tanh;
  double confinement = 0.1;  ///< c > 0

  /// Units below layer l (l = 0 .. layers - 1); below the first: x and y.
  Index fan_in(Index l) const { return l == 0 ? num_x + num_y : hidden; }
  /// Where the weights and biases of layer l, and those of the output, start in W.
  Index weights_at(Index l) const;
  Index biases_at(Index l) const { return weights_at(l) + hidden * fan_in(l); }
  Index output_at() const { return weights_at(layers); }
  Index num_params() const { return output_at() + hidden; }

  /// "W1[3,2]", "b1[3]", "v[3]"
  std::string param_name(Index i) const;
  /// Throws UsageError where a size is below 1 (num_x: 0) or c is not positive.
  void check_sizes() const;
  /// Throws ConfigError for another number of parameters. @param title  of the model, in messages
  void check_length(const std::string& title, Index num_given) const;
  /// What training starts from: uniform of variance 1 / fan-in, the same at every call (SplitMix64
  /// of each one's number). At 0 every hidden unit would get the same gradient, and W1 none.
  /// Throws ConfigError where they would not fit in memory.
  Params initial_params(const std::string& title) const;
};

/// The parameters in one precision.
template <class Scalar>
struct MlpWeights {
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  std::vector<Matrix> weights;        ///< of each layer [hidden x units below]; of the first: of y
  std::vector<Block<Scalar>> biases;  ///< of each layer [1 x hidden]
  Block<Scalar> output;               ///< v [1 x hidden]
};

/// What all blocks of one MlpModel share.
struct MlpPrepared {
  /// @param x  [rows x num_x]; throws UsageError otherwise. Cost: the part of x, rows x hidden x
  /// num_x products.
  MlpPrepared(const MlpSpec& of, const std::string& title, const Params& w,
              const Eigen::MatrixXd& rows_of_x);

  MlpSpec spec;
  MlpWeights<double> in_double;
  MlpWeights<float> in_float;
  Block<double> x;      ///< [rows x num_x]
  Block<double> first;  ///< what x and b1 give to the first layer [rows x hidden]; no x: one row
  std::vector<Column> columns;  ///< num_y reals

  template <class Scalar>
  const MlpWeights<Scalar>& of() const {
    if constexpr (std::same_as<Scalar, float>) {
      return in_float;
    } else {
      return in_double;
    }
  }
};

/// The hidden layers of a block, forwards and back, with their work space.
template <class Scalar>
struct MlpPass {
  std::vector<Block<Scalar>> units;   ///< a of each layer [chains x hidden]
  std::vector<Block<Scalar>> slopes;  ///< phi' there; after backward(): dE/d(pre-activation)
  Block<Scalar> back;

  /// Sets units, and slopes where they are wanted.
  /// @param first  what x and b1 give to the first layer [chains x hidden]
  void forward(const MlpPrepared& prepared, const Block<Scalar>& first, const Block<Scalar>& y,
               bool with_slopes);
  /// Multiplies by v and passes down. A factor of each chain in the last slopes stays in all.
  void backward(const MlpPrepared& prepared);
};

/// v'a_L of one block, without the confinement: what is common to the models of a perceptron.
/// `inputs` [chains x num_y] are what the first layer sees beside x.
template <class Scalar>
class MlpNet {
 public:
  MlpNet(std::shared_ptr<const MlpPrepared> prepared, std::span<const Index> row_of_chain);

  const MlpPrepared& prepared() const { return *prepared_; }
  /// out += v'a_L
  void add_output(const Block<Scalar>& inputs, bool with_slopes, PerChain& out) const;
  /// grad += its derivative by the inputs of the last add_output() with slopes, once.
  void add_input_grad(Block<Scalar>& grad) const;
  void add_param_grad(const Block<Scalar>& inputs, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;

 private:
  std::shared_ptr<const MlpPrepared> prepared_;
  Sites row_;            // of x, of each chain
  Block<Scalar> first_;  // of each chain's row
  mutable MlpPass<Scalar> pass_;
  mutable MlpPass<double> param_pass_;  // of add_param_grad, and its inputs
  mutable Block<double> param_first_, param_inputs_, x_;
};

/// The energy of one block of an MlpModel. Products are done in the block's precision, sums over
/// the last layer and |y|^2 in double. Cost a chain: hidden (num_y + 1 + (layers - 1) hidden)
/// products and hidden x layers values of phi; with dE/dy twice the products; the part of x is
/// done once a row.
template <class Scalar_>
class MlpEnergy {
 public:
  using Scalar = Scalar_;

  MlpEnergy(std::shared_ptr<const MlpPrepared> prepared, std::span<const Index> row_of_chain)
      : net_(std::move(prepared), row_of_chain) {}

  std::span<const Column> columns() const { return net_.prepared().columns; }
  void energy(const Block<Scalar>& y, PerChain& out) const;
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const;
  Index num_params() const { return net_.prepared().spec.num_params(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const {
    net_.add_param_grad(y, range, weights, sum);
  }

 private:
  void set_confinement(const Block<Scalar>& y, PerChain& out) const;

  MlpNet<Scalar> net_;
};

/// A multilayer perceptron over x and y, confined by a parabola in y:
///   E_W(x, y) = (c/2) |y|^2 + v'a_L,  a_1 = phi(W1 [x; y] + b1),  a_l = phi(W_l a_(l-1) + b_l)
/// x: any number of reals, none for a density of y alone; y: at least one real; no z, so F = E
/// (M1). |v'a_L| grows at most linearly in y, so that any c > 0 makes Z finite (M2). An output bias
/// would cancel in p(y | x) and is left out. W = (W1 row by row [hidden x (num_x + num_y)], row =
/// unit, columns x then y; b1; W2 [hidden x hidden], b2; ...; v [hidden]).
class MlpModel {
 public:
  using Prepared = MlpPrepared;

  /// Throws ConfigError where the length of w is wrong or it would not fit in memory, UsageError
  /// where a size is below 1 (num_x: 0) or c is not positive.
  MlpModel(const MlpSpec& spec, std::shared_ptr<const Params> w);
  MlpModel(const MlpSpec& spec, Params w)
      : MlpModel(spec, std::make_shared<const Params>(std::move(w))) {}
  /// With the parameters that training starts from.
  static MlpModel initial(const MlpSpec& spec);

  ModelShape shape() const;
  const Params& params() const { return *w_; }
  MlpModel with_params(std::shared_ptr<const Params> w) const {
    return MlpModel(spec_, std::move(w));
  }
  std::string param_name(Index i) const { return spec_.param_name(i); }

  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd& x) const;
  template <class Scalar>
  MlpEnergy<Scalar> bind(std::shared_ptr<const Prepared> prepared,
                         std::span<const Index> row_of_chain) const {
    return MlpEnergy<Scalar>(std::move(prepared), row_of_chain);
  }

 private:
  MlpSpec spec_;
  std::shared_ptr<const Params> w_;
};

}  // namespace negphase
