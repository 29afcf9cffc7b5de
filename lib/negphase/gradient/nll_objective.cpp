#include "negphase/gradient/nll_objective.hpp"

#include <fmt/core.h>

#include <cmath>

#include "negphase/exact/exact.hpp"
#include "negphase/gradient/by_chains.hpp"
#include "negphase/run/gradient_check.hpp"

namespace negphase {

namespace {

ExactLimits limits_of(const Options& train) {
  ExactLimits limits;
  limits.max_states = train.real("max_states");
  return limits;
}

/// A mean over `chains` chains on each row. By group and not by row: no error bar is taken of them,
/// and sums over whole blocks are what is fast.
Replicates on_each_row(Index rows, Index chains) { return Replicates::by_group(rows * chains); }

// an update ends whole, so that its end can be saved: chains are not told of a wish to stop
RunSettings for_chains(RunSettings settings) {
  settings.stop = nullptr;
  settings.progress = nullptr;
  return settings;
}

}  // namespace

NllObjective::NllObjective(const Problem& problem, const AnySampler* sampler, const Options& train,
                           const RunSettings& settings)
    : batches_(problem, train.integer("batch"), settings.seed, train.real("data_noise")),
      train_(train),
      settings_(for_chains(settings)),
      how_(train.word("gradient")),
      conditional_(problem.model.shape().num_x > 0),
      sample_positive_(!positive_has_closed_form(problem)) {
  if (batches_.is_always_the_same()) {
    all_data_ = pairwise_data(problem.model, problem.y);
  }
  if (how_ == "exact") {
    const ExactPlan positive =
        plan_positive(problem.model, problem.x, problem.rows(), problem.beta, limits_of(train));
    if (positive.method.empty()) {
      throw ConfigError("gradient = \"exact\": z cannot be summed out of this model: " +
                        positive.why_not);
    }
    const ExactPlan plan = plan_exact(problem.model, problem.x, problem.beta, limits_of(train));
    if (plan.method.empty()) {
      throw ConfigError("gradient = \"exact\": " + plan.why_not);
    }
    check_gradients(problem.model, problem.x, problem.y, 1);
    return;
  }
  if (how_ == "importance") {
    check_importance(problem, importance_plan(), settings_);
    check_gradients(problem.model, problem.x, problem.y, 1);
    proposal_ = proposal_for(problem);
    return;
  }
  if (sampler == nullptr) {
    throw ConfigError(fmt::format("gradient = \"{}\" needs a sampler", how_));
  }
  check_sampler(problem, *sampler);
  sampler_ = *sampler;
  has_chain_error_ = !conditional_ && how_ != "cd" && train.integer("chains") > 1;
  const bool goes_on = how_ == "pcd" || how_ == "replay";
  if (goes_on && conditional_) {
    batches_.take_all_rows();
  }
  check_phase_memory(problem.model.shape(), negative_replicates(), settings_);
  if (sample_positive_) {
    check_phase_memory(problem.model.shape(), positive_replicates(), settings_);
  }
  if (goes_on) {
    PhaseSpec spec;
    spec.role = "negative phase";
    spec.replicates = negative_replicates();
    if (how_ == "replay") {
      replay_.emplace(problem,
                      train.word("reinit") == "noise" ? Replay::Start::noise : Replay::Start::data,
                      train.real("reinit_rate"), train.integer("cd_k"), settings_.seed);
      ages_.emplace(spec.replicates.chains());
      spec.replay = replay_;
      spec.start = replay_->first_start();
    }
    persistent_.emplace(problem, *sampler_, std::move(spec), settings_);
  }
}

NllObjective::Result NllObjective::at(const AnyModel& model, std::int64_t update) {
  const Problem& batch = batches_.next(model, update);
  if (how_ == "exact") {
    ExactNll exact = exact_nll_gradient(exact_positive(batch), batch.model, batch.x, batch.beta,
                                        limits_of(train_), *settings_.executor);
    return {std::move(exact.gradient), exact.nll};
  }
  if (how_ == "importance") {
    return by_importance(batch, update);
  }
  Eigen::VectorXd gradient = positive(batch, update);
  const ReplicateMean drawn = negative(batch, update);
  gradient -= drawn.mean;
  Result result{std::move(gradient), {}};
  if (drawn.squared_error.size() > 0) {
    result.chain_error = std::sqrt(drawn.squared_error.sum());
  }
  if (ages_) {
    ages_->advance(*replay_, static_cast<std::uint64_t>(update - 1));
    result.chain_ages = ages_->summary();
  }
  return result;
}

ImportancePlan NllObjective::importance_plan() const {
  return {train_.integer("proposal_draws"), 1, true};
}

std::shared_ptr<const Proposal> NllObjective::proposal_for(const Problem& batch) const {
  if (proposal_ && !conditional_) {
    return proposal_;
  }
  return make_proposal(batch, {train_.word("proposal"), train_.real("proposal_width"),
                               train_.real("box_lower"), train_.real("box_upper")});
}

NllObjective::Result NllObjective::by_importance(const Problem& batch, std::int64_t update) {
  RunSettings settings = settings_;
  settings.seed = derive_seed(settings_.seed, fmt::format("draws of update {}", update));
  const ImportancePhase phase =
      draw_importance(batch, *proposal_for(batch), importance_plan(), settings);
  counts_.energy_evaluations += phase.cell_means.cols() * train_.integer("proposal_draws");
  return {exact_positive(batch).mean_param_grad - phase.cell_means.rowwise().mean(), {}};
}

ExactPositive NllObjective::exact_positive(const Problem& batch) const {
  if (all_data_) {
    if (auto found = solve_positive(batch.model, *all_data_)) {
      return *found;
    }
  }
  return solve_positive(batch.model, batch.x, batch.y, batch.beta, limits_of(train_),
                        *settings_.executor);
}

Replicates NllObjective::positive_replicates() const {
  return on_each_row(batches_.rows(), train_.integer("positive_chains"));
}

Replicates NllObjective::negative_replicates() const {
  const bool by_row = conditional_ || how_ == "cd";
  return by_row ? on_each_row(batches_.rows(), train_.integer("chains_per_row"))
                : Replicates::by_group(train_.integer("chains"));
}

Eigen::VectorXd NllObjective::positive(const Problem& batch, std::int64_t update) {
  if (!sample_positive_) {
    return exact_positive(batch).mean_param_grad;
  }
  PhaseSpec spec;
  spec.role = "positive phase";
  spec.replicates = positive_replicates();
  spec.clamp_y = true;
  return draw_anew(batch, std::move(spec), {train_.integer("positive_steps"), 1, 1}, update).mean;
}

ReplicateMean NllObjective::negative(const Problem& batch, std::int64_t update) {
  const Index k = train_.integer("cd_k");
  if (persistent_) {
    persistent_->rebind(batch.model);
    persistent_began_ = true;
    return persistent_->draw_mean({0, 1, k}, is_error_due(update));
  }
  PhaseSpec spec;
  spec.role = "negative phase";
  spec.replicates = negative_replicates();
  if (how_ == "short_run") {
    spec.start = start_at_noise(
        batch, derive_seed(settings_.seed, fmt::format("start of update {}", update)));
  }
  if (how_ == "cd" || how_ == "short_run") {
    return draw_anew(batch, std::move(spec), {0, 1, k}, update);
  }
  spec.keep_energies = is_report_due(update);
  if (!conditional_) {
    spec.start = start_at_random_rows(
        batches_.all(), derive_seed(settings_.seed, fmt::format("start of update {}", update)));
  }
  return draw_anew(batch, std::move(spec), {train_.integer("warmup"), train_.integer("draws"), k},
                   update);
}

ReplicateMean NllObjective::draw_anew(const Problem& batch, PhaseSpec spec,
                                      const Schedule& schedule, std::int64_t update) {
  spec.role += fmt::format(" of update {}", update);
  const bool is_positive = spec.clamp_y;
  PhaseChains chains(batch, *sampler_, std::move(spec), settings_);
  if (is_positive) {
    ReplicateMean mean = chains.draw_mean(schedule, false);
    counts_.add(chains.counts());
    return mean;
  }
  ReplicateMean drawn = chains.draw_mean(schedule, is_error_due(update));
  counts_.add(chains.counts());
  negatives_ = {chains.present_y(), !conditional_ && how_ != "cd"};
  if (chains.energies_of_draws().values.size() > 0) {
    last_energies_ = chains.energies_of_draws();
  }
  return drawn;
}

bool NllObjective::is_report_due(std::int64_t update) const {
  return update == 1 || update == train_.integer("updates") ||
         update % train_.integer("report_every") == 0;
}

Negatives NllObjective::negatives() const {
  return persistent_began_ ? Negatives{persistent_->present_y(), !conditional_} : negatives_;
}

std::optional<Mixing> NllObjective::mixing() const {
  if (last_energies_.values.size() == 0) {
    return {};
  }
  return check_mixing(last_energies_, "negative phase");
}

std::string NllObjective::why_no_line_search() const {
  return how_ == "exact" && batches_.is_always_the_same()
             ? ""
             : fmt::format(
                   "a noisy gradient: it needs gradient = \"exact\", no data_noise, and "
                   "batch >= {}, the number of rows",
                   batches_.all().rows());
}

RunCounts NllObjective::counts() const {
  RunCounts all = counts_;
  if (persistent_) {
    all.add(persistent_->counts());
  }
  return all;
}

void NllObjective::save(SavedState& state) const {
  batches_.save(state);
  state.put("counts", counts_);
  last_energies_.save(state, "last energies");
  if (persistent_) {
    persistent_->save(state);
  }
  if (ages_) {
    ages_->save(state);
  }
}

void NllObjective::restore(const SavedState& state) {
  batches_.restore(state);
  state.get("counts", counts_);
  last_energies_.restore(state, "last energies");
  if (persistent_) {
    persistent_->restore(state);
  }
  if (ages_) {
    ages_->restore(state);
  }
}

}  // namespace negphase
