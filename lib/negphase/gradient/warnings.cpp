#include "negphase/gradient/warnings.hpp"

#include <fmt/core.h>

namespace negphase {

void warn_of_acceptance(const RunCounts& counts, std::vector<Warning>& warnings) {
  const double acceptance = counts.acceptance / static_cast<double>(counts.proposals);
  if (acceptance < 0.01) {  // not for NaN: a sampler that never rejects makes no proposals
    warnings.push_back(
        {"low_acceptance",
         fmt::format("acceptance {:.2g}: the chains hardly move; take a smaller step", acceptance),
         true});
  } else if (acceptance > 0.99) {
    warnings.push_back(
        {"high_acceptance",
         fmt::format("acceptance {:.4f}: the steps are so small that the chains creep; "
                     "take a larger step",
                     acceptance)});
  }
}

Warning biased_sampler(const std::string& sampler) {
  return {"biased_sampler",
          fmt::format("sampler '{}' does not leave the model's law invariant: its bias falls with "
                      "step_size (M12) and is in no error bar",
                      sampler)};
}

Warning biased_contrastive_divergence(std::int64_t k) {
  return {
      "biased_method",
      fmt::format("CD-{} is biased (M9): its chains start at the data and stop after {} step{}; "
                  "error bars hold for its own expectation, not for the gradient",
                  k, k, k == 1 ? "" : "s")};
}

}  // namespace negphase
