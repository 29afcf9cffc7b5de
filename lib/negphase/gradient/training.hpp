#pragma once
#include <functional>
#include <span>

#include "negphase/gradient/objective.hpp"
#include "negphase/gradient/optimizer.hpp"
#include "negphase/gradient/path_nll.hpp"
#include "negphase/gradient/training_health.hpp"

namespace negphase {

/// Options of Trainer: gradient, updates, batch, chains, optimizer, learning rates, l2, ...
/// (`negphase list train`).
std::span<const OptionSpec> train_options();

/// What one update did. Valid until the next one.
struct TrainingUpdate {
  std::int64_t number = 0;          ///< from 1
  double learning_rate = 0;         ///< 0 for lbfgs, which searches its step
  const Eigen::VectorXd& gradient;  ///< [P] of the mean NLL before the update, without l2
  /// NLL of the batch before the update, without the penalty; only where the gradient is exact
  std::optional<double> nll;
  std::optional<double> chain_error;    ///< Objective::Result::chain_error
  std::optional<ChainAges> chain_ages;  ///< Objective::Result::chain_ages
  std::optional<LossReport> loss;  ///< of the batch before the update; a loss other than the NLL
  bool clipped = false;            ///< the step was along a shortened gradient
};

/// Minimises mean NLL + (l2 / 2) |W|^2 + energy_penalty (mean F^2 over data + mean F^2 over
/// negatives) (M4, M6), or another loss in place of the NLL (option `loss`), one update at a time.
/// No error bars: they would need more chains than a step does; estimate_gradient() has them.
/// Starts at the model's parameters plus N(0, init_scale^2). All numbers depend on problem,
/// options, seed, precision and block width only, and a trainer that was saved and restored goes on
/// with the same bytes. Cost of an update: one positive phase over the batch and one negative
/// phase.
class Trainer {
 public:
  /// @param sampler  nullptr unless needs_sampler()
  /// @param negatives  [rows x num_y] for negative = "given"
  /// Throws ConfigError as make_objective() does, and where lbfgs is asked to follow a gradient
  /// that is not exact.
  Trainer(const Problem& problem, const AnySampler* sampler, const Options& options,
          const RunSettings& settings, const Eigen::MatrixXd& negatives = {});

  bool done() const { return finished_ || updates_ == options_.integer("updates"); }
  /// The next update. Throws ModelError where W or a chain is no longer finite; UsageError if
  /// done().
  TrainingUpdate update();
  const Params& params() const { return model_.params(); }
  std::int64_t updates() const { return updates_; }
  /// Updates whose gradient was shortened (`clip`).
  std::int64_t clipped() const { return clipped_; }
  /// Ended before its last update, because |gradient| reached `tolerance` (lbfgs).
  bool converged() const { return finished_; }
  RunCounts counts() const { return objective_->counts(); }
  SuspectChains suspects() const { return objective_->suspects(); }
  /// How the chains mix: persistent ones over the second half of the updates, others in the last
  /// update; nothing where neither can be said.
  std::optional<Mixing> mixing() const;
  /// An NLL is due after the present update: the first (0), the last, every `exact_nll_every`.
  bool nll_is_due() const;
  /// Estimates L(W) - L(start), W as it was when an NLL was last due, by chains of their own;
  /// nullptr where nll_chains = 0.
  const PathNll* path_nll() const { return path_ ? &*path_ : nullptr; }

  /// What was seen of its health so far.
  const TrainingHealth& health() const { return health_; }

  /// Everything that later updates depend on: W, optimiser, chains, order of the data, counters.
  void save(SavedState& state) const;
  /// Into a trainer made of the same problem, sampler, options and settings. Throws ConfigError
  /// where the state does not fit.
  void restore(const SavedState& state);

 private:
  void take_step(double rate);
  void search_step();
  void watch();
  void add_penalties(Eigen::VectorXd& gradient) const;

  Options options_;
  AnyModel model_;
  std::unique_ptr<Objective> objective_;
  Optimizer optimizer_;
  Lbfgs lbfgs_;
  std::optional<PathNll> path_;
  TrainingHealth health_;
  const Executor* executor_;
  std::int64_t updates_ = 0, clipped_ = 0;
  bool finished_ = false;
  Eigen::VectorXd last_gradient_;
  std::optional<double> last_nll_, last_chain_error_;
  std::optional<ChainAges> last_chain_ages_;
  std::optional<LossReport> last_loss_;
};

/// After each update.
using OnUpdate = std::function<void(const TrainingUpdate&)>;

/// All updates of a Trainer. Throws as it does, and Stopped when asked to stop.
Params train(const Problem& problem, const AnySampler* sampler, const Options& options,
             const RunSettings& settings, const OnUpdate& on_update = {});

}  // namespace negphase
