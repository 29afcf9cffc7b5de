#pragma once
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "negphase/core/acceptance.hpp"
#include "negphase/core/start.hpp"
#include "negphase/langevin/state.hpp"

namespace negphase {

/// Metropolis-adjusted Langevin (M12): the move y' of M11, accepted with probability
///   min(1, exp(-beta (E(y') - E(y))) q(y' -> y) / q(y -> y')),
///   log q(a -> b) = -|b - a + h beta grad E(a)|^2 / (4 h) + const.
/// With g = grad E(y), g' = grad E(y') the squares cancel, and no large numbers are subtracted:
///   log of the ratio of q = beta/2 sum_j (g + g')_j [(y' - y)_j + h beta/2 (g - g')_j].
/// It is summed in double from the positions and gradients as stored and with the drift and scale
/// of the move as rounded to the block's scalar, so that in float too MALA is exact for the rounded
/// proposal, up to the rounding of the move's own additions.
/// Needs a gradient. Columns: real. Cost of a step: one gradient, one normal a coordinate.
/// Faults: nan_energy, minus_infinity, forbidden. Source: Besag 1994; Roberts, Tweedie 1996.
class Mala {
 public:
  template <class Scalar>
  using State = LangevinState<Scalar>;

  template <class Scalar>
  struct Scratch {
    Scratch(Index chains, Index columns)
        : proposal(chains, columns),
          gradient(chains, columns),
          drift(chains),
          energy(chains),
          sum(chains),
          uniforms(chains),
          acceptance(chains) {}
    Block<Scalar> proposal, gradient;
    Lane<Scalar> drift;  ///< h beta as the move uses it
    PerChain energy, sum, uniforms;
    Acceptance acceptance;
  };

  /// @param step_size  h > 0; throws UsageError
  explicit Mala(double step_size) : step_size_(positive(step_size, "step_size")) {}
  explicit Mala(const Options& options) : Mala(options.real("step_size")) {}

  static constexpr std::string_view name = "mala";
  static constexpr double best_acceptance = 0.574;  ///< of many columns (Roberts, Rosenthal 1998)
  static std::vector<OptionSpec> options() { return {step_size_option()}; }
  static std::string applies_to(std::span<const Column> columns) {
    return need_real_columns(columns);
  }
  double step_size() const { return step_size_; }

  template <HasGradient E>
  State<typename E::Scalar> init(const E& energy, const PerChain& beta,
                                 const Block<typename E::Scalar>& start) const {
    auto state = start_state<Mala>(energy, beta, start);
    state.refresh(energy);
    return state;
  }

  template <HasGradient E>
  Scratch<typename E::Scalar> scratch(const E& energy, Index chains) const {
    return {chains, static_cast<Index>(energy.columns().size())};
  }

  template <HasGradient E>
  void step(const E& energy, State<typename E::Scalar>& state, Scratch<typename E::Scalar>& work,
            RandomSource& random, StepInfo& info) const {
    using S = typename E::Scalar;
    check_standing(state.energy, info);
    const S scale = static_cast<S>(std::sqrt(2 * step_size_));
    work.drift = (step_size_ * state.beta).template cast<S>();
    random.normals(Purpose::noise, 0, work.proposal);
    for (Index j = 0; j < work.proposal.cols(); ++j) {
      work.proposal.col(j) =
          state.position.col(j) - work.drift * state.gradient.col(j) + scale * work.proposal.col(j);
    }
    energy.energy_and_grad(work.proposal, work.energy, work.gradient);
    ++info.gradient_evaluations;

    work.sum.setZero();
    for (Index j = 0; j < work.proposal.cols(); ++j) {
      const auto old_gradient = state.gradient.col(j).template cast<double>();
      const auto new_gradient = work.gradient.col(j).template cast<double>();
      const auto move = work.proposal.col(j).template cast<double>() -
                        state.position.col(j).template cast<double>();
      work.sum += (old_gradient + new_gradient) *
                  (move + 0.5 * work.drift.template cast<double>() * (old_gradient - new_gradient));
    }
    const double variance = static_cast<double>(scale) * static_cast<double>(scale);
    work.acceptance.change = work.energy - state.energy;
    work.acceptance.log_accept = work.drift.template cast<double>() / variance * work.sum -
                                 state.beta * work.acceptance.change;
    random.uniforms(Purpose::accept, 0, work.uniforms);
    work.acceptance.decide(work.uniforms.data(), info);

    const auto& accepted = work.acceptance.accepted;
    copy_accepted(accepted, work.proposal, state.position);
    copy_accepted(accepted, work.gradient, state.gradient);
    copy_accepted(accepted, work.energy, state.energy);
  }

  template <HasGradient E>
  void refresh(const E& energy, State<typename E::Scalar>& state) const {
    state.refresh(energy);
  }

 private:
  double step_size_;
};

}  // namespace negphase
