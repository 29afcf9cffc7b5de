#pragma once
#include <concepts>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "negphase/core/any_energy.hpp"

namespace negphase {

/// The parameters W of a model, one flat vector of length P in the model's documented order.
using Params = Eigen::VectorXd;

/// Kinds and sizes of x, y and z. The free columns of a bound energy are y first and then z.
struct ModelShape {
  Index num_x = 0;        ///< inputs of a row; 0 = unconditional
  std::vector<Column> y;  ///< what is observed
  std::vector<Column> z;  ///< latents, never observed
  Index num_params = 0;   ///< P
  Index num_y() const { return static_cast<Index>(y.size()); }
  Index num_z() const { return static_cast<Index>(z.size()); }
};

/// The columns of z in a bound energy: num_y .. num_y + num_z - 1.
std::vector<Index> latent_columns(const ModelShape& shape);

/// A family of energies E_W(x, y, z): a value over shared parameters.
///   shape(), params(), with_params(W)    W is checked for its length
///   param_name(i)                        "w0", "W[3,2]"
///   prepare(x [rows x num_x])            shared_ptr to what depends on x: computed once a row
///   bind<Scalar>(prepared, row_of_chain [chains])   the Energy of one block; chain c sees row
///                                        row_of_chain[c] of x (ignored where num_x = 0)
template <class M>
concept Model = std::copyable<M> &&
    requires(const M& m, std::shared_ptr<const Params> w, Index i, const Eigen::MatrixXd& x,
             std::span<const Index> row_of_chain) {
  { m.shape() } -> std::convertible_to<ModelShape>;
  { m.params() } -> std::same_as<const Params&>;
  { m.with_params(w) } -> std::same_as<M>;
  { m.param_name(i) } -> std::convertible_to<std::string>;
  { m.prepare(x) } -> std::convertible_to<std::shared_ptr<const typename M::Prepared>>;
  { m.template bind<double>(m.prepare(x), row_of_chain) } -> Energy;
  { m.template bind<float>(m.prepare(x), row_of_chain) } -> Energy;
};

/// Prepared inputs behind the erased layer.
using AnyPrepared = std::shared_ptr<const void>;

/// Any Model, no template: what the command line, estimators and registries handle. Copies share
/// the parameters; immutable, so it may be used by many threads at once.
class AnyModel {
 public:
  template <Model M>
  requires(!std::same_as<M, AnyModel>) AnyModel(M model)  // NOLINT: any model is an AnyModel
      : self_(std::make_shared<Holder<M>>(std::move(model))) {}

  ModelShape shape() const { return self_->shape(); }
  const Params& params() const { return self_->params(); }
  AnyModel with_params(Params w) const {
    return self_->with_params(std::make_shared<const Params>(std::move(w)));
  }
  std::string param_name(Index i) const { return self_->param_name(i); }
  AnyPrepared prepare(const Eigen::MatrixXd& x) const { return self_->prepare(x); }
  AnyEnergy<float> bind_float(const AnyPrepared& p, std::span<const Index> row_of_chain) const {
    return self_->bind_float(p, row_of_chain);
  }
  AnyEnergy<double> bind_double(const AnyPrepared& p, std::span<const Index> row_of_chain) const {
    return self_->bind_double(p, row_of_chain);
  }
  template <class Scalar>
  AnyEnergy<Scalar> bind(const AnyPrepared& p, std::span<const Index> row_of_chain) const {
    if constexpr (std::same_as<Scalar, float>) {
      return bind_float(p, row_of_chain);
    } else {
      return bind_double(p, row_of_chain);
    }
  }

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual ModelShape shape() const = 0;
    virtual const Params& params() const = 0;
    virtual AnyModel with_params(std::shared_ptr<const Params>) const = 0;
    virtual std::string param_name(Index) const = 0;
    virtual AnyPrepared prepare(const Eigen::MatrixXd&) const = 0;
    virtual AnyEnergy<float> bind_float(const AnyPrepared&, std::span<const Index>) const = 0;
    virtual AnyEnergy<double> bind_double(const AnyPrepared&, std::span<const Index>) const = 0;
  };
  template <class M>
  struct Holder final : Interface {
    explicit Holder(M m) : inner(std::move(m)) {}
    ModelShape shape() const override { return inner.shape(); }
    const Params& params() const override { return inner.params(); }
    AnyModel with_params(std::shared_ptr<const Params> w) const override {
      return AnyModel(inner.with_params(std::move(w)));
    }
    std::string param_name(Index i) const override { return inner.param_name(i); }
    AnyPrepared prepare(const Eigen::MatrixXd& x) const override { return inner.prepare(x); }
    AnyEnergy<float> bind_float(const AnyPrepared& p, std::span<const Index> rows) const override {
      return inner.template bind<float>(cast(p), rows);
    }
    AnyEnergy<double> bind_double(const AnyPrepared& p,
                                  std::span<const Index> rows) const override {
      return inner.template bind<double>(cast(p), rows);
    }
    static std::shared_ptr<const typename M::Prepared> cast(const AnyPrepared& p) {
      return std::static_pointer_cast<const typename M::Prepared>(p);
    }
    M inner;
  };
  std::shared_ptr<const Interface> self_;
};

}  // namespace negphase
