#pragma once
#include <string_view>

#include "negphase/models/registry.hpp"

namespace negphase {

/// Throws ConfigError: "model 'rbm' takes data of no x column and at least 1 y column; these have 1
/// x column and 2 y columns".
/// @param wanted  what the model takes
[[noreturn]] void refuse_data(std::string_view model, std::string_view wanted,
                              const DataShape& data);

}  // namespace negphase
