#pragma once
#include <functional>
#include <memory>

#include "negphase/gradient/batches.hpp"
#include "negphase/gradient/criteria/row_blocks.hpp"
#include "negphase/gradient/objective.hpp"

namespace negphase {

/// A criterion of `update` over a batch of rows.
using Criterion = std::function<CriterionValue(const Problem& batch, std::int64_t update)>;

/// A criterion as option `loss` of `train` names it.
struct CriterionRow {
  std::string_view name;
  std::string_view doc;
  bool draws;  ///< random numbers anew at each update: no line search may follow it
  /// Throws ConfigError, with the reason and what to take instead, where it does not apply.
  Criterion (*make)(const Problem& all, const Options& train, const RunSettings& settings);
};
std::span<const CriterionRow> criteria();
bool is_criterion(const std::string& loss);

/// Training by a criterion of criteria(): no sampler, no log Z. Its random numbers are a pure
/// function of (seed, update, place in the batch).
class CriterionObjective : public Objective {
 public:
  /// Throws ConfigError where it does not apply, and where the model's derivatives are wrong.
  CriterionObjective(const std::string& name, const Problem& problem, const Options& train,
                     const RunSettings& settings);

  Result at(const AnyModel& model, std::int64_t update) override;
  const Problem& batch() const override { return batches_.last(); }
  RunCounts counts() const override { return counts_; }
  std::string why_no_line_search() const override;
  void save(SavedState& state) const override;
  void restore(const SavedState& state) override;

 private:
  Batches batches_;
  std::string name_;
  Criterion criterion_;
  bool draws_;
  RunCounts counts_;
};

}  // namespace negphase
