#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "negphase/gradient/estimate.hpp"
#include "negphase/run/saved_state.hpp"

namespace negphase {

/// The rows of one update after the other: each epoch takes all rows once, in an order of its own
/// that depends on the seed and the epoch only. A batch may reach into the next epoch.
class Batches {
 public:
  /// @param batch  rows of an update; as many as there are: all, in their order
  Batches(const Problem& problem, Index batch, std::uint64_t seed);

  Index rows() const { return batch_rows_; }  ///< of a batch
  bool is_all_rows() const { return batch_rows_ == problem_.rows(); }
  const Problem& all() const { return problem_; }
  /// From now on a batch is all rows, in their order.
  void take_all_rows() { batch_rows_ = problem_.rows(); }
  /// The next batch under `model`. Valid until the next call.
  const Problem& next(const AnyModel& model);

  void save(SavedState& state) const;
  void restore(const SavedState& state);

 private:
  std::vector<Index> next_rows();
  void shuffle();

  Problem problem_;
  std::optional<Problem> batch_;  ///< one that is not all rows
  Index batch_rows_;
  std::vector<Index> order_;  ///< of the rows in this epoch
  std::uint64_t order_seed_, epoch_ = 0, next_ = 0;
};

}  // namespace negphase
