#pragma once
#include <Eigen/Core>
#include <string>
#include <vector>

namespace negphase {

/// Draws of several chains of one law, as every diagnostic takes them, wherever they come from.
struct ChainDraws {
  std::vector<std::string> names;       ///< of the quantities
  std::vector<Eigen::ArrayXXd> chains;  ///< one a chain: [draws x quantities]
  /// What the sampler said of each draw, in Stan's names where it has one: lp__, accept_stat__,
  /// stepsize__, treedepth__, n_leapfrog__, divergent__, energy__. May be empty.
  std::vector<std::string> sampler_names;
  std::vector<Eigen::ArrayXXd> sampler_chains;  ///< one a chain: [draws x sampler_names], or none
  /// Draws are missing: a file ended early, chains differ in length. Figures are marked with it.
  bool incomplete = false;
  std::vector<std::string> notes;  ///< what was lost or assumed, in words

  Eigen::Index num_chains() const { return static_cast<Eigen::Index>(chains.size()); }
  Eigen::Index num_quantities() const { return static_cast<Eigen::Index>(names.size()); }
  /// Of the shortest chain; diagnostics use so many of each. 0 without chains.
  Eigen::Index num_draws() const;

  /// [draws x chains] of quantity j, the first num_draws() of each chain.
  Eigen::ArrayXXd quantity(Eigen::Index j) const;
  /// The same of what the sampler said; no columns where it has no such name.
  Eigen::ArrayXXd sampler_statistic(const std::string& name) const;
};

}  // namespace negphase
