#pragma once
#include <concepts>
#include <span>

#include "negphase/core/model.hpp"
#include "negphase/models/dual.hpp"

namespace negphase {

// How the functions of a PointwiseModel are written, which derivatives they give, and which follow
// from their energy.
template <class F>
concept SeesLatents = requires(const F& f, const Params& w, std::span<const double> in) {
  f.energy(w, in, in, in);
};
template <class F>
concept GivesGrad = requires(const F& f, const Params& w, std::span<const double> in,
                             std::span<double> out) {
  f.grad(w, in, in, out);
}
|| requires(const F& f, const Params& w, std::span<const double> in, std::span<double> out) {
  f.grad(w, in, in, in, out);
};
template <class F>
concept GivesParamGrad = requires(const F& f, const Params& w, std::span<const double> in,
                                  std::span<double> out) {
  f.param_grad(w, in, in, out);
}
|| requires(const F& f, const Params& w, std::span<const double> in, std::span<double> out) {
  f.param_grad(w, in, in, in, out);
};
template <class F>
concept DifferentiableInY = requires(const F& f, const Params& w, std::span<const double> in,
                                     std::span<const Dual> y) {
  { f.energy(w, in, y) } -> std::convertible_to<Dual>;
}
|| requires(const F& f, const Params& w, std::span<const double> in, std::span<const Dual> y) {
  { f.energy(w, in, y, y) } -> std::convertible_to<Dual>;
};
template <class F>
concept DifferentiableInW = requires(const F& f, std::span<const Dual> w,
                                     std::span<const double> in) {
  { f.energy(w, in, in) } -> std::convertible_to<Dual>;
}
|| requires(const F& f, std::span<const Dual> w, std::span<const double> in) {
  { f.energy(w, in, in, in) } -> std::convertible_to<Dual>;
};

/// What PointwiseModel makes a model of: functions of one x, one y and W, all in double; static, or
/// those of an object that is copied into every energy.
///   shape()                   kinds and sizes
///   energy(w, x, y)           E_W(x, y); arguments are indexed by []. Where there are latents:
///   energy(w, x, y, z)        E_W(x, y, z)
///   grad(w, x, y[, z], dy)    dE/dy into dy [num_y + num_z], z after y
///   param_grad(w, x, y[, z], dw)   dE/dW into dw [P]
/// Where energy takes `const auto& w` or `const auto& y` (and z), param_grad or grad may be left
/// out: the derivatives are taken of the energy, exact to rounding, at the cost of n / 8 energies
/// (rounded up) on Duals (dual.hpp) for n variables: 1.1 to 1.3 times that of derivatives by hand
/// for up to 4 variables, about 2 times for 16, 5 to 8 times for 64
/// (benchmarks/micro_pointwise.cpp). Without either dE/dy Langevin samplers do not apply. Columns
/// that are not real hold the codes of their states; their dE/dy is 0.
template <class F>
concept PointwiseFunctions = requires(const F& f, const Params& w, std::span<const double> in) {
  { f.shape() } -> std::convertible_to<ModelShape>;
  requires SeesLatents<F> || requires {
    { f.energy(w, in, in) } -> std::convertible_to<double>;
  };
  requires GivesParamGrad<F> || DifferentiableInW<F>;
};

}  // namespace negphase
