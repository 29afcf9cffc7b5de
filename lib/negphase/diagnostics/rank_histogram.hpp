#pragma once
#include <Eigen/Core>

namespace negphase {

/// Where the draws of each chain stand among the draws of all chains together: flat for chains of
/// one law, whatever the law. Vehtari et al. 2021, "Rank-normalization, folding, and localization",
/// section 5 (rank plots). Equal draws share their mean rank and one bin, which is as wide as they
/// are many, so that a quantity of few values has a bin for each of them.
struct RankHistogram {
  Eigen::ArrayXd edges;     ///< [bins + 1] of rank / (number of all draws), from 0 to 1
  Eigen::ArrayXXd counts;   ///< [bins x chains]
  Eigen::ArrayXd expected;  ///< [bins] of each chain: the bin's draws / chains
  /// [bins]: with a probability of at least 95 % all counts of all chains lie in low..high, were
  /// they independent draws of one law; exact given the bins (hypergeometric, the level divided
  /// among the ends of all bars).
  Eigen::ArrayXd low, high;
  double time = 1;  ///< what the band allows for, see rank_histogram()
};

/// Cost: one sort of all draws. Without bins where there are fewer than two chains, no draws, or
/// one that is not finite.
/// @param draws  [draws x chains]
/// @param time   autocorrelation time of a chain, >= 1: the band is that of n / time independent
///   draws a chain, scaled up, which makes room for the memory of a chain
/// @param bins   the most, >= 1
RankHistogram rank_histogram(const Eigen::Ref<const Eigen::ArrayXXd>& draws, double time = 1,
                             Eigen::Index bins = 20);

}  // namespace negphase
