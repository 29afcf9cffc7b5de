#pragma once
#include <string>
#include <vector>

#include "negphase/diagnostics/chain_curves.hpp"
#include "negphase/diagnostics/chain_draws.hpp"
#include "negphase/diagnostics/figures.hpp"
#include "negphase/diagnostics/rank_histogram.hpp"
#include "negphase/parallel/executor.hpp"

namespace negphase {

/// How much is drawn.
struct ChainPictureLimits {
  Eigen::Index quantities = 4;          ///< the worst; lp__ comes in addition
  Eigen::Index chains = 16;             ///< the oddest
  Eigen::Index trace_points = 500;      ///< a chain
  Eigen::Index quantity_points = 4000;  ///< of all traces of a quantity; at least 50 a chain
  Eigen::Index pair_points = 1000;
  double growth_draws = 1e6;  ///< that the curves of a quantity's growth look at, all in all
};

/// The pictures of one quantity. Of many chains only those of ChainPictures::chains are kept, in
/// that order; bands, means and figures are of all.
struct QuantityPictures {
  std::string name;
  ChainFigures figures;
  Trace trace;
  RankHistogram ranks;
  AutocorrelationCurve autocorrelation;
  GrowthCurve growth;
  Eigen::Index growth_chains = 0;  ///< of so many chains, the first ones; all as a rule
};

/// The two worst quantities against each other: draws spread evenly over all chains, and of those
/// that diverged as many as have room.
struct PairPlot {
  std::string x_name, y_name;
  std::vector<double> x, y;
  std::vector<Eigen::Index> chain;  ///< number from 0
  std::vector<bool> diverged;
  Eigen::Index num_diverged = 0;  ///< of all draws
};

/// The numbers behind the pictures of a diagnosis.
struct ChainPictures {
  Eigen::Index num_chains = 0, num_draws = 0, num_quantities = 0;
  std::vector<Eigen::Index> chains;          ///< numbers of those that are drawn, rising
  std::vector<QuantityPictures> quantities;  ///< worst_quantities(); last lp__, if there is one
  std::string energy_name;  ///< energy__, or lp__, whose histogram has no changes; or empty
  EnergyHistogram energy;
  PairPlot pair;  ///< no points where there is one quantity only
};

/// Chains by how odd they are: those that never move in some quantity that others move in, then by
/// the largest distance of their mean from the middle of the chains' means, in units of the
/// spread within chains, over `quantities`.
std::vector<Eigen::Index> oddest_first(const ChainDraws& draws,
                                       const std::vector<Eigen::Index>& quantities);

/// @param figures  those of each quantity; FigureSet::convergence is enough
ChainPictures chain_pictures(const ChainDraws& draws, const std::vector<ChainFigures>& figures,
                             const Executor& executor, const ChainPictureLimits& limits = {});

}  // namespace negphase
