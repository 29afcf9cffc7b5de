#pragma once
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "negphase/core/acceptance.hpp"
#include "negphase/core/options.hpp"
#include "negphase/core/portable_exp.hpp"
#include "negphase/core/start.hpp"

namespace negphase {

/// Block Gibbs (M13): the layers of the energy one after the other, in the order of layers(), each
/// drawn whole from its law given all others; one step = all layers once. Layers of one column
/// each make it the systematic Gibbs sampler by site. Leaves the target invariant; a step is not
/// reversible.
///   spins, bits   high where u < 1 / (1 + exp(beta (E(high) - E(low)))), the division multiplied
///                 out; probabilities 0 and 1 are exact: a forbidden state is never drawn
///   K states      the first k with u sum_all < sum_{k' <= k}, weights exp(-beta (E_k - E_min))
/// In a float block uniforms (24 bits) and probabilities are float, within 2^-22 of the exact ones.
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
  struct Layer {
    std::vector<Index> columns;
    Index place = 0;         ///< of its first column, counted through all layers
    Block<Scalar> delta;     ///< E(state k) - E(state 0) [chains x sum(K_j - 1)]
    Block<Scalar> uniforms;  ///< [chains x columns of the layer]
  };
  template <class Scalar>
  struct Scratch {
    std::vector<Layer<Scalar>> layers;
    Lane<Scalar> beta, lowest, sum, check;  ///< [chains]
  };

  BlockGibbs() = default;
  explicit BlockGibbs(const Options&) {}

  static constexpr std::string_view name = "block_gibbs";
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
    using S = typename E::Scalar;
    const std::span<const Column> columns = energy.columns();
    Scratch<S> work{{}, Lane<S>(chains), Lane<S>(chains), Lane<S>(chains), Lane<S>(chains)};
    std::vector<bool> seen(columns.size(), false);
    std::size_t num_seen = 0;
    for (auto& layer : energy.layers().layers) {
      Index num_deltas = 0;
      for (Index j : layer) {
        const auto at = static_cast<std::size_t>(j);
        if (at >= columns.size() || seen[at]) {
          throw UsageError("layers(): column " + std::to_string(j) +
                           " does not exist or stands in two layers");
        }
        seen[at] = true;
        ++num_seen;
        num_deltas += columns[at].num_states - 1;
      }
      const auto size = static_cast<Index>(layer.size());
      work.layers.push_back({layer, static_cast<Index>(num_seen) - size,
                             Block<S>(chains, num_deltas), Block<S>(chains, size)});
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
    work.beta = state.beta.template cast<typename E::Scalar>();
    for (auto& layer : work.layers) {
      random.uniforms(Purpose::conditional, layer.place, layer.uniforms);
      energy.conditional(state.position, layer.columns, layer.delta);
      ++info.energy_evaluations;
      draw(energy.columns(), layer, state, work);
      if (!all_finite(work.check)) {
        // its own columns do not enter a layer's conditional, so it can be had again
        energy.conditional(state.position, layer.columns, layer.delta);
        settle_odd_chains(energy.columns(), layer, work, info);
        draw(energy.columns(), layer, state, work);
        work.beta = state.beta.template cast<typename E::Scalar>();
      }
    }
  }

  /// Nothing is cached.
  template <class E>
  void refresh(const E&, State<typename E::Scalar>&) const {}

 private:
  /// Draws the columns of a layer from `layer.delta`, which is used up. `check` becomes NaN for the
  /// chains that have a NaN among their probabilities.
  template <class S>
  static void draw(std::span<const Column> columns, Layer<S>& layer, State<S>& state,
                   Scratch<S>& work) {
    work.check.setZero();
    Index place = 0, at = 0;
    for (const Index j : layer.columns) {
      const Column& column = columns[static_cast<std::size_t>(j)];
      S* delta = layer.delta.col(at).data();
      const S* uniforms = layer.uniforms.col(place).data();
      S* position = state.position.col(j).data();
      if (column.num_states == 2) {
        draw_binary(column, work.beta.size(), work.beta.data(), delta, uniforms, position,
                    work.check.data());
      } else {
        draw_category(column.num_states, delta, uniforms, position, work);
      }
      ++place;
      at += column.num_states - 1;
    }
  }

  template <class S>
  static void draw_binary(const Column& column, Index chains, const S* __restrict beta,
                          const S* __restrict delta, const S* __restrict uniforms,
                          S* __restrict position, S* __restrict check) {
    const S low = static_cast<S>(state_code(column, 0));
    const S high = static_cast<S>(state_code(column, 1));
    for (Index c = 0; c < chains; ++c) {
      // u < 1 / (1 + exp(t)) without the division, which would cost more than the exponential
      const S t = beta[c] * delta[c];
      const S e = exp_of_nonpositive(t < 0 ? t : -t);
      check[c] += e;
      position[c] = uniforms[c] * (1 + e) < (t > 0 ? e : S{1}) ? high : low;
    }
  }

  /// `weights`: [chains x num_states - 1], comes as the energies of states 1, 2, ...
  template <class S>
  static void draw_category(Index num_states, S* weights, const S* uniforms, S* position,
                            Scratch<S>& work) {
    const Index chains = work.beta.size();
    S* lowest = work.lowest.data();
    S* sum = work.sum.data();
    work.lowest.setZero();
    for (Index k = 0; k < num_states - 1; ++k) {
      for (Index c = 0; c < chains; ++c) {
        S& t = weights[k * chains + c];
        t *= work.beta[c];
        lowest[c] = t < lowest[c] ? t : lowest[c];
      }
    }
    for (Index c = 0; c < chains; ++c) {
      sum[c] = exp_of_nonpositive(lowest[c]);  // the weight of state 0
    }
    for (Index k = 0; k < num_states - 1; ++k) {
      for (Index c = 0; c < chains; ++c) {
        S& weight = weights[k * chains + c];
        weight = exp_of_nonpositive(lowest[c] - weight);
        sum[c] += weight;
      }
    }
    work.check += work.sum;
    // u sum is below the sum for every u < 1, rounding included: the last state needs no test
    for (Index c = 0; c < chains; ++c) {
      const S threshold = uniforms[c] * sum[c];
      S cumulated = exp_of_nonpositive(lowest[c]);
      Index state = 0;
      for (Index k = 0; k < num_states - 1; ++k) {
        state += threshold >= cumulated ? 1 : 0;
        cumulated += weights[k * chains + c];
      }
      position[c] = static_cast<S>(state);
    }
  }

  /// For the chains whose probabilities are NaN: makes beta 1 and `delta` what the draw needs, with
  /// 0 * (+-inf) = +-inf, and, where state 0 of a category is forbidden, all weight on the one
  /// state that is not. Where that is not defined, fault nan_energy.
  template <class S>
  static void settle_odd_chains(std::span<const Column> columns, Layer<S>& layer, Scratch<S>& work,
                                StepInfo& info) {
    for (Index c = 0; c < work.beta.size(); ++c) {
      if (!std::isnan(work.check[c])) {
        continue;
      }
      Index at = 0;
      for (const Index j : layer.columns) {
        const Index others = columns[static_cast<std::size_t>(j)].num_states - 1;
        int num_minus_infinity = 0;
        for (Index k = at; k < at + others; ++k) {
          S& t = layer.delta(c, k);
          t = std::isinf(t) ? t : work.beta[c] * t;
          num_minus_infinity += std::isinf(t) && t < 0 ? 1 : 0;
          if (std::isnan(t) || num_minus_infinity > 1) {
            info.set_fault(c, Fault::nan_energy);
          }
          if (others > 1 && std::isinf(t) && t < 0) {
            t = S{-1e30f};  // low enough to leave the others weight 0, and finite
          }
        }
        at += others;
      }
      work.beta[c] = 1;
    }
  }
};

}  // namespace negphase
