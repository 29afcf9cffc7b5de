#pragma once
#include <string>

#include "negphase/core/any_energy.hpp"

// How long a method would take, found out on the energy itself.
namespace negphase {

/// Chains that an energy must be bound for.
inline constexpr Index pilot_chains = 64;

/// Seconds for one state on one thread: energy (or change) and dE/dW, from blocks that take a
/// millisecond.
double seconds_per_state(const AnyEnergy<double>& energy, bool by_changes);

/// "3.2 hours".
std::string in_words(double seconds);

}  // namespace negphase
