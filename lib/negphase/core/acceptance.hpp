#pragma once
#include <cmath>
#include <limits>

#include "negphase/core/kernel.hpp"
#include "negphase/core/portable_exp.hpp"

namespace negphase {

/// Whether no value is NaN or infinite. (Eigen's all() and allFinite() do not vectorise.)
template <class Scalar>
bool all_finite(const Lane<Scalar>& values) {
  int odd = 0;
  for (Index c = 0; c < values.size(); ++c) {
    odd |= values[c] * 0 == 0 ? 0 : 1;
  }
  return odd == 0;
}

/// The Metropolis-Hastings decision of every chain of a block; part of the scratch of a kernel that
/// proposes. The kernel fills `change` and `log_accept`, calls decide(), and moves the chains of
/// `accepted`. A chain accepts when u < exp(log_accept), u uniform on [0, 1) with 53 bits.
struct Acceptance {
  explicit Acceptance(Index chains)
      : change(chains), log_accept(chains), accepted(chains), probability(chains) {}

  PerChain change;              ///< in: E(proposal) - E(position) [chains]
  PerChain log_accept;          ///< in: -beta change + log q(y' -> y) / q(y -> y') [chains]
  Lane<std::int64_t> accepted;  ///< out: 1 or 0 [chains]
  PerChain probability;         ///< out: min(1, exp(log_accept)), 0 where refused [chains]

  /// Decides and counts. Whatever beta is (0 too):
  ///   change +inf                  rejected, counted as forbidden
  ///   change NaN                   rejected, counted as a NaN proposal, and so is a finite change
  ///                                with log_accept NaN or +inf (a gradient that overflowed)
  ///   change -inf                  rejected, fault minus_infinity
  /// Chains with a fault stay where they are.
  /// @param uniforms  one for each chain, contiguous
  void decide(const double* uniforms, StepInfo& info) {
    draw(change.size(), log_accept.data(), uniforms, probability.data(), accepted.data());
    if (info.any_fault || !all_finite(change) || !all_finite(log_accept)) {
      refuse(info);
    }
    info.proposals += 1;
    info.accepted += accepted;
    info.acceptance += probability;
  }

 private:
  static void draw(Index chains, const double* __restrict log_accept,
                   const double* __restrict uniforms, double* __restrict probability,
                   std::int64_t* __restrict accepted) {
    for (Index c = 0; c < chains; ++c) {
      // NaN passes through and then compares false
      const double p = exp_of_nonpositive(log_accept[c] > 0 ? 0.0 : log_accept[c]);
      probability[c] = p;
      accepted[c] = uniforms[c] < p ? 1 : 0;
    }
  }

  void refuse(StepInfo& info) {
    constexpr double inf = std::numeric_limits<double>::infinity();
    for (Index c = 0; c < change.size(); ++c) {
      if (info.fault[c] == 0) {
        if (change[c] == inf) {
          ++info.forbidden_proposals[c];
        } else if (change[c] == -inf) {
          info.set_fault(c, Fault::minus_infinity);
        } else if (std::isnan(change[c]) || !(log_accept[c] < inf)) {
          ++info.nan_proposals[c];
        } else {
          continue;
        }
      }
      accepted[c] = 0;
      probability[c] = 0;
    }
  }
};

/// target[c] = source[c] for the chains that accepted. `target`, `source`: one coordinate of a
/// block.
template <class Scalar>
void copy_accepted(const Lane<std::int64_t>& accepted, const Scalar* __restrict source,
                   Scalar* __restrict target) {
  const std::int64_t* __restrict mask = accepted.data();
  for (Index c = 0; c < accepted.size(); ++c) {
    const Scalar moved = source[c], stayed = target[c];  // both loaded: the loop vectorises
    target[c] = mask[c] != 0 ? moved : stayed;
  }
}

/// The same for whole arrays of equal shape [chains x any number of columns].
template <class Array>
void copy_accepted(const Lane<std::int64_t>& accepted, const Array& source, Array& target) {
  for (Index j = 0; j < source.cols(); ++j) {
    copy_accepted(accepted, source.col(j).data(), target.col(j).data());
  }
}

/// Faults of the chains that stand where no chain can: energy NaN, -inf, or +inf (forbidden).
inline void check_standing(const PerChain& energy, StepInfo& info) {
  if (all_finite(energy)) {
    return;
  }
  info.check_energies(energy);
  for (Index c = 0; c < energy.size(); ++c) {
    if (energy[c] == std::numeric_limits<double>::infinity()) {
      info.set_fault(c, Fault::forbidden);
    }
  }
}

}  // namespace negphase
