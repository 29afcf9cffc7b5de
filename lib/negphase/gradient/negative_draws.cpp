#include "negphase/gradient/negative_draws.hpp"

#include <fmt/core.h>

#include "negphase/gradient/by_chains.hpp"

namespace negphase {

NegativeDraws::NegativeDraws(const Problem& problem, Index batch_rows, const AnySampler* sampler,
                             const Options& train, const RunSettings& settings)
    : all_(problem),
      batch_rows_(batch_rows),
      train_(train),
      settings_(settings),
      how_(train.word("gradient")),
      conditional_(problem.model.shape().num_x > 0) {
  // an update ends whole, so that its end can be saved: chains are not told of a wish to stop
  settings_.stop = nullptr;
  settings_.progress = nullptr;
  if (how_ != "pcd" && how_ != "cd" && how_ != "long_chains") {
    throw ConfigError(fmt::format(
        "negative = \"sampler\" draws the negative answers by chains, and gradient = \"{}\" is not "
        "for that; say gradient = \"pcd\", \"cd\" or \"long_chains\", or negative = \"offending\"",
        how_));
  }
  if (sampler == nullptr) {
    throw ConfigError("negative = \"sampler\" needs a sampler");
  }
  check_sampler(problem, *sampler);
  sampler_ = *sampler;
  check_phase_memory(problem.model.shape(), spec().replicates, settings_);
  if (how_ == "pcd") {
    persistent_.emplace(problem, *sampler_, spec(), settings_);
  }
}

bool NegativeDraws::needs_all_rows(const Problem& problem, const Options& train) {
  return train.word("gradient") == "pcd" && problem.model.shape().num_x > 0;
}

PhaseSpec NegativeDraws::spec() const {
  PhaseSpec spec;
  spec.role = "negative answers";
  const bool by_row = conditional_ || how_ == "cd";
  spec.replicates = Replicates::by_group(by_row ? batch_rows_ * train_.integer("chains_per_row")
                                                : train_.integer("chains"));
  return spec;
}

Negatives NegativeDraws::draw(const Problem& batch, std::int64_t update) {
  const Index k = train_.integer("cd_k");
  const bool beside_all = !conditional_ && how_ != "cd";
  if (persistent_) {
    persistent_->rebind(batch.model);
    return {persistent_->draw_y({0, 1, k}), beside_all};
  }
  PhaseSpec anew = spec();
  anew.role += fmt::format(" of update {}", update);
  Schedule schedule{0, 1, k};
  if (how_ == "long_chains") {
    schedule = {train_.integer("warmup"), train_.integer("draws"), k};
    if (!conditional_) {
      anew.start = start_at_random_rows(
          all_, derive_seed(settings_.seed, fmt::format("start of update {}", update)));
    }
  }
  PhaseChains chains(batch, *sampler_, std::move(anew), settings_);
  Negatives drawn{chains.draw_y(schedule), beside_all};
  counts_.add(chains.counts());
  return drawn;
}

RunCounts NegativeDraws::counts() const {
  RunCounts all = counts_;
  if (persistent_) {
    all.add(persistent_->counts());
  }
  return all;
}

void NegativeDraws::save(SavedState& state) const {
  state.put("counts", counts_);
  if (persistent_) {
    persistent_->save(state);
  }
}

void NegativeDraws::restore(const SavedState& state) {
  state.get("counts", counts_);
  if (persistent_) {
    persistent_->restore(state);
  }
}

}  // namespace negphase
