// Precompiled for every file of the program. A file still includes what it uses.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include <nlohmann/json.hpp>
