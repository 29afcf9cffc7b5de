#include "negphase/diagnostics/chain_draws.hpp"

#include <algorithm>

namespace negphase {
namespace {

Eigen::ArrayXXd column_of(const std::vector<Eigen::ArrayXXd>& chains, Eigen::Index j,
                          Eigen::Index draws) {
  Eigen::ArrayXXd column(draws, static_cast<Eigen::Index>(chains.size()));
  for (Eigen::Index c = 0; c < column.cols(); ++c) {
    column.col(c) = chains[static_cast<std::size_t>(c)].col(j).head(draws);
  }
  return column;
}

}  // namespace

Eigen::Index ChainDraws::num_draws() const {
  if (chains.empty()) {
    return 0;
  }
  return std::min_element(chains.begin(), chains.end(),
                          [](const auto& a, const auto& b) { return a.rows() < b.rows(); })
      ->rows();
}

Eigen::ArrayXXd ChainDraws::quantity(Eigen::Index j) const {
  return column_of(chains, j, num_draws());
}

Eigen::ArrayXXd ChainDraws::sampler_statistic(const std::string& name) const {
  const auto found = std::find(sampler_names.begin(), sampler_names.end(), name);
  if (found == sampler_names.end()) {
    return Eigen::ArrayXXd(num_draws(), 0);
  }
  return column_of(sampler_chains, found - sampler_names.begin(), num_draws());
}

}  // namespace negphase
