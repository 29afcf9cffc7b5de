#pragma once
#include "negphase/core/any_kernel.hpp"

namespace negphase {

/// Throws ConfigError naming the members that the sampler needs and the energy lacks.
void check_abilities(const AnySampler& sampler, const AnyEnergy<double>& energy);

}  // namespace negphase
