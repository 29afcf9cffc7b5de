#pragma once
#include <functional>

#include "negphase/core/any_energy.hpp"

namespace negphase {

/// Makes the energy of a block of `chains` chains that all see row `row` of x. Exact methods call
/// it from several threads at once, once for each piece of their work.
using BindRow = std::function<AnyEnergy<double>(Index row, Index chains)>;

}  // namespace negphase
