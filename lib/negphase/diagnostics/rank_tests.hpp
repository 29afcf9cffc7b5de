#pragma once
#include <Eigen/Core>
#include <vector>

namespace negphase {

/// A chain whose draws lie, or spread, otherwise at the end than at the beginning.
struct Drift {
  Eigen::Index chain;  ///< -1: all chains together, none by itself
  bool of_spread;      ///< of the distances from the median, not of the draws
  double share;        ///< of pairs (first quarter, last quarter) in which the last one is larger
};

/// A chain whose draws lie apart from those of all others.
struct Apart {
  Eigen::Index chain;
  double share;  ///< of pairs (a draw of this chain, one of another) in which this one is larger
};

/// A chain that comes back after a fixed number of draws.
struct Period {
  Eigen::Index chain, lag;
  double correlation;  ///< of the sides of the widest gap, that many draws apart
};

/// What the ranks of one quantity say of its chains. A finding has, where the draws are independent
/// ones of one law, whatever the law, a probability below `level` a kind; chains whose draws hang
/// together are kept from false alarms by a second condition, which only takes findings away.
///
/// - U of m draws against n others (pairs in which the former are larger, ties half) has E exp(t (U
///   - mn/2)) = prod_i g(t (n + i) / 2) / g(t i / 2), g(x) = sinh(x) / x, and (log g)' = coth x -
///   1/x <= x/3, so that it is at most exp(t^2 s^2 / 2), s^2 = mn (m + n + 1) / 12: P(|U - mn/2| >=
///   z s) <= 2 exp(-z^2 / 2), with ties as well (Jensen: half a tie is the mean of breaking it).
///   The sum over chains has the sum of the s^2.
/// - Of pairs of draws a lag apart that share none, with the margins given, those that are both
///   above the widest gap between the chain's draws are hypergeometric.
struct RankTests {
  std::vector<Eigen::Index> frozen;  ///< chains in which it never changed, while elsewhere it did
  std::vector<Drift> drifts;
  std::vector<Apart> apart;
  std::vector<Period> periods;
};

/// Second conditions: a mean of ranks differs by six of its standard errors, from 8 batches of each
/// quarter without their trend, where chains drift, by four, from 8 batches of a chain, where they
/// stand apart; the share is at least 0.1, or 0.15, from 1/2; a period shows a correlation of at
/// least 0.8, at its lag and half a run on, and less than 0.5 at a shorter lag.
/// @param draws  [draws x chains], finite; fewer than 64 draws can show a frozen chain only
RankTests test_ranks(const Eigen::Ref<const Eigen::ArrayXXd>& draws, double level);

/// The bound on P(|U - mn/2| >= distance), U of m draws against n others.
double bound_of_larger_pairs(double distance, Eigen::Index m, Eigen::Index n);

/// log of P(A >= a), A hypergeometric: of m pairs, r firsts and s seconds are marked.
double log_hypergeometric_tail(Eigen::Index a, Eigen::Index r, Eigen::Index s, Eigen::Index m);

}  // namespace negphase
