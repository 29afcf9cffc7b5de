#pragma once
#include <concepts>
#include <limits>
#include <string_view>
#include <utility>

#include "negphase/core/energy.hpp"
#include "negphase/core/random_source.hpp"

namespace negphase {

/// What ends a chain.
enum class Fault : std::uint8_t {
  none = 0,
  nan_energy,      ///< NaN where a chain stands
  minus_infinity,  ///< energy -inf: not normalisable
  diverged,        ///< position or gradient no longer finite
  forbidden,       ///< the chain stands where the energy is +inf
};

/// What the steps did, chain by chain; counts add up until clear(). Kernels never throw: they set a
/// fault, and the runner raises the one with the lowest (step, chain).
struct StepInfo {
  explicit StepInfo(Index chains);
  void clear();

  Lane<std::int64_t> proposals, accepted;  ///< zero for kernels that always move (Gibbs, ULA)
  PerChain acceptance;                     ///< sum of acceptance probabilities
  Lane<std::int64_t> nan_proposals, forbidden_proposals;  ///< both rejected; +inf is no fault
  std::int64_t energy_evaluations = 0;    ///< per chain: energies, energy changes, conditionals
  std::int64_t gradient_evaluations = 0;  ///< per chain
  Lane<std::uint8_t> fault;               ///< Fault, the first that befell the chain
  bool any_fault = false;

  void set_fault(Index chain, Fault f) {
    if (fault[chain] == 0) {
      fault[chain] = static_cast<std::uint8_t>(f);
      any_fault = true;
    }
  }
  /// Sets the fault of every chain that stands at a NaN or -inf energy.
  void check_energies(const PerChain& energy);
};

/// -beta E and differences of it, with the convention 0 * (+inf) = +inf: a forbidden state stays
/// forbidden at beta = 0.
inline double beta_times(double beta, double energy) {
  return energy == std::numeric_limits<double>::infinity() ? energy : beta * energy;
}

/// What every state holds; a kernel's own State derives from it. It is what is saved.
/// `fields(visit)` calls visit(name, array) for each array whose row c belongs to chain c; saving
/// and swapping chains are made of it.
template <class Scalar>
struct ChainState {
  Block<Scalar> position;  ///< [chains x columns]
  PerChain beta;           ///< inverse temperature of each chain
  PerChain energy;         ///< E at position, cached; NaN where the kernel does not keep it

  template <class Visit>
  void fields(Visit&& visit) {
    visit("position", position);
    visit("beta", beta);
    visit("energy", energy);
  }
};

/// Exchanges everything that chains i and j hold: positions, caches, betas too. Only chains that
/// see the same x may be exchanged. A State whose arrays have no row a chain (packed bits) has a
/// member swap_chains(i, j) of its own.
template <class State>
void swap_chains(State& state, Index i, Index j) {
  state.fields([&](std::string_view, auto& array) { array.row(i).swap(array.row(j)); });
}

/// A kernel is an immutable value:
///   State<Scalar>     what a chain carries on; derives from ChainState; saved
///   Scratch<Scalar>   work space of one block and whatever is prepared from the energy, made by
///                     scratch(energy, chains), and anew when the energy changes; never saved; may
///                     keep the energy's address, which is stable meanwhile
///   init(energy, beta [chains], start [chains x columns]) -> State
///   step(energy, state, scratch, random, info)   one transition of every chain of the block;
///                     allocates nothing, throws nothing, asks `random` once for each
///                     (purpose, index), adds to `info`
///   refresh(energy, state)    recomputes what is cached, after the energy or a position changed
/// `energy` has the abilities that the kernel needs (a concept of core/energy.hpp).
template <class K, class E>
concept Kernel = Energy<E> && std::copyable<K> &&
    requires(const K& kernel, const E& energy, const PerChain& beta,
             const Block<typename E::Scalar>& start,
             typename K::template State<typename E::Scalar>& state,
             typename K::template Scratch<typename E::Scalar>& scratch, RandomSource& random,
             StepInfo& info) {
  requires std::derived_from<typename K::template State<typename E::Scalar>,
                             ChainState<typename E::Scalar>>;
  {
    kernel.init(energy, beta, start)
    } -> std::same_as<typename K::template State<typename E::Scalar>>;
  {
    kernel.scratch(energy, Index{})
    } -> std::same_as<typename K::template Scratch<typename E::Scalar>>;
  kernel.step(energy, state, scratch, random, info);
  kernel.refresh(energy, state);
};

}  // namespace negphase
