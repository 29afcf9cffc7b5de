#pragma once
#include <Eigen/Core>
#include <array>
#include <cstdint>

namespace negphase {

using Eigen::Index;

/// A block of chains, the unit of everything: `[chains x coordinates]`, column-major, so that one
/// coordinate of all chains of the block is contiguous and elementwise work runs along SIMD lanes
/// however small the dimension. Functions take `const Block<S>&`, never an Eigen::Ref: an
/// expression passed by mistake would be copied in silence.
template <class Scalar>
using Block = Eigen::Array<Scalar, Eigen::Dynamic, Eigen::Dynamic>;

/// One value for each chain of a block, `[chains]`.
template <class Scalar>
using Lane = Eigen::Array<Scalar, Eigen::Dynamic, 1>;

/// Energies, log acceptances, betas, weights: double whatever the scalar of the block. `[chains]`
using PerChain = Lane<double>;

/// One column number for each chain. `[chains]`
using Sites = Lane<Index>;

/// Some consecutive chains of one block.
struct ChainRange {
  Index begin = 0;
  Index size = 0;
  Index end() const { return begin + size; }
};

/// Legal widths of a block. The width comes from the configuration, never from the number of
/// threads or chains: products of another width round differently.
inline constexpr std::array<Index, 5> block_widths{1, 8, 16, 32, 64};
inline constexpr Index default_block_width = 64;

/// How `num_chains` chains fall into blocks of `width`. The last block is padded with chains of the
/// next ids; they run but are never observed, counted or reported.
struct BlockPlan {
  Index num_chains = 0;
  Index width = default_block_width;
  Index num_blocks() const { return (num_chains + width - 1) / width; }
  /// Id of the first chain of block b.
  std::uint32_t first_chain(Index b) const { return static_cast<std::uint32_t>(b * width); }
  /// Chains of block b that count.
  Index live(Index b) const { return std::min(width, num_chains - b * width); }
};

}  // namespace negphase
