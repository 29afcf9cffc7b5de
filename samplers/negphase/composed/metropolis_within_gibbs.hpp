#pragma once
#include <cmath>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "negphase/composed/clamped_kernel.hpp"
#include "negphase/core/options.hpp"
#include "negphase/core/start.hpp"
#include "negphase/gibbs/site_gibbs.hpp"
#include "negphase/langevin/mala.hpp"
#include "negphase/metropolis/random_walk.hpp"
#include "negphase/metropolis/single_flip.hpp"

namespace negphase {

/// Metropolis within Gibbs, for mixed states: a step sweeps the discrete columns in order given the
/// real ones, then makes one move of all real columns given the discrete ones.
///   discrete = gibbs        each drawn from its conditional (SiteGibbs)
///            = metropolis   each proposed another state (SingleFlip)
///   real     = mala         Langevin step of size h, accepted or rejected (Mala)
///            = random_walk  the same without its drift: y' = y + sqrt(2 h) xi (RandomWalk)
/// Either kind of column may be missing: without discrete ones it is MALA, bit for bit. Leaves the
/// target invariant; a step is not reversible.
/// Needs, where it has discrete columns, conditional (gibbs) or energy_change (metropolis); where
/// it has real ones, energy_and_grad (mala), whose entries for discrete columns are not looked at.
/// Columns: all but counts. Cost of a step: that of the two, and one gradient (random_walk: one
/// energy) more where there are discrete columns, as the real move starts from other discrete
/// values than the last one ended with; where there are both kinds, each of the sweep's calls
/// copies the discrete columns. Acceptance counts the proposals of both. Faults: those of the two.
/// Source: Tierney 1994; Mueller 1991. Draws: those of the two; parts 0 (real) and 1 (discrete).
class MetropolisWithinGibbs {
 public:
  enum class Discrete { gibbs, metropolis };
  enum class Real { mala, random_walk };

  /// All columns; the gradient [chains x columns], or [chains x 0] where no column is real or
  /// none is used. What the two kernels carry on is copied from and to it, so nothing is held
  /// twice.
  template <class Scalar>
  using State = LangevinState<Scalar>;

  template <class Scalar>
  struct Scratch {
    std::shared_ptr<const AnyEnergy<Scalar>> energy;
    std::unique_ptr<ClampedMove<Scalar>> discrete, real;  ///< null where there is no such column
  };

  /// @param step_size  h > 0; throws UsageError
  MetropolisWithinGibbs(Discrete discrete, Real real, double step_size)
      : discrete_(discrete), real_(real), step_size_(positive(step_size, "step_size")) {}
  explicit MetropolisWithinGibbs(const Options& options)
      : MetropolisWithinGibbs(
            options.word("discrete") == "gibbs" ? Discrete::gibbs : Discrete::metropolis,
            options.word("real") == "mala" ? Real::mala : Real::random_walk,
            options.real("step_size")) {}

  static constexpr std::string_view name = "metropolis_within_gibbs";
  static constexpr bool couples = true;
  static std::vector<OptionSpec> options() {
    OptionSpec step_size = step_size_option();
    step_size.doc = "h of the real move: noise of variance 2 h, drift h beta grad E with mala.";
    return {{.name = "discrete",
             .fallback = std::string("gibbs"),
             .doc = "How discrete columns move: drawn from their conditionals, or by single flips.",
             .choices = {"gibbs", "metropolis"}},
            {.name = "real",
             .fallback = std::string("mala"),
             .doc = "How real columns move: along the gradient, or without one.",
             .choices = {"mala", "random_walk"}},
            std::move(step_size)};
  }
  static std::string applies_to(std::span<const Column> columns) {
    for (std::size_t j = 0; j < columns.size(); ++j) {
      if (columns[j].kind != ColumnKind::real && columns[j].num_states < 2) {
        return "column " + std::to_string(j) + " is neither real nor has a finite list of states";
      }
    }
    return "";
  }
  Abilities needs_where_real() const {
    return real_ == Real::mala ? Abilities{} | Ability::gradient : 0;
  }
  Abilities needs_where_finite() const {
    return Abilities{} |
           (discrete_ == Discrete::gibbs ? Ability::conditional : Ability::energy_change);
  }

  template <Energy E>
  State<typename E::Scalar> init(const E& energy, const PerChain& beta,
                                 const Block<typename E::Scalar>& start) const {
    auto state = start_state<MetropolisWithinGibbs>(energy, beta, start);
    Abilities needed = 0;
    for (const Column& column : energy.columns()) {
      needed |= is_real(column) ? needs_where_real() : needs_where_finite();
    }
    if (const Abilities missing = needed & ~abilities_of(energy); missing != 0) {
      throw UsageError("init: metropolis_within_gibbs needs " + member_names(missing));
    }
    refresh(energy, state);
    return state;
  }

  /// Keeps the energy's address.
  template <Energy E>
  Scratch<typename E::Scalar> scratch(const E& energy, Index chains) const {
    std::vector<Index> real, discrete;
    for (Index j = 0; j < static_cast<Index>(energy.columns().size()); ++j) {
      (is_real(energy.columns()[static_cast<std::size_t>(j)]) ? real : discrete).push_back(j);
    }
    Scratch<typename E::Scalar> work{erased(energy, chains), nullptr, nullptr};
    if (!discrete.empty()) {
      work.discrete =
          discrete_ == Discrete::gibbs
              ? clamped(SiteGibbs(SiteGibbs::Scan::systematic), work, discrete, chains)
              : clamped(SingleFlip(SingleFlip::Scan::systematic), work, discrete, chains);
    }
    if (!real.empty()) {
      work.real = real_ == Real::mala
                      ? clamped(Mala(step_size_), work, real, chains)
                      : clamped(RandomWalk(std::sqrt(2 * step_size_)), work, real, chains);
    }
    return work;
  }

  template <Energy E>
  void step(const E& energy, State<typename E::Scalar>& state, Scratch<typename E::Scalar>& work,
            RandomSource& random, StepInfo& info) const {
    check_standing(state.energy, info);
    if (work.discrete) {
      const RandomSource::Part part(random, 1);
      work.discrete->step(state, random, info);
      refresh(energy, state);
      ++(state.gradient.cols() > 0 ? info.gradient_evaluations : info.energy_evaluations);
    }
    if (work.real) {
      work.real->step(state, random, info);
    }
  }

  template <Energy E>
  void refresh(const E& energy, State<typename E::Scalar>& state) const {
    if constexpr (HasGradient<E>) {
      if (real_ == Real::mala && std::ranges::any_of(energy.columns(), is_real)) {
        state.refresh(energy);
        return;
      }
    }
    state.gradient.resize(state.position.rows(), 0);
    energy.energy(state.position, state.energy);
  }

 private:
  static bool is_real(const Column& column) { return column.kind == ColumnKind::real; }

  /// The energy behind the erased layer, at an address that lasts as long as the energy's own: the
  /// parts are compiled once a scalar.
  template <class E, class S = typename E::Scalar>
  static std::shared_ptr<const AnyEnergy<S>> erased(const E& energy, Index chains) {
    if constexpr (std::same_as<E, AnyEnergy<S>>) {
      return {std::shared_ptr<void>(), &energy};
    } else {
      const auto num_columns = static_cast<Index>(energy.columns().size());
      std::vector<Index> all(energy.columns().size());
      std::iota(all.begin(), all.end(), Index{0});
      return std::make_shared<const AnyEnergy<S>>(
          Conditioned<E, const E*>(&energy, std::move(all), Block<S>::Zero(chains, num_columns)));
    }
  }

  template <class K, class S>
  static std::unique_ptr<ClampedMove<S>> clamped(K kernel, const Scratch<S>& work,
                                                 const std::vector<Index>& columns, Index chains) {
    return std::make_unique<ClampedKernel<K, S>>(std::move(kernel), *work.energy, columns, chains);
  }

  Discrete discrete_;
  Real real_;
  double step_size_;
};

}  // namespace negphase
