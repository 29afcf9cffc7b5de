#pragma once
#include <string>

#include "negphase/core/options.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/gradient/estimate.hpp"

namespace negphase::tool {

/// Mean NLL without sampling, where it can be had within the limit; it never enters the training.
class NllWatch {
 public:
  /// @param options  of [train]; problem and executor must outlive this
  NllWatch(const Problem& problem, const Options& options, const Executor& executor);
  bool can() const { return !plan_.method.empty(); }
  const std::string& method() const { return plan_.method; }
  const std::string& why_not() const { return plan_.why_not; }
  /// NaN where the model is not normalisable: the trained parameters stand.
  double at(const Params& w) const;

 private:
  const Problem& problem_;
  const Executor& executor_;
  ExactLimits limits_;
  ExactPlan plan_;
};

}  // namespace negphase::tool
