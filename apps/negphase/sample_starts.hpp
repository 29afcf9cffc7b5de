#pragma once
#include <functional>
#include <span>

#include "problem_file.hpp"

namespace negphase::tool {

/// start(chain, row of x, position): sets y and z.
using SampleStart = std::function<void(Eigen::Index, Eigen::Index, std::span<double>)>;

/// Where chains start, as the options of [sample] say: at the data, at noise, or in a file, which
/// is read and checked here (ConfigError).
SampleStart sample_start(const ProblemFile& loaded, const Options& options, Eigen::Index chains);

}  // namespace negphase::tool
