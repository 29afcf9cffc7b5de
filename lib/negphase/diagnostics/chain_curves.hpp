#pragma once
#include <Eigen/Core>
#include <vector>

namespace negphase {

// Curves of one quantity's draws, [draws x chains], small enough to be drawn.

/// A trace with no more than so many points a chain, in which no excursion is lost.
struct Trace {
  /// Draws that a point stands for. 1: every draw. Else points 2i and 2i + 1 of a chain are the
  /// smallest and the largest of its draws 2i * every .. 2 (i + 1) * every - 1 (the last of them
  /// may be fewer), in the order in which the chain met them.
  Eigen::Index every = 1;
  Eigen::ArrayXXd values;  ///< [points x chains]
};

/// @param most  points a chain, >= 2
Trace trace_of(const Eigen::Ref<const Eigen::ArrayXXd>& draws, Eigen::Index most);

/// rho_t = sum_i (x_i - m)(x_{i+t} - m) / sum_i (x_i - m)^2 with the mean m of each chain, and the
/// mean of rho_t over the chains that move. Geyer's rule (1992, "Practical Markov chain Monte
/// Carlo", section 3.3) ends the sum of a curve at the first even lag where rho_t + rho_{t+1} is
/// not above 0: what follows is noise.
struct AutocorrelationCurve {
  Eigen::ArrayXXd of_chain;  ///< [lags x chains], lag 0 first; NaN of a chain that never moves
  Eigen::ArrayXd mean;       ///< [lags]
  Eigen::Index cut = 0;      ///< of the mean, where is_cut; else it is still above 0 at its end
  bool is_cut = false;
  /// [chains] autocorrelation time of each chain by itself, effective_size(), at least 1: draws for
  /// an independent one. NaN of a chain that never moves.
  Eigen::ArrayXd times;
  double typical_time = 1;  ///< median of `times`, of the chains that move
};

/// Up to twice the lag of the cut and at least 20, as far as there are draws. Without lags where
/// a draw is not finite, no chain moves, or there are fewer than 4 draws.
/// Cost: that of autocovariances().
/// @param most  the largest lag that is tried
AutocorrelationCurve autocorrelation_curve(const Eigen::Ref<const Eigen::ArrayXXd>& draws,
                                           Eigen::Index most = 1000);

/// What the first n draws of each chain say, for growing n.
struct GrowthCurve {
  std::vector<Eigen::Index> draws;  ///< n, of each chain; the last is all
  Eigen::ArrayXd mean, mcse;        ///< over all chains; NaN where there is none
  Eigen::ArrayXd ess_bulk, ess_tail;
  Eigen::ArrayXXd chain_means;  ///< [points x chains]
};

/// At `points` evenly spaced n (fewer where there are fewer draws), by chain_figures() of each:
/// about points / 2 times the cost of that of all draws.
GrowthCurve growth_curve(const Eigen::Ref<const Eigen::ArrayXXd>& draws, Eigen::Index points = 20);

/// Energies about their mean, and if wanted their changes from draw to draw within a chain, in bins
/// of equal width: where the changes are much narrower than the energies, a sampler of Hamiltonian
/// kind walks through the energies too slowly. Betancourt 2016, "Diagnosing suboptimal cotangent
/// disintegrations in Hamiltonian Monte Carlo".
struct EnergyHistogram {
  double mean = 0;                   ///< over all draws
  Eigen::ArrayXd edges;              ///< [bins + 1], energy - mean and change alike
  Eigen::ArrayXd marginal, changes;  ///< [bins] densities
};

/// Without bins where there are fewer than 2 draws, one is not finite, or all are equal.
EnergyHistogram energy_histogram(const Eigen::Ref<const Eigen::ArrayXXd>& energies,
                                 bool with_changes, Eigen::Index bins = 40);

}  // namespace negphase
