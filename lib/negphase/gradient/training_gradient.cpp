#include "negphase/gradient/training_gradient.hpp"

#include <fmt/core.h>

#include <boost/random/uniform_int_distribution.hpp>
#include <cmath>
#include <numeric>

#include "negphase/exact/exact.hpp"
#include "negphase/gradient/by_chains.hpp"
#include "negphase/random/stream_engine.hpp"
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

TrainingGradient::TrainingGradient(const Problem& problem, const AnySampler* sampler,
                                   const Options& train, const RunSettings& settings)
    : problem_(problem),
      train_(train),
      settings_(for_chains(settings)),
      how_(train.word("gradient")),
      conditional_(problem.model.shape().num_x > 0),
      sample_positive_(!positive_has_closed_form(problem)),
      batch_rows_(std::min<Index>(train.integer("batch"), problem.rows())),
      order_(static_cast<std::size_t>(problem.rows())),
      order_seed_(derive_seed(settings.seed, "data order")) {
  std::iota(order_.begin(), order_.end(), Index{0});
  next_ = order_.size();
  if (batch_rows_ == problem.rows()) {
    all_data_ = pairwise_data(problem.model, problem.y);
  }
  if (how_ == "exact") {
    if (sample_positive_) {
      throw ConfigError("gradient = \"exact\": z cannot be summed out of this model");
    }
    const ExactPlan plan = plan_exact(problem.model, problem.x, problem.beta, limits_of(train));
    if (plan.method.empty()) {
      throw ConfigError("gradient = \"exact\": " + plan.why_not);
    }
    check_gradients(problem.model, problem.x, problem.y, 1);
    return;
  }
  if (sampler == nullptr) {
    throw ConfigError(fmt::format("gradient = \"{}\" needs a sampler", how_));
  }
  check_sampler(problem, *sampler);
  sampler_ = *sampler;
  has_chain_error_ = !conditional_ && how_ != "cd" && train.integer("chains") > 1;
  if (how_ == "pcd" && conditional_) {
    batch_rows_ = problem.rows();
  }
  check_phase_memory(problem.model.shape(), negative_replicates(), settings_);
  if (sample_positive_) {
    check_phase_memory(problem.model.shape(), positive_replicates(), settings_);
  }
  if (how_ == "pcd") {
    PhaseSpec spec;
    spec.role = "negative phase";
    spec.replicates = negative_replicates();
    persistent_.emplace(problem, *sampler_, std::move(spec), settings_);
  }
}

TrainingGradient::Result TrainingGradient::at(const AnyModel& model, std::int64_t update) {
  const Problem& batch = batch_of(model);
  if (how_ == "exact") {
    ExactNll exact = exact_nll_gradient(exact_positive(batch), batch.model, batch.x, batch.beta,
                                        limits_of(train_), *settings_.executor);
    return {std::move(exact.gradient), exact.nll, {}};
  }
  const Eigen::VectorXd held = positive(batch, update);
  const ReplicateMean drawn = negative(batch, update);
  Result result{held - drawn.mean, {}, {}};
  if (has_chain_error_) {
    result.chain_error = std::sqrt(drawn.squared_error.sum());
  }
  return result;
}

ExactPositive TrainingGradient::exact_positive(const Problem& batch) const {
  if (all_data_) {
    if (auto found = solve_positive(batch.model, *all_data_)) {
      return *found;
    }
  }
  return *solve_positive(batch.model, batch.x, batch.y, batch.beta, *settings_.executor);
}

Replicates TrainingGradient::positive_replicates() const {
  return on_each_row(batch_rows_, train_.integer("positive_chains"));
}

Replicates TrainingGradient::negative_replicates() const {
  const bool by_row = conditional_ || how_ == "cd";
  return by_row ? on_each_row(batch_rows_, train_.integer("chains_per_row"))
                : Replicates::by_group(train_.integer("chains"));
}

Eigen::VectorXd TrainingGradient::positive(const Problem& batch, std::int64_t update) {
  if (!sample_positive_) {
    return exact_positive(batch).mean_param_grad;
  }
  PhaseSpec spec;
  spec.role = "positive phase";
  spec.replicates = positive_replicates();
  spec.clamp_y = true;
  return draw_anew(batch, std::move(spec), {train_.integer("positive_steps"), 1, 1}, update).mean;
}

ReplicateMean TrainingGradient::negative(const Problem& batch, std::int64_t update) {
  const Index k = train_.integer("cd_k");
  if (persistent_) {
    persistent_->rebind(batch.model);
    return persistent_->draw({0, 1, k}).gradient;
  }
  PhaseSpec spec;
  spec.role = "negative phase";
  spec.replicates = negative_replicates();
  if (how_ == "cd") {
    return draw_anew(batch, std::move(spec), {0, 1, k}, update);
  }
  if (!conditional_) {
    spec.start = start_at_random_rows(
        problem_, derive_seed(settings_.seed, fmt::format("start of update {}", update)));
  }
  return draw_anew(batch, std::move(spec), {train_.integer("warmup"), train_.integer("draws"), k},
                   update);
}

ReplicateMean TrainingGradient::draw_anew(const Problem& batch, PhaseSpec spec,
                                          const Schedule& schedule, std::int64_t update) {
  spec.role += fmt::format(" of update {}", update);
  PhaseChains chains(batch, *sampler_, std::move(spec), settings_);
  Phase phase = chains.draw(schedule);
  counts_.add(chains.counts());
  return std::move(phase.gradient);
}

const Problem& TrainingGradient::batch_of(const AnyModel& model) {
  if (batch_rows_ == problem_.rows()) {
    problem_.model = model;
    return problem_;
  }
  const std::vector<Index> rows = next_batch();
  batch_ = {model, problem_.x(rows, Eigen::all), problem_.y(rows, Eigen::all), problem_.beta};
  return *batch_;
}

std::vector<Index> TrainingGradient::next_batch() {
  std::vector<Index> batch;
  while (static_cast<Index>(batch.size()) < batch_rows_) {
    if (next_ == order_.size()) {
      shuffle();
    }
    batch.push_back(order_[next_++]);
  }
  return batch;
}

// Fisher-Yates by hand: std::shuffle differs between standard libraries
void TrainingGradient::shuffle() {
  StreamEngine engine(order_seed_, 0, epoch_++, Purpose::data);
  for (std::size_t i = order_.size() - 1; i > 0; --i) {
    boost::random::uniform_int_distribution<std::size_t> pick(0, i);
    std::swap(order_[i], order_[pick(engine)]);
  }
  next_ = 0;
}

RunCounts TrainingGradient::counts() const {
  RunCounts all = counts_;
  if (persistent_) {
    all.add(persistent_->counts());
  }
  return all;
}

void TrainingGradient::save(SavedState& state) const {
  state.put_bytes("order/rows", {reinterpret_cast<const char*>(order_.data()),
                                 order_.size() * sizeof order_.front()});
  state.put("order/epoch", epoch_);
  state.put("order/next", next_);
  state.put("counts", counts_);
  if (persistent_) {
    persistent_->save(state);
  }
}

void TrainingGradient::restore(const SavedState& state) {
  state.copy("order/rows", order_.data(), order_.size() * sizeof order_.front());
  state.get("order/epoch", epoch_);
  state.get("order/next", next_);
  state.get("counts", counts_);
  if (persistent_) {
    persistent_->restore(state);
  }
}

}  // namespace negphase
