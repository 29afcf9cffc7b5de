#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "negphase/gradient/estimate.hpp"
#include "negphase/gradient/rows_of_data.hpp"
#include "negphase/run/saved_state.hpp"

namespace negphase {

/// The rows of one update after the other: each epoch takes all rows once, in an order of its own
/// that depends on the seed and the epoch only. A batch may reach into the next epoch. With noise
/// the real columns of y are y + noise N(0, 1), a number for each (update, row of the data).
class Batches {
 public:
  /// @param batch  rows of an update; as many as there are: all, in their order
  /// @param noise  standard deviation; ConfigError where it is not 0 and y has no real column
  Batches(const Problem& problem, Index batch, std::uint64_t seed, double noise = 0);

  Index rows() const { return batch_rows_; }  ///< of a batch
  bool is_all_rows() const { return batch_rows_ == problem_.rows(); }
  const Problem& all() const { return problem_; }
  /// From now on a batch is all rows, in their order.
  void take_all_rows() { batch_rows_ = problem_.rows(); }
  /// Every batch is the same rows with the same numbers.
  bool is_always_the_same() const { return is_all_rows() && noise_ == 0; }
  /// The batch of an update (from 1) under `model`; its rows are the next ones. Valid until the
  /// next call.
  const Problem& next(const AnyModel& model, std::int64_t update);
  /// The last batch.
  const Problem& last() const { return is_always_the_same() ? problem_ : *batch_; }
  /// The rows of the last batch, out of something that has a row for each row of the data.
  Eigen::MatrixXd taken_of(const Eigen::MatrixXd& all) const;

  void save(SavedState& state) const;
  void restore(const SavedState& state);

 private:
  void take_next_rows();
  void add_noise(std::int64_t update);
  void shuffle();

  Problem problem_;
  std::optional<Problem> batch_;  ///< one that is not all rows as they are
  RowsOfData x_rows_, y_rows_;
  std::vector<Index> taken_;  ///< its rows
  Index batch_rows_;
  std::vector<Index> order_;  ///< of the rows in this epoch
  std::uint64_t order_seed_, noise_seed_, epoch_ = 0, next_ = 0;
  double noise_;
};

}  // namespace negphase
