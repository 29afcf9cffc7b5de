#include "negphase/run/ability_check.hpp"

#include <fmt/core.h>

namespace negphase {

void check_abilities(const AnySampler& sampler, const AnyEnergy<double>& energy) {
  const Abilities missing = sampler.needs_for(energy.columns()) & ~energy.abilities();
  if (missing != 0) {
    throw ConfigError(fmt::format("sampler '{}' needs {}, which this model's energy lacks",
                                  sampler.name, member_names(missing)));
  }
}

}  // namespace negphase
