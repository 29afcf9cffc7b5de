#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "negphase/core/acceptance.hpp"
#include "negphase/core/any_energy.hpp"
#include "negphase/core/options.hpp"
#include "negphase/core/reversed_uniform.hpp"
#include "negphase/core/start.hpp"

namespace negphase {

/// Metropolis by single sites: one site is proposed another state (the other one of a spin or bit,
/// a uniformly chosen other one of K), accepted with probability min(1, exp(-beta dE)).
///   scan = systematic  a step proposes every site once, in the order 0 .. d-1: leaves the target
///                      invariant, is not reversible, and where no flip costs anything (beta = 0)
///                      it goes back and forth between two states for ever
///   scan = random      a step makes `flips` proposals, each at a site chosen uniformly, anew
///                      for each chain: reversible
/// Needs energy_change, of one site (systematic) or by chain (random). Columns: spin, bit,
/// category, ordinal. Cost of a proposal: one energy change, one uniform; energies are summed from
/// the changes and computed anew after every 16 sweeps' worth of proposals.
/// Faults: nan_energy, minus_infinity, forbidden. Source: Metropolis et al. 1953; Liu 2001, ch. 5.
/// Draws in a step, each (purpose, index) once: accept, index = number of the proposal, reversed
/// where a site of two states stands in its upper one (core/reversed_uniform.hpp); value, the
/// same, only where a site has more than two states; site (random scan), the same.
class SingleFlip {
 public:
  enum class Scan { systematic, random };

  template <class Scalar>
  struct State : ChainState<Scalar> {
    Lane<std::int64_t> age;  ///< proposals since the energy was computed anew; the same in a block

    template <class Visit>
    void fields(Visit&& visit) {
      ChainState<Scalar>::fields(visit);
      visit("age", age);
    }
  };

  template <class Scalar>
  struct Scratch {
    Scratch(Index chains, Index proposals)
        : uniforms(chains, proposals),
          sites(chains),
          values(chains),
          words(chains),
          acceptance(chains) {}
    Block<double> uniforms;  ///< [chains x proposals of a step]
    Sites sites;
    Lane<Scalar> values;
    Lane<std::uint64_t> words;
    Acceptance acceptance;
  };

  /// @param flips  proposals a step of the random scan; 0: one for each column
  explicit SingleFlip(Scan scan, Index flips = 0) : scan_(scan), flips_(flips) {
    if (flips < 0) {
      throw UsageError("flips must be >= 0");
    }
  }
  explicit SingleFlip(const Options& options)
      : SingleFlip(options.word("scan") == "random" ? Scan::random : Scan::systematic,
                   options.integer("flips")) {}

  static constexpr std::string_view name = "single_flip";
  static constexpr bool couples = true;
  static std::vector<OptionSpec> options() {
    return {{.name = "scan",
             .fallback = std::string("systematic"),
             .doc = "Every site once in order, or sites at random.",
             .choices = {"systematic", "random"}},
            {.name = "flips",
             .fallback = std::int64_t{0},
             .doc = "Proposals a step with scan = random; 0 means one for each column.",
             .low = 0,
             .unit = "proposals"}};
  }
  static std::string applies_to(std::span<const Column> columns) {
    return need_finite_columns(columns);
  }
  Ability needs() const {
    return scan_ == Scan::random ? Ability::energy_change_by_site : Ability::energy_change;
  }

  template <Energy E>
  State<typename E::Scalar> init(const E& energy, const PerChain& beta,
                                 const Block<typename E::Scalar>& start) const {
    if (!has(abilities_of(energy), needs())) {
      throw UsageError("init: single_flip needs " + member_names(Abilities{} | needs()));
    }
    auto state = start_state<SingleFlip>(energy, beta, start);
    refresh(energy, state);
    return state;
  }

  template <Energy E>
  Scratch<typename E::Scalar> scratch(const E& energy, Index chains) const {
    return {chains, num_proposals(energy)};
  }

  template <Energy E>
  void step(const E& energy, State<typename E::Scalar>& state, Scratch<typename E::Scalar>& work,
            RandomSource& random, StepInfo& info) const {
    check_standing(state.energy, info);
    if (scan_ == Scan::random) {
      if constexpr (HasEnergyChangeBySite<E>) {
        flip_at_random(energy, state, work, random, info);
      }
    } else {
      if constexpr (HasEnergyChange<E>) {
        sweep(energy, state, work, random, info);
      }
    }
    const Index proposals = work.uniforms.cols();
    info.energy_evaluations += proposals;
    state.age += proposals;
    if (state.age[0] >= 16 * state.position.cols()) {
      refresh(energy, state);
      ++info.energy_evaluations;
    }
  }

  template <Energy E>
  void refresh(const E& energy, State<typename E::Scalar>& state) const {
    energy.energy(state.position, state.energy);
    state.age = Lane<std::int64_t>::Zero(state.beta.size());
  }

 private:
  template <class E>
  Index num_proposals(const E& energy) const {
    return scan_ == Scan::random && flips_ > 0 ? flips_
                                               : static_cast<Index>(energy.columns().size());
  }

  /// The code of another state than `code`; `word` chooses among more than one, uniformly.
  static double other_state(const Column& column, double code, std::uint64_t word) {
    if (column.num_states == 2) {
      return state_code(column, 0) + state_code(column, 1) - code;
    }
    const Index shift = 1 + index_below(word, column.num_states - 1);
    return state_code(column, (state_index(column, code) + shift) % column.num_states);
  }

  static void reverse_in_upper_state(const Column& column, double code, double& uniform) {
    if (column.num_states == 2 && code == state_code(column, 1)) {
      uniform = reversed_uniform(uniform);
    }
  }

  /// Decides proposal p, whose energy changes are known.
  template <class S>
  static void decide(Index p, State<S>& state, Scratch<S>& work, StepInfo& info) {
    Acceptance& acceptance = work.acceptance;
    acceptance.log_accept = -state.beta * acceptance.change;
    acceptance.decide(work.uniforms.col(p).data(), info);
    acceptance.change += state.energy;
    copy_accepted(acceptance.accepted, acceptance.change, state.energy);
  }

  template <class E>
  void sweep(const E& energy, State<typename E::Scalar>& state, Scratch<typename E::Scalar>& work,
             RandomSource& random, StepInfo& info) const {
    using S = typename E::Scalar;
    const std::span<const Column> columns = energy.columns();
    random.uniforms(Purpose::accept, 0, work.uniforms);
    for (Index j = 0; j < state.position.cols(); ++j) {
      const Column& column = columns[static_cast<std::size_t>(j)];
      if (column.num_states == 2) {
        work.values =
            static_cast<S>(state_code(column, 0) + state_code(column, 1)) - state.position.col(j);
        for (Index c = 0; c < work.values.size(); ++c) {
          reverse_in_upper_state(column, static_cast<double>(state.position(c, j)),
                                 work.uniforms(c, j));
        }
      } else {
        random.words(Purpose::value, j, work.words);
        for (Index c = 0; c < work.values.size(); ++c) {
          work.values[c] = static_cast<S>(
              other_state(column, static_cast<double>(state.position(c, j)), work.words[c]));
        }
      }
      energy.energy_change(state.position, j, work.values, work.acceptance.change);
      decide(j, state, work, info);
      copy_accepted(work.acceptance.accepted, work.values.data(), state.position.col(j).data());
    }
  }

  template <class E>
  void flip_at_random(const E& energy, State<typename E::Scalar>& state,
                      Scratch<typename E::Scalar>& work, RandomSource& random,
                      StepInfo& info) const {
    using S = typename E::Scalar;
    const std::span<const Column> columns = energy.columns();
    bool any_choice = false;
    for (const Column& column : columns) {
      any_choice = any_choice || column.num_states > 2;
    }
    random.uniforms(Purpose::accept, 0, work.uniforms);
    for (Index p = 0; p < work.uniforms.cols(); ++p) {
      random.sites(Purpose::site, p, state.position.cols(), work.sites);
      if (any_choice) {
        random.words(Purpose::value, p, work.words);
      }
      for (Index c = 0; c < work.sites.size(); ++c) {
        const Column& column = columns[static_cast<std::size_t>(work.sites[c])];
        const double code = static_cast<double>(state.position(c, work.sites[c]));
        work.values[c] = static_cast<S>(other_state(column, code, any_choice ? work.words[c] : 0));
        reverse_in_upper_state(column, code, work.uniforms(c, p));
      }
      energy.energy_change(state.position, work.sites, work.values, work.acceptance.change);
      decide(p, state, work, info);
      for (Index c = 0; c < work.sites.size(); ++c) {
        if (work.acceptance.accepted[c] != 0) {
          state.position(c, work.sites[c]) = work.values[c];
        }
      }
    }
  }

  Scan scan_;
  Index flips_;
};

}  // namespace negphase
