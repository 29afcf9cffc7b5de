#pragma once
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "negphase/core/any_energy.hpp"
#include "negphase/core/kernel.hpp"
#include "negphase/run/settings.hpp"

// What ends a run of chains, and what is said of it: the same for every kind of run.
namespace negphase {

/// What befell a chain, and where it stood.
struct FaultAt {
  std::uint64_t step;
  Index chain;
  Fault fault;
  bool at_start;
  double advised_step_size = std::numeric_limits<double>::quiet_NaN();
  std::string position;
};

/// Sets the fault of every chain whose start has an energy of NaN or +-inf: a kernel would take it
/// for granted that there is none.
template <class Scalar>
void check_start(const AnyEnergy<Scalar>& energy, const Block<Scalar>& start, StepInfo& info);

/// "y = [0.5, -1, ...]": the first 8 columns of one chain.
template <class Scalar>
std::string position_text(const Block<Scalar>& position, Index chain);

/// Throws ModelError for the fault of the lowest (step, chain); nothing where there is none.
/// @param sampler    its name
/// @param step_size  of a Langevin sampler, for advice where chains diverge; else 0
void raise_faults(std::span<const FaultAt> faults, const std::string& sampler, std::uint64_t seed,
                  double step_size);

/// Throws ModelError where more than 1e-3 of the proposals (any, if strict) had a NaN energy.
void check_nan_proposals(std::int64_t nan_proposals, std::int64_t proposals,
                         const std::string& sampler, const RunSettings& settings);

}  // namespace negphase
