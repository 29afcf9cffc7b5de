#pragma once
#include <memory>
#include <optional>

#include "negphase/core/any_kernel.hpp"
#include "negphase/core/options.hpp"
#include "negphase/gradient/loss_evaluation.hpp"
#include "negphase/run/chains.hpp"
#include "negphase/run/settings.hpp"

namespace negphase {

/// What training minimises, as its updates see it: a gradient over a minibatch, its value where
/// that can be had. One object goes through all updates of one training, and keeps what must live
/// from one to the next (order of the data, persistent chains).
class Objective {
 public:
  struct Result {
    Eigen::VectorXd gradient;  ///< [P] of the mean over the batch
    /// Mean over the batch, under the draws of this update if its criterion has any; nothing where
    /// only chains could tell.
    std::optional<double> value;
    /// Length of the negative phase's standard error, root of sum SE_i^2 (M7): what the chains add
    /// to the noise of the batch. Only where they are independent replicates: chains of an
    /// unconditional model that do not start at the batch (pcd, long_chains), 2 of them at least.
    std::optional<double> chain_error = {};
    std::optional<ChainAges> chain_ages = {};  ///< of a replay buffer
  };
  virtual ~Objective() = default;
  /// @param update  its number, from 1: names the random numbers of chains that start anew
  virtual Result at(const AnyModel& model, std::int64_t update) = 0;
  /// The rows of the last update. Valid until the next one.
  virtual const Problem& batch() const = 0;
  /// The negative examples of the last update; y is empty where none were drawn.
  virtual Negatives negatives() const { return {}; }
  /// What chains did since the beginning; nothing where there are none.
  virtual RunCounts counts() const = 0;
  /// Value and gradient are of all rows and without noise: a line search may follow them.
  virtual bool is_exact() const = 0;
  virtual void save(SavedState& state) const = 0;
  virtual void restore(const SavedState& state) = 0;
};

/// The objective that option `loss` of `train` names. Throws ConfigError before any work.
/// @param sampler  nullptr where none is needed
std::unique_ptr<Objective> make_objective(const Problem& problem, const AnySampler* sampler,
                                          const Options& train, const RunSettings& settings);

}  // namespace negphase
