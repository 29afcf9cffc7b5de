#pragma once
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "negphase/core/any_kernel.hpp"
#include "negphase/random/philox_source.hpp"
#include "negphase/random/tracing_source.hpp"
#include "support/allocation_counter.hpp"

// What every kernel must do, whatever it samples. Energies here are copyable, so that each check
// has one of its own.
namespace negphase::testing {

inline PerChain betas_of(Index chains) {
  return PerChain::LinSpaced(chains, 0.25, 2.5);  // one for each chain, none by chance equal to 1
}

template <class Array>
bool same_bits(const Array& a, const Array& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() &&
         std::memcmp(a.data(), b.data(),
                     static_cast<std::size_t>(a.size()) * sizeof(typename Array::Scalar)) == 0;
}

/// The position of chains first .. first + rows(start) - 1 after some steps.
template <class K, class E>
auto run_typed(const K& kernel, const E& energy, const PerChain& beta,
               const Block<typename E::Scalar>& start, std::uint32_t first_chain, int num_steps) {
  PhiloxSource random(7, first_chain, start.rows());
  auto state = kernel.init(energy, beta, start);
  auto scratch = kernel.scratch(energy, start.rows());
  StepInfo info(start.rows());
  for (int s = 0; s < num_steps; ++s) {
    random.set_step(static_cast<std::uint64_t>(s));
    kernel.step(energy, state, scratch, random, info);
  }
  CHECK_FALSE(info.any_fault);
  return state;
}

/// Typed and erased kernels give the same bits.
template <class K, class E>
void check_erased_is_typed(const K& kernel, const E& energy,
                           const Block<typename E::Scalar>& start) {
  using S = typename E::Scalar;
  const PerChain beta = betas_of(start.rows());
  const auto typed = run_typed(kernel, energy, beta, start, 0, 20);
  const AnyKernel<S> erased(kernel);
  const AnyEnergy<S> any_energy(energy);
  PhiloxSource random(7, 0, start.rows());
  AnyState<S> state = erased.init(any_energy, beta, start);
  AnyScratch scratch = erased.scratch(any_energy, start.rows());
  StepInfo info(start.rows());
  for (int s = 0; s < 20; ++s) {
    random.set_step(static_cast<std::uint64_t>(s));
    erased.step(any_energy, state, scratch, random, info);
  }
  CHECK(same_bits(state.position(), typed.position));
  CHECK(same_bits(state.energy(), typed.energy));
}

/// A chain does not see how wide its block is (only where the energy uses no matrix product).
template <class K, class E>
void check_width_does_not_matter(const K& kernel, const E& energy,
                                 const Block<typename E::Scalar>& start) {
  using S = typename E::Scalar;
  const PerChain beta = betas_of(start.rows());
  const auto whole = run_typed(kernel, energy, beta, start, 0, 20);
  for (const Index width : {1, 8, 16}) {
    for (Index first = 0; first + width <= start.rows(); first += width) {
      const Block<S> rows = start.middleRows(first, width);
      const auto part = run_typed(kernel, energy, beta.segment(first, width), rows,
                                  static_cast<std::uint32_t>(first), 20);
      const Block<S> expected = whole.position.middleRows(first, width);
      CHECK(same_bits(part.position, expected));
    }
  }
}

/// The cached energy is that of the position, after every step. Sums of changes may be off by the
/// rounding of that many terms.
template <class K, class E>
std::string cache_complaint(const K& kernel, const E& energy,
                            const Block<typename E::Scalar>& start, double tolerance) {
  PhiloxSource random(11, 0, start.rows());
  auto state = kernel.init(energy, betas_of(start.rows()), start);
  auto scratch = kernel.scratch(energy, start.rows());
  StepInfo info(start.rows());
  PerChain fresh(start.rows());
  for (int s = 0; s < 50; ++s) {
    random.set_step(static_cast<std::uint64_t>(s));
    kernel.step(energy, state, scratch, random, info);
    energy.energy(state.position, fresh);
    if (!((fresh - state.energy).abs() <= tolerance).all()) {
      return "the cached energy is not that of the position";
    }
  }
  return "";
}

/// No (purpose, index) is drawn twice in a step: TracingSource throws.
template <class K, class E>
void check_draws_once(const K& kernel, const E& energy, const Block<typename E::Scalar>& start) {
  PhiloxSource philox(3, 0, start.rows());
  TracingSource random(philox);
  auto state = kernel.init(energy, betas_of(start.rows()), start);
  auto scratch = kernel.scratch(energy, start.rows());
  StepInfo info(start.rows());
  for (int s = 0; s < 3; ++s) {
    philox.set_step(static_cast<std::uint64_t>(s));
    random.next_step();
    CHECK_NOTHROW(kernel.step(energy, state, scratch, random, info));
    CHECK_FALSE(random.draws().empty());
  }
}

/// Allocations of 100 steps after the first.
template <class K, class E>
long allocations_of_steps(const K& kernel, const E& energy,
                          const Block<typename E::Scalar>& start) {
  PhiloxSource random(5, 0, start.rows());
  auto state = kernel.init(energy, betas_of(start.rows()), start);
  auto scratch = kernel.scratch(energy, start.rows());
  StepInfo info(start.rows());
  kernel.step(energy, state, scratch, random, info);
  const AllocationCounter counter;
  for (std::uint64_t s = 1; s <= 100; ++s) {
    random.set_step(s);
    kernel.step(energy, state, scratch, random, info);
  }
  return counter.count();
}

/// All of these.
template <class K, class E>
void check_kernel(const K& kernel, const E& energy, const Block<typename E::Scalar>& start) {
  static_assert(Kernel<K, E>);
  check_erased_is_typed(kernel, energy, start);
  check_width_does_not_matter(kernel, energy, start);
  check_draws_once(kernel, energy, start);
  CHECK(allocations_of_steps(kernel, energy, start) == 0);
}

}  // namespace negphase::testing
