#pragma once
#include <optional>

#include "negphase/core/options.hpp"
#include "negphase/gradient/loss_evaluation.hpp"
#include "negphase/gradient/phase.hpp"

namespace negphase {

/// Negative answers that a sampler draws from the model at its beta, one update of a training after
/// the other, by option `gradient`:
///   cd           k steps from each datum of the batch (M9), chains_per_row answers each
///   pcd          chains that go on from update to update; of a conditional model chains_per_row on
///                each row, all rows in each update
///   long_chains  chains started anew at data rows, warmed up; each of their draws is an answer
/// Chains of an unconditional model that do not start at the batch stand beside all of its rows.
class NegativeDraws {
 public:
  /// @param batch_rows  rows of an update
  /// Throws ConfigError where the sampler is missing or cannot be used, where gradient = "exact",
  /// and where the chains do not fit into memory.
  NegativeDraws(const Problem& problem, Index batch_rows, const AnySampler* sampler,
                const Options& train, const RunSettings& settings);

  /// Whether an update must take all rows, since chains of each go on.
  static bool needs_all_rows(const Problem& problem, const Options& train);

  /// @param update  its number: names the random numbers of chains that start anew
  Negatives draw(const Problem& batch, std::int64_t update);
  RunCounts counts() const;
  SuspectChains suspects() const { return persistent_ ? persistent_->suspects() : SuspectChains{}; }
  PerChain chain_energies() const { return persistent_ ? persistent_->energies() : PerChain{}; }
  void save(SavedState& state) const;
  void restore(const SavedState& state);

 private:
  PhaseSpec spec() const;

  Problem all_;
  Index batch_rows_;
  Options train_;
  RunSettings settings_;
  std::string how_;
  bool conditional_;
  std::optional<AnySampler> sampler_;
  std::optional<PhaseChains> persistent_;
  RunCounts counts_;  ///< of chains that are gone
};

}  // namespace negphase
