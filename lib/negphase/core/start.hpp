#pragma once
#include <limits>
#include <span>
#include <string>

#include "negphase/core/error.hpp"
#include "negphase/core/kernel.hpp"

namespace negphase {

// What a kernel checks before its first step.

/// "" where every column is real, else the first that is not.
inline std::string need_real_columns(std::span<const Column> columns) {
  for (std::size_t j = 0; j < columns.size(); ++j) {
    if (columns[j].kind != ColumnKind::real) {
      return "column " + std::to_string(j) + " is not real";
    }
  }
  return "";
}

/// "" where every column has finitely many states (spins, bits, categories, ordinals), else the
/// first that has not.
inline std::string need_finite_columns(std::span<const Column> columns) {
  for (std::size_t j = 0; j < columns.size(); ++j) {
    if (columns[j].num_states < 2) {
      return "column " + std::to_string(j) + " has no finite list of states";
    }
  }
  return "";
}

/// x itself; throws UsageError unless it is finite and > 0.
inline double positive(double x, std::string_view what) {
  if (!(x > 0 && x < std::numeric_limits<double>::infinity())) {
    throw UsageError(std::string(what) + " must be finite and > 0, got " + std::to_string(x));
  }
  return x;
}

/// The state of kernel K at its start: position and beta set, energy NaN, K's own caches not yet
/// filled. Throws UsageError on wrong shapes, on columns that K does not apply to, and on a beta
/// that is negative or not finite.
template <class K, class E>
auto start_state(const E& energy, const PerChain& beta, const Block<typename E::Scalar>& start) {
  const std::span<const Column> columns = energy.columns();
  if (start.cols() != static_cast<Index>(columns.size()) || start.rows() != beta.size()) {
    throw UsageError("init: start must be [chains x columns of the energy] and beta [chains]");
  }
  if (!(beta >= 0 && beta < std::numeric_limits<double>::infinity()).all()) {
    throw UsageError("init: beta must be finite and not negative");
  }
  if (const std::string why = K::applies_to(columns); !why.empty()) {
    throw UsageError("init: sampler '" + std::string(K::name) + "' does not apply: " + why);
  }
  typename K::template State<typename E::Scalar> state;
  state.position = start;
  state.beta = beta;
  state.energy = PerChain::Constant(beta.size(), std::numeric_limits<double>::quiet_NaN());
  return state;
}

}  // namespace negphase
