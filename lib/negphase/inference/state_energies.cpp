#include "negphase/inference/state_energies.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "negphase/core/error.hpp"
#include "negphase/exact/enumeration.hpp"

namespace negphase {

namespace {

constexpr Index block_chains = 64;
constexpr Index piece_pairs = 64 * block_chains;

/// Pairs begin .. end-1 of row and state, a block at a time. The last block is filled up with its
/// last pair.
class Pairs {
 public:
  Pairs(const TargetEnergies& target, const StateList& states)
      : target_(target),
        states_(states),
        count_(static_cast<Index>(states.count())),
        places_(block_chains, target.num_columns()),
        rows_(static_cast<std::size_t>(block_chains), -1),
        out_(block_chains),
        place_(static_cast<std::size_t>(target.num_columns())) {}

  void energies(Index begin, Index end, PerChain& all) {
    for (Index first = begin; first < end; first += block_chains) {
      const Index size = std::min(block_chains, end - first);
      load(first, size);
      energy_->energy(places_, out_);
      refuse_bad(size);
      all.segment(first, size) = out_.head(size);
    }
  }

 private:
  void load(Index first, Index size) {
    std::vector<Index> rows(rows_.size());
    for (Index c = 0; c < block_chains; ++c) {
      const Index pair = first + std::min(c, size - 1);
      rows[static_cast<std::size_t>(c)] = pair / count_;
      states_.set(pair % count_, place_);
      for (std::size_t j = 0; j < place_.size(); ++j) {
        places_(c, static_cast<Index>(j)) = place_[j];
      }
    }
    if (rows != rows_) {
      rows_ = std::move(rows);
      energy_.emplace(target_.bind(rows_));
    }
  }

  void refuse_bad(Index size) const {
    for (Index c = 0; c < size; ++c) {
      if (std::isnan(out_[c]) || out_[c] == -std::numeric_limits<double>::infinity()) {
        const Eigen::VectorXd state = places_.row(c).matrix();
        throw ModelError(fmt::format("row {} of x: the energy is {} at state ({})",
                                     rows_[static_cast<std::size_t>(c)] + 1, out_[c],
                                     fmt::join(state.data(), state.data() + state.size(), ", ")));
      }
    }
  }

  const TargetEnergies& target_;
  const StateList& states_;
  Index count_;
  Block<double> places_;
  std::vector<Index> rows_;
  std::optional<AnyEnergy<double>> energy_;
  PerChain out_;
  std::vector<double> place_;
};

}  // namespace

StateList::StateList(std::span<const Column> columns)
    : columns_(columns.begin(), columns.end()),
      strides_(columns.size(), 1),
      count_(count_states(columns)) {
  if (count_ > 0 && count_ < 0x1p62) {
    for (std::size_t j = columns_.size(); j-- > 1;) {
      strides_[j - 1] = strides_[j] * columns_[j].num_states;
    }
  }
}

void StateList::set(Index state, std::span<double> place) const {
  for (std::size_t j = columns_.size(); j-- > 0;) {
    place[j] = state_code(columns_[j], state % columns_[j].num_states);
    state /= columns_[j].num_states;
  }
}

PerChain state_energies(const TargetEnergies& target, const StateList& states,
                        const Executor& executor) {
  const Index pairs = target.rows() * static_cast<Index>(states.count());
  PerChain all(pairs);
  executor.for_each((pairs + piece_pairs - 1) / piece_pairs, [&](Index piece) {
    Pairs(target, states)
        .energies(piece * piece_pairs, std::min((piece + 1) * piece_pairs, pairs), all);
  });
  return all;
}

}  // namespace negphase
