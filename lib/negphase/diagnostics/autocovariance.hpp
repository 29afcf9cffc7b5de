#pragma once
#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <vector>

#include "negphase/core/block.hpp"

namespace negphase {

/// acov_t = mean_j (1/n) sum_{i < n-t} (x_ij - m_j)(x_{i+t,j} - m_j) over chains j, lag by lag. The
/// first lags are plain sums, O(draws x chains) each; whoever asks beyond 16 log2(n) of them gets
/// all by one Fourier transform, O(draws x chains x log n): never O(n^2).
class ChainAutocovariance {
 public:
  /// @param centred  x_ij - m_j [n x chains], see CentredChains; must outlive this
  explicit ChainAutocovariance(const Eigen::ArrayXXd& centred) : centred_(centred) {}
  /// @param lag  0 .. n-1
  double operator()(Index lag);

 private:
  const Eigen::ArrayXXd& centred_;
  std::vector<double> by_transform_;
};

/// The same of an indicator, which is 1 at some draws: the products are counted in whole numbers,
/// 64 draws at a time, and beyond 256 log2(n) lags by the transform.
class IndicatorAutocovariance {
 public:
  /// @param ones  i + j n for draw i of chain j; SortedDraws::left_out is passed over
  IndicatorAutocovariance(Index num_draws, Index num_chains, std::span<const std::uint32_t> ones);
  /// @param lag  must rise from call to call by 1, from 0
  double operator()(Index lag);
  /// var_j(m_j), see CentredChains::between.
  double between() const;

 private:
  bool bit(Index draw, Index chain) const;
  Index ones_apart(Index lag, Index chain) const;
  double by_counts(Index lag);
  void transform();

  Index num_draws_, num_chains_, words_;
  std::vector<std::uint64_t> bits_;  ///< [words x chains]
  std::vector<Index> ones_;          ///< of each chain
  std::vector<Index> ends_;          ///< of each chain: ones among its first and last `lag_`
  Index lag_ = -1;
  std::vector<double> by_transform_;
};

/// Autocovariances at lags 0 .. max_lag of each chain by itself. [max_lag + 1 x chains]
Eigen::ArrayXXd autocovariances(const Eigen::Ref<const Eigen::ArrayXXd>& draws, Index max_lag);

}  // namespace negphase
