#pragma once
#include <nlohmann/json.hpp>

#include "negphase/gradient/training_health.hpp"

namespace negphase::tool {

/// The looks at a training's health, each a list over the looks; null for what cannot be had.
nlohmann::ordered_json json_health(const TrainingHealth& health);

}  // namespace negphase::tool
