#pragma once
#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "negphase/core/any_energy.hpp"
#include "negphase/core/options.hpp"
#include "negphase/core/reversed_uniform.hpp"
#include "negphase/core/start.hpp"
#include "negphase/gibbs/conditional_draw.hpp"

namespace negphase {

/// Gibbs by single sites (M13): a site is drawn anew from its law given all others
/// (conditional_draw.hpp).
///   scan = systematic  a step draws every site once, in the order 0 .. d-1: leaves the target
///                      invariant, is not reversible
///   scan = random      a step makes `updates` draws, each at a site chosen uniformly, anew for
///                      each chain: reversible. In double whatever the block's scalar
/// Needs no layers: conditional, of one column at a time (systematic), or energy_change by chain
/// (random): conditional answers for one column of all chains, here each has another. Columns:
/// spin, bit, category, ordinal.
/// Cost of a draw: one uniform and one conditional, or K - 1 energy changes (K the largest number
/// of states of a column). The energy is not kept (NaN).
/// Faults: nan_energy where a conditional or an energy change is NaN. Source: Geman, Geman 1984;
/// Liu 2001, ch. 6.
/// Draws: purpose conditional, index = column (systematic) or number of the draw (random: reversed
/// where a site of two states stands in its upper one, core/reversed_uniform.hpp); site (random),
/// index = number of the draw.
class SiteGibbs {
 public:
  enum class Scan { systematic, random };

  template <class Scalar>
  using State = ChainState<Scalar>;

  /// Of a random draw: `shift` states on from where a chain stands.
  template <class Scalar>
  struct RandomDraw {
    RandomDraw(Index chains, Index num_states)
        : column{ColumnKind::category, num_states},
          group({&column, 1}, {0}, chains),
          draw(chains),
          shift(chains, 1),
          change(chains),
          sites(chains),
          values(chains) {}
    Column column;
    ConditionalGroup<double> group;
    ConditionalDraw<double> draw;
    Block<double> shift;  ///< 0 .. num_states - 1 [chains x 1]
    PerChain change;
    Sites sites;
    Lane<Scalar> values;
  };
  template <class Scalar>
  struct Scratch {
    std::vector<ConditionalGroup<Scalar>> sites;  ///< systematic: one a column
    ConditionalDraw<Scalar> draw;
    RandomDraw<Scalar> random;
  };

  /// @param updates  draws a step of the random scan; 0: one for each column
  explicit SiteGibbs(Scan scan, Index updates = 0) : scan_(scan), updates_(updates) {
    if (updates < 0) {
      throw UsageError("updates must be >= 0");
    }
  }
  explicit SiteGibbs(const Options& options)
      : SiteGibbs(options.word("scan") == "random" ? Scan::random : Scan::systematic,
                  options.integer("updates")) {}

  static constexpr std::string_view name = "site_gibbs";
  static constexpr bool couples = true;
  static std::vector<OptionSpec> options() {
    return {{.name = "scan",
             .fallback = std::string("systematic"),
             .doc = "Every site once in order, or sites at random.",
             .choices = {"systematic", "random"}},
            {.name = "updates",
             .fallback = std::int64_t{0},
             .doc = "Draws a step with scan = random; 0 means one for each column.",
             .low = 0,
             .unit = "draws"}};
  }
  static std::string applies_to(std::span<const Column> columns) {
    return need_finite_columns(columns);
  }
  Ability needs() const {
    return scan_ == Scan::random ? Ability::energy_change_by_site : Ability::conditional;
  }

  template <Energy E>
  State<typename E::Scalar> init(const E& energy, const PerChain& beta,
                                 const Block<typename E::Scalar>& start) const {
    if (!has(abilities_of(energy), needs())) {
      throw UsageError("init: site_gibbs needs " + member_names(Abilities{} | needs()));
    }
    return start_state<SiteGibbs>(energy, beta, start);
  }

  template <Energy E>
  Scratch<typename E::Scalar> scratch(const E& energy, Index chains) const {
    using S = typename E::Scalar;
    const std::span<const Column> columns = energy.columns();
    if (scan_ == Scan::random) {
      Index most_states = 2;
      for (const Column& column : columns) {
        most_states = std::max(most_states, column.num_states);
      }
      return {{}, ConditionalDraw<S>(0), RandomDraw<S>(chains, most_states)};
    }
    Scratch<S> work{{}, ConditionalDraw<S>(chains), RandomDraw<S>(0, 2)};
    for (Index j = 0; j < static_cast<Index>(columns.size()); ++j) {
      work.sites.emplace_back(columns, std::vector<Index>{j}, chains);
    }
    return work;
  }

  template <Energy E>
  void step(const E& energy, State<typename E::Scalar>& state, Scratch<typename E::Scalar>& work,
            RandomSource& random, StepInfo& info) const {
    if (scan_ == Scan::random) {
      if constexpr (HasEnergyChangeBySite<E>) {
        const Index updates = updates_ > 0 ? updates_ : state.position.cols();
        for (Index n = 0; n < updates; ++n) {
          draw_at_random(n, energy, state, work.random, random, info);
        }
      }
    } else {
      if constexpr (HasConditional<E>) {
        sweep(energy, state, work, random, info);
      }
    }
  }

  /// Nothing is cached.
  template <class E>
  void refresh(const E&, State<typename E::Scalar>&) const {}

 private:
  template <class E>
  static void sweep(const E& energy, State<typename E::Scalar>& state,
                    Scratch<typename E::Scalar>& work, RandomSource& random, StepInfo& info) {
    for (auto& site : work.sites) {
      random.uniforms(Purpose::conditional, site.columns.front(), site.uniforms);
      work.draw(energy.columns(), state.beta, site, state.position, info,
                [&] { energy.conditional(state.position, site.columns, site.delta); });
      ++info.energy_evaluations;
    }
  }

  template <class E>
  static void draw_at_random(Index n, const E& energy, State<typename E::Scalar>& state,
                             RandomDraw<typename E::Scalar>& work, RandomSource& random,
                             StepInfo& info) {
    random.sites(Purpose::site, n, state.position.cols(), work.sites);
    random.uniforms(Purpose::conditional, n, work.group.uniforms);
    reverse_in_upper_state(energy.columns(), state.position, work);
    work.draw({&work.column, 1}, state.beta, work.group, work.shift, info,
              [&] { ask_changes(energy, state.position, work); });
    info.energy_evaluations += work.group.delta.cols();
    for (Index c = 0; c < work.sites.size(); ++c) {
      auto& code = state.position(c, work.sites[c]);
      const auto& column = energy.columns()[static_cast<std::size_t>(work.sites[c])];
      code = moved(column, code, static_cast<Index>(work.shift(c, 0)));
    }
  }

  /// So that the threshold is the same whichever of two states a site stands in.
  template <class S>
  static void reverse_in_upper_state(std::span<const Column> columns, const Block<S>& position,
                                     RandomDraw<S>& work) {
    for (Index c = 0; c < work.sites.size(); ++c) {
      const Column& column = columns[static_cast<std::size_t>(work.sites[c])];
      if (column.num_states == 2 &&
          static_cast<double>(position(c, work.sites[c])) == state_code(column, 1)) {
        work.group.uniforms(c, 0) = reversed_uniform(work.group.uniforms(c, 0));
      }
    }
  }

  /// The changes of energy 1, 2, ... states on; +inf past the last one of a column that has fewer.
  template <class E>
  static void ask_changes(const E& energy, const Block<typename E::Scalar>& position,
                          RandomDraw<typename E::Scalar>& work) {
    const std::span<const Column> columns = energy.columns();
    const auto column_of = [&](Index c) -> const Column& {
      return columns[static_cast<std::size_t>(work.sites[c])];
    };
    for (Index shift = 1; shift < work.column.num_states; ++shift) {
      for (Index c = 0; c < work.sites.size(); ++c) {
        work.values[c] = moved(column_of(c), position(c, work.sites[c]), shift);
      }
      energy.energy_change(position, work.sites, work.values, work.change);
      for (Index c = 0; c < work.sites.size(); ++c) {
        work.group.delta(c, shift - 1) = shift < column_of(c).num_states
                                             ? work.change[c]
                                             : std::numeric_limits<double>::infinity();
      }
    }
  }

  /// The code `shift` states on, after the last one the first.
  template <class S>
  static S moved(const Column& column, S code, Index shift) {
    const Index state = state_index(column, static_cast<double>(code));
    return static_cast<S>(state_code(column, (state + shift) % column.num_states));
  }

  Scan scan_;
  Index updates_;
};

}  // namespace negphase
