#include "negphase/gradient/batches.hpp"

#include <algorithm>
#include <boost/random/uniform_int_distribution.hpp>
#include <numeric>

#include "negphase/random/philox_source.hpp"
#include "negphase/random/stream_engine.hpp"

namespace negphase {

Batches::Batches(const Problem& problem, Index batch, std::uint64_t seed)
    : problem_(problem),
      batch_rows_(std::min(batch, problem.rows())),
      order_(static_cast<std::size_t>(problem.rows())),
      order_seed_(derive_seed(seed, "data order")) {
  std::iota(order_.begin(), order_.end(), Index{0});
  next_ = order_.size();
}

const Problem& Batches::next(const AnyModel& model) {
  if (is_all_rows()) {
    problem_.model = model;
    return problem_;
  }
  const std::vector<Index> rows = next_rows();
  batch_ = {model, problem_.x(rows, Eigen::all), problem_.y(rows, Eigen::all), problem_.beta};
  return *batch_;
}

std::vector<Index> Batches::next_rows() {
  std::vector<Index> batch;
  while (static_cast<Index>(batch.size()) < batch_rows_) {
    if (next_ == order_.size()) {
      shuffle();
    }
    batch.push_back(order_[next_++]);
  }
  return batch;
}

// Fisher-Yates by hand: std::shuffle differs between standard libraries
void Batches::shuffle() {
  StreamEngine engine(order_seed_, 0, epoch_++, Purpose::data);
  for (std::size_t i = order_.size() - 1; i > 0; --i) {
    boost::random::uniform_int_distribution<std::size_t> pick(0, i);
    std::swap(order_[i], order_[pick(engine)]);
  }
  next_ = 0;
}

void Batches::save(SavedState& state) const {
  state.put_bytes("order/rows", {reinterpret_cast<const char*>(order_.data()),
                                 order_.size() * sizeof order_.front()});
  state.put("order/epoch", epoch_);
  state.put("order/next", next_);
}

void Batches::restore(const SavedState& state) {
  state.copy("order/rows", order_.data(), order_.size() * sizeof order_.front());
  state.get("order/epoch", epoch_);
  state.get("order/next", next_);
}

}  // namespace negphase
