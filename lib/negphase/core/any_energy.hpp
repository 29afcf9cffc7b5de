#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "negphase/core/energy.hpp"
#include "negphase/core/error.hpp"

namespace negphase {

/// What an energy can do, as the erased layer shows it (bits of a set).
enum class Ability : unsigned {
  gradient = 1,
  energy_change = 2,
  energy_change_by_site = 4,
  conditional = 8,
  param_grad = 16,
  layers = 32,
  gaussian = 64,
  pairwise = 128,
};
using Abilities = unsigned;
constexpr Abilities operator|(Ability a, Ability b) {
  return static_cast<unsigned>(a) | static_cast<unsigned>(b);
}
constexpr Abilities operator|(Abilities a, Ability b) { return a | static_cast<unsigned>(b); }
constexpr bool has(Abilities set, Ability a) { return (set & static_cast<unsigned>(a)) != 0; }
/// The member functions that stand behind the abilities of `missing`, for messages:
/// "energy_and_grad(y, out, grad)".
std::string member_names(Abilities missing);

/// The abilities of a concrete energy: what it says itself (a wrapper of an erased energy must),
/// else the concepts that it meets.
template <Energy E>
constexpr Abilities abilities_of(const E& e) {
  if constexpr (requires { e.abilities(); }) {
    return e.abilities();
  }
  Abilities a = 0;
  if constexpr (HasGradient<E>) {
    a = a | Ability::gradient;
  }
  if constexpr (HasEnergyChange<E>) {
    a = a | Ability::energy_change;
  }
  if constexpr (HasEnergyChangeBySite<E>) {
    a = a | Ability::energy_change_by_site;
  }
  if constexpr (HasConditional<E>) {
    a = a | Ability::conditional;
  }
  if constexpr (HasParamGrad<E>) {
    a = a | Ability::param_grad;
  }
  if constexpr (HasLayers<E>) {
    a = a | Ability::layers;
  }
  if constexpr (HasGaussian<E>) {
    a = a | Ability::gaussian;
  }
  if constexpr (HasPairwise<E>) {
    a = a | Ability::pairwise;
  }
  return a;
}

/// Any Energy behind one virtual call a block. It meets every concept of energy.hpp; a member that
/// the energy inside lacks throws UsageError, and can(ability) tells beforehand. Move-only: one
/// thread at a time owns an energy and its scratch.
template <class Scalar_>
class AnyEnergy {
 public:
  using Scalar = Scalar_;
  using Values = Lane<Scalar>;

  template <Energy E>
  requires(!std::same_as<E, AnyEnergy> && std::same_as<typename E::Scalar, Scalar>)
      AnyEnergy(E energy)  // NOLINT: any energy is an AnyEnergy
      : self_(std::make_unique<Holder<E>>(std::move(energy))) {}

  Abilities abilities() const { return self_->abilities(); }
  bool can(Ability a) const { return has(abilities(), a); }

  std::span<const Column> columns() const { return self_->columns(); }
  void energy(const Block<Scalar>& y, PerChain& out) const { self_->energy(y, out); }
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const {
    self_->energy_and_grad(y, out, grad);
  }
  void energy_change(const Block<Scalar>& y, Index site, const Values& values,
                     PerChain& out) const {
    self_->energy_change(y, site, values, out);
  }
  void energy_change(const Block<Scalar>& y, const Sites& sites, const Values& values,
                     PerChain& out) const {
    self_->energy_change(y, sites, values, out);
  }
  void conditional(const Block<Scalar>& y, std::span<const Index> columns,
                   Block<Scalar>& delta) const {
    self_->conditional(y, columns, delta);
  }
  Index num_params() const { return self_->num_params(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const {
    self_->add_param_grad(y, range, weights, sum);
  }
  bool can_sum_out(std::span<const Index> columns) const { return self_->can_sum_out(columns); }
  AnyEnergy summed_out(std::span<const Index> columns, double beta) const {
    return self_->summed_out(columns, beta);
  }
  LayerView layers() const { return self_->layers(); }
  GaussianView gaussian() const { return self_->gaussian(); }
  PairwiseView pairwise() const { return self_->pairwise(); }

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual Abilities abilities() const = 0;
    virtual std::span<const Column> columns() const = 0;
    virtual void energy(const Block<Scalar>&, PerChain&) const = 0;
    virtual void energy_and_grad(const Block<Scalar>&, PerChain&, Block<Scalar>&) const = 0;
    virtual void energy_change(const Block<Scalar>&, Index, const Values&, PerChain&) const = 0;
    virtual void energy_change(const Block<Scalar>&, const Sites&, const Values&,
                               PerChain&) const = 0;
    virtual void conditional(const Block<Scalar>&, std::span<const Index>,
                             Block<Scalar>&) const = 0;
    virtual Index num_params() const = 0;
    virtual void add_param_grad(const Block<Scalar>&, ChainRange, const PerChain&,
                                Eigen::VectorXd&) const = 0;
    virtual bool can_sum_out(std::span<const Index>) const = 0;
    virtual AnyEnergy summed_out(std::span<const Index>, double) const = 0;
    virtual LayerView layers() const = 0;
    virtual GaussianView gaussian() const = 0;
    virtual PairwiseView pairwise() const = 0;
  };

  [[noreturn]] static void lacks(std::string_view member) {
    throw UsageError("this energy has no member " + std::string(member));
  }

  template <class E>
  struct Holder final : Interface {
    explicit Holder(E e) : inner(std::move(e)) {}
    Abilities abilities() const override { return abilities_of(inner); }
    std::span<const Column> columns() const override { return inner.columns(); }
    void energy(const Block<Scalar>& y, PerChain& out) const override { inner.energy(y, out); }
    void energy_and_grad(const Block<Scalar>& y, PerChain& out,
                         Block<Scalar>& grad) const override {
      if constexpr (HasGradient<E>) {
        inner.energy_and_grad(y, out, grad);
      } else {
        lacks("energy_and_grad");
      }
    }
    void energy_change(const Block<Scalar>& y, Index site, const Values& values,
                       PerChain& out) const override {
      if constexpr (HasEnergyChange<E>) {
        inner.energy_change(y, site, values, out);
      } else {
        lacks("energy_change(y, site, values, out)");
      }
    }
    void energy_change(const Block<Scalar>& y, const Sites& sites, const Values& values,
                       PerChain& out) const override {
      if constexpr (HasEnergyChangeBySite<E>) {
        inner.energy_change(y, sites, values, out);
      } else {
        lacks("energy_change(y, sites, values, out)");
      }
    }
    void conditional(const Block<Scalar>& y, std::span<const Index> columns,
                     Block<Scalar>& delta) const override {
      if constexpr (HasConditional<E>) {
        inner.conditional(y, columns, delta);
      } else {
        lacks("conditional");
      }
    }
    Index num_params() const override {
      if constexpr (HasParamGrad<E>) {
        return inner.num_params();
      } else {
        return 0;
      }
    }
    void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                        Eigen::VectorXd& sum) const override {
      if constexpr (HasParamGrad<E>) {
        inner.add_param_grad(y, range, weights, sum);
      } else {
        lacks("add_param_grad");
      }
    }
    bool can_sum_out(std::span<const Index> columns) const override {
      if constexpr (HasSummedOut<E>) {
        return inner.can_sum_out(columns);
      } else {
        return false;
      }
    }
    AnyEnergy summed_out(std::span<const Index> columns, double beta) const override {
      if constexpr (HasSummedOut<E>) {
        return AnyEnergy(inner.summed_out(columns, beta));
      } else {
        lacks("summed_out");
      }
    }
    LayerView layers() const override {
      if constexpr (HasLayers<E>) {
        return inner.layers();
      } else {
        lacks("layers");
      }
    }
    GaussianView gaussian() const override {
      if constexpr (HasGaussian<E>) {
        return inner.gaussian();
      } else {
        lacks("gaussian");
      }
    }
    PairwiseView pairwise() const override {
      if constexpr (HasPairwise<E>) {
        return inner.pairwise();
      } else {
        lacks("pairwise");
      }
    }
    E inner;
  };

  std::unique_ptr<Interface> self_;
};

}  // namespace negphase
