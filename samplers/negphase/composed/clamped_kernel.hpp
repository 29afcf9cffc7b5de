#pragma once
#include <memory>
#include <utility>
#include <vector>

#include "negphase/core/conditioned.hpp"
#include "negphase/langevin/state.hpp"

namespace negphase {

/// One step of some columns of a block, the others clamped where they stand.
template <class Scalar>
class ClampedMove {
 public:
  virtual ~ClampedMove() = default;
  /// Moves position and what the kernel keeps of energy and gradient of `chains`, which come in as
  /// those of the position. Allocates nothing.
  virtual void step(LangevinState<Scalar>& chains, RandomSource& random, StepInfo& info) = 0;
};

/// A kernel over the free columns of an energy: the clamped ones and the kernel's state are set
/// from the whole before each step.
template <class K, class Scalar>
class ClampedKernel final : public ClampedMove<Scalar> {
 public:
  /// @param energy   is kept by its address
  /// @param columns  that move, ascending
  ClampedKernel(K kernel, const AnyEnergy<Scalar>& energy, std::vector<Index> columns, Index chains)
      : kernel_(std::move(kernel)),
        columns_(std::move(columns)),
        energy_(&energy, columns_,
                Block<Scalar>::Zero(chains, static_cast<Index>(energy.columns().size()))),
        scratch_(kernel_.scratch(energy_, chains)) {
    state_.position.resize(chains, static_cast<Index>(columns_.size()));
    if constexpr (keeps_gradient) {
      state_.gradient.resize(chains, static_cast<Index>(columns_.size()));
    }
  }

  void step(LangevinState<Scalar>& chains, RandomSource& random, StepInfo& info) override {
    energy_.clamp(chains.position);
    take(chains);
    kernel_.step(energy_, state_, scratch_, random, info);
    give(chains);
  }

 private:
  using State = typename K::template State<Scalar>;
  static constexpr bool keeps_gradient = requires(State state) { state.gradient; };

  void take(const LangevinState<Scalar>& chains) {
    state_.beta = chains.beta;
    state_.energy = chains.energy;
    copy_columns(chains.position, state_.position);
    if constexpr (keeps_gradient) {
      copy_columns(chains.gradient, state_.gradient);
    }
    if constexpr (requires { state_.age; }) {
      state_.age.setZero(chains.beta.size());  // the energy that came in is no sum of changes
    }
  }

  void give(LangevinState<Scalar>& chains) const {
    chains.energy = state_.energy;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const auto own = static_cast<Index>(i);
      chains.position.col(columns_[i]) = state_.position.col(own);
      if constexpr (keeps_gradient) {
        chains.gradient.col(columns_[i]) = state_.gradient.col(own);
      }
    }
  }

  void copy_columns(const Block<Scalar>& all, Block<Scalar>& own) const {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      own.col(static_cast<Index>(i)) = all.col(columns_[i]);
    }
  }

  K kernel_;
  std::vector<Index> columns_;
  Conditioned<AnyEnergy<Scalar>, const AnyEnergy<Scalar>*> energy_;
  typename K::template Scratch<Scalar> scratch_;
  State state_;
};

}  // namespace negphase
