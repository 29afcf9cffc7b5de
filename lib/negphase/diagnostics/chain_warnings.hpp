#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "negphase/core/warning.hpp"
#include "negphase/diagnostics/repeated_states.hpp"

namespace negphase {

// Warnings on chains in one wording, for all that look at chains. Chains are numbered from 0 and
// are said from 1.

/// "a, b, c, d, e and 3 more"
template <class Things, class Text>
std::string some_of(const Things& all, const Text& text) {
  constexpr std::size_t most = 5;
  std::string said;
  for (std::size_t i = 0; i < std::min<std::size_t>(all.size(), most); ++i) {
    said += (i == 0 ? "" : ", ") + text(all[i]);
  }
  return said + (all.size() > most ? " and " + std::to_string(all.size() - most) + " more" : "");
}

/// "chain 3", "chains 1, 2 and so on"
std::string chains_text(const std::vector<Eigen::Index>& chains);

/// Chains that never moved (a failed check).
Warning frozen_chains(const std::vector<Eigen::Index>& chains, Eigen::Index of);
/// Chains that are the same, draw for draw (a failed check).
Warning identical_chains(const std::vector<RepeatedStates::Pair>& pairs);
/// No chain moved at all (a failed check).
Warning constant_draws();

}  // namespace negphase
