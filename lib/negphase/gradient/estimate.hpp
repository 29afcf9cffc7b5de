#pragma once
#include <Eigen/Core>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "negphase/core/model.hpp"
#include "negphase/core/warning.hpp"
#include "negphase/gradient/mixing.hpp"
#include "negphase/run/meetings.hpp"

namespace negphase {

/// What a gradient is taken of: the mean NLL of the rows (x_r, y_r) under the model (M4).
struct Problem {
  AnyModel model;
  Eigen::MatrixXd x;  ///< [rows x num_x]
  Eigen::MatrixXd y;  ///< [rows x num_y], state codes where discrete
  double beta = 1;    ///< inverse temperature, > 0
  Index rows() const { return y.rows(); }
};

/// In how many updates (or draws) chains have taken part since they last started.
struct ChainAges {
  double mean = 0;
  std::int64_t least = 0, most = 0;
};

/// What draws of a proposal say of the loss itself (M4, M8).
struct LossEstimate {
  double nll = 0;             ///< mean over the rows
  double standard_error = 0;  ///< of nll, by the delta method from replicates (M7)
  double degrees_of_freedom = 0;
  /// How far the logarithm of an unbiased mean lies below the truth on average (Jensen):
  /// -var / (2 mean^2) / beta, to first order; never positive. nll is not corrected for it.
  double jensen_bias = 0;
  double log_z = 0;  ///< mean over the rows of log Z
  /// (sum w)^2 / sum w^2 as a share of the draws (M8); mean over the replicates of the worst row.
  double weight_share = 0;
};

/// An estimate is never a bare number: the NLL gradient (M6), the error that replicates show (M7)
/// and what it cost.
struct GradientEstimate {
  Eigen::VectorXd mean;                ///< [P] positive - negative phase
  Eigen::VectorXd standard_error;      ///< [P]; 0 for exact answers
  Eigen::VectorXd degrees_of_freedom;  ///< [P] of Student's t; +inf for exact answers
  /// [P] marginal variance of dE/dW_i in the negative phase / SE^2 of its mean: how many
  /// independent draws would do as well. NaN for a component that never changed, or too
  /// seldom to be measured.
  Eigen::VectorXd effective_size;
  Eigen::VectorXd positive, negative;  ///< [P] means of the two phases
  /// [P] their standard errors, from chains of their own: standard_error^2 is the sum of their
  /// squares. 0 for an exact phase.
  Eigen::VectorXd positive_error, negative_error;
  bool positive_is_exact = true;
  bool is_exact = false;  ///< no sampling at all
  Index chains = 0;       ///< independent chains in the negative phase
  Index draws = 0;        ///< observations of each
  double acceptance =
      std::numeric_limits<double>::quiet_NaN();  ///< mean; NaN: kernel never rejects
  std::int64_t energy_evaluations = 0;    ///< energies, energy changes, conditionals; both phases
  std::int64_t gradient_evaluations = 0;  ///< dE/dy; both phases
  /// Of these, before the first draw of the negative phase; 0 where nobody looked (Milestones).
  std::int64_t warmup_evaluations = 0;
  std::int64_t nan_proposals = 0, forbidden_proposals = 0;
  std::optional<ChainAges> chain_ages = {};  ///< where chains start anew at times of their own
  std::optional<LossEstimate> loss = {};     ///< where the method has log Z
  /// What coupled chains say of the start-up of each phase, where any were asked to.
  std::optional<StartUp> start_up, positive_start_up;
  /// How the chains of each phase mix; nothing where a phase has no chains that go on.
  std::optional<Mixing> mixing = {}, positive_mixing = {};
  double seconds = 0;  ///< wall time, both phases
  std::vector<Warning> warnings;
};

/// An estimate beside the exact gradient.
struct AgainstExact {
  Eigen::VectorXd exact;      ///< [P]
  double relative_error = 0;  ///< |mean - exact| / |exact| (Euclidean)
  double cosine = 0;          ///< of the angle between the two
  Eigen::VectorXd z;   ///< [P] probit(t CDF(error / SE; df)): standard normal if the error bars
                       ///< are true; NaN where SE is 0 or below the rounding of the phases
  double rms_z = 0;    ///< root mean square of the finite z: about 1 when the bars are true
  double worst_z = 0;  ///< largest |z|
};

AgainstExact compare(const GradientEstimate& estimate, const Eigen::VectorXd& exact);

/// probit(CDF of Student's t with `df` degrees of freedom at t), from the near tail so that it
/// holds far out; +-37.5 where the tail underflows.
double z_score(double t, double df);

}  // namespace negphase
