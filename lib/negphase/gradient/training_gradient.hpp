#pragma once
#include <memory>
#include <optional>

#include "negphase/core/any_kernel.hpp"
#include "negphase/core/options.hpp"
#include "negphase/exact/pairwise_data.hpp"
#include "negphase/gradient/estimate.hpp"
#include "negphase/gradient/phase.hpp"
#include "negphase/run/settings.hpp"

namespace negphase {

/// The gradient that an update of training follows, without error bars of its components: the
/// positive phase over a minibatch (z summed out, or sampled), and the negative phase by option
/// `gradient`:
///   exact        exact_nll_gradient() over the batch
///   long_chains  chains started anew at data rows, warmed up, observed
///   cd           CD-k from each row of the batch (M9)
///   pcd          chains that go on from update to update (M9); of a conditional model
///                chains_per_row on each row, all rows in each update
class TrainingGradient {
 public:
  /// Throws ConfigError where the sampler is missing or cannot be used, where z cannot be summed
  /// out and gradient = "exact", or where no exact method applies.
  TrainingGradient(const Problem& problem, const AnySampler* sampler, const Options& train,
                   const RunSettings& settings);

  struct Result {
    Eigen::VectorXd gradient;   ///< [P]
    std::optional<double> nll;  ///< of the batch; only where the gradient is exact
    /// Length of the negative phase's standard error, root of sum SE_i^2 (M7): what the chains add
    /// to the noise of the batch. Only where they are independent replicates: chains of an
    /// unconditional model that do not start at the batch (pcd, long_chains), 2 of them at least.
    std::optional<double> chain_error;
  };
  /// @param update  its number, from 1: names the random numbers of chains that start anew
  Result at(const AnyModel& model, std::int64_t update);
  /// What the chains did since the beginning.
  RunCounts counts() const;

  void save(SavedState& state) const;
  void restore(const SavedState& state);

 private:
  std::vector<Index> next_batch();
  void shuffle();
  /// Valid until the next one.
  const Problem& batch_of(const AnyModel& model);
  ExactPositive exact_positive(const Problem& batch) const;
  Replicates positive_replicates() const;
  Replicates negative_replicates() const;
  Eigen::VectorXd positive(const Problem& batch, std::int64_t update);
  ReplicateMean negative(const Problem& batch, std::int64_t update);
  ReplicateMean draw_anew(const Problem& batch, PhaseSpec spec, const Schedule& schedule,
                          std::int64_t update);

  Problem problem_;
  std::optional<Problem> batch_;          ///< a batch that is not all rows
  std::optional<PairwiseData> all_data_;  ///< where a batch is all rows of a pairwise model
  std::optional<AnySampler> sampler_;
  Options train_;
  RunSettings settings_;
  std::string how_;
  bool conditional_, sample_positive_;
  bool has_chain_error_ = false;
  Index batch_rows_;
  std::vector<Index> order_;  ///< of the rows in this epoch
  std::uint64_t order_seed_, epoch_ = 0, next_ = 0;
  std::optional<PhaseChains> persistent_;
  RunCounts counts_;  ///< of chains that are gone
};

}  // namespace negphase
