#include "negphase/gradient/replay.hpp"

#include <algorithm>
#include <array>
#include <boost/random/uniform_int_distribution.hpp>
#include <numeric>

#include "negphase/random/fill.hpp"
#include "negphase/random/philox_source.hpp"
#include "negphase/random/stream_engine.hpp"
#include "negphase/run/random_position.hpp"

namespace negphase {

Replay::Replay(const Problem& problem, Start start, double rate, Index every, std::uint64_t seed)
    : columns_(problem.model.shape().y),
      data_(start == Start::data ? std::make_shared<const Eigen::MatrixXd>(problem.y) : nullptr),
      by_row_(problem.model.shape().num_x > 0),
      rate_(rate),
      every_(every),
      start_seed_(derive_seed(seed, "start")),
      choice_seed_(derive_seed(seed, "replay")) {
  if (!(rate >= 0 && rate <= 1) || every < 1) {
    throw UsageError("a replay buffer needs a rate in [0, 1] and at least one step an update");
  }
}

// by a uniform of 32 bits a chain: the first word of its stream
void Replay::choose(std::uint64_t time, Index first_chain, std::span<std::uint8_t> starts) const {
  std::array<std::uint32_t, 64> words{};
  for (std::size_t done = 0; done < starts.size(); done += words.size()) {
    const std::size_t n = std::min(words.size(), starts.size() - done);
    const auto chain = static_cast<std::uint32_t>(first_chain) + static_cast<std::uint32_t>(done);
    fill_words32({choice_seed_, time, chain, static_cast<std::uint32_t>(Purpose::start)}, 0, 1, n,
                 words.data());
    for (std::size_t i = 0; i < n; ++i) {
      starts[done + i] = 0x1p-32 * words[i] < rate_ ? 1 : 0;
    }
  }
}

void Replay::start(std::uint64_t time, Index chain, Index row, std::span<double> y) const {
  if (data_ == nullptr) {
    random_position(columns_, start_seed_, chain, y, time);
    return;
  }
  if (!by_row_) {
    StreamEngine engine(start_seed_, static_cast<std::uint32_t>(chain), time, Purpose::data);
    row = boost::random::uniform_int_distribution<Index>(0, data_->rows() - 1)(engine);
  }
  for (std::size_t j = 0; j < y.size(); ++j) {
    y[j] = (*data_)(row, static_cast<Index>(j));
  }
}

void ReplayAges::advance(const Replay& replay, std::uint64_t time) {
  starts_.resize(ages_.size());
  if (time == 0) {
    std::fill(starts_.begin(), starts_.end(), std::uint8_t{1});
  } else {
    replay.choose(time, 0, starts_);
  }
  for (std::size_t c = 0; c < ages_.size(); ++c) {
    ages_[c] = starts_[c] != 0 ? 1 : ages_[c] + 1;
  }
}

ChainAges ReplayAges::summary() const {
  const double sum =
      static_cast<double>(std::accumulate(ages_.begin(), ages_.end(), std::int64_t{}));
  return {sum / static_cast<double>(ages_.size()), *std::min_element(ages_.begin(), ages_.end()),
          *std::max_element(ages_.begin(), ages_.end())};
}

void ReplayAges::save(SavedState& state) const {
  state.put_bytes("replay/ages",
                  {reinterpret_cast<const char*>(ages_.data()), ages_.size() * sizeof ages_[0]});
}

void ReplayAges::restore(const SavedState& state) {
  state.copy("replay/ages", ages_.data(), ages_.size() * sizeof ages_[0]);
}

}  // namespace negphase
