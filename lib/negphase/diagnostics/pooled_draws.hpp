#pragma once
#include <string>
#include <vector>

#include "negphase/diagnostics/chain_draws.hpp"

namespace negphase {

/// Some of the draws of all chains together.
struct ThinnedDraws {
  Eigen::ArrayXXd draws;   ///< [draws x quantities], a chain after the other
  Eigen::Index every = 1;  ///< each `every`-th, counted through all chains; 1: all
};

/// Every k-th draw, with the least k that leaves no more than `effective` draws (about independent
/// ones, then; 0: no such limit) and no more than `most` (0: no limit). Draws number 0, k, 2k, ...
ThinnedDraws every_kth(const ChainDraws& draws, double effective, Eigen::Index most);

/// The draws of both, one below the other.
Eigen::ArrayXXd stacked(const ThinnedDraws& first, const ThinnedDraws& second);

/// Whether there are draws and all are finite numbers; if not, a note says so.
bool all_finite(const ChainDraws& draws, std::vector<std::string>& notes);

/// What a p-value assumes, in words. @param thinned  whether the draws were thinned by an ESS
std::string independence_note(bool thinned);

}  // namespace negphase
