#pragma once
#include <Eigen/Core>
#include <vector>

#include "negphase/diagnostics/sorted_draws.hpp"

namespace negphase {

/// z(r) = Phi^-1((r - 3/8) / (S + 1/4)) of the ranks r = 1 .. S (Blom 1958). Made once for a number
/// of draws S: without ties every quantity has the same scores in another order.
class NormalScores {
 public:
  explicit NormalScores(Index num_ranks);
  Index num_ranks() const { return static_cast<Index>(scores_.size()); }
  /// Of rank 1 .. S.
  double of_rank(std::size_t rank) const { return scores_[rank - 1]; }
  /// Of the average of ranks `first` to `last`, which are tied.
  double of_ties(std::size_t first, std::size_t last) const;

 private:
  std::vector<double> scores_;
};

/// The ranks of the split draws among each other as normal scores, ties with their average rank.
/// [draws / 2 x 2 chains] (Vehtari et al. 2021, equation 14)
/// @param scores  for as many ranks as there are split draws
Eigen::ArrayXXd normal_scores(const SortedDraws& draws, const NormalScores& scores);

/// Ranks 1 .. S of all draws among each other, ties with their average. [draws x chains]
/// Throws UsageError for NaN.
Eigen::ArrayXXd average_ranks(const Eigen::Ref<const Eigen::ArrayXXd>& draws);

}  // namespace negphase
