#pragma once
#include <string_view>

namespace negphase {

/// "0.1.0"
std::string_view version();

}  // namespace negphase
