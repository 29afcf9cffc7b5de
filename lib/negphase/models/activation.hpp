#pragma once
#include <algorithm>
#include <cmath>
#include <concepts>

#include "negphase/core/portable_log1p.hpp"

namespace negphase {

/// Hidden units' functions phi. Each is smooth, stable for any finite u (all are made of
/// exp(-|u|)), and without a branch or a library call: loops over them vectorise, and a chain gets
/// the same bits wherever it stands in its block. Errors: a few roundings of 1 + |phi|.
enum class Activation { tanh, softplus, silu };

template <std::floating_point Scalar>
struct UnitValue {
  Scalar value, slope;  ///< phi(u), phi'(u)
};

struct TanhUnit {
  template <class Scalar>
  static UnitValue<Scalar> at(Scalar u) {
    const Scalar e = exp_of_nonpositive(-2 * std::abs(u));
    const Scalar inverse = 1 / (1 + e);
    return {std::copysign((1 - e) * inverse, u), 4 * e * inverse * inverse};
  }
};

/// log(1 + exp(u))
struct SoftplusUnit {
  template <class Scalar>
  static UnitValue<Scalar> at(Scalar u) {
    const Scalar e = exp_of_nonpositive(-std::abs(u));
    return {std::max(u, Scalar{0}) + log1p_of_unit(e), (u < 0 ? e : Scalar{1}) / (1 + e)};
  }
};

/// u s(u), s the logistic function; phi' = s (1 + u (1 - s)).
struct SiluUnit {
  template <class Scalar>
  static UnitValue<Scalar> at(Scalar u) {
    const Scalar e = exp_of_nonpositive(-std::abs(u));
    const Scalar inverse = 1 / (1 + e);
    const Scalar s = (u < 0 ? e : Scalar{1}) * inverse;
    const Scalar one_minus_s = (u < 0 ? Scalar{1} : e) * inverse;
    return {u * s, s * (1 + u * one_minus_s)};
  }
};

}  // namespace negphase
