#pragma once
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "negphase/core/energy.hpp"

// Energies around energies: with other layers, or lying.
namespace negphase::testing {

/// An energy with the layers that it is told to have.
template <class E>
struct Layered : E {
  Layered(E energy, std::vector<std::vector<Index>> groups)
      : E(std::move(energy)), view{std::move(groups)} {}
  LayerView layers() const { return view; }
  LayerView view;
};

/// One layer a column, in order: block Gibbs becomes the Gibbs sweep by site.
inline std::vector<std::vector<Index>> single_columns(Index n) {
  std::vector<std::vector<Index>> groups;
  for (Index j = 0; j < n; ++j) {
    groups.push_back({j});
  }
  return groups;
}

/// An energy that does not tell the truth: everything it answers passes through `lie` (energies) or
/// `lie_of_change` (energy changes and conditionals).
template <class E>
struct Lying : E {
  using Scalar = typename E::Scalar;
  using Lie = std::function<double(double)>;
  Lying(E energy, Lie l, Lie of_change)
      : E(std::move(energy)), lie(std::move(l)), lie_of_change(std::move(of_change)) {}

  void energy(const Block<Scalar>& y, PerChain& out) const {
    E::energy(y, out);
    out = out.unaryExpr(lie);
  }
  void energy_and_grad(const Block<Scalar>& y, PerChain& out,
                       Block<Scalar>& grad) const requires HasGradient<E> {
    E::energy_and_grad(y, out, grad);
    out = out.unaryExpr(lie);
  }
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const requires HasEnergyChange<E> {
    E::energy_change(y, site, values, out);
    out = out.unaryExpr(lie_of_change);
  }
  void energy_change(const Block<Scalar>& y, const Sites& sites, const Lane<Scalar>& values,
                     PerChain& out) const requires HasEnergyChangeBySite<E> {
    E::energy_change(y, sites, values, out);
    out = out.unaryExpr(lie_of_change);
  }
  void conditional(const Block<Scalar>& y, std::span<const Index> columns,
                   Block<Scalar>& delta) const requires HasConditional<E> {
    E::conditional(y, columns, delta);
    delta = delta.unaryExpr(
        [this](Scalar d) { return static_cast<Scalar>(lie_of_change(static_cast<double>(d))); });
  }
  Lie lie, lie_of_change;
};

}  // namespace negphase::testing
