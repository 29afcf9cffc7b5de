#pragma once
#include <vector>

#include "negphase/core/any_energy.hpp"
#include "negphase/core/any_kernel.hpp"

namespace negphase {

/// Energies of the first chains of a run at evenly spaced draws, in memory that does not grow with
/// the run: what is looked at for mixing where no draws are kept. Of 64 draws or more 64 to 127 are
/// kept, else all; of chains the first 1024. Blocks write to it from different threads.
/// Cost: where the kernel does not keep energies, one of each chain at each draw that is kept.
class EnergyTrace {
 public:
  static constexpr Index enough_draws = 64, most_chains = 1024;

  EnergyTrace() = default;
  /// Of chains that will make so many draws, in blocks.
  EnergyTrace(Index chains, Index draws, Index blocks)
      : every_(std::max<Index>(1, draws / enough_draws)),
        energies_(draws / every_, std::min(chains, most_chains)),
        seen_(static_cast<std::size_t>(blocks), 0) {}

  /// Shows it the next draw of a block whose first chain is `first_chain`.
  template <class Scalar>
  void look(Index block, Index first_chain, Index live, const AnyEnergy<Scalar>& energy,
            const AnyState<Scalar>& state) {
    Index& seen = seen_[static_cast<std::size_t>(block)];
    ++seen;
    const Index kept = std::min(live, energies_.cols() - first_chain);
    if (seen % every_ != 0 || seen / every_ > energies_.rows() || kept <= 0) {
      return;
    }
    auto row = energies_.row(seen / every_ - 1).segment(first_chain, kept).transpose();
    if (!std::isnan(state.energy()[0])) {  // NaN where the kernel does not keep it
      row = state.energy().head(kept);
      return;
    }
    PerChain of_block(state.position().rows());
    energy.energy(state.position(), of_block);
    row = of_block.head(kept);
  }

  /// [kept draws x chains]; whole where all draws have been shown.
  const Eigen::ArrayXXd& energies() const { return energies_; }

 private:
  Index every_ = 1;
  Eigen::ArrayXXd energies_;
  std::vector<Index> seen_;  ///< draws of each block
};

}  // namespace negphase
