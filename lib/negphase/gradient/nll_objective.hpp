#pragma once
#include <optional>

#include "negphase/exact/pairwise_data.hpp"
#include "negphase/gradient/batches.hpp"
#include "negphase/gradient/importance.hpp"
#include "negphase/gradient/objective.hpp"
#include "negphase/gradient/phase.hpp"

namespace negphase {

/// The NLL (M4): positive phase over a minibatch (z summed out, or sampled), negative phase by
/// option `gradient`:
///   exact        exact_nll_gradient() over the batch
///   long_chains  chains started anew at data rows, warmed up, observed
///   cd           CD-k from each row of the batch (M9)
///   importance   weighted draws of a proposal, anew in each update (M8); needs no sampler
///   short_run    chains from noise that take k steps
///   pcd          chains that go on from update to update (M9); of a conditional model
///                chains_per_row on each row, all rows in each update
///   replay       the same, of which a share starts anew at each update (Replay)
class NllObjective : public Objective {
 public:
  /// Throws ConfigError where the sampler is missing or cannot be used, where z cannot be summed
  /// out and gradient = "exact", or where no exact method applies.
  NllObjective(const Problem& problem, const AnySampler* sampler, const Options& train,
               const RunSettings& settings);

  Result at(const AnyModel& model, std::int64_t update) override;
  const Problem& batch() const override { return batches_.last(); }
  Negatives negatives() const override;
  RunCounts counts() const override;
  SuspectChains suspects() const override {
    return persistent_ ? persistent_->suspects() : SuspectChains{};
  }
  PerChain chain_energies() const override {
    return persistent_began_ && !replay_ ? persistent_->energies() : PerChain{};
  }
  std::optional<Mixing> mixing() const override;
  std::string why_no_line_search() const override;
  void save(SavedState& state) const override;
  void restore(const SavedState& state) override;

 private:
  ExactPositive exact_positive(const Problem& batch) const;
  Replicates positive_replicates() const;
  Replicates negative_replicates() const;
  Eigen::VectorXd positive(const Problem& batch, std::int64_t update);
  ReplicateMean negative(const Problem& batch, std::int64_t update);
  bool is_report_due(std::int64_t update) const;
  bool is_error_due(std::int64_t update) const { return has_chain_error_ && is_report_due(update); }
  ReplicateMean draw_anew(const Problem& batch, PhaseSpec spec, const Schedule& schedule,
                          std::int64_t update);

  /// The proposal for a batch; of an unconditional model always the same, made of all rows.
  std::shared_ptr<const Proposal> proposal_for(const Problem& batch) const;
  ImportancePlan importance_plan() const;
  Result by_importance(const Problem& batch, std::int64_t update);

  Batches batches_;
  std::optional<PairwiseData> all_data_;  ///< where a batch is all rows of a pairwise model
  std::optional<AnySampler> sampler_;
  Options train_;
  RunSettings settings_;
  std::string how_;
  bool conditional_, sample_positive_;
  bool has_chain_error_ = false, persistent_began_ = false;
  std::optional<Replay> replay_;
  std::optional<ReplayAges> ages_;
  std::optional<PhaseChains> persistent_;
  std::shared_ptr<const Proposal> proposal_;
  RunCounts counts_;  ///< of chains that are gone
  /// where chains that are gone stood at the end of the last update
  Negatives negatives_;
  KeptEnergies last_energies_;  ///< of such chains, where errors were due
};

}  // namespace negphase
