#pragma once
#include "negphase/gradient/negative_answers.hpp"
#include "negphase/gradient/objective.hpp"

namespace negphase {

/// A loss other than the NLL over minibatches (loss_and_gradient()), its negative answers by option
/// `negative` (NegativeAnswers). Nothing differentiates through how they were found.
class LossObjective : public Objective {
 public:
  /// @param given  negative answers of negative = "given" [rows x num_y], else no matter
  /// Throws ConfigError as check_loss() and NegativeAnswers do.
  LossObjective(const Problem& problem, const AnySampler* sampler, const Options& train,
                const Eigen::MatrixXd& given, const RunSettings& settings);

  Result at(const AnyModel& model, std::int64_t update) override;
  const Problem& batch() const override { return batches_.last(); }
  Negatives negatives() const override { return negatives_; }
  RunCounts counts() const override { return answers_.counts(); }
  SuspectChains suspects() const override { return answers_.suspects(); }
  PerChain chain_energies() const override { return answers_.chain_energies(); }
  std::string why_no_line_search() const override;
  void save(SavedState& state) const override;
  void restore(const SavedState& state) override;

 private:
  Loss loss_;
  RunSettings settings_;
  Batches batches_;
  NegativeAnswers answers_;
  Negatives negatives_;  ///< of the last update
};

/// The loss that [train] names, with its constants. Throws ConfigError.
Loss loss_of(const Options& train);

}  // namespace negphase
