#pragma once
#include <cstdint>
#include <span>

#include "negphase/core/energy.hpp"

namespace negphase {

/// Random start of one chain: N(0, 1) for real columns, uniform over the states of finite ones.
/// @param time  another one for each time that the chain starts
void random_position(std::span<const Column> columns, std::uint64_t seed, Index chain,
                     std::span<double> position, std::uint64_t time = 0);

}  // namespace negphase
