#pragma once
#include <Eigen/Core>

#include "negphase/core/block.hpp"

namespace negphase {

/// Each chain as two, its first and its second half; of an odd number of draws the middle one is
/// left out. [draws x chains] -> [draws / 2 x 2 chains], the halves of a chain side by side.
Eigen::ArrayXXd split_chains(const Eigen::Ref<const Eigen::ArrayXXd>& draws);

/// Chains about their own means, the start of R-hat and of every autocovariance. A chain that never
/// changes has the variance 0 exactly, and draws far from 0 lose no digits. O(draws x chains).
class CentredChains {
 public:
  /// @param draws  [n x chains]. Throws UsageError without a chain of 2 draws.
  explicit CentredChains(const Eigen::Ref<const Eigen::ArrayXXd>& draws);

  Index num_draws() const { return centred_.rows(); }
  Index num_chains() const { return centred_.cols(); }
  /// x_ij - m_j  [n x chains]
  const Eigen::ArrayXXd& centred() const { return centred_; }
  /// The means m_j less the first draw of the first chain. [chains]
  const Eigen::ArrayXd& means() const { return means_; }
  /// W = mean_j v_j, v_j the variance of chain j with divisor n - 1.
  double within() const { return within_; }
  /// B / n = var_j(m_j), with divisor chains - 1; 0 for one chain.
  double between() const { return between_; }

 private:
  Eigen::ArrayXXd centred_;
  Eigen::ArrayXd means_;
  double within_ = 0, between_ = 0;
};

/// Variance with divisor size - 1; 0 for a single value.
double sample_variance(const Eigen::Ref<const Eigen::ArrayXd>& values);

}  // namespace negphase
