#include "negphase/diagnostics/chain_warnings.hpp"

#include <fmt/core.h>

namespace negphase {

using Eigen::Index;

std::string chains_text(const std::vector<Index>& chains) {
  return (chains.size() == 1 ? "chain " : "chains ") +
         some_of(chains, [](Index c) { return std::to_string(c + 1); });
}

Warning frozen_chains(const std::vector<Index>& chains, Index of) {
  return {"frozen_chains",
          fmt::format("{} of {} chains never moved: {}; the step is too large, or the chains stand "
                      "in a trap",
                      chains.size(), of,
                      some_of(chains, [](Index c) { return fmt::format("chain {}", c + 1); })),
          true};
}

Warning identical_chains(const std::vector<RepeatedStates::Pair>& pairs) {
  return {"identical_chains",
          fmt::format("chains are identical, draw for draw: {}; they count as one: give each its "
                      "own random numbers",
                      some_of(pairs,
                              [](const RepeatedStates::Pair& p) {
                                return fmt::format(
                                    "{} and {}{}", p.earlier + 1, p.later + 1,
                                    p.from > 0 ? fmt::format(" from draw {} on", p.from + 1) : "");
                              })),
          true};
}

Warning constant_draws() {
  return {"constant_draws",
          "all draws of all chains are the same: the chains never moved, or the law has one state; "
          "nothing can be said of errors",
          true};
}

}  // namespace negphase
