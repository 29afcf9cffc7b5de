#include "negphase/run/chain_watch.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <map>

#include "negphase/diagnostics/repeated_states.hpp"

namespace negphase {

namespace {

constexpr std::uint64_t mix(std::uint64_t state, std::uint64_t word) {
  state = (state ^ word) * 0xbf58476d1ce4e5b9U;
  return state ^ state >> 29U;
}

std::uint64_t bits_of(double value) { return std::bit_cast<std::uint64_t>(value + 0.0); }
std::uint64_t bits_of(float value) { return std::bit_cast<std::uint32_t>(value + 0.0F); }

/// What the other chains of each row say of s, and whether a chain is too improbable by it.
class Alikeness {
 public:
  Alikeness(std::span<const ChainWatch::Chain> chains, Index rows, double level)
      : chains_(chains),
        rows_(rows),
        level_(level),
        pairs_(static_cast<std::size_t>(rows), 0),
        alike_(static_cast<std::size_t>(rows), 0) {
    for (Index c = 0; c < std::ssize(chains); ++c) {
      pairs_[row_of(c)] += at(c).looks / 2;
      alike_[row_of(c)] += at(c).pairs_alike;
      moves_ += at(c).looks - 1;
      stays_ += at(c).looks - 1 - at(c).moves;
    }
  }

  bool is_beyond_rejections(Index c) const {
    return negphase::is_beyond_rejections(std::ssize(chains_), at(c).looks, stays_, moves_);
  }
  bool is_frozen_too_long(Index c) const {
    const double log_s = log_bound({c, c});
    return std::log(num_chains()) + static_cast<double>(at(c).looks) / 2 * log_s <
           std::log(level_ / 2);
  }
  bool are_alike_too_long(Index a, Index b) const {
    const double n = num_chains();
    return std::log(n * (n - 1) / 2) + static_cast<double>(at(a).looks) * log_bound({a, b}) <
           std::log(level_ / 2);
  }

 private:
  const ChainWatch::Chain& at(Index c) const { return chains_[static_cast<std::size_t>(c)]; }
  std::size_t row_of(Index c) const { return static_cast<std::size_t>(c % rows_); }
  double num_chains() const { return static_cast<double>(chains_.size()); }

  // log of an upper bound on s, without the two chains
  double log_bound(std::pair<Index, Index> suspects) const {
    const auto [a, b] = suspects;
    std::int64_t pairs = pairs_[row_of(a)] - at(a).looks / 2;
    std::int64_t alike = alike_[row_of(a)] - at(a).pairs_alike;
    if (b != a && row_of(b) == row_of(a)) {
      pairs -= at(b).looks / 2;
      alike -= at(b).pairs_alike;
    }
    if (pairs == 0) {
      return 0;
    }
    const auto n = static_cast<double>(pairs);
    const double s =
        static_cast<double>(alike) / n + std::sqrt(std::log(2 * num_chains() / level_) / (2 * n));
    return std::log(std::min(1.0, s));
  }

  std::span<const ChainWatch::Chain> chains_;
  Index rows_;
  double level_;
  std::vector<std::int64_t> pairs_, alike_;
  std::int64_t moves_ = 0, stays_ = 0;
};

// the numbers of `size` chains from `first` on; of a fixed size they stay in registers
template <class Scalar>
void hash_positions(const Block<Scalar>& position, Index first, Index size, std::uint64_t* here) {
  std::fill_n(here, size, 0x9e3779b97f4a7c15U);
  for (Index j = 0; j < position.cols(); ++j) {
    const Scalar* value = position.col(j).data() + first;
    for (Index c = 0; c < size; ++c) {
      here[c] = mix(here[c], bits_of(value[c]));
    }
  }
}

}  // namespace

template <class Scalar>
void ChainWatch::look(const Block<Scalar>& position) {
  constexpr Index together = 32;
  const auto chains = static_cast<Index>(chains_.size());
  here_.resize(chains_.size());
  std::array<std::uint64_t, together> some{};
  for (Index first = 0; first < chains; first += together) {
    const Index size = std::min(together, chains - first);
    if (size == together) {
      hash_positions(position, first, together, some.data());
    } else {
      hash_positions(position, first, size, some.data());
    }
    std::copy_n(some.begin(), size, here_.begin() + first);
  }
  for (std::size_t c = 0; c < chains_.size(); ++c) {
    Chain& chain = chains_[c];
    const bool stands = chain.looks > 0 && here_[c] == chain.last;
    chain.moves += chain.looks > 0 && !stands ? 1 : 0;
    chain.pairs_alike += stands && chain.looks % 2 == 1 ? 1 : 0;
    chain.last = here_[c];
    chain.all = mix(chain.all, here_[c]);
    ++chain.looks;
  }
}

template void ChainWatch::look(const Block<float>&);
template void ChainWatch::look(const Block<double>&);

void ChainWatch::save(SavedState& state, const std::string& name) const {
  state.put_bytes(name,
                  {reinterpret_cast<const char*>(chains_.data()), chains_.size() * sizeof(Chain)});
}

void ChainWatch::restore(const SavedState& state, const std::string& name) {
  state.copy(name, chains_.data(), chains_.size() * sizeof(Chain));
}

SuspectChains find_suspects(std::span<const ChainWatch::Chain> chains,
                            std::span<const Column> columns, Index rows, double level) {
  const bool is_finite = std::none_of(columns.begin(), columns.end(), [](const Column& column) {
    return column.kind == ColumnKind::real;
  });
  const Alikeness alikeness(chains, rows, level);
  SuspectChains suspects;
  suspects.of = std::ssize(chains);
  std::map<std::uint64_t, Index> seen;
  for (Index c = 0; c < std::ssize(chains); ++c) {
    const ChainWatch::Chain& chain = chains[static_cast<std::size_t>(c)];
    if (chain.looks < 2) {
      continue;
    }
    if (chain.moves == 0) {
      if (alikeness.is_beyond_rejections(c) && (!is_finite || alikeness.is_frozen_too_long(c))) {
        suspects.frozen.push_back(c);
      }
    } else if (const auto [other, is_new] = seen.emplace(chain.all, c);
               !is_new && (!is_finite || alikeness.are_alike_too_long(other->second, c))) {
      suspects.identical.emplace_back(other->second, c);
    }
  }
  return suspects;
}

}  // namespace negphase
