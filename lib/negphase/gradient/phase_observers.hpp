#pragma once
#include "negphase/gradient/param_grad_sums.hpp"
#include "negphase/run/chain_watch.hpp"
#include "negphase/run/energy_trace.hpp"

namespace negphase {

/// What looks at the draws of one block beside its sums, or null.
struct Watchers {
  ChainWatch* moves = nullptr;
  EnergyTrace* energies = nullptr;
  Index block = 0, first_chain = 0;

  template <class Scalar>
  void look(const AnyEnergy<Scalar>& energy, const AnyState<Scalar>& state, Index live) const {
    if (moves != nullptr) {
      moves->look(state.position());
    }
    if (energies != nullptr) {
      energies->look(block, first_chain, live, energy, state);
    }
  }
};

/// The sums of a block go on from one part of a phase to the next: looking in between must change
/// no number, and sums of sums would round otherwise.
template <class Scalar>
class PartOfSums final : public Observer<Scalar> {
 public:
  /// @param others  of the same draws, or null
  PartOfSums(ParamGradSums<Scalar>& sums, ParamGradSums<Scalar>* others, const Watchers& watchers)
      : sums_(sums), others_(others), watchers_(watchers) {}
  void observe(const AnyEnergy<Scalar>& energy, const AnyState<Scalar>& state,
               Index live) override {
    sums_.observe(energy, state, live);
    if (others_ != nullptr) {
      others_->observe(energy, state, live);
    }
    watchers_.look(energy, state, live);
  }

 private:
  ParamGradSums<Scalar>& sums_;
  ParamGradSums<Scalar>* others_;
  Watchers watchers_;
};

/// Keeps y of the draws of one block among those of all chains.
template <class Scalar>
class KeepY final : public Observer<Scalar> {
 public:
  KeepY(Eigen::MatrixXd& all, Index chains, const Watchers& watchers)
      : all_(all), chains_(chains), next_(watchers.first_chain), watchers_(watchers) {}
  void observe(const AnyEnergy<Scalar>& energy, const AnyState<Scalar>& state,
               Index live) override {
    all_.middleRows(next_, live) =
        state.position().topLeftCorner(live, all_.cols()).template cast<double>().matrix();
    next_ += chains_;
    watchers_.look(energy, state, live);
  }

 private:
  Eigen::MatrixXd& all_;  // blocks write to different rows
  Index chains_, next_;
  Watchers watchers_;
};

}  // namespace negphase
