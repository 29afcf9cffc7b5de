#pragma once
#include <nlohmann/json.hpp>

#include "negphase/diagnostics/chain_pictures.hpp"

namespace negphase::tool {

/// What stands in pictures.json below `chains` (apps/README.md has the keys): the numbers behind
/// the pictures of a diagnosis, with 6 significant digits; null for what cannot be had.
nlohmann::ordered_json json_chain_pictures(const ChainPictures& pictures);

}  // namespace negphase::tool
