#pragma once
#include <string>
#include <vector>

#include "negphase/diagnostics/chain_draws.hpp"
#include "negphase/run/sampling.hpp"

namespace negphase::tool {

/// What a sampler of this program drew, as diagnostics take it: y and z, and lp__ = -beta E.
/// @param rows  of x: chain c is on row c mod `rows`, and only those of row `row` are taken, as
///   every row has a law of its own; 1 without x
ChainDraws drawn_chains(const Draws& draws, const std::vector<std::string>& names, double beta,
                        Index rows = 1, Index row = 0);

}  // namespace negphase::tool
