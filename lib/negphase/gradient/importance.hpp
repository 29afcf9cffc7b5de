#pragma once
#include "negphase/gradient/milestones.hpp"
#include "negphase/gradient/proposal.hpp"
#include "negphase/gradient/replicates.hpp"
#include "negphase/run/settings.hpp"

namespace negphase {

/// How much is drawn from a proposal.
struct ImportancePlan {
  Index draws = 1000;           ///< of each replicate on each row: S of M8
  Index replicates = 32;        ///< independent sets of them
  bool few_replicates = false;  ///< accept less than 15 degrees of freedom
};

/// The negative phase by self-normalised importance sampling (M8). A cell is one replicate on one
/// row of x (on the one row that there is, without x): S draws y_s ~ q, weights
/// w_s = exp(-beta F(y_s)) / q(y_s), shifted by the largest (M14).
struct ImportancePhase {
  Replicates replicates = Replicates::by_row(1, 1);
  Eigen::MatrixXd cell_means;         ///< [P x cells] sum w dF/dW / sum w
  Eigen::ArrayXd log_mean_weight;     ///< [cells] log of (sum w) / S, whose mean is Z
  Eigen::ArrayXd weight_share;        ///< [cells] (sum w)^2 / sum w^2 / S
  Eigen::VectorXd marginal_variance;  ///< [P] of dF/dW within a row; empty if not asked for
  std::int64_t nan_draws = 0;         ///< energy NaN: they weigh nothing
};

/// Draws it. The numbers depend on problem, proposal, plan, seed and block width only; always in
/// double. Cost: rows x replicates x draws energies and densities, and as many dF/dW.
/// Throws ConfigError where z cannot be summed out or memory is short; ModelError for an energy of
/// -inf, for more than 1e-3 NaN energies (any, if strict), and where no draw of a cell has a
/// weight.
/// @param reference  [P] near E[dF/dW], against cancellation in the marginal variance, which is
///                   only measured where it is given: it costs a call of add_param_grad() a draw
ImportancePhase draw_importance(const Problem& problem, const Proposal& proposal,
                                const ImportancePlan& plan, const RunSettings& settings,
                                const Eigen::VectorXd& reference = {});

/// Throws ConfigError as draw_importance() does, and where the replicates are too few for an error
/// bar (M7).
void check_importance(const Problem& problem, const ImportancePlan& plan,
                      const RunSettings& settings);

/// The gradient with its error bar from the spread of the replicates (M7), and the NLL itself with
/// its own, from the same draws.
/// @param milestones  is shown the whole of it, and nothing before
GradientEstimate estimate_by_importance(const Problem& problem, const Proposal& proposal,
                                        const ImportancePlan& plan, const RunSettings& settings,
                                        const Milestones& milestones = {});

/// The mean over the cells, and what the draws say of the NLL. For estimates and training alike.
/// @param mean_free_energy  of the data (ExactPositive)
LossEstimate loss_of(const ImportancePhase& phase, double mean_free_energy, double beta);

}  // namespace negphase
