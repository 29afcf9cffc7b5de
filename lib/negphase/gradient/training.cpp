#include "negphase/gradient/training.hpp"

#include <fmt/core.h>

#include <boost/random/normal_distribution.hpp>
#include <limits>

#include "negphase/random/stream_engine.hpp"

namespace negphase {

namespace {

// x - x is 0 of a number, else NaN; allFinite() would look at one after the other
bool is_finite(const Eigen::VectorXd& values) { return (values - values).sum() == 0; }

AnyModel initial_model(const AnyModel& model, double scale, std::uint64_t seed) {
  Params w = model.params();
  StreamEngine engine(derive_seed(seed, "initial parameters"), 0, 0, Purpose::start);
  boost::random::normal_distribution<double> normal(0, scale);
  for (Index i = 0; i < w.size() && scale > 0; ++i) {
    w[i] += normal(engine);
  }
  return model.with_params(std::move(w));
}

std::optional<PathNll> path_of(const Problem& problem, const AnyModel& start,
                               const AnySampler* sampler, const Options& options,
                               RunSettings settings) {
  const Index chains = options.integer("nll_chains");
  if (chains == 0) {
    return {};
  }
  if (sampler == nullptr) {
    throw ConfigError("nll_chains needs a sampler, and gradient = \"exact\" has the NLL itself");
  }
  settings.stop = nullptr;  // an update ends whole
  settings.progress = nullptr;
  try {
    return PathNll({start, problem.x, problem.y, problem.beta}, *sampler,
                   {chains, options.integer("nll_warmup"), options.integer("nll_steps")}, settings);
  } catch (const ConfigError& refused) {
    throw ConfigError(fmt::format("nll_chains = {}: {}", chains, refused.what()));
  }
}

}  // namespace

Trainer::Trainer(const Problem& problem, const AnySampler* sampler, const Options& options,
                 const RunSettings& settings, const Eigen::MatrixXd& negatives)
    : options_(options),
      model_(initial_model(problem.model, options.real("init_scale"), settings.seed)),
      objective_(make_objective(problem, sampler, options, settings, negatives)),
      optimizer_(options, problem.model.shape().num_params),
      path_(path_of(problem, model_, sampler, options, settings)),
      health_(problem, options, settings),
      executor_(settings.executor) {
  if (options.word("optimizer") == "lbfgs" && !objective_->why_no_line_search().empty()) {
    throw ConfigError("optimizer = \"lbfgs\" cannot follow " + objective_->why_no_line_search());
  }
}

TrainingUpdate Trainer::update() {
  if (done()) {
    throw UsageError("Trainer: all updates are done");
  }
  ++updates_;
  const std::int64_t clipped_before = clipped_;
  double rate = 0;
  if (options_.word("optimizer") == "lbfgs") {
    search_step();
  } else {
    rate = learning_rate(options_, updates_);
    take_step(rate);
  }
  if (path_ && nll_is_due()) {
    path_->move_to(model_);
  }
  return {updates_,         rate,       last_gradient_,           last_nll_, last_chain_error_,
          last_chain_ages_, last_loss_, clipped_ > clipped_before};
}

void Trainer::take_step(double rate) {
  Objective::Result found = objective_->at(model_, updates_);
  last_gradient_ = std::move(found.gradient);
  last_loss_ = found.loss;
  last_nll_ = found.loss ? std::nullopt : found.value;
  last_chain_error_ = found.chain_error;
  last_chain_ages_ = found.chain_ages;
  Params w = model_.params();
  watch();
  Eigen::VectorXd along = last_gradient_;
  add_penalties(along);
  if (const double longest = options_.real("clip"); longest > 0) {
    clipped_ += clip(along, longest) > longest ? 1 : 0;
  }
  optimizer_.step(w, along, rate);
  const auto smaller = [this] {
    return fmt::format("take a smaller learning_rate than {}", options_.real("learning_rate"));
  };
  if (!is_finite(w)) {
    throw ModelError(fmt::format("training: a parameter is no longer finite after update {}; {}",
                                 updates_, smaller()));
  }
  try {
    model_ = model_.with_params(std::move(w));
  } catch (const ConfigError& illegal) {  // a precision that is no longer positive definite
    throw ModelError(fmt::format("training: update {} left the legal parameters: {}; {}", updates_,
                                 illegal.what(), smaller()));
  }
}

void Trainer::watch() {
  if (!is_finite(last_gradient_)) {
    throw ModelError(fmt::format(
        "training: the gradient is not finite in update {}, at parameters of length {:.4g}; take a "
        "smaller learning_rate than {}",
        updates_, model_.params().norm(), options_.real("learning_rate")));
  }
  health_.follow(last_gradient_, updates_);
  if (health_.is_due(updates_)) {
    health_.look(model_, objective_->batch(), objective_->negatives(), updates_);
  }
  if (health_.wants_energies(updates_)) {
    health_.take_energies(objective_->chain_energies());
  }
}

std::optional<Mixing> Trainer::mixing() const {
  return health_.has_energies() ? health_.mixing() : objective_->mixing();
}

void Trainer::add_penalties(Eigen::VectorXd& gradient) const {
  if (const double l2 = options_.real("l2"); l2 > 0) {
    gradient += l2 * model_.params();
  }
  if (const double strength = options_.real("energy_penalty"); strength > 0) {
    gradient += energy_penalty_gradient(model_, objective_->batch(), objective_->negatives(),
                                        strength, *executor_);
  }
}

void Trainer::search_step() {
  const double l2 = options_.real("l2");
  const bool begun = lbfgs_.present().gradient.size() > 0;
  const auto objective = [&](const Params& w) {
    try {
      Objective::Result found = objective_->at(model_.with_params(w), updates_);
      return Lbfgs::Point{*found.value + l2 / 2 * w.squaredNorm(), found.gradient + l2 * w};
    } catch (const Error&) {  // not normalisable there: the line search turns back, a start cannot
      if (!begun && w == model_.params()) {
        throw;
      }
      return Lbfgs::Point{std::numeric_limits<double>::infinity(), Eigen::VectorXd::Zero(w.size())};
    }
  };
  Params w = model_.params();
  if (!begun) {
    lbfgs_.begin(w, objective);
  }
  last_gradient_ = lbfgs_.present().gradient - l2 * w;
  last_nll_ = lbfgs_.present().value - l2 / 2 * w.squaredNorm();
  if (options_.word("loss") != "nll") {  // the search does not keep the energies
    last_loss_ = objective_->at(model_, updates_).loss;
    last_nll_.reset();
  }
  watch();
  const bool moved = lbfgs_.step(w, objective);
  finished_ =
      !moved || lbfgs_.present().gradient.cwiseAbs().maxCoeff() <= options_.real("tolerance");
  model_ = model_.with_params(std::move(w));
}

void Trainer::save(SavedState& state) const {
  state.put("updates", updates_);
  state.put("clipped", clipped_);
  state.put("finished", finished_);
  state.put_array("params", model_.params());
  optimizer_.save(state);
  lbfgs_.save(state);
  objective_->save(state);
  health_.save(state);
  if (path_) {
    path_->save(state);
  }
}

bool Trainer::nll_is_due() const {
  const std::int64_t every = options_.integer("exact_nll_every");
  return done() || updates_ == 0 || (every > 0 && updates_ % every == 0);
}

void Trainer::restore(const SavedState& state) {
  state.get("updates", updates_);
  state.get("clipped", clipped_);
  state.get("finished", finished_);
  Params w = model_.params();
  state.get_array("params", w);
  model_ = model_.with_params(w);
  optimizer_.restore(state);
  lbfgs_.restore(state, w.size());
  objective_->restore(state);
  health_.restore(state);
  if (path_) {
    path_->restore(state);
  }
}

Params train(const Problem& problem, const AnySampler* sampler, const Options& options,
             const RunSettings& settings, const OnUpdate& on_update) {
  Trainer trainer(problem, sampler, options, settings);
  if (settings.progress != nullptr) {
    settings.progress->begin(options.integer("updates"));
  }
  while (!trainer.done()) {
    const TrainingUpdate done = trainer.update();
    if (on_update) {
      on_update(done);
    }
    if (settings.progress != nullptr) {
      settings.progress->advance(1);
    }
    if (settings.stop != nullptr && settings.stop->stopped()) {
      throw Stopped(fmt::format("training: stopped on request after update {}", done.number));
    }
  }
  return trainer.params();
}

}  // namespace negphase
