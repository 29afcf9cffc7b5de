#pragma once
#include <Eigen/Core>
#include <vector>

#include "negphase/io/config.hpp"

namespace negphase {

/// Parameters of a configuration, one flat vector in the order that the model documents: written in
/// the file, or read from .npy ([P], or a matrix row by row) or .csv (any shape, line by line).
/// The length is the model's to check. Throws IoError, ConfigError (no number, NaN).
Eigen::VectorXd read_params(const ParamsSource& source);

}  // namespace negphase
