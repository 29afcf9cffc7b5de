#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "negphase/gradient/estimate.hpp"
#include "negphase/run/saved_state.hpp"

namespace negphase {

/// A replay buffer: every `every` steps each chain starts anew with probability `rate`, the others
/// go on. The age of a chain is geometric in the long run, with mean 1 / rate updates. Which chains
/// start anew, and where, is a pure function of (seed, chain, time). Rate 1 are short runs, rate 0
/// persistent chains (M9).
class Replay {
 public:
  enum class Start { noise, data };

  /// @param start  noise: as random_position(); data: the row's datum, of an unconditional model a
  ///               datum drawn at random
  /// @param rate   in [0, 1]; @param every  >= 1. Throws UsageError.
  Replay(const Problem& problem, Start start, double rate, Index every, std::uint64_t seed);

  Index every() const { return every_; }
  double rate() const { return rate_; }
  /// Of chains first_chain, first_chain + 1, ...: whether each starts anew at that time.
  void choose(std::uint64_t time, Index first_chain, std::span<std::uint8_t> starts) const;
  /// Writes the start of the chain's y at that time; time 0: the very first.
  void start(std::uint64_t time, Index chain, Index row, std::span<double> y) const;
  /// The start at time 0, as a phase takes it.
  std::function<void(Index chain, Index row, std::span<double> y)> first_start() const {
    return [replay = *this](Index chain, Index row, std::span<double> y) {
      replay.start(0, chain, row, y);
    };
  }

 private:
  std::vector<Column> columns_;
  std::shared_ptr<const Eigen::MatrixXd> data_;  ///< nullptr: noise
  bool by_row_;
  double rate_;
  Index every_;
  std::uint64_t start_seed_, choice_seed_;
};

/// How old the chains of a replay buffer are; goes along with its updates, which are counted from
/// 0.
class ReplayAges {
 public:
  explicit ReplayAges(Index chains) : ages_(static_cast<std::size_t>(chains), 0) {}
  /// Update `time` begins: chains that it renews are in their first update.
  void advance(const Replay& replay, std::uint64_t time);
  ChainAges summary() const;
  void save(SavedState& state) const;
  void restore(const SavedState& state);

 private:
  std::vector<std::int64_t> ages_;
  std::vector<std::uint8_t> starts_;  ///< of the present update
};

}  // namespace negphase
