#pragma once
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "negphase/core/model.hpp"
#include "negphase/parallel/executor.hpp"

namespace negphase {

/// log Z and the negative phase without sampling.
struct ExactAnswer {
  std::string method;               ///< a name of exact_methods()
  Eigen::VectorXd log_z;            ///< log Z_W(x) (M2) [rows of x], one if unconditional
  Eigen::VectorXd log_z_error;      ///< its numerical error: an estimate, or rounding [rows of x]
  Eigen::VectorXd mean_param_grad;  ///< [P] mean over rows of E_{(y,z)|x}[dE/dW] (M6); empty where
                                    ///< the energy has no add_param_grad
  Eigen::VectorXd mean;             ///< [num_y] mean over rows of E[y_j | x]; only where asked for
  Eigen::VectorXd deviation;  ///< [num_y] root of the mean over rows of Var[y_j | x]: what a chain
                              ///< of one row shows
  double evaluations = 0;     ///< energies and energy changes
};

struct ExactLimits {
  /// Of all rows of x together. For quadrature over 2 or 3 columns: energies, as planned; and the
  /// most that one row may take.
  double max_states = 1 << 25;
  /// range of every real column that is integrated over
  double lower = -std::numeric_limits<double>::infinity();
  double upper = std::numeric_limits<double>::infinity();
};

/// Which method would be used and what it would cost.
struct ExactPlan {
  std::string method;           ///< empty: none applies
  double states = 0;            ///< states, or energies, of all rows
  double seconds_estimate = 0;  ///< on one thread, from a pilot of the same energy
  std::string why_not;          ///< where none applies: each method's reason
};

/// What can be exact, in the order in which they are tried.
struct ExactMethodInfo {
  std::string_view name;
  std::string_view doc;
};
std::span<const ExactMethodInfo> exact_methods();

/// Methods ask for abilities and structure views of the energy, never for a model by name:
///   gaussian     gaussian() view: closed form
///   layer_sum    one layer has a closed sum (summed_out), the others are enumerated; beta > 0
///   enumeration  all columns of y and z finite
///   quadrature   one to three real columns, after z is summed out where it can be
///   mixed        one to three real columns beside finite ones, which are summed at every node of
///                the integral (SummedStates); y and z alike, z summed out first where it can be
/// @param x  [rows x num_x]; of no matter where num_x = 0
/// Cost: a pilot of some milliseconds. Throws ConfigError where x has the wrong number of columns
/// or no row, or beta is negative or not finite.
ExactPlan plan_exact(const AnyModel& model, const Eigen::MatrixXd& x, double beta,
                     const ExactLimits& limits = {});

/// Does it. Throws ConfigError where no method applies (with the reasons: number of states and the
/// time that they would take), ModelError where the energy cannot be normalised.
ExactAnswer solve_exact(const AnyModel& model, const Eigen::MatrixXd& x, double beta,
                        const ExactLimits& limits, const Executor& executor);

/// The same with mean and deviation of y (MomentEnergy). They stay empty where the layer that was
/// summed out holds columns of y whose conditional() is not to be had.
/// @param reference  r [num_y], near the means (those of the data): the variance is
///                   E[(y - r)^2] - E[y - r]^2, which loses the digits of (E[y] - r)^2 / variance.
///                   UsageError for another length.
/// Cost: that of solve_exact and of its sums for 2 num_y more parameters.
ExactAnswer solve_exact_with_moments(const AnyModel& model, const Eigen::MatrixXd& x, double beta,
                                     const ExactLimits& limits, const Executor& executor,
                                     const Eigen::VectorXd& reference);

/// The positive phase of M6 without sampling.
struct ExactPositive {
  Eigen::VectorXd mean_param_grad;  ///< [P] mean over data rows of E_{z|x,y}[dE/dW]
  double mean_free_energy = 0;      ///< mean over data rows of F_W(x, y) (M1)
};

/// Exact where there is no z, or where it can be summed out (M1); else nullopt.
/// @param x  [rows x num_x]  @param y  [rows x num_y]
/// Throws ConfigError for a datum of energy +inf ("row 7 of the data has energy +inf: the NLL is
/// infinite"; in messages rows count from 1) and ModelError for one of energy NaN or -inf.
std::optional<ExactPositive> solve_positive(const AnyModel& model, const Eigen::MatrixXd& x,
                                            const Eigen::MatrixXd& y, double beta,
                                            const Executor& executor);

/// The same where z cannot be summed out in closed form too: finite z by a sum over all its states,
/// one to three real ones by an integral within the limits' range, both together (latent_sum.hpp),
/// at a cost that plan_positive() tells. Throws ConfigError besides where no way applies.
ExactPositive solve_positive(const AnyModel& model, const Eigen::MatrixXd& x,
                             const Eigen::MatrixXd& y, double beta, const ExactLimits& limits,
                             const Executor& executor);

/// Which way solve_positive() with limits would take: "closed_form", "enumeration", "quadrature",
/// "mixed", or none; `states` are energies at all of so many rows of data. No pilot is run:
/// seconds_estimate is 0.
ExactPlan plan_positive(const AnyModel& model, const Eigen::MatrixXd& x, Index rows, double beta,
                        const ExactLimits& limits = {});

/// The NLL (M4) and its gradient (M6, no factor beta), both mean over the data rows.
struct ExactNll {
  double nll = 0;
  Eigen::VectorXd gradient;  ///< [P]
  ExactPositive positive;
  ExactAnswer negative;
};

/// @param x  [rows x num_x]  @param y  [rows x num_y]
/// Throws as solve_exact and solve_positive with limits, and ConfigError where beta is not
/// positive.
ExactNll exact_nll_gradient(const AnyModel& model, const Eigen::MatrixXd& x,
                            const Eigen::MatrixXd& y, double beta, const ExactLimits& limits,
                            const Executor& executor);
/// The same from a positive phase that is known already.
ExactNll exact_nll_gradient(ExactPositive positive, const AnyModel& model, const Eigen::MatrixXd& x,
                            double beta, const ExactLimits& limits, const Executor& executor);

}  // namespace negphase
