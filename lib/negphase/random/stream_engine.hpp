#pragma once
#include <array>
#include <cstdint>

#include "negphase/core/random_source.hpp"

namespace negphase {

/// One stream (seed, chain, step, purpose) as an engine that any Boost.Random distribution can draw
/// from: its 32-bit words in the order of their index. For what is not hot: initial parameters,
/// shuffles, categorical and gamma draws, exact samplers. Meets UniformRandomBitGenerator.
/// Length: 2^34 words; throws UsageError beyond.
class StreamEngine {
 public:
  using result_type = std::uint32_t;
  StreamEngine(std::uint64_t seed, std::uint32_t chain, std::uint64_t step, Purpose purpose)
      : seed_(seed), step_(step), chain_(chain), purpose_(purpose) {}

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return 0xffffffffU; }
  result_type operator()();
  void discard(std::uint64_t words) { index_ += words; }

 private:
  std::uint64_t seed_, step_;
  std::uint32_t chain_;
  Purpose purpose_;
  std::uint64_t index_ = 0;                   ///< of the next word
  std::uint64_t cached_ = ~std::uint64_t{0};  ///< counter (index / 4) that words_ belong to
  std::array<std::uint32_t, 4> words_{};
};

}  // namespace negphase
