#pragma once
#include "negphase/exact/exact.hpp"
#include "negphase/gradient/estimate.hpp"
#include "negphase/gradient/free_energies.hpp"
#include "negphase/gradient/losses.hpp"

namespace negphase {

/// A loss with its constants and what becomes of z.
struct Loss {
  const LossRow* row = nullptr;
  LossConstants constants;
  LatentRule latents = LatentRule::sum;
  ExactLimits limits = {};  ///< of the sums over all answers
};

/// The answers yn that a loss is held against. Row i stands under row i mod R of x, R the number of
/// data rows, and beside that datum.
struct Negatives {
  Eigen::MatrixXd y;  ///< [answers x num_y], a multiple of R answers; empty where none is looked at
  /// Each answer beside each datum instead: draws of a law that does not depend on x. Any number of
  /// answers.
  bool beside_all = false;
};

/// The mean of a loss over the data rows (and over the answers beside each), and its gradient.
struct LossValue {
  double value = 0;
  Eigen::VectorXd gradient;         ///< [P]; the answers are held, whatever they depend on
  Eigen::VectorXd data_energy;      ///< F(x_r, y_r) [rows]; empty for nll
  Eigen::VectorXd negative_energy;  ///< F(x, yn) [answers]; empty where none is looked at
};

/// Throws ConfigError where the loss cannot be had of this problem: a constant that is not
/// positive, beta <= 0, z that cannot be summed out (FreeEnergies::check), sums over all answers
/// that no exact method can do, minimum_empirical_error of a y that is not finite.
void check_loss(const Problem& problem, const Loss& loss, const Executor& executor);

/// Cost: an energy of each datum and answer, and dE/dW of both; for the losses over all answers
/// what solve_exact() takes, for minimum_empirical_error once a row of x.
/// Throws as check_loss() does, ConfigError for a datum of energy +inf, ModelError where a free
/// energy is NaN or -inf or the loss overflows (with row, F, Fn and what to do), UsageError for
/// answers of another size. An answer of energy +inf is legal: no loss pushes it.
LossValue loss_and_gradient(const Problem& problem, const Loss& loss, const Negatives& negatives,
                            const Executor& executor);

}  // namespace negphase
