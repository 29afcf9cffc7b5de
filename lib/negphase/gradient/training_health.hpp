#pragma once
#include <cstdint>
#include <limits>
#include <vector>

#include "negphase/core/options.hpp"
#include "negphase/gradient/loss_evaluation.hpp"
#include "negphase/gradient/mixing.hpp"
#include "negphase/run/energy_trace.hpp"
#include "negphase/run/saved_state.hpp"
#include "negphase/run/settings.hpp"

namespace negphase {

/// A training at one moment: the model before an update, and the negative examples of that update.
/// NaN is what cannot be had there.
struct HealthLook {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  double update = 0;
  double data_energy = unknown, data_spread = unknown;  ///< mean and deviation of F at the data
  double negative_energy = unknown, negative_spread = unknown;  ///< the same at the negatives
  /// How much the energy tells answers apart: deviation of beta F among a datum, the y of another
  /// row and noise, under one x; root mean square over the rows looked at.
  double contrast = unknown;
  /// beta (F(x, y') - F(x, y)), y the datum and y' the answer of another row, mean over the rows:
  /// what the energy knows of y given x. 0 for an energy that does not depend on x; unknown where
  /// there is no x.
  double preference = unknown;
  /// d2F/dy_j2 at the data: mean over the real columns, median over the rows looked at.
  double curvature = unknown;
  /// Total variation between persistent chains and the exact law of y, and what as many independent
  /// draws would show on average.
  double distance = unknown, distance_floor = unknown;
  double chain_age = unknown;  ///< steps of the persistent chains (pcd)
};

/// Watches a training for what goes wrong without an error: looks a few times (first update, each
/// quarter, the last), and adds up the gradients of the last tenth. Never changes a number of the
/// training. Cost of a look: energies of the batch, of the negatives, and of three answers and 2 d
/// gradients on at most 64 rows.
class TrainingHealth {
 public:
  /// @param train  the options of train()
  TrainingHealth(const Problem& problem, const Options& train, const RunSettings& settings);

  bool is_due(std::int64_t update) const;
  /// @param model  before the update  @param batch  its rows  @param negatives  y empty: none drawn
  void look(const AnyModel& model, const Problem& batch, const Negatives& negatives,
            std::int64_t update);
  /// Each update's gradient.
  void follow(const Eigen::VectorXd& gradient, std::int64_t update);
  /// Energies of persistent chains are taken at 64 to 127 updates of the second half, where it has
  /// as many.
  bool wants_energies(std::int64_t update) const;
  /// @param energies  of each chain; empty: there are none
  void take_energies(const PerChain& energies);
  bool has_energies() const { return energies_.values.size() > 0; }
  /// check_mixing_in_training() of these.
  Mixing mixing() const;

  const std::vector<HealthLook>& looks() const { return looks_; }
  /// Length of the mean gradient of the last tenth of the updates over its standard error, both
  /// taken of those updates: about 1 where they were nothing but noise. NaN for less than 20.
  double signal_to_noise() const;
  /// Named findings, with what to try: "flat_energy", "energy_explodes", "needles", "energy_gap",
  /// "chains_off_law", "gradient_is_noise".
  std::vector<Warning> findings() const;

  void save(SavedState& state) const;
  void restore(const SavedState& state);

 private:
  void look_at_energies(const AnyModel& model, const Problem& batch, const Negatives& negatives,
                        HealthLook& look) const;
  void look_at_answers(const AnyModel& model, HealthLook& look) const;
  bool is_flat(const HealthLook& last) const;
  bool explodes() const;
  double curvature(const AnyModel& model) const;
  void look_at_law(const AnyModel& model, const Negatives& negatives, HealthLook& look) const;
  Eigen::MatrixXd other_answers() const;

  Problem sample_;  ///< the rows that are looked at
  Options train_;
  RunSettings settings_;
  std::int64_t updates_;
  double spread_of_y_;  ///< root mean variance of the real columns; 0: there is none
  Index rows_;          ///< of x, of one law each; 1: there is no x
  std::vector<HealthLook> looks_;
  KeptEnergies energies_;  ///< a row a look
  std::int64_t followed_ = 0;
  Eigen::VectorXd gradient_sum_;
  double square_sum_ = 0;
};

/// The energy penalty of a training: strength times mean F^2 over the data and mean F^2 over the
/// negatives (Du and Mordatch 2019), which keeps energies near 0; z summed out. Nothing
/// differentiates through the negatives. Throws ConfigError where z cannot be summed out.
Eigen::VectorXd energy_penalty_gradient(const AnyModel& model, const Problem& batch,
                                        const Negatives& negatives, double strength,
                                        const Executor& executor);

}  // namespace negphase
