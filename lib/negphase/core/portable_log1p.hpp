#pragma once
#include <cmath>
#include <concepts>

#include "negphase/core/portable_exp.hpp"

namespace negphase {

namespace portable_log1p {

/// Terms that are kept of the series: what is cut moves the answer by less than 0.03 eps / 2.
template <class Scalar>
inline constexpr int last_term = sizeof(Scalar) == sizeof(double) ? 16 : 7;

/// 2/(2N+1) + 2 s2/(2N+3) + ... + 2 s2^(Last-N)/(2Last+1)
template <int N, int Last, class Scalar>
constexpr Scalar series(Scalar s2) {
  constexpr Scalar first = Scalar{2} / (2 * N + 1);
  if constexpr (N == Last) {
    return first;
  } else {
    return first + s2 * series<N + 1, Last>(s2);
  }
}

}  // namespace portable_log1p

/// log(1 + e) for 0 <= e <= 1, within 2 ulp: the same bits on every machine and in scalar and
/// vector loops alike, as exp_of_nonpositive(). NaN: NaN.
/// Method: with s = e / (2 + e), log(1 + e) = 2 atanh(s) = e - s (e - R), R = 2 s^2/3 + 2 s^4/5 +
/// ... Error: s, R < 0.08, the bracket and the product have relative roundings of 2, 7.5, 1 and 1
/// halves of eps, so that s (e - R), at most 0.31 of the answer's 0.69, is off by 4.65 eps / 2 of
/// itself: 1.43 ulp where that weighs most (e = 1), and the last difference by half of one.
template <std::floating_point Scalar>
inline Scalar log1p_of_unit(Scalar e) {
  const Scalar s = e / (2 + e), s2 = s * s;
  const Scalar r = s2 * portable_log1p::series<1, portable_log1p::last_term<Scalar>>(s2);
  return e - s * (e - r);
}

/// log(1 + exp(x)), the softplus; neither overflows nor loses small values: within 4 ulp, and for
/// x < -708 (float: -87) exactly 0. The same bits everywhere; loops over it vectorise. NaN: NaN.
/// Error, x < 0: an ulp of exp, which may be two of the answer, and two of the logarithm; x > 0:
/// the logarithm is at most 0.7 beside x + 0.7, and the sum is off by half an ulp more.
template <std::floating_point Scalar>
inline Scalar log1p_exp(Scalar x) {
  const Scalar above = x > 0 ? x : Scalar{0};
  return above + log1p_of_unit(exp_of_nonpositive(-std::abs(x)));
}

}  // namespace negphase
