#pragma once
#include <span>

#include "negphase/core/options.hpp"

namespace negphase::tool {

/// Options of `negphase exact`: those of the estimator `exact`, and what else it can say.
std::span<const OptionSpec> exact_options();

}  // namespace negphase::tool
