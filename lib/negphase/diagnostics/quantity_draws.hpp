#pragma once
#include <Eigen/Core>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "negphase/diagnostics/chain_arrays.hpp"
#include "negphase/diagnostics/effective_size.hpp"
#include "negphase/diagnostics/normal_scores.hpp"
#include "negphase/diagnostics/sorted_draws.hpp"

namespace negphase {

/// The draws of one quantity, and each figure that can be had of them. What figures share is made
/// once, at the first that needs it. A figure that cannot be had is NaN, and flags() says why:
///   a draw that is not finite: all NaN, "non-finite";
///   all draws equal: all NaN but mean and sd, "constant";
///   no chain moves, and they differ: R-hat infinite, all else NaN, "all-chains-frozen";
///   a chain that never moves: "one-chain-frozen", figures are given;
///   fewer than 12 draws a chain: no effective size, no error; fewer than 4: nothing; "too-short";
///   an indicator of 5 % or 95 % that is the same at all draws: no ess_tail, "edge-quantile";
///   an effective size of S log10 S, which is the largest that is believed: "capped".
/// Besides, ess_sd is NaN where (x - mean)^2 is the same at all draws.
class QuantityDraws {
 public:
  /// @param draws   [draws x chains]; copied
  /// @param scores  for num_split_draws(draws, chains) ranks, where many quantities share them;
  ///   must outlive this
  explicit QuantityDraws(const Eigen::Ref<const Eigen::ArrayXXd>& draws,
                         const NormalScores* scores = nullptr);
  static Index num_split_draws(Index num_draws, Index num_chains) {
    return num_draws / 2 * 2 * num_chains;
  }

  double mean() const;
  double sd() const;  ///< of all draws, divisor S - 1
  double quantile(double p) const;

  double rhat_unsplit() const;
  double rhat_split() const;
  /// Of the normal scores of the split draws, and of those of |x - median|.
  double rhat_rank_bulk() const;
  double rhat_rank_folded() const;
  /// The larger of the two.
  double rhat() const;

  double ess_unsplit() const;
  double ess_mean() const;              ///< of x, split; as the following
  double ess_sd() const;                ///< of (x - mean)^2
  double ess_bulk() const;              ///< of the normal scores
  double ess_quantile(double p) const;  ///< of the indicator x <= quantile(p)
  double ess_tail() const;              ///< the smaller of 5 % and 95 %
  /// tau of x in draws: S / ess_mean.
  double autocorrelation_time() const;

  double mcse_mean() const;
  double mcse_sd() const;
  double mcse_quantile(double p) const;

  /// Of the figures asked for so far.
  std::vector<std::string> flags() const;

 private:
  enum class Kind {
    non_finite,
    constant,
    all_frozen,
    too_short_for_all,
    too_short_for_size,
    usable
  };
  void classify();
  bool has_rhat() const { return kind_ >= Kind::too_short_for_size; }
  double ess_of_indicator(double p) const;
  double ess_of_squares() const;
  double noted(const EffectiveSize& size) const;
  const CentredChains& split() const;
  const CentredChains& scored() const;
  const SortedDraws& sorted() const;
  const NormalScores& scores() const;

  Eigen::ArrayXXd
      draws_;  ///< times 2^-exponent_, so that fourth powers neither overflow nor vanish
  int exponent_ = 0;
  Kind kind_ = Kind::usable;
  bool one_frozen_ = false, too_short_ = false;
  const NormalScores* shared_scores_;
  mutable bool edge_quantile_ = false, capped_ = false;
  mutable std::optional<NormalScores> own_scores_;
  mutable std::optional<CentredChains> split_, scored_;
  mutable std::optional<SortedDraws> sorted_;
  mutable std::optional<double> rhat_rank_folded_, ess_mean_, ess_sd_, ess_bulk_;
  mutable std::map<double, double> ess_quantiles_;
};

}  // namespace negphase
