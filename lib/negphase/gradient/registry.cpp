#include "negphase/gradient/registry.hpp"

#include <fmt/core.h>

#include "negphase/gradient/estimators/estimators.hpp"

namespace negphase {

namespace {

const std::vector<EstimatorRow>& table() {
  static const std::vector<EstimatorRow> rows{
      exact_estimator(),     long_chains_estimator(), automatic_estimator(),
      cd_estimator(),        pcd_estimator(),         coupled_estimator(),
      short_run_estimator(), replay_estimator(),      importance_estimator()};
  return rows;
}

}  // namespace

std::span<const EstimatorRow> estimator_registry() { return table(); }

const EstimatorRow& find_estimator(const std::string& name) {
  std::vector<std::string> known;
  for (const EstimatorRow& row : table()) {
    if (row.name == name) {
      return row;
    }
    known.emplace_back(row.name);
  }
  throw ConfigError({}, unknown_name("estimator", name, known));
}

GradientEstimate estimate_gradient(const Problem& problem, const AnySampler* sampler,
                                   const std::string& estimator, std::span<const GivenOption> given,
                                   const RunSettings& settings) {
  const EstimatorRow& row = find_estimator(estimator);
  if (row.needs_sampler && sampler == nullptr) {
    throw UsageError(fmt::format("estimator '{}' needs a sampler", estimator));
  }
  const Options options =
      Options::resolve(fmt::format("estimator '{}'", estimator), row.options, given);
  row.check(problem, sampler, options, settings);
  return row.estimate(problem, sampler, options, settings, {});
}

}  // namespace negphase
