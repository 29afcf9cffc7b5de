#pragma once
#include <bit>
#include <concepts>
#include <cstdint>

namespace negphase {

namespace portable_exp {

template <class Scalar>
struct Constants;
template <>
struct Constants<double> {
  using Bits = std::uint64_t;
  static constexpr int mantissa_bits = 52, last_term = 13;
  static constexpr double log2_e = 0x1.71547652b82fep0;
  static constexpr double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
  static constexpr double round = 0x1.8p52, lowest = -708;
};
template <>
struct Constants<float> {
  using Bits = std::uint32_t;
  static constexpr int mantissa_bits = 23, last_term = 7;
  static constexpr float log2_e = 0x1.715476p0f;
  static constexpr float ln2_high = 0x1.63p-1f, ln2_low = -0x1.bd0106p-13f;
  static constexpr float round = 0x1.8p23f, lowest = -87;
};

template <class Scalar>
constexpr Scalar inverse_factorial(int n) {
  double f = 1;
  for (int k = 2; k <= n; ++k) {
    f *= k;
  }
  return static_cast<Scalar>(1 / f);
}

/// 1/N! + r/(N+1)! + ... + r^(Last-N)/Last!
template <int N, int Last, class Scalar>
constexpr Scalar tail(Scalar r) {
  if constexpr (N == Last) {
    return inverse_factorial<Scalar>(N);
  } else {
    constexpr Scalar first = inverse_factorial<Scalar>(N);
    return first + r * tail<N + 1, Last>(r);
  }
}

}  // namespace portable_exp

/// exp(x) for x <= 0, within 1 ulp: the same bits on every machine and in scalar and vector loops
/// alike (no branch, no library call, no fused arithmetic), so that a decision `u < exp(x)` depends
/// neither on the place of a chain in its block nor on libm. exp(-inf) = 0 exactly, and so is
/// everything below -708 (float: -87), where it matters to no uniform of 53 (24) bits. NaN: NaN.
/// Method: x = k log 2 + r, |r| <= log(2)/2, Taylor of degree 13 (7). Loops over it vectorise.
template <std::floating_point Scalar>
inline Scalar exp_of_nonpositive(Scalar x) {
  using C = portable_exp::Constants<Scalar>;
  using Bits = typename C::Bits;
  const Scalar shifted = x * C::log2_e + C::round;
  const Scalar k = shifted - C::round;
  const Scalar r = (x - k * C::ln2_high) - k * C::ln2_low;
  const Scalar exp_r = 1 + (r + r * r * portable_exp::tail<2, C::last_term>(r));
  // k stands in the low bits of `shifted`: moved up it is added to the exponent of 1
  const Bits scale =
      (std::bit_cast<Bits>(shifted) << C::mantissa_bits) + std::bit_cast<Bits>(Scalar{1});
  const Scalar value = exp_r * std::bit_cast<Scalar>(scale);
  return x < C::lowest ? Scalar{0} : value;
}

}  // namespace negphase
