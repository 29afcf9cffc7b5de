#include "negphase/core/any_energy.hpp"

#include <array>

namespace negphase {

std::string member_names(Abilities missing) {
  static constexpr std::array<std::pair<Ability, std::string_view>, 8> names{{
      {Ability::gradient, "energy_and_grad(y, out, grad)"},
      {Ability::energy_change, "energy_change(y, site, values, out)"},
      {Ability::energy_change_by_site, "energy_change(y, sites, values, out)"},
      {Ability::conditional, "conditional(y, columns, delta)"},
      {Ability::param_grad, "add_param_grad(y, range, weights, sum)"},
      {Ability::layers, "layers()"},
      {Ability::gaussian, "gaussian()"},
      {Ability::pairwise, "pairwise()"},
  }};
  std::string all;
  for (const auto& [ability, name] : names) {
    if (has(missing, ability)) {
      all += (all.empty() ? "" : ", ") + std::string(name);
    }
  }
  return all;
}

}  // namespace negphase
