#pragma once
#include <string>
#include <string_view>

#include "negphase/core/error.hpp"

namespace negphase {

/// Parts of a key a.b.c, and arrays and inline tables within each other: more are refused.
inline constexpr std::size_t deepest_nesting = 64;

/// Refuses TOML that is nested deeper, before toml++ reads it: that takes keys of any depth, and
/// goes as deep on the stack. Throws ConfigError with the line, counted from 1, or without one
/// where `file` is the command line.
void check_nesting(std::string_view toml, const std::string& file);

[[noreturn]] void refuse_nesting(const FilePlace& place);

}  // namespace negphase
