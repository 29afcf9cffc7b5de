#pragma once
#include <Eigen/Core>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "negphase/core/block.hpp"

namespace negphase {

/// One chain's draws of one quantity, taken one by one in constant memory: mean and variance of
/// batches whose number stays between `batches` and twice that, their length doubling, and sums of
/// products at the first lags, for which draws must differ by less than 1e150. About 3 lags + 4
/// batches numbers; O(lags) a draw.
class RunningChain {
 public:
  static constexpr Index default_lags = 64, default_batches = 64;
  /// @param lags     autocovariances are kept at lags 0 .. lags - 1; at least 2
  /// @param batches  at least 2
  explicit RunningChain(Index lags = default_lags, Index batches = default_batches);

  void add(double x);
  Index num_draws() const { return num_draws_; }

  /// Mean, sum of squares about it and number of some draws in a row.
  struct Moments {
    Index count = 0;
    double mean = 0;  ///< less the chain's first draw
    double squares = 0;
    /// These and the draws after them.
    Moments with(const Moments& later) const;
  };
  /// The complete batches, all of batch_length() draws.
  std::span<const Moments> batches() const { return batches_; }
  Index batch_length() const { return batch_length_; }
  /// Of all draws.
  Moments moments() const;

  Index lags() const { return products_.size(); }
  /// sum_i (x_i - m)(x_{i+t} - m), m the mean of all draws; t < lags(), t < num_draws(). Loses the
  /// digits that (m - first draw)^2 has before the variance.
  double products(Index lag) const;

  double first_draw() const { return origin_; }
  bool is_finite() const { return is_finite_; }
  bool has_moved() const { return has_moved_; }

 private:
  void halve_batches();

  Index num_draws_ = 0, batch_length_ = 1;
  std::size_t most_batches_;
  double origin_ = 0;
  bool is_finite_ = true, has_moved_ = false;
  std::vector<Moments> batches_;
  Moments last_batch_;  ///< not complete
  Eigen::ArrayXd products_, first_, latest_;
  Index newest_ = 0;  ///< its place in latest_, which holds each draw twice
};

/// What can be said of a quantity without its draws. Ranks and quantiles need all draws: see
/// ChainFigures for them.
struct RunningFigures {
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();
  Index num_draws = 0;  ///< of each chain
  double mean = none, sd = none;
  double rhat_unsplit = none;
  /// Of halves that are whole batches: of each chain less than two batches are left out, none as
  /// long as a batch is one draw.
  double rhat_split = none;
  Index draws_left_out = 0;
  /// Of the mean of x, chains not split: ChainFigures::ess_unsplit where the sequence of
  /// autocovariances ends within the lags that were kept; else by batch means.
  double ess_mean = none;
  bool by_batch_means = false;
  double autocorrelation_time = none;  ///< in draws
  double mcse_mean = none;
  /// As ChainFigures::flags.
  std::vector<std::string> flags;
};

/// The chains together. Depends on nothing but them and their order, so that each may have run on
/// any thread. Batch means: ESS = S Var(x) / (L Var(batch means)) with batches of L draws of all
/// chains about the mean of all (Flegal and Jones 2010); what goes on beyond L draws escapes it.
/// Throws UsageError for chains that differ in their numbers of draws, lags or batches.
RunningFigures running_figures(std::span<const RunningChain> chains);

}  // namespace negphase
