#pragma once
#include <cstddef>
#include <cstdint>

namespace negphase {

/// Which streams a fill draws from: those of chains first_chain, first_chain + 1, ... for one seed,
/// step (below 2^56) and purpose (below 2^8). The layout is in random/philox.hpp.
struct StreamKey {
  std::uint64_t seed = 0;
  std::uint64_t step = 0;
  std::uint32_t first_chain = 0;
  std::uint32_t purpose = 0;
};

/// Bulk random numbers for a block of chains.
///
/// Shapes: `out` is `[chains x n]`, column-major; out[j * chains + c] is number first + j of chain
/// key.first_chain + c. Any width, any first, any n; `out` needs no alignment beyond its type's.
/// The numbers are a pure function of (seed, chain, step, purpose, index): the width of the block,
/// where a fill starts and the instruction set change nothing, not a single bit.
///
/// Cost: one Philox evaluation gives 4 consecutive 32-bit or 2 consecutive 64-bit numbers of a
/// chain, and a pair of normals is made together, so a fill that starts or ends within such a group
/// makes and drops the rest of it. No heap memory.
///
/// Errors: UsageError if the step, the purpose or the last chain does not fit its field, or if
/// first + n is above 2^34 (32-bit words and float) or 2^33 (64-bit words and double).

/// Uniform 32-bit words.
void fill_words32(const StreamKey& key, std::uint64_t first, std::size_t n, std::size_t chains,
                  std::uint32_t* out);

/// Uniform 64-bit words; word i is the 32-bit words 2i (low half) and 2i + 1 (high half).
void fill_words64(const StreamKey& key, std::uint64_t first, std::size_t n, std::size_t chains,
                  std::uint64_t* out);

/// Uniforms u_i = floor(word64_i / 2^11) 2^-53 in [0, 1), never 1.
void fill_uniforms(const StreamKey& key, std::uint64_t first, std::size_t n, std::size_t chains,
                   double* out);

/// Uniforms u_i = floor(word32_i / 2^8) 2^-24 in [0, 1), never 1.
void fill_uniforms(const StreamKey& key, std::uint64_t first, std::size_t n, std::size_t chains,
                   float* out);

/// Standard normals by the transform of Box & Muller (Ann. Math. Stat. 29, 1958). With 64-bit words
/// a = word64_2i and b = word64_2i+1,
///   x_2i   = sqrt(-2 log u) cos(2 pi v),  u = (floor(a / 2^12) + 1/2) 2^-52 in (0, 1),
///   x_2i+1 = sqrt(-2 log u) sin(2 pi v),  v = floor(b / 2^10) 2^-54 in [0, 1).
/// Largest possible |x|: 8.572. Absolute error below 6.9e-16 max(1, sqrt(-2 log u)), a bound that
/// the test derives; largest seen 3.2e-16 of the same.
void fill_normals(const StreamKey& key, std::uint64_t first, std::size_t n, std::size_t chains,
                  double* out);

/// The same in float. With 32-bit words a = word32_2i and b = word32_2i+1,
///   u = (a + 1/2) 2^-32 in (0, 1),  v = b 2^-32 in [0, 1).
/// Largest possible |x|: 6.764. Absolute error below 6.1e-7 max(1, sqrt(-2 log u)); largest
/// seen 2.0e-7 of the same.
void fill_normals(const StreamKey& key, std::uint64_t first, std::size_t n, std::size_t chains,
                  float* out);

/// Instruction sets that the fills are compiled for; all give the same bits.
enum class Isa { scalar, avx2, avx512 };

/// The one in use: the best that this machine has, chosen at the first fill.
Isa fill_isa();

/// Switches to another one, for tests and benchmarks; false, and no change, where the machine lacks
/// it. Results never depend on it.
bool set_fill_isa(Isa isa);

}  // namespace negphase
