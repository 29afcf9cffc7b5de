#pragma once
#include <span>

#include "negphase/core/energy.hpp"
#include "negphase/io/dataset.hpp"

namespace negphase {

/// Throws ConfigError where a category of y has a state, or a label, that none of the rows to train
/// on is in: the NLL falls for ever as its probability goes to 0, and without a penalty its
/// parameters have no finite optimum. Bits and spins are let through: a pixel may always be dark.
/// @param data     y as encode_y() leaves it
/// @param columns  of y
void refuse_empty_states(const Dataset& data, const DataSpec& spec,
                         std::span<const Column> columns);

}  // namespace negphase
