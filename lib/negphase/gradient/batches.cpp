#include "negphase/gradient/batches.hpp"

#include <algorithm>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <numeric>

#include "negphase/random/philox_source.hpp"
#include "negphase/random/stream_engine.hpp"

namespace negphase {

namespace {

bool is_real(const Column& column) { return column.kind == ColumnKind::real; }

}  // namespace

Batches::Batches(const Problem& problem, Index batch, std::uint64_t seed, double noise)
    : problem_(problem),
      batch_rows_(std::min(batch, problem.rows())),
      order_(static_cast<std::size_t>(problem.rows())),
      order_seed_(derive_seed(seed, "data order")),
      noise_seed_(derive_seed(seed, "data noise")),
      noise_(noise) {
  const std::vector<Column> y = problem.model.shape().y;
  if (noise > 0 && std::none_of(y.begin(), y.end(), is_real)) {
    throw ConfigError("data_noise: y has no real column that it could be added to");
  }
  std::iota(order_.begin(), order_.end(), Index{0});
  next_ = order_.size();
}

const Problem& Batches::next(const AnyModel& model, std::int64_t update) {
  if (is_always_the_same()) {
    problem_.model = model;
    return problem_;
  }
  if (is_all_rows()) {
    taken_ = order_;
  } else {
    take_next_rows();
  }
  if (!batch_) {
    batch_ = Problem{model, {}, {}, problem_.beta};
    x_rows_ = RowsOfData(problem_.x);
    y_rows_ = RowsOfData(problem_.y);
  }
  batch_->model = model;
  x_rows_.take(taken_, batch_->x);
  y_rows_.take(taken_, batch_->y);
  if (noise_ > 0) {
    add_noise(update);
  }
  return *batch_;
}

Eigen::MatrixXd Batches::taken_of(const Eigen::MatrixXd& all) const {
  return is_all_rows() ? all : Eigen::MatrixXd(all(taken_, Eigen::all));
}

void Batches::add_noise(std::int64_t update) {
  const std::vector<Column> columns = batch_->model.shape().y;
  boost::random::normal_distribution<double> normal(0, noise_);
  for (std::size_t r = 0; r < taken_.size(); ++r) {
    StreamEngine engine(noise_seed_, static_cast<std::uint32_t>(taken_[r]),
                        static_cast<std::uint64_t>(update), Purpose::data);
    normal.reset();  // it keeps half of a pair of draws, which are this row's
    for (std::size_t j = 0; j < columns.size(); ++j) {
      if (is_real(columns[j])) {
        batch_->y(static_cast<Index>(r), static_cast<Index>(j)) += normal(engine);
      }
    }
  }
}

void Batches::take_next_rows() {
  taken_.clear();
  while (static_cast<Index>(taken_.size()) < batch_rows_) {
    if (next_ == order_.size()) {
      shuffle();
    }
    const std::uint64_t missing = static_cast<std::uint64_t>(batch_rows_) - taken_.size();
    const std::uint64_t end = std::min<std::uint64_t>(order_.size(), next_ + missing);
    taken_.insert(taken_.end(), order_.begin() + static_cast<Index>(next_),
                  order_.begin() + static_cast<Index>(end));
    next_ = end;
  }
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
