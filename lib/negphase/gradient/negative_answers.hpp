#pragma once
#include <optional>

#include "negphase/gradient/batches.hpp"
#include "negphase/gradient/loss_evaluation.hpp"
#include "negphase/gradient/negative_draws.hpp"

namespace negphase {

/// Where a training's negative answers come from, by the loss and option `negative`.
class NegativeAnswers {
 public:
  /// @param given  [rows x num_y] of negative = "given"; else no matter
  /// Throws ConfigError as the sources do, and where `given` is missing or of another size.
  NegativeAnswers(const Problem& problem, const Loss& loss, Index batch_rows,
                  const AnySampler* sampler, const Options& train, const Eigen::MatrixXd& given,
                  const RunSettings& settings);

  enum class Source { none, sampler, offending, given, minimum };
  static Source source_of(const Options& train);

  /// The present batch's, drawn or searched under its model.
  Negatives of(const Problem& batch, const Batches& batches, std::int64_t update);
  /// Whether they are the same whenever the same model is asked.
  bool are_certain() const { return source_ != Source::sampler; }
  /// Whether another answer may become the negative one when W moves by a little.
  bool may_jump() const { return source_ == Source::offending || source_ == Source::minimum; }
  RunCounts counts() const { return draws_ ? draws_->counts() : RunCounts{}; }
  SuspectChains suspects() const { return draws_ ? draws_->suspects() : SuspectChains{}; }
  PerChain chain_energies() const { return draws_ ? draws_->chain_energies() : PerChain{}; }
  void save(SavedState& state) const;
  void restore(const SavedState& state);

 private:
  Source source_;
  Loss loss_;
  double radius_;
  Eigen::MatrixXd given_;
  RunSettings settings_;
  std::optional<NegativeDraws> draws_;
};

}  // namespace negphase
