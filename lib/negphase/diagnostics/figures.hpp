#pragma once
#include <Eigen/Core>
#include <limits>
#include <string>
#include <vector>

#include "negphase/diagnostics/chain_draws.hpp"
#include "negphase/parallel/executor.hpp"

namespace negphase {

/// What one quantity's draws say of their own convergence. NaN is what cannot be had; `flags` says
/// why. Definitions: Vehtari et al. 2021, "Rank-normalization, folding, and localization: an
/// improved R-hat"; formulas in rhat.hpp, effective_size.hpp, mcse.hpp; rules for draws that have
/// no such figure in quantity_draws.hpp. Where references part, R's package posterior 1.4 is
/// followed, but for those rules.
struct ChainFigures {
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();
  double mean = none, sd = none;  ///< of all draws; sd with divisor S - 1
  double rhat_unsplit = none, rhat_split = none;
  double rhat_rank_bulk = none, rhat_rank_folded = none;
  double rhat = none;  ///< the larger of the two above: the one that is reported
  double ess_unsplit = none, ess_mean = none, ess_sd = none, ess_bulk = none;
  double ess_q05 = none, ess_q95 = none, ess_median = none;
  double ess_tail = none;  ///< the smaller of ess_q05 and ess_q95
  double quantile_05 = none, quantile_50 = none, quantile_95 = none;
  double mcse_mean = none, mcse_sd = none, mcse_median = none, mcse_q05 = none, mcse_q95 = none;
  /// "non-finite", "constant", "all-chains-frozen", "one-chain-frozen", "too-short",
  /// "edge-quantile", "capped"; empty: ok.
  std::vector<std::string> flags;

  bool has(const std::string& flag) const;
};

/// Which figures are wanted.
enum class FigureSet {
  all,
  convergence,  ///< mean, sd, the rank-normalised R-hats, ess_bulk, ess_q05, ess_q95, ess_tail
};

/// All figures of one quantity.
/// @param draws  [draws x chains]
ChainFigures chain_figures(const Eigen::Ref<const Eigen::ArrayXXd>& draws);

/// The same for every quantity, in parallel over them. For single figures, other quantiles and
/// quantities that are not in a ChainDraws there is QuantityDraws.
std::vector<ChainFigures> chain_figures(const ChainDraws& draws, const Executor& executor,
                                        FigureSet wanted = FigureSet::all);

}  // namespace negphase
