#pragma once
#include <memory>
#include <optional>
#include <string>

#include "negphase/core/any_kernel.hpp"
#include "negphase/core/options.hpp"
#include "negphase/gradient/loss_evaluation.hpp"
#include "negphase/run/chain_watch.hpp"
#include "negphase/run/chains.hpp"
#include "negphase/run/settings.hpp"

namespace negphase {

/// What a loss or criterion other than the NLL was over a batch, whether by chains or not.
struct LossReport {
  double value = 0;
  std::optional<double> data_energy;      ///< mean F(x, y); nothing for criteria
  std::optional<double> negative_energy;  ///< mean F(x, yn); where answers are looked at
};

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
    /// unconditional model that do not start at the batch (pcd, long_chains), 2 of them at least;
    /// at the first update, the last, and every `report_every`.
    std::optional<double> chain_error = {};
    std::optional<ChainAges> chain_ages = {};  ///< of a replay buffer
    std::optional<LossReport> loss = {};       ///< nothing for the NLL
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
  /// Persistent chains that stood still, or went together, at every update.
  virtual SuspectChains suspects() const { return {}; }
  /// Energy of each persistent chain where it stands, under the model of the last update; empty
  /// where there are none, or some start anew.
  virtual PerChain chain_energies() const { return {}; }
  /// How the chains of the last update mixed, where they were drawn for it alone and errors were
  /// due (Result::chain_error).
  virtual std::optional<Mixing> mixing() const { return {}; }
  /// What a line search cannot follow, "a noisy gradient: ..."; empty where it can: value and
  /// gradient are of all rows, without noise, and the gradient does not jump.
  virtual std::string why_no_line_search() const = 0;
  virtual void save(SavedState& state) const = 0;
  virtual void restore(const SavedState& state) = 0;
};

/// The objective that option `loss` of `train` names. Throws ConfigError before any work.
/// @param sampler  nullptr where none is needed
/// @param negatives  other answers [rows x num_y], for a loss that looks at given ones
std::unique_ptr<Objective> make_objective(const Problem& problem, const AnySampler* sampler,
                                          const Options& train, const RunSettings& settings,
                                          const Eigen::MatrixXd& negatives = {});

/// Whether that objective draws by chains.
bool needs_sampler(const Options& train);

}  // namespace negphase
