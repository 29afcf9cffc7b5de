#pragma once
#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <vector>

#include "negphase/core/block.hpp"

namespace negphase {

/// The draws of one quantity in rising order, sorted once for ranks, quantiles, indicators and the
/// fold about the median. Each draw knows its place among the split chains.
class SortedDraws {
 public:
  /// The place of a draw that no half of a chain has: the middle one of an odd number.
  static constexpr std::uint32_t left_out = 0xffffffff;

  /// O(S) for S draws in all unless a few lie so far out that the others come close together, as
  /// a quarter of a millionth of the range; O(S log S) then.
  /// @param draws  [draws x chains], without NaN. Throws UsageError for one, and for 2^32 - 1
  ///   values or more.
  explicit SortedDraws(const Eigen::Ref<const Eigen::ArrayXXd>& draws);

  /// All draws. [draws x chains]
  std::span<const double> values() const { return values_; }
  /// Of each of them: i + j half for draw i of half-chain j, or `left_out`.
  std::span<const std::uint32_t> places() const { return places_; }
  Index num_split_draws() const { return half_; }
  Index num_split_chains() const { return split_chains_; }

  /// Quantile p of all draws: the line between the order statistics at (S - 1) p (Hyndman and
  /// Fan 1996, type 7).
  double quantile(double p) const;
  /// The k-th smallest of all draws, k = 1 .. S; k outside of it is moved to the nearest end.
  double order_statistic(double k) const;

  /// |x - median(all x)| of all draws, sorted anew in O(S): both sides of the median are in order
  /// already.
  SortedDraws folded() const;

 private:
  SortedDraws(Index half, Index split_chains) : half_(half), split_chains_(split_chains) {}

  std::vector<double> values_;
  std::vector<std::uint32_t> places_;
  Index half_ = 0, split_chains_ = 0;
};

}  // namespace negphase
