#pragma once
#include "negphase/core/any_kernel.hpp"
#include "negphase/gradient/estimate.hpp"

// The short way for C++ users: seed 1, all threads, double; gradient/registry.hpp has the choices.
namespace negphase {

/// The estimator "long_chains" with its default options. Throws as estimate_gradient of
/// gradient/registry.hpp.
GradientEstimate estimate_gradient(const Problem& problem, const AnySampler& sampler);

/// The exact gradient (M6) [P] by the first exact method that applies; throws ConfigError with the
/// reasons where none does.
Eigen::VectorXd exact_gradient(const Problem& problem);

}  // namespace negphase
