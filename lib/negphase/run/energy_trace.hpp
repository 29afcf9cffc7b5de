#pragma once
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "negphase/core/any_energy.hpp"
#include "negphase/core/any_kernel.hpp"
#include "negphase/run/saved_state.hpp"

namespace negphase {

/// Which chains are looked at where all would be too many: at most 1024, all of a row of x or none
/// of it, chain c being on row c mod rows, so that chains of one law can be compared.
class KeptChains {
 public:
  static constexpr Index most = 1024;

  /// @param rows  1: all chains have one law
  explicit KeptChains(Index chains = 0, Index rows = 1)
      : all_rows_(rows), layers_(std::min((chains + rows - 1) / rows, most)) {
    rows_ = std::clamp<Index>(most / std::max<Index>(1, layers_), 1, rows);
    const Index in_last = std::min(rows_, chains - (layers_ - 1) * rows);
    count_ = layers_ == 0 ? 0 : (layers_ - 1) * rows_ + in_last;
  }
  Index count() const { return count_; }
  Index rows() const { return rows_; }
  /// Among those that are kept, of which place p is on row p mod rows(); -1: it is not.
  Index place_of(Index chain) const {
    const Index layer = chain / all_rows_, row = chain % all_rows_;
    return row < rows_ && layer < layers_ ? layer * rows_ + row : -1;
  }

 private:
  Index all_rows_, layers_, rows_ = 1, count_ = 0;
};

/// Energies at some draws of some chains.
struct KeptEnergies {
  Eigen::ArrayXXd values;  ///< [draws x chains]
  Index rows = 1;          ///< chain c is on row c mod rows; 1: all have one law

  /// As parts of that name. restore() throws ConfigError where they are damaged.
  void save(SavedState& state, const std::string& name) const;
  void restore(const SavedState& state, const std::string& name);
};

/// Energies of chains at evenly spaced draws, in memory that does not grow with the run: what is
/// looked at for mixing where no draws are kept. Of 64 draws or more 64 to 127 are kept, else all.
/// Blocks write to it from different threads.
/// Cost: where the kernel does not keep energies, one of each chain at each draw that is kept,
/// which no count of evaluations has in it.
class EnergyTrace {
 public:
  static constexpr Index enough_draws = 64;

  EnergyTrace() = default;
  /// Of chains that will make so many draws, in blocks.
  EnergyTrace(const KeptChains& kept, Index draws, Index blocks)
      : kept_(kept),
        every_(std::max<Index>(1, draws / enough_draws)),
        energies_{Eigen::ArrayXXd(draws / every_, kept.count()), kept.rows()},
        seen_(static_cast<std::size_t>(blocks), 0) {}

  /// Shows it the next draw of a block whose first chain is `first_chain`.
  template <class Scalar>
  void look(Index block, Index first_chain, Index live, const AnyEnergy<Scalar>& energy,
            const AnyState<Scalar>& state) {
    Index& seen = seen_[static_cast<std::size_t>(block)];
    ++seen;
    if (seen % every_ != 0 || seen / every_ > energies_.values.rows()) {
      return;
    }
    if (!std::isnan(state.energy()[0])) {  // NaN where the kernel does not keep it
      keep(seen / every_ - 1, first_chain, live, state.energy());
      return;
    }
    PerChain of_block(state.position().rows());
    energy.energy(state.position(), of_block);
    keep(seen / every_ - 1, first_chain, live, of_block);
  }

  /// Whole where all draws have been shown.
  const KeptEnergies& energies() const { return energies_; }

 private:
  void keep(Index draw, Index first_chain, Index live, const PerChain& energy) {
    for (Index c = 0; c < live; ++c) {
      if (const Index place = kept_.place_of(first_chain + c); place >= 0) {
        energies_.values(draw, place) = energy[c];
      }
    }
  }

  KeptChains kept_;
  Index every_ = 1;
  KeptEnergies energies_;
  std::vector<Index> seen_;  ///< draws of each block
};

}  // namespace negphase
