#pragma once
#include <string>

#include "negphase/core/block.hpp"

namespace negphase {

/// Throws ConfigError unless a model got as many parameters as it takes: "parameters of the wrong
/// length: rbm 64 x 16 takes 1104 (W 64x16 row by row, a 64, c 16), got 3".
/// @param model   name and sizes, "rbm 64 x 16"
/// @param layout  what they are, in order
void check_params_length(const std::string& model, const std::string& layout, Index expected,
                         Index given);

/// Throws ConfigError where this machine's memory cannot hold `count` parameters: W, its gradient
/// and what prepare() makes of W in both precisions. To be called before any of them is made.
void check_params_memory(const std::string& model, Index count);

}  // namespace negphase
