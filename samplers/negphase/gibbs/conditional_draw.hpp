#pragma once
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "negphase/core/acceptance.hpp"

namespace negphase {

/// Columns that are drawn together: independent of each other given all others.
template <class Scalar>
struct ConditionalGroup {
  ConditionalGroup(std::span<const Column> all, std::vector<Index> which, Index chains)
      : columns(std::move(which)) {
    Index num_deltas = 0;
    for (const Index j : columns) {
      num_deltas += all[static_cast<std::size_t>(j)].num_states - 1;
    }
    delta.resize(chains, num_deltas);
    uniforms.resize(chains, static_cast<Index>(columns.size()));
  }

  std::vector<Index> columns;
  Block<Scalar> delta;     ///< E(state k) - E(state 0), k = 1 .. K_j - 1 [chains x sum(K_j - 1)]
  Block<Scalar> uniforms;  ///< [chains x columns of the group]
};

/// The draw of every Gibbs kernel (M13):
///   two states  the second one where u < 1 / (1 + exp(beta delta)), the division multiplied out;
///               probabilities 0 and 1 are exact: a forbidden state is never drawn
///   K states    the first k with u sum_all < sum_{k' <= k}, weights exp(-beta (E_k - E_min))
/// In float, uniforms (24 bits) and probabilities are within 2^-22 of the exact ones. Part of a
/// kernel's scratch; allocates when it is made only.
template <class Scalar>
class ConditionalDraw {
 public:
  explicit ConditionalDraw(Index chains)
      : beta_(chains), lowest_(chains), sum_(chains), check_(chains) {}

  /// Draws the group's columns of `position` [chains x columns] with the group's uniforms.
  /// Fault nan_energy for a chain whose probabilities are not defined.
  /// @param columns  of the position
  /// @param ask      fills group.delta: +inf is a forbidden state, -inf says that state 0 is one.
  ///                 Called a second time where a probability came out NaN
  template <class Ask>
  void operator()(std::span<const Column> columns, const PerChain& beta,
                  ConditionalGroup<Scalar>& group, Block<Scalar>& position, StepInfo& info,
                  Ask&& ask) {
    beta_ = beta.template cast<Scalar>();
    ask();
    draw(columns, group, position);
    if (!all_finite(check_)) {
      // its own columns do not enter a group's conditional, so it can be had again
      ask();
      settle_odd_chains(columns, group, info);
      draw(columns, group, position);
    }
  }

 private:
  /// Uses group.delta up. `check_` becomes NaN for the chains that have a NaN among their
  /// probabilities.
  void draw(std::span<const Column> columns, ConditionalGroup<Scalar>& group,
            Block<Scalar>& position) {
    check_.setZero();
    Index place = 0, at = 0;
    for (const Index j : group.columns) {
      const Column& column = columns[static_cast<std::size_t>(j)];
      Scalar* delta = group.delta.col(at).data();
      const Scalar* uniforms = group.uniforms.col(place).data();
      Scalar* target = position.col(j).data();
      if (column.num_states == 2) {
        draw_binary(column, beta_.size(), beta_.data(), delta, uniforms, target, check_.data());
      } else {
        draw_category(column.num_states, delta, uniforms, target);
      }
      ++place;
      at += column.num_states - 1;
    }
  }

  static void draw_binary(const Column& column, Index chains, const Scalar* __restrict beta,
                          const Scalar* __restrict delta, const Scalar* __restrict uniforms,
                          Scalar* __restrict position, Scalar* __restrict check) {
    const auto low = static_cast<Scalar>(state_code(column, 0));
    const auto high = static_cast<Scalar>(state_code(column, 1));
    for (Index c = 0; c < chains; ++c) {
      // u < 1 / (1 + exp(t)) without the division, which would cost more than the exponential
      const Scalar t = beta[c] * delta[c];
      const Scalar e = exp_of_nonpositive(t < 0 ? t : -t);
      check[c] += e;
      position[c] = uniforms[c] * (1 + e) < (t > 0 ? e : Scalar{1}) ? high : low;
    }
  }

  /// `weights`: [chains x num_states - 1], comes as the energies of states 1, 2, ...
  void draw_category(Index num_states, Scalar* weights, const Scalar* uniforms, Scalar* position) {
    const Index chains = beta_.size();
    Scalar* lowest = lowest_.data();
    Scalar* sum = sum_.data();
    lowest_.setZero();
    for (Index k = 0; k < num_states - 1; ++k) {
      for (Index c = 0; c < chains; ++c) {
        Scalar& t = weights[k * chains + c];
        t *= beta_[c];
        lowest[c] = t < lowest[c] ? t : lowest[c];
      }
    }
    for (Index c = 0; c < chains; ++c) {
      sum[c] = exp_of_nonpositive(lowest[c]);  // the weight of state 0
    }
    for (Index k = 0; k < num_states - 1; ++k) {
      for (Index c = 0; c < chains; ++c) {
        Scalar& weight = weights[k * chains + c];
        weight = exp_of_nonpositive(lowest[c] - weight);
        sum[c] += weight;
      }
    }
    check_ += sum_;
    // u sum is below the sum for every u < 1, rounding included: the last state needs no test
    for (Index c = 0; c < chains; ++c) {
      const Scalar threshold = uniforms[c] * sum[c];
      Scalar cumulated = exp_of_nonpositive(lowest[c]);
      Index state = 0;
      for (Index k = 0; k < num_states - 1; ++k) {
        state += threshold >= cumulated ? 1 : 0;
        cumulated += weights[k * chains + c];
      }
      position[c] = static_cast<Scalar>(state);
    }
  }

  /// For the chains whose probabilities are NaN: makes beta 1 and `delta` what the draw needs, with
  /// 0 * (+-inf) = +-inf, and, where state 0 of a category is forbidden, all weight on the one
  /// state that is not. Where that is not defined, fault nan_energy.
  void settle_odd_chains(std::span<const Column> columns, ConditionalGroup<Scalar>& group,
                         StepInfo& info) {
    for (Index c = 0; c < beta_.size(); ++c) {
      if (!std::isnan(check_[c])) {
        continue;
      }
      Index at = 0;
      for (const Index j : group.columns) {
        const Index others = columns[static_cast<std::size_t>(j)].num_states - 1;
        int num_minus_infinity = 0;
        for (Index k = at; k < at + others; ++k) {
          Scalar& t = group.delta(c, k);
          t = std::isinf(t) ? t : beta_[c] * t;
          num_minus_infinity += std::isinf(t) && t < 0 ? 1 : 0;
          if (std::isnan(t) || num_minus_infinity > 1) {
            info.set_fault(c, Fault::nan_energy);
          }
          if (others > 1 && std::isinf(t) && t < 0) {
            t = Scalar{-1e30f};  // low enough to leave the others weight 0, and finite
          }
        }
        at += others;
      }
      beta_[c] = 1;
    }
  }

  Lane<Scalar> beta_, lowest_, sum_, check_;  ///< [chains]
};

}  // namespace negphase
