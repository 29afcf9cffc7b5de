#pragma once
#include <array>
#include <cstdint>

namespace negphase {

/// Philox4x32-10, the counter-based generator behind every random number of this library.
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

inline constexpr std::uint32_t philox_multiplier0 = 0xD2511F53U;
inline constexpr std::uint32_t philox_multiplier1 = 0xCD9E8D57U;
inline constexpr std::uint32_t philox_weyl0 = 0x9E3779B9U;  ///< golden ratio
inline constexpr std::uint32_t philox_weyl1 = 0xBB67AE85U;  ///< sqrt(3) - 1

/// Four random 32-bit words of one counter under one key: a bijection of the counter for each key.
/// Ten rounds of, with p0 = multiplier0 c0 and p1 = multiplier1 c2 (64-bit products),
///   (c0, c1, c2, c3) <- (high(p1) ^ c1 ^ k0, low(p1), high(p0) ^ c3 ^ k1, low(p0));
/// between rounds the key halves grow by the Weyl constants. Cost: 20 multiplications.
constexpr PhiloxCounter philox4x32_10(PhiloxCounter c, PhiloxKey key) noexcept {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{philox_multiplier0} * c[0];
    const std::uint64_t p1 = std::uint64_t{philox_multiplier1} * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ key[0], static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ key[1], static_cast<std::uint32_t>(p0)};
    key[0] += philox_weyl0;
    key[1] += philox_weyl1;
  }
  return c;
}

/// The key of a run: low half of the seed first.
constexpr PhiloxKey philox_key(std::uint64_t seed) noexcept {
  return {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
}

/// The counter that holds 32-bit word `index` of the stream (chain, step, purpose), as element
/// index mod 4 of the generator's answer. Frozen layout, never to change:
///   c0 = index / 4, c1 = chain, c2 = step bits 0..31,
///   c3 = purpose (bits 24..31) | step bits 32..55 (bits 0..23).
/// @param step     below 2^56
/// @param purpose  below 2^8
/// @param index    below 2^34
constexpr PhiloxCounter philox_counter(std::uint32_t chain, std::uint64_t step,
                                       std::uint32_t purpose, std::uint64_t index) noexcept {
  return {static_cast<std::uint32_t>(index / 4), chain, static_cast<std::uint32_t>(step),
          (purpose << 24) | (static_cast<std::uint32_t>(step >> 32) & 0xFFFFFFU)};
}

/// 32-bit word `index` (below 2^34) of the stream (seed, chain, step, purpose).
constexpr std::uint32_t stream_word32(std::uint64_t seed, std::uint32_t chain, std::uint64_t step,
                                      std::uint32_t purpose, std::uint64_t index) noexcept {
  return philox4x32_10(philox_counter(chain, step, purpose, index), philox_key(seed))[index % 4];
}

/// 64-bit word `index` (below 2^33): 32-bit words 2 index (low half) and 2 index + 1 (high half).
constexpr std::uint64_t stream_word64(std::uint64_t seed, std::uint32_t chain, std::uint64_t step,
                                      std::uint32_t purpose, std::uint64_t index) noexcept {
  const PhiloxCounter w =
      philox4x32_10(philox_counter(chain, step, purpose, 2 * index), philox_key(seed));
  const std::uint64_t low = w[(2 * index) % 4];
  const std::uint64_t high = w[(2 * index + 1) % 4];
  return low | (high << 32);
}

}  // namespace negphase
