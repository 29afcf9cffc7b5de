#include "negphase/gradient/defaults.hpp"

#include "negphase/gradient/registry.hpp"

namespace negphase {

GradientEstimate estimate_gradient(const Problem& problem, const AnySampler& sampler) {
  const Executor executor;
  return estimate_gradient(problem, &sampler, "long_chains", {}, {.executor = &executor});
}

Eigen::VectorXd exact_gradient(const Problem& problem) {
  const Executor executor;
  return estimate_gradient(problem, nullptr, "exact", {}, {.executor = &executor}).mean;
}

}  // namespace negphase
