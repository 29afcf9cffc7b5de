#pragma once
#include "negphase/gradient/milestones.hpp"

namespace negphase {

/// How far an estimate was from the exact gradient after some of its draws, and what it had cost.
struct ConvergencePoint {
  Index draws = 0;                        ///< of each chain
  std::int64_t energy_evaluations = 0;    ///< energies, energy changes, conditionals
  std::int64_t gradient_evaluations = 0;  ///< dE/dy
  std::int64_t warmup_evaluations = 0;    ///< of both, before the first draw
  double norm = 0;                        ///< |estimate|
  double noise = 0;                       ///< |SE|: the length of the error that the bars claim
  double effective_size_min = 0;          ///< over the components that moved; NaN where none did
  double effective_size_median = 0;
  double seconds = 0;

  // NaN where no exact gradient is known
  double relative_error = 0;  ///< |estimate - exact| / |exact|
  /// Its standard error: that of the estimate along the error (M7); too large where the error is
  /// nothing but noise, whose length varies less than its parts.
  double relative_error_se = 0;
  double relative_noise = 0;  ///< |SE| / |exact|
  double rms_z = 0, worst_z = 0;
  double coverage = 0;  ///< share of the components whose 95 % interval holds the exact value
};

/// @param exact  [P]; nullptr where it is not known
ConvergencePoint convergence_point(const Milestone& milestone, const Eigen::VectorXd* exact);

}  // namespace negphase
