#if defined(__x86_64__) && defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
// No standard templates here: an inline function of theirs compiled for this instruction set could
// be the copy that the linker keeps for the whole program.
#include <immintrin.h>

#if defined(__GNUC__) && !defined(__clang__)
// GCC's own header makes "undefined" vectors from uninitialised ones (GCC bug 105593), and says so
// wherever an intrinsic is inlined.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include "negphase/random/fill_kernels.hpp"

#define NEGPHASE_INLINE inline __attribute__((always_inline))

namespace negphase::fill_avx512 {
namespace {

using F = __m512;
using D = __m512d;
// Two types for the two lane widths, so that overloads tell them apart.
struct U {
  __m512i v;
};
struct W {
  __m512i v;
};

constexpr int lanes = 16;
constexpr int groups_at_once = 2;

NEGPHASE_INLINE F set_f(float x) { return _mm512_set1_ps(x); }
NEGPHASE_INLINE D set_d(double x) { return _mm512_set1_pd(x); }
NEGPHASE_INLINE U set_u(std::uint32_t x) { return {_mm512_set1_epi32(static_cast<int>(x))}; }
NEGPHASE_INLINE W set_w(std::uint64_t x) { return {_mm512_set1_epi64(static_cast<long long>(x))}; }

NEGPHASE_INLINE F sub(F a, F b) { return _mm512_sub_ps(a, b); }
NEGPHASE_INLINE F mul(F a, F b) { return _mm512_mul_ps(a, b); }
NEGPHASE_INLINE F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
NEGPHASE_INLINE F root(F a) { return _mm512_sqrt_ps(a); }
NEGPHASE_INLINE U bits(F a) { return {_mm512_castps_si512(a)}; }
NEGPHASE_INLINE F as_float(U a) { return _mm512_castsi512_ps(a.v); }
NEGPHASE_INLINE F neg(F a) { return _mm512_xor_ps(a, _mm512_set1_ps(-0.0F)); }
NEGPHASE_INLINE F from_int(U a) { return _mm512_cvtepi32_ps(a.v); }
// b where the top bit of s is set, a elsewhere
NEGPHASE_INLINE F select(U s, F a, F b) {
  return _mm512_mask_blend_ps(_mm512_movepi32_mask(s.v), a, b);
}
// a ^ (s & sign bit)
NEGPHASE_INLINE F flip_sign(F a, U s) {
  return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(
      _mm512_castps_si512(a), s.v, _mm512_set1_epi32(static_cast<int>(0x80000000U)), 0x78));
}

NEGPHASE_INLINE U add(U a, U b) { return {_mm512_add_epi32(a.v, b.v)}; }
NEGPHASE_INLINE U sub(U a, U b) { return {_mm512_sub_epi32(a.v, b.v)}; }
NEGPHASE_INLINE U bit_and(U a, U b) { return {_mm512_and_si512(a.v, b.v)}; }
NEGPHASE_INLINE U bit_not(U a) { return {_mm512_xor_si512(a.v, _mm512_set1_epi32(-1))}; }
NEGPHASE_INLINE U min(U a, U b) { return {_mm512_min_epu32(a.v, b.v)}; }
template <int shift>
NEGPHASE_INLINE U srl(U a) {
  return {_mm512_srli_epi32(a.v, shift)};
}
template <int shift>
NEGPHASE_INLINE U sll(U a) {
  return {_mm512_slli_epi32(a.v, shift)};
}

NEGPHASE_INLINE D add(D a, D b) { return _mm512_add_pd(a, b); }
NEGPHASE_INLINE D sub(D a, D b) { return _mm512_sub_pd(a, b); }
NEGPHASE_INLINE D mul(D a, D b) { return _mm512_mul_pd(a, b); }
NEGPHASE_INLINE D div(D a, D b) { return _mm512_div_pd(a, b); }
NEGPHASE_INLINE D fma(D a, D b, D c) { return _mm512_fmadd_pd(a, b, c); }
NEGPHASE_INLINE D root(D a) { return _mm512_sqrt_pd(a); }
NEGPHASE_INLINE W bits(D a) { return {_mm512_castpd_si512(a)}; }
NEGPHASE_INLINE D as_double(W a) { return _mm512_castsi512_pd(a.v); }
NEGPHASE_INLINE D from_uint53(W a) { return _mm512_cvtepu64_pd(a.v); }
NEGPHASE_INLINE D select(W s, D a, D b) {
  return _mm512_mask_blend_pd(_mm512_movepi64_mask(s.v), a, b);
}
NEGPHASE_INLINE D flip_sign(D a, W s) {
  return _mm512_castsi512_pd(_mm512_ternarylogic_epi64(
      _mm512_castpd_si512(a), s.v, _mm512_castpd_si512(_mm512_set1_pd(-0.0)), 0x78));
}

NEGPHASE_INLINE W add(W a, W b) { return {_mm512_add_epi64(a.v, b.v)}; }
NEGPHASE_INLINE W bit_and(W a, W b) { return {_mm512_and_si512(a.v, b.v)}; }
NEGPHASE_INLINE W bit_or(W a, W b) { return {_mm512_or_si512(a.v, b.v)}; }
template <int shift>
NEGPHASE_INLINE W srl(W a) {
  return {_mm512_srli_epi64(a.v, shift)};
}
template <int shift>
NEGPHASE_INLINE W sll(W a) {
  return {_mm512_slli_epi64(a.v, shift)};
}

// For Philox: x in the low half of each 64-bit lane, anything in the high half.
NEGPHASE_INLINE W set_low(std::uint32_t x) { return {_mm512_set1_epi32(static_cast<int>(x))}; }
NEGPHASE_INLINE W mul_low(W a, W b) { return {_mm512_mul_epu32(a.v, b.v)}; }
NEGPHASE_INLINE W bit_xor(W a, W b) { return {_mm512_xor_si512(a.v, b.v)}; }
NEGPHASE_INLINE W xor3(W a, W b, W c) { return {_mm512_ternarylogic_epi32(a.v, b.v, c.v, 0x96)}; }

NEGPHASE_INLINE U lane_numbers() {
  return {_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)};
}
NEGPHASE_INLINE W as_words64(U a) { return {a.v}; }
NEGPHASE_INLINE W widen_lower(U a) { return {_mm512_cvtepu32_epi64(_mm512_castsi512_si256(a.v))}; }
NEGPHASE_INLINE W widen_upper(U a) {
  return {_mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(a.v, 1))};
}
NEGPHASE_INLINE U as_words32(W a) { return {a.v}; }
// Low (high) halves of both, those of `even` in the low halves of the result.
NEGPHASE_INLINE W join_low(W even, W odd) {
  return {_mm512_mask_shuffle_epi32(even.v, 0xAAAA, odd.v, _MM_PERM_CCAA)};
}
NEGPHASE_INLINE W join_high(W even, W odd) {
  return {_mm512_mask_shuffle_epi32(odd.v, 0x5555, even.v, _MM_PERM_DDBB)};
}
// The halves of a swapped, then the low one ^ b ^ c.
NEGPHASE_INLINE W swap_xor_low(W a, W b, W c) {
  return {_mm512_mask_ternarylogic_epi32(_mm512_rol_epi64(a.v, 32), 0x5555, b.v, c.v, 0x96)};
}

NEGPHASE_INLINE U load(const std::uint32_t* from) { return {_mm512_loadu_si512(from)}; }
NEGPHASE_INLINE void store(std::uint32_t* to, U a) { _mm512_storeu_si512(to, a.v); }
NEGPHASE_INLINE void store(std::uint64_t* to, W a) { _mm512_storeu_si512(to, a.v); }
NEGPHASE_INLINE void store(float* to, F a) { _mm512_storeu_ps(to, a); }
NEGPHASE_INLINE void store(double* to, D a) { _mm512_storeu_pd(to, a); }

#include "negphase/random/fill_math.inc"
#include "negphase/random/fill_simd.inc"

}  // namespace

const FillKernels kernels = {&fill<Words32>,      &fill<Words64>,      &fill<UniformDouble>,
                             &fill<UniformFloat>, &fill<NormalDouble>, &fill<NormalFloat>};

}  // namespace negphase::fill_avx512
#endif
