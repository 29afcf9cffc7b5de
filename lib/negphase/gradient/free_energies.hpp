#pragma once
#include "negphase/core/model.hpp"
#include "negphase/parallel/executor.hpp"

namespace negphase {

/// What a loss that needs the value of F does with z.
enum class LatentRule {
  sum,  ///< F_W(x, y), z summed out (M1): by the energy itself, else state by state
  min,  ///< min_z E_W(x, y, z) in its place (M3): z held where it is least
};

/// Free energies of answers, and sums of their derivatives: row i of the answers stands under row
/// i mod R of x, R the number of data rows. No z: F = E. Blocks of rows in parallel, merged in
/// their order: the same bytes for any number of threads.
class FreeEnergies {
 public:
  /// All are kept by reference.
  /// @param rows  R
  FreeEnergies(const AnyModel& model, const Eigen::MatrixXd& x, Index rows, double beta,
               LatentRule latents, const Executor& executor);

  /// Throws ConfigError where the rule cannot be kept: z that the energy does not sum out, or that
  /// is to be minimised out (M3), and is not finite or has more than 4096 states.
  void check() const;

  /// The answers as the two functions below take them: y and, where z is minimised out, the z of
  /// least energy behind it, the first in state order among several. Exact, by enumeration of z.
  /// @param y  [answers x num_y]
  Eigen::MatrixXd completed(const Eigen::MatrixXd& y) const;
  /// F [answers], whatever it is: +inf, NaN.
  Eigen::VectorXd at(const Eigen::MatrixXd& completed) const;
  /// sum_i weights[i] dF/dW(answer i) [P]; where z is minimised out: dE/dW at the z that is held.
  Eigen::VectorXd weighted_gradient(const Eigen::MatrixXd& completed,
                                    const Eigen::VectorXd& weights) const;

 private:
  AnyEnergy<double> energy_of(Index first, Index size) const;
  void complete(Eigen::MatrixXd& answers, Index row) const;

  const Executor& executor_;
  AnyModel model_;
  ModelShape shape_;
  AnyPrepared prepared_;
  Index rows_;
  double beta_;
  LatentRule latents_;
  bool has_closed_sum_;
};

}  // namespace negphase
