#pragma once
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "negphase/core/kernel.hpp"
#include "negphase/random/scripted_source.hpp"

namespace negphase::testing {

/// One step of one chain of a continuous kernel, its noise given.
struct ProbedMove {
  Block<double> proposal;  ///< [1 x columns]: the end of the step with acceptance word 0
  double probability = 0;  ///< of acceptance, to 2^-53
  StepInfo info{1};        ///< of the step with acceptance word 0
};

/// Fixes the noise and bisects the acceptance word: with u = k 2^-53 the step accepts for all k
/// below some n, and n 2^-53 is the acceptance probability of the code. `alter` may put a lying
/// source between the script and the kernel.
/// @param from  [1 x columns]
template <class K, class E, class Alter>
ProbedMove probe_move(const K& kernel, const E& energy, double beta,
                      const Block<typename E::Scalar>& from, std::span<const double> noise,
                      Alter&& alter) {
  ProbedMove move;
  auto scratch = kernel.scratch(energy, 1);
  ScriptedSource source(1);
  const auto accepts = [&](std::uint64_t k) {
    auto state = kernel.init(energy, PerChain::Constant(1, beta), from);
    const std::uint64_t word = k << 11;
    source.script({&word, 1}, noise);
    StepInfo info(1);
    alter(source, [&](RandomSource& random) { kernel.step(energy, state, scratch, random, info); });
    if (k == 0) {
      move.proposal = state.position.template cast<double>();
      move.info = info;
    }
    return info.accepted[0] == 1;
  };
  std::uint64_t accepted = 0;                       // words below this accept
  std::uint64_t rejected = std::uint64_t{1} << 53;  // this and those above do not
  if (accepts(0)) {
    while (rejected - accepted > 1) {
      const std::uint64_t middle = accepted + (rejected - accepted) / 2;
      (accepts(middle) ? accepted : rejected) = middle;
    }
    accepted = rejected;
  }
  move.probability = std::ldexp(static_cast<double>(accepted), -53);
  return move;
}

template <class K, class E>
ProbedMove probe_move(const K& kernel, const E& energy, double beta,
                      const Block<typename E::Scalar>& from, std::span<const double> noise) {
  return probe_move(kernel, energy, beta, from, noise,
                    [](RandomSource& source, auto&& step) { step(source); });
}

}  // namespace negphase::testing
