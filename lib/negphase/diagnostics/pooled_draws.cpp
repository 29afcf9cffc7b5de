#include "negphase/diagnostics/pooled_draws.hpp"

#include <algorithm>
#include <cmath>

namespace negphase {

ThinnedDraws every_kth(const ChainDraws& draws, double effective, Eigen::Index most) {
  const Eigen::Index n = draws.num_draws();
  const Eigen::Index total = n * draws.num_chains();
  double limit = static_cast<double>(total);
  if (effective > 0) {
    limit = std::min(limit, std::max(1.0, effective));
  }
  if (most > 0) {
    limit = std::min(limit, static_cast<double>(most));
  }
  ThinnedDraws thinned;
  thinned.every = std::max<Eigen::Index>(
      1, static_cast<Eigen::Index>(std::ceil(static_cast<double>(total) / limit)));
  thinned.draws.resize((total + thinned.every - 1) / thinned.every, draws.num_quantities());
  for (Eigen::Index i = 0; i < thinned.draws.rows(); ++i) {
    const Eigen::Index draw = i * thinned.every;
    thinned.draws.row(i) = draws.chains[static_cast<std::size_t>(draw / n)].row(draw % n);
  }
  return thinned;
}

Eigen::ArrayXXd stacked(const ThinnedDraws& first, const ThinnedDraws& second) {
  Eigen::ArrayXXd all(first.draws.rows() + second.draws.rows(), first.draws.cols());
  all << first.draws, second.draws;
  return all;
}

bool all_finite(const ChainDraws& draws, std::vector<std::string>& notes) {
  const Eigen::Index n = draws.num_draws();
  if (n == 0 || draws.num_quantities() == 0) {
    notes.emplace_back("no distance was computed: there are no draws");
    return false;
  }
  for (std::size_t c = 0; c < draws.chains.size(); ++c) {
    const auto used = draws.chains[c].topRows(n);
    if (!used.isFinite().all()) {
      notes.emplace_back("no distance was computed: chain " + std::to_string(c + 1) +
                         " has draws that are no finite numbers");
      return false;
    }
  }
  return true;
}

std::string independence_note(bool thinned) {
  return thinned ? "p-values are for independent draws: so many draws were left out that about the "
                   "effective number remains"
                 : "p-values are for independent draws, which these were taken for; draws of a "
                   "chain that are not make them too small";
}

}  // namespace negphase
