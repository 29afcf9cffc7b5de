#include "negphase/gradient/estimators/chain_options.hpp"

#include <fmt/core.h>

#include <limits>

#include "negphase/exact/exact.hpp"

namespace negphase {

OptionSpec chains_option(std::int64_t fallback) {
  return {"chains",
          fallback,
          "independent chains; for a conditional model, and for cd, on each row of the data",
          1,
          1e9,
          true,
          "chains"};
}
OptionSpec thin_option() {
  return {"thin", std::int64_t{1}, "steps between two draws", 1, 1e9, true, "steps"};
}
OptionSpec start_option() {
  return {"start",
          std::string("data"),
          "where y starts: at data rows, or at noise",
          -std::numeric_limits<double>::infinity(),
          std::numeric_limits<double>::infinity(),
          true,
          "",
          {"data", "noise"}};
}
OptionSpec positive_option() {
  return {"positive",
          std::string("auto"),
          "positive phase: z summed out, or sampled with y clamped (auto: sampled unless z has a "
          "closed "
          "sum; exact: also by its states or an integral)",
          -std::numeric_limits<double>::infinity(),
          std::numeric_limits<double>::infinity(),
          true,
          "",
          {"auto", "exact", "sampled"}};
}
OptionSpec positive_chains_option() {
  return {"positive_chains",
          std::int64_t{2},
          "chains on each row of the data in a sampled positive phase",
          2,
          1e6,
          true,
          "chains"};
}
OptionSpec few_chains_option() {
  return {"few_chains", false, "accept fewer replicates than an error bar needs"};
}

ChainsPlan plan_chains(const Problem& p, const Options& o, std::string_view estimator,
                       bool by_data_row) {
  const bool by_row = by_data_row || p.model.shape().num_x > 0;
  const Index chains = o.integer("chains");
  ChainsPlan plan;
  plan.estimator = estimator;
  plan.negative = by_row ? Replicates::by_row(p.rows(), chains) : Replicates::by_group(chains);
  plan.positive = Replicates::by_row(p.rows(), o.integer("positive_chains"));
  plan.few_chains = o.flag("few_chains");
  const std::string& how = o.word("positive");
  plan.sample_positive = how == "sampled" || (how == "auto" && !positive_has_closed_form(p));
  if (how == "sampled" && p.model.shape().z.empty()) {
    throw ConfigError(fmt::format(
        "estimator '{}': positive = \"sampled\", but the model has no latent z to sample",
        estimator));
  }
  if (how == "exact") {
    const ExactPlan exact = plan_positive(p.model, p.x, p.rows(), p.beta);
    if (exact.method.empty()) {
      throw ConfigError(fmt::format(
          "estimator '{}': positive = \"exact\", but z cannot be summed out of this model: {}; use "
          "positive = \"sampled\"",
          estimator, exact.why_not));
    }
  }
  return plan;
}

StartFunction start_of(const Problem& p, std::uint64_t seed, bool at_noise) {
  const std::uint64_t start_seed = derive_seed(seed, "start");
  if (at_noise) {
    return start_at_noise(p, start_seed);
  }
  return p.model.shape().num_x > 0 ? StartFunction{} : start_at_random_rows(p, start_seed);
}

}  // namespace negphase
