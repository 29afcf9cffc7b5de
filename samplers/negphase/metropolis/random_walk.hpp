#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "negphase/core/acceptance.hpp"
#include "negphase/core/options.hpp"
#include "negphase/core/start.hpp"

namespace negphase {

/// Gaussian random walk Metropolis: y' = y + proposal_scale xi, xi ~ N(0, I), accepted with
/// probability min(1, exp(-beta (E(y') - E(y)))). `proposal_scale` is the standard deviation of the
/// proposal in every coordinate, as the field writes it (not the h of M11).
/// Needs nothing but the energy. Columns: real. Cost of a step: one energy, one normal a
/// coordinate. Faults: nan_energy, minus_infinity, forbidden. Source: Metropolis et al. 1953.
class RandomWalk {
 public:
  template <class Scalar>
  using State = ChainState<Scalar>;

  template <class Scalar>
  struct Scratch {
    Block<Scalar> proposal;
    PerChain energy, uniforms;
    Acceptance acceptance;
  };

  /// @param proposal_scale  > 0; throws UsageError
  explicit RandomWalk(double proposal_scale)
      : proposal_scale_(positive(proposal_scale, "proposal_scale")) {}
  explicit RandomWalk(const Options& options) : RandomWalk(options.real("proposal_scale")) {}

  static constexpr std::string_view name = "random_walk";
  static constexpr double best_acceptance =
      0.234;  ///< of many columns (Roberts, Gelman, Gilks 1997)
  static std::vector<OptionSpec> options() {
    return {{.name = "proposal_scale",
             .fallback = 0.5,
             .doc = "Standard deviation of the proposal in every coordinate.",
             .low = 0,
             .low_is_legal = false,
             .unit = "y"}};
  }
  static std::string applies_to(std::span<const Column> columns) {
    return need_real_columns(columns);
  }

  template <Energy E>
  State<typename E::Scalar> init(const E& energy, const PerChain& beta,
                                 const Block<typename E::Scalar>& start) const {
    auto state = start_state<RandomWalk>(energy, beta, start);
    refresh(energy, state);
    return state;
  }

  template <Energy E>
  Scratch<typename E::Scalar> scratch(const E& energy, Index chains) const {
    const auto columns = static_cast<Index>(energy.columns().size());
    return {Block<typename E::Scalar>(chains, columns), PerChain(chains), PerChain(chains),
            Acceptance(chains)};
  }

  template <Energy E>
  void step(const E& energy, State<typename E::Scalar>& state, Scratch<typename E::Scalar>& work,
            RandomSource& random, StepInfo& info) const {
    check_standing(state.energy, info);
    random.normals(Purpose::noise, 0, work.proposal);
    work.proposal =
        state.position + static_cast<typename E::Scalar>(proposal_scale_) * work.proposal;
    energy.energy(work.proposal, work.energy);
    ++info.energy_evaluations;

    work.acceptance.change = work.energy - state.energy;
    work.acceptance.log_accept = -state.beta * work.acceptance.change;
    random.uniforms(Purpose::accept, 0, work.uniforms);
    work.acceptance.decide(work.uniforms.data(), info);
    copy_accepted(work.acceptance.accepted, work.proposal, state.position);
    copy_accepted(work.acceptance.accepted, work.energy, state.energy);
  }

  template <Energy E>
  void refresh(const E& energy, State<typename E::Scalar>& state) const {
    energy.energy(state.position, state.energy);
  }

 private:
  double proposal_scale_;
};

}  // namespace negphase
