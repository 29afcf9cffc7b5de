// Precompiled for every test file. A test still includes what it uses.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <Eigen/Dense>

#include <doctest/doctest.h>

#include "negphase/core/any_energy.hpp"
#include "negphase/core/any_kernel.hpp"
#include "negphase/core/error.hpp"
#include "negphase/core/model.hpp"
#include "negphase/core/options.hpp"
