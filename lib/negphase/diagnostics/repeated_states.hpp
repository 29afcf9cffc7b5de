#pragma once
#include <utility>
#include <vector>

#include "negphase/diagnostics/chain_draws.hpp"

namespace negphase {

/// States (rows of draws) that come again more often than in exact draws. Each kind of finding has,
/// where all draws are independent ones of one law, whatever the law, a probability below `level`
/// in all: given which states were drawn and how often, every order of them over chains and time is
/// as likely as any other, and what is counted are such orders. With k_v of the N draws in state v,
/// and (k)_L = k (k - 1) .. (k - L + 1):
/// - L given draws all in one state: sum_v (k_v)_L / (N)_L;
/// - 2 L given draws equal in L pairs: at most, for any t > 0,
///   L! t^-L / (N)_2L  prod_v sum_m (k_v)_2m t^m / m!  (the coefficient of t^L, and more);
/// times the number of places where it might have been found.
struct RepeatedStates {
  struct Stretch {
    Eigen::Index chain, first, length;  ///< draws, from 0
  };
  struct Pair {
    Eigen::Index earlier, later;
    Eigen::Index from;  ///< draw from which on they are identical; 0: all of them
  };
  bool all_equal = false;            ///< no draw of any chain differs from another one
  std::vector<Eigen::Index> frozen;  ///< chains that never moved
  /// Longest stretch of a chain that moved before or after, longer than fits the moves of all
  /// chains as well: that many rejections in a row have, in any order of the moves, a probability
  /// below `level` too.
  std::vector<Stretch> stuck;
  std::vector<Pair> identical;  ///< none of them frozen; each with the next one of its like
};

/// @param level  false alarms of each kind; at least 2 draws a chain, else nothing is found
RepeatedStates find_repeated_states(const ChainDraws& draws, double level);

/// Whether a chain that never moved in `draws` draws did so for more than a run of rejections such
/// as all chains have: of `moves` transitions from draw to draw `stays` went nowhere, and a chain
/// of these alone comes, among all chains and orders, with a probability below 1e-3, or none of
/// them went anywhere. Only takes findings away.
bool is_beyond_rejections(Eigen::Index chains, Eigen::Index draws, Eigen::Index stays,
                          Eigen::Index moves);

/// log of sum_v (k_v)_L / (N)_L.
/// @param counts  k_v of the states, in any order; N is their sum
double log_probability_of_stretch(const std::vector<Eigen::Index>& counts, Eigen::Index length);
/// log of the bound on L pairs, the least over t.
double log_bound_of_pairs(const std::vector<Eigen::Index>& counts, Eigen::Index pairs);

}  // namespace negphase
