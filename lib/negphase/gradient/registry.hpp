#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "negphase/core/any_kernel.hpp"
#include "negphase/core/options.hpp"
#include "negphase/gradient/milestones.hpp"
#include "negphase/run/settings.hpp"

namespace negphase {

/// A way to estimate the gradient. All share one interface and add_param_grad, so that a comparison
/// differs in the sampling and in nothing else.
struct EstimatorRow {
  std::string_view name;  ///< "exact", "long_chains", "cd", "pcd", ...
  std::string_view doc;
  std::vector<OptionSpec> options;
  bool needs_sampler;
  /// Checks options against the problem before any work: throws ConfigError (too few replicates, no
  /// exact method, too many states, a sampler that does not fit).
  void (*check)(const Problem&, const AnySampler*, const Options&, const RunSettings&);
  GradientEstimate (*estimate)(const Problem&, const AnySampler*, const Options&,
                               const RunSettings&, const Milestones&);
};

std::span<const EstimatorRow> estimator_registry();
/// Throws ConfigError with the nearest name.
const EstimatorRow& find_estimator(const std::string& name);

/// The short way for C++ users: finds the estimator, resolves its options, checks everything and
/// estimates. Throws ConfigError before any sampling, ModelError, Stopped.
/// @param sampler  nullptr where the estimator needs none
GradientEstimate estimate_gradient(const Problem& problem, const AnySampler* sampler,
                                   const std::string& estimator,
                                   std::span<const GivenOption> options,
                                   const RunSettings& settings);

}  // namespace negphase
