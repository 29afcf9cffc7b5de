#pragma once
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "negphase/gradient/convergence.hpp"
#include "negphase/gradient/registry.hpp"
#include "problem_file.hpp"

namespace negphase::tool {

/// One row of a comparison, checked and ready to run.
struct PlannedRow {
  std::string label;
  const EstimatorRow* estimator = nullptr;
  Options estimator_options;
  std::optional<AnySampler> sampler;
  Options sampler_options;
};

/// Estimates of one gradient by several methods, beside the exact one where it can be had.
struct Comparison {
  ProblemFile file;
  std::vector<PlannedRow> rows;
  std::string exact_method;  ///< "" where no exact method applies
  std::string why_no_exact;

  // what run() fills in
  std::optional<GradientEstimate> exact;
  std::vector<GradientEstimate> estimates;                 ///< [rows]
  std::vector<std::optional<AgainstExact>> against_exact;  ///< [rows]
  /// [rows] the estimate after its first draws, twice as many, .., all; empty without chains.
  std::vector<std::vector<ConvergencePoint>> traces;
  /// Rows that were planned, where a wish to stop came before the last was done: `rows` are those
  /// that were. 0: all were done.
  std::size_t stopped_of = 0;
};

/// Effective draws a second of the negative phase: the worst and the median component; NaN where
/// there was no sampling.
struct EffectiveRate {
  double least = std::numeric_limits<double>::quiet_NaN();
  double median = std::numeric_limits<double>::quiet_NaN();
};
EffectiveRate effective_rate(const GradientEstimate& estimate);

/// Whether they are of a method that is biased: more draws do not bring it to the gradient.
bool is_biased(const std::vector<Warning>& warnings);

/// The middle one of the finite values (the upper of two); NaN where there is none.
double finite_median(const Eigen::VectorXd& values);

/// Everything that can be refused is refused here, before any sampling: throws IoError and
/// ConfigError with all complaints.
Comparison plan_comparison(const std::string& file, const CommonArguments& common,
                           const Executor& executor);
/// The same of a configuration whose data and model are there.
Comparison plan_comparison(ProblemFile file, const CommonArguments& common,
                           const Executor& executor);

/// The exact gradient, where there is one. Throws ModelError, Stopped.
void solve_exactly(Comparison& comparison, const CommonArguments& common, const Executor& executor);

/// The exact gradient, then each row. Throws ModelError, and Stopped where no row was done before.
void run_comparison(Comparison& comparison, const CommonArguments& common,
                    const Executor& executor);

/// The table as printed: what was done, one line a row, below it what must be known of them.
std::string format_table(const Comparison& comparison);

/// The whole result; the keys are documented in apps/README.md.
nlohmann::ordered_json to_json(const Comparison& comparison, const CommonArguments& common);

/// Whether any row carries the warning of a failed check (a caveat of the method is none).
bool failed_a_check(const Comparison& comparison);

}  // namespace negphase::tool
