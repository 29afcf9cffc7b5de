#include "negphase/gradient/loss_objective.hpp"

#include <fmt/core.h>

namespace negphase {

namespace {

Batches batches_of(const Problem& problem, const Options& train, std::uint64_t seed) {
  Batches batches(problem, train.integer("batch"), seed, train.real("data_noise"));
  if (NegativeAnswers::source_of(train) == NegativeAnswers::Source::sampler &&
      NegativeDraws::needs_all_rows(problem, train)) {
    batches.take_all_rows();
  }
  return batches;
}

const Loss& checked(const Problem& problem, const Loss& loss, const RunSettings& settings) {
  check_loss(problem, loss, *settings.executor);
  return loss;
}

}  // namespace

Loss loss_of(const Options& train) {
  Loss loss;
  loss.row = &find_loss(train.word("loss"));
  loss.constants = {train.real("margin"), train.real("gamma")};
  loss.latents = train.word("latent") == "min" ? LatentRule::min : LatentRule::sum;
  loss.limits.max_states = train.real("max_states");
  return loss;
}

LossObjective::LossObjective(const Problem& problem, const AnySampler* sampler,
                             const Options& train, const Eigen::MatrixXd& given,
                             const RunSettings& settings)
    : loss_(checked(problem, loss_of(train), settings)),
      settings_(settings),
      batches_(batches_of(problem, train, settings.seed)),
      answers_(problem, loss_, batches_.rows(), sampler, train, given, settings) {}

Objective::Result LossObjective::at(const AnyModel& model, std::int64_t update) {
  const Problem& batch = batches_.next(model, update);
  negatives_ = answers_.of(batch, batches_, update);
  LossValue found = loss_and_gradient(batch, loss_, negatives_, *settings_.executor);
  Result result{std::move(found.gradient), {}};
  if (answers_.are_certain()) {
    result.value = found.value;
  }
  result.loss = LossReport{found.value, found.data_energy.mean(), {}};
  if (found.negative_energy.size() > 0) {
    result.loss->negative_energy = found.negative_energy.mean();
  }
  return result;
}

std::string LossObjective::why_no_line_search() const {
  if (!answers_.are_certain()) {
    return fmt::format("the noisy gradient of loss = \"{}\" at drawn negative answers",
                       loss_.row->name);
  }
  if (loss_.row->has_kinks || answers_.may_jump()) {
    return fmt::format("loss = \"{}\" with {}: its gradient jumps", loss_.row->name,
                       answers_.may_jump() ? "the lowest of other answers" : "its kinks");
  }
  return batches_.is_always_the_same()
             ? ""
             : fmt::format(
                   "loss = \"{}\" of a part of the rows, or of noised ones: it "
                   "needs batch >= {}, the number of rows, and no data_noise",
                   loss_.row->name, batches_.all().rows());
}

void LossObjective::save(SavedState& state) const {
  batches_.save(state);
  answers_.save(state);
}

void LossObjective::restore(const SavedState& state) {
  batches_.restore(state);
  answers_.restore(state);
}

}  // namespace negphase
