#pragma once
#include <cstdint>

#include "negphase/core/block.hpp"

namespace negphase {

/// Uniform in [-1, 1): SplitMix64 (Steele et al. 2014), number i of its stream. For parameters that
/// training starts from: the same at every call, without a pattern that units could share.
inline double hashed_uniform(Index i) {
  std::uint64_t word = (static_cast<std::uint64_t>(i) + 1) * 0x9e3779b97f4a7c15u;
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
  word ^= word >> 31;
  return static_cast<double>(word >> 11) * 0x1p-52 - 1;
}

}  // namespace negphase
