#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "negphase/core/options.hpp"
#include "negphase/core/start.hpp"
#include "negphase/gibbs/conditional_draw.hpp"

namespace negphase {

/// Block Gibbs (M13): the layers of the energy one after the other, in the order of layers(), each
/// drawn whole from its law given all others (conditional_draw.hpp); one step = all layers once.
/// Layers of one column each make it the systematic Gibbs sampler by site. Leaves the target
/// invariant; a step is not reversible.
/// Needs conditional and layers. Columns: spin, bit, category, ordinal. Cost of a step: one
/// conditional of every column, one uniform a column. The energy is not kept (NaN).
/// Faults: nan_energy where a conditional is NaN. Source: Geman, Geman 1984.
/// Draws: purpose conditional, index = place of the column in the order of the layers; one fill a
/// layer.
class BlockGibbs {
 public:
  template <class Scalar>
  using State = ChainState<Scalar>;

  template <class Scalar>
  struct Scratch {
    std::vector<ConditionalGroup<Scalar>> layers;
    ConditionalDraw<Scalar> draw;
  };

  BlockGibbs() = default;
  explicit BlockGibbs(const Options&) {}

  static constexpr std::string_view name = "block_gibbs";
  static constexpr bool couples = true;
  static std::vector<OptionSpec> options() { return {}; }
  static std::string applies_to(std::span<const Column> columns) {
    return need_finite_columns(columns);
  }

  template <HasConditional E>
  State<typename E::Scalar> init(const E& energy, const PerChain& beta,
                                 const Block<typename E::Scalar>& start) const {
    return start_state<BlockGibbs>(energy, beta, start);
  }

  /// Throws UsageError unless every column stands in exactly one layer.
  template <class E>
  requires HasConditional<E> && HasLayers<E> Scratch<typename E::Scalar> scratch(const E& energy,
                                                                                 Index chains)
  const {
    const std::span<const Column> columns = energy.columns();
    Scratch<typename E::Scalar> work{{}, ConditionalDraw<typename E::Scalar>(chains)};
    std::vector<bool> seen(columns.size(), false);
    std::size_t num_seen = 0;
    for (auto& layer : energy.layers().layers) {
      for (Index j : layer) {
        const auto at = static_cast<std::size_t>(j);
        if (at >= columns.size() || seen[at]) {
          throw UsageError("layers(): column " + std::to_string(j) +
                           " does not exist or stands in two layers");
        }
        seen[at] = true;
        ++num_seen;
      }
      work.layers.emplace_back(columns, layer, chains);
    }
    if (num_seen != columns.size()) {
      throw UsageError("layers(): " + std::to_string(columns.size() - num_seen) +
                       " columns stand in no layer and would never move");
    }
    return work;
  }

  template <HasConditional E>
  void step(const E& energy, State<typename E::Scalar>& state, Scratch<typename E::Scalar>& work,
            RandomSource& random, StepInfo& info) const {
    Index place = 0;
    for (auto& layer : work.layers) {
      random.uniforms(Purpose::conditional, place, layer.uniforms);
      work.draw(energy.columns(), state.beta, layer, state.position, info,
                [&] { energy.conditional(state.position, layer.columns, layer.delta); });
      ++info.energy_evaluations;
      place += layer.uniforms.cols();
    }
  }

  /// Nothing is cached.
  template <class E>
  void refresh(const E&, State<typename E::Scalar>&) const {}
};

}  // namespace negphase
