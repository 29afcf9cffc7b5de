#if defined(__x86_64__) && defined(__AVX2__) && defined(__FMA__)
// No standard templates here: an inline function of theirs compiled for this instruction set could
// be the copy that the linker keeps for the whole program.
#include <immintrin.h>

#include "negphase/random/fill_kernels.hpp"

#define NEGPHASE_INLINE inline __attribute__((always_inline))

namespace negphase::fill_avx2 {
namespace {

using F = __m256;
using D = __m256d;
// Two types for the two lane widths, so that overloads tell them apart.
struct U {
  __m256i v;
};
struct W {
  __m256i v;
};

constexpr int lanes = 8;
constexpr int groups_at_once = 1;

NEGPHASE_INLINE F set_f(float x) { return _mm256_set1_ps(x); }
NEGPHASE_INLINE D set_d(double x) { return _mm256_set1_pd(x); }
NEGPHASE_INLINE U set_u(std::uint32_t x) { return {_mm256_set1_epi32(static_cast<int>(x))}; }
NEGPHASE_INLINE W set_w(std::uint64_t x) { return {_mm256_set1_epi64x(static_cast<long long>(x))}; }

NEGPHASE_INLINE F sub(F a, F b) { return _mm256_sub_ps(a, b); }
NEGPHASE_INLINE F mul(F a, F b) { return _mm256_mul_ps(a, b); }
NEGPHASE_INLINE F fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
NEGPHASE_INLINE F root(F a) { return _mm256_sqrt_ps(a); }
NEGPHASE_INLINE U bits(F a) { return {_mm256_castps_si256(a)}; }
NEGPHASE_INLINE F as_float(U a) { return _mm256_castsi256_ps(a.v); }
NEGPHASE_INLINE F neg(F a) { return _mm256_xor_ps(a, _mm256_set1_ps(-0.0F)); }
NEGPHASE_INLINE F from_int(U a) { return _mm256_cvtepi32_ps(a.v); }
// b where the top bit of s is set, a elsewhere
NEGPHASE_INLINE F select(U s, F a, F b) { return _mm256_blendv_ps(a, b, _mm256_castsi256_ps(s.v)); }
// a ^ (s & sign bit)
NEGPHASE_INLINE F flip_sign(F a, U s) {
  return _mm256_xor_ps(a, _mm256_and_ps(_mm256_castsi256_ps(s.v), _mm256_set1_ps(-0.0F)));
}

NEGPHASE_INLINE U add(U a, U b) { return {_mm256_add_epi32(a.v, b.v)}; }
NEGPHASE_INLINE U sub(U a, U b) { return {_mm256_sub_epi32(a.v, b.v)}; }
NEGPHASE_INLINE U bit_and(U a, U b) { return {_mm256_and_si256(a.v, b.v)}; }
NEGPHASE_INLINE U bit_not(U a) { return {_mm256_xor_si256(a.v, _mm256_set1_epi32(-1))}; }
NEGPHASE_INLINE U min(U a, U b) { return {_mm256_min_epu32(a.v, b.v)}; }
template <int shift>
NEGPHASE_INLINE U srl(U a) {
  return {_mm256_srli_epi32(a.v, shift)};
}
template <int shift>
NEGPHASE_INLINE U sll(U a) {
  return {_mm256_slli_epi32(a.v, shift)};
}

NEGPHASE_INLINE D add(D a, D b) { return _mm256_add_pd(a, b); }
NEGPHASE_INLINE D sub(D a, D b) { return _mm256_sub_pd(a, b); }
NEGPHASE_INLINE D mul(D a, D b) { return _mm256_mul_pd(a, b); }
NEGPHASE_INLINE D div(D a, D b) { return _mm256_div_pd(a, b); }
NEGPHASE_INLINE D fma(D a, D b, D c) { return _mm256_fmadd_pd(a, b, c); }
NEGPHASE_INLINE D root(D a) { return _mm256_sqrt_pd(a); }
NEGPHASE_INLINE W bits(D a) { return {_mm256_castpd_si256(a)}; }
NEGPHASE_INLINE D as_double(W a) { return _mm256_castsi256_pd(a.v); }
// a < 2^53: both halves as the low bits of a power of two; every step is exact.
NEGPHASE_INLINE D from_uint53(W a) {
  const __m256i low = _mm256_blend_epi32(a.v, _mm256_set1_epi64x(0x4330000000000000), 0xAA);
  const __m256i high =
      _mm256_or_si256(_mm256_srli_epi64(a.v, 32), _mm256_set1_epi64x(0x4530000000000000));
  const __m256d high_part =
      _mm256_sub_pd(_mm256_castsi256_pd(high), _mm256_set1_pd(0x1p84 + 0x1p52));
  return _mm256_add_pd(high_part, _mm256_castsi256_pd(low));
}
NEGPHASE_INLINE D select(W s, D a, D b) { return _mm256_blendv_pd(a, b, _mm256_castsi256_pd(s.v)); }
NEGPHASE_INLINE D flip_sign(D a, W s) {
  return _mm256_xor_pd(a, _mm256_and_pd(_mm256_castsi256_pd(s.v), _mm256_set1_pd(-0.0)));
}

NEGPHASE_INLINE W add(W a, W b) { return {_mm256_add_epi64(a.v, b.v)}; }
NEGPHASE_INLINE W bit_and(W a, W b) { return {_mm256_and_si256(a.v, b.v)}; }
NEGPHASE_INLINE W bit_or(W a, W b) { return {_mm256_or_si256(a.v, b.v)}; }
template <int shift>
NEGPHASE_INLINE W srl(W a) {
  return {_mm256_srli_epi64(a.v, shift)};
}
template <int shift>
NEGPHASE_INLINE W sll(W a) {
  return {_mm256_slli_epi64(a.v, shift)};
}

// For Philox: x in the low half of each 64-bit lane, anything in the high half.
NEGPHASE_INLINE W set_low(std::uint32_t x) { return {_mm256_set1_epi32(static_cast<int>(x))}; }
NEGPHASE_INLINE W mul_low(W a, W b) { return {_mm256_mul_epu32(a.v, b.v)}; }
NEGPHASE_INLINE W bit_xor(W a, W b) { return {_mm256_xor_si256(a.v, b.v)}; }
NEGPHASE_INLINE W xor3(W a, W b, W c) {
  return {_mm256_xor_si256(a.v, _mm256_xor_si256(b.v, c.v))};
}

NEGPHASE_INLINE U lane_numbers() { return {_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)}; }
NEGPHASE_INLINE W as_words64(U a) { return {a.v}; }
NEGPHASE_INLINE W widen_lower(U a) { return {_mm256_cvtepu32_epi64(_mm256_castsi256_si128(a.v))}; }
NEGPHASE_INLINE W widen_upper(U a) {
  return {_mm256_cvtepu32_epi64(_mm256_extracti128_si256(a.v, 1))};
}
NEGPHASE_INLINE U as_words32(W a) { return {a.v}; }
// Low (high) halves of both, those of `even` in the low halves of the result.
NEGPHASE_INLINE W join_low(W even, W odd) {
  return {_mm256_blend_epi32(even.v, _mm256_slli_epi64(odd.v, 32), 0xAA)};
}
NEGPHASE_INLINE W join_high(W even, W odd) {
  return {_mm256_blend_epi32(_mm256_srli_epi64(even.v, 32), odd.v, 0xAA)};
}
// The halves of a swapped, then the low one ^ b ^ c.
NEGPHASE_INLINE W swap_xor_low(W a, W b, W c) {
  const __m256i swapped = _mm256_shuffle_epi32(a.v, 0xB1);
  return {_mm256_blend_epi32(xor3({swapped}, b, c).v, swapped, 0xAA)};
}

NEGPHASE_INLINE U load(const std::uint32_t* from) {
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))};
}
NEGPHASE_INLINE void store(std::uint32_t* to, U a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), a.v);
}
NEGPHASE_INLINE void store(std::uint64_t* to, W a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), a.v);
}
NEGPHASE_INLINE void store(float* to, F a) { _mm256_storeu_ps(to, a); }
NEGPHASE_INLINE void store(double* to, D a) { _mm256_storeu_pd(to, a); }

#include "negphase/random/fill_math.inc"
#include "negphase/random/fill_simd.inc"

}  // namespace

const FillKernels kernels = {&fill<Words32>,      &fill<Words64>,      &fill<UniformDouble>,
                             &fill<UniformFloat>, &fill<NormalDouble>, &fill<NormalFloat>};

}  // namespace negphase::fill_avx2
#endif
