#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "negphase/core/block.hpp"
#include "negphase/core/model.hpp"
#include "negphase/run/saved_state.hpp"

namespace negphase {

/// Numbers (from 0) of chains that never moved, and of chains that were, look by look, where
/// another one was: (earlier, later); a frozen chain is not among the latter.
struct SuspectChains {
  std::vector<Index> frozen;
  std::vector<std::pair<Index, Index>> identical;
  Index of = 0;  ///< chains that were watched
};

/// Remembers of the chains of one block whether they moved and where they went, in constant memory:
/// a number for each position (equal where positions are) and one for all of them in order. Chance
/// makes two positions share a number once in 2^64.
/// Cost of a look: one multiplication a coordinate.
class ChainWatch {
 public:
  /// What is kept of a chain.
  struct Chain {
    std::uint64_t last = 0, all = 0;  ///< last position; all of them in order
    std::int64_t looks = 0, moves = 0;
    std::int64_t pairs_alike = 0;  ///< of looks 2 k and 2 k + 1: how often the chain stood still
  };

  explicit ChainWatch(Index chains) : chains_(static_cast<std::size_t>(chains)) {}

  /// Rows 0 .. chains - 1 of the block are looked at.
  template <class Scalar>
  void look(const Block<Scalar>& position);

  std::span<const Chain> chains() const { return chains_; }
  /// Under `name`; restore() throws ConfigError where there were other chains.
  void save(SavedState& state, const std::string& name) const;
  void restore(const SavedState& state, const std::string& name);

 private:
  std::vector<Chain> chains_;
  std::vector<std::uint64_t> here_;
};

/// Chains that stood still, for longer than rejections explain (is_beyond_rejections(),
/// diagnostics/repeated_states.hpp), or went together, at every look: at least 2, and less probable
/// than `level` in all where each look is an independent exact draw. With a real column they have
/// probability 0. Else, s = sum_v p_v^2 being the probability that two draws are equal: D draws are
/// all equal with probability sum_v p_v^D <= s^(D/2), two chains with s^D. s is at most the share
/// s' of the N pairs of looks of the other chains of the row that were alike, plus sqrt(log(2
/// chains / level) / (2 N)), but for half the level (Hoeffding), so that alone on its row no such
/// chain is named.
/// @param columns  of the model; no real one: the rule for finite columns
/// @param rows  of x; chain c is on row c mod rows. 1: all have one law
SuspectChains find_suspects(std::span<const ChainWatch::Chain> chains,
                            std::span<const Column> columns, Index rows, double level = 1e-7);

}  // namespace negphase
