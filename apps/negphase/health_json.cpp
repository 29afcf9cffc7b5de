#include "health_json.hpp"

#include <cmath>
#include <utility>

namespace negphase::tool {

nlohmann::ordered_json json_health(const TrainingHealth& health) {
  using Json = nlohmann::ordered_json;
  constexpr std::pair<const char*, double HealthLook::*> members[] = {
      {"update", &HealthLook::update},
      {"data_energy", &HealthLook::data_energy},
      {"data_spread", &HealthLook::data_spread},
      {"negative_energy", &HealthLook::negative_energy},
      {"negative_spread", &HealthLook::negative_spread},
      {"contrast", &HealthLook::contrast},
      {"preference", &HealthLook::preference},
      {"curvature", &HealthLook::curvature},
      {"distance", &HealthLook::distance},
      {"distance_floor", &HealthLook::distance_floor},
      {"chain_age", &HealthLook::chain_age},
  };
  const auto number = [](double value) { return std::isfinite(value) ? Json(value) : Json(); };
  Json json;
  for (const auto& [name, member] : members) {
    json[name] = Json::array();
    for (const HealthLook& look : health.looks()) {
      json[name].push_back(number(look.*member));
    }
  }
  json["signal_to_noise"] = number(health.signal_to_noise());
  return json;
}

}  // namespace negphase::tool
