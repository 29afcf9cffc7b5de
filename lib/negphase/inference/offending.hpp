#pragma once
#include "negphase/inference/target.hpp"
#include "negphase/run/settings.hpp"

namespace negphase {

struct OffendingOptions {
  Target target = Target::y;  ///< yz: min over z of E stands for F
  /// Of real columns of y: how far the answer must be from y; > 0 where there are any.
  double radius = 0;
  double max_states = 1 << 22;         ///< see MinimaOptions
  double max_latent_states = 1 << 12;  ///< see TargetEnergies
  Index starts = 16;                   ///< random starts of a search, on each row
  double spread = 2;                   ///< standard deviation of real columns there
};

/// The most offending incorrect answer of each row.
struct OffendingAnswers {
  Eigen::MatrixXd y;       ///< [rows x num_y]
  Eigen::MatrixXd z;       ///< [rows x num_z] of the target yz; no columns of the target y
  Eigen::VectorXd energy;  ///< [rows] F, or E where z is minimised out
  bool is_exact = false;   ///< by enumeration: proven
  double evaluations = 0;  ///< energies, gradients and changes
};

/// argmin of F_W(x_r, y') over the y' that are wrong for row r: y' != y_r where y is finite, else
/// those that differ in a finite column or whose real columns are at least `radius` from those of
/// y_r. Exact by enumeration of finite y (and z) of few states, ties to the first in state order;
/// else the best of a search: finite y by single changes from random starts, never onto y_r; real y
/// from the minima of a grid (one to three columns), random starts and, on the sphere around y_r,
/// by a descent along it. For an unconditional model all rows see one energy, and are enumerated
/// once.
/// @param x  [rows x num_x]; of no matter where num_x = 0  @param y  [rows x num_y], state codes
/// Throws ConfigError as TargetEnergies, for wrong sizes, where y has no other state, where radius
/// is needed and not > 0; ModelError for NaN, -inf, or a row whose every wrong answer has energy
/// +inf or runs away.
OffendingAnswers most_offending(const AnyModel& model, const Eigen::MatrixXd& x,
                                const Eigen::MatrixXd& y, double beta,
                                const OffendingOptions& options, const RunSettings& settings);

}  // namespace negphase
