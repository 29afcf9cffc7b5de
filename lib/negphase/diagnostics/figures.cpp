#include "negphase/diagnostics/figures.hpp"

#include <algorithm>
#include <cmath>

#include "negphase/diagnostics/mcse.hpp"
#include "negphase/diagnostics/quantity_draws.hpp"

namespace negphase {
namespace {

ChainFigures figures_of(const QuantityDraws& draws, FigureSet wanted) {
  ChainFigures f;
  f.mean = draws.mean();
  f.sd = draws.sd();
  f.rhat_rank_bulk = draws.rhat_rank_bulk();
  f.rhat_rank_folded = draws.rhat_rank_folded();
  f.rhat = draws.rhat();
  f.ess_bulk = draws.ess_bulk();
  f.ess_q05 = draws.ess_quantile(0.05);
  f.ess_q95 = draws.ess_quantile(0.95);
  f.ess_tail = draws.ess_tail();
  if (wanted == FigureSet::all) {
    f.rhat_unsplit = draws.rhat_unsplit();
    f.rhat_split = draws.rhat_split();
    f.ess_unsplit = draws.ess_unsplit();
    f.ess_mean = draws.ess_mean();
    f.ess_sd = draws.ess_sd();
    f.ess_median = draws.ess_quantile(0.5);
    f.quantile_05 = draws.quantile(0.05);
    f.quantile_50 = draws.quantile(0.5);
    f.quantile_95 = draws.quantile(0.95);
    f.mcse_mean = draws.mcse_mean();
    f.mcse_sd = draws.mcse_sd();
    f.mcse_median = draws.mcse_quantile(0.5);
    f.mcse_q05 = draws.mcse_quantile(0.05);
    f.mcse_q95 = draws.mcse_quantile(0.95);
  }
  f.flags = draws.flags();
  return f;
}

}  // namespace

bool ChainFigures::has(const std::string& flag) const {
  return std::find(flags.begin(), flags.end(), flag) != flags.end();
}

ChainFigures chain_figures(const Eigen::Ref<const Eigen::ArrayXXd>& draws) {
  return figures_of(QuantityDraws(draws), FigureSet::all);
}

std::vector<ChainFigures> chain_figures(const ChainDraws& draws, const Executor& executor,
                                        FigureSet wanted) {
  const NormalScores scores(QuantityDraws::num_split_draws(draws.num_draws(), draws.num_chains()));
  return executor.map<ChainFigures>(draws.num_quantities(), [&](Index j) {
    return figures_of(QuantityDraws(draws.quantity(j), &scores), wanted);
  });
}

}  // namespace negphase
