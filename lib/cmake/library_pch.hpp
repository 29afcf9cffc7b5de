// Precompiled for every file of the library: what nearly all of them include, and changes seldom.
// A file still includes what it uses.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "negphase/core/any_energy.hpp"
#include "negphase/core/any_kernel.hpp"
#include "negphase/core/error.hpp"
#include "negphase/core/model.hpp"
#include "negphase/core/options.hpp"
