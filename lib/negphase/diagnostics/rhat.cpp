#include "negphase/diagnostics/rhat.hpp"

#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "negphase/core/error.hpp"

namespace negphase {

double rhat(const CentredChains& chains) {
  if (chains.num_chains() < 2) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const double n = static_cast<double>(chains.num_draws());
  return std::sqrt((n - 1) / n + chains.between() / chains.within());
}

double nested_rhat(const Eigen::Ref<const Eigen::ArrayXXd>& draws,
                   std::span<const Index> superchain) {
  const auto num_chains = static_cast<std::size_t>(draws.cols());
  if (superchain.size() != num_chains || draws.rows() < 1) {
    throw UsageError("nested R-hat needs draws, and one superchain number for each chain");
  }
  std::map<Index, std::vector<Index>> chains_of;
  for (std::size_t c = 0; c < num_chains; ++c) {
    chains_of[superchain[c]].push_back(static_cast<Index>(c));
  }
  const std::size_t size = chains_of.empty() ? 0 : chains_of.begin()->second.size();
  if (chains_of.size() < 2 || (size < 2 && draws.rows() < 2)) {
    throw UsageError("nested R-hat needs two superchains, and in each more than one draw");
  }
  Eigen::ArrayXd means(static_cast<Index>(chains_of.size()));
  double within = 0;
  Index k = 0;
  for (const auto& [number, members] : chains_of) {
    if (members.size() != size) {
      throw UsageError("nested R-hat needs superchains of one size");
    }
    const Eigen::ArrayXXd own = draws(Eigen::all, members);
    Eigen::ArrayXd own_means = own.row(0) - own(0, 0);
    if (draws.rows() > 1) {
      const CentredChains chains(own);
      own_means = chains.means();
      within += chains.within();
    }
    means[k++] = (own(0, 0) - draws(0, 0)) + own_means.mean();
    within += sample_variance(own_means);
  }
  return std::sqrt(1 + sample_variance(means) / (within / static_cast<double>(means.size())));
}

}  // namespace negphase
