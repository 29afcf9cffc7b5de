#pragma once
#include "negphase/gradient/registry.hpp"

// The rows of the registry, one a file.
namespace negphase {

EstimatorRow exact_estimator();
EstimatorRow long_chains_estimator();
EstimatorRow cd_estimator();
EstimatorRow pcd_estimator();
EstimatorRow automatic_estimator();
EstimatorRow coupled_estimator();
EstimatorRow short_run_estimator();
EstimatorRow replay_estimator();
EstimatorRow importance_estimator();

}  // namespace negphase
