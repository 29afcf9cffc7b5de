#include "negphase/gradient/training.hpp"

#include <fmt/core.h>

#include <array>
#include <boost/random/normal_distribution.hpp>
#include <limits>

#include "negphase/random/stream_engine.hpp"

namespace negphase {

namespace {

AnyModel initial_model(const AnyModel& model, double scale, std::uint64_t seed) {
  Params w = model.params();
  StreamEngine engine(derive_seed(seed, "initial parameters"), 0, 0, Purpose::start);
  boost::random::normal_distribution<double> normal(0, scale);
  for (Index i = 0; i < w.size() && scale > 0; ++i) {
    w[i] += normal(engine);
  }
  return model.with_params(std::move(w));
}

OptionSpec word(std::string_view name, std::string fallback, std::string_view doc,
                std::vector<std::string_view> choices) {
  OptionSpec spec{.name = name, .fallback = std::move(fallback), .doc = doc};
  spec.choices = std::move(choices);
  return spec;
}

}  // namespace

std::span<const OptionSpec> train_options() {
  static const std::array<OptionSpec, 28> specs{{
      word("gradient", "pcd", "negative phase of an update: exact, or by chains (M9)",
           {"exact", "long_chains", "cd", "pcd"}),
      {"updates", std::int64_t{1000}, "updates of the parameters", 1, 1e9, true, "updates"},
      {"batch", std::int64_t{100},
       "data rows in an update; as many as there are, and pcd of a conditional model: all", 1, 1e9,
       true, "rows"},
      {"chains", std::int64_t{128}, "chains of an unconditional model (pcd, long_chains)", 1, 1e9,
       true, "chains"},
      {"chains_per_row", std::int64_t{1}, "chains on each row (cd, conditional models)", 1, 1e6,
       true, "chains"},
      {"cd_k", std::int64_t{1}, "steps of the chains in an update; of long_chains: between draws",
       1, 1e6, true, "steps"},
      {"warmup", std::int64_t{100}, "steps before the first draw of long_chains", 0, 1e9, true,
       "steps"},
      {"draws", std::int64_t{1}, "draws of each of long_chains", 1, 1e9, true, "draws"},
      {"positive_chains", std::int64_t{2}, "chains on each row where z cannot be summed out", 1,
       1e6, true, "chains"},
      {"positive_steps", std::int64_t{10}, "steps of these before their draw", 0, 1e9, true,
       "steps"},
      word("optimizer", "sgd", "rule of the step; lbfgs needs gradient = \"exact\" and all rows",
           {"sgd", "momentum", "adam", "lbfgs"}),
      {"momentum", 0.9, "share of the velocity that stays (momentum)", 0, 0.9999, true},
      {"adam_beta1", 0.9, "decay of the mean of the gradient (adam)", 0, 0.99999, true},
      {"adam_beta2", 0.999, "decay of the mean of its square (adam)", 0, 0.9999999, true},
      {"learning_rate", 0.05, "step along the gradient at the first update", 0, 1e6, false},
      {"learning_rate_end", 0.005, "the same at the last update", 0, 1e6, true},
      word("schedule", "linear", "how the learning rate goes from the first to the last",
           {"constant", "linear", "cosine"}),
      {"l2", 0.0, "weight decay: (l2 / 2) |W|^2 is added to the NLL, but never printed", 0, 1e6,
       true},
      {"tolerance", 1e-8, "largest component of the gradient at which lbfgs ends", 0, 1e6, true},
      {"init_scale", 0.01, "standard deviation of the noise on the initial parameters", 0, 1e6,
       true},
      {"max_states", 33554432.0, "states that an exact gradient may enumerate", 1, 1099511627776.0,
       true, "states"},
      {"exact_nll", true,
       "exact NLL before and after, where it can be had; with a real y given x it costs "
       "milliseconds a row"},
      {"exact_nll_every", std::int64_t{0},
       "updates between two NLLs in metrics.jsonl, exact and estimated; 0: only the first and the "
       "last",
       0, 1e9, true, "updates"},
      {"exact_nll_states", 1048576.0, "states that an exact NLL beside the training may enumerate",
       1, 1099511627776.0, true, "states"},
      {"nll_chains", std::int64_t{0},
       "chains of their own (on each row of a conditional model) that estimate the change of the "
       "NLL without log Z, whenever an NLL is due; 0: none, else at least 16",
       0, 1e6, true, "chains"},
      {"nll_warmup", std::int64_t{1000},
       "steps of these before the first update: they must have settled", 0, 1e9, true, "steps"},
      {"nll_steps", std::int64_t{1000},
       "steps of these from one NLL to the next: the more, the more of their weight is left", 1,
       1e9, true, "steps"},
      {"checkpoint_every", std::int64_t{0},
       "updates between two checkpoints; 0: ten in a run. One more on a signal", 0, 1e9, true,
       "updates"},
  }};
  return specs;
}

namespace {

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
                 const RunSettings& settings)
    : options_(options),
      model_(initial_model(problem.model, options.real("init_scale"), settings.seed)),
      gradient_(problem, sampler, options, settings),
      optimizer_(options, problem.model.shape().num_params),
      path_(path_of(problem, model_, sampler, options, settings)) {
  if (options.word("optimizer") == "lbfgs" &&
      (options.word("gradient") != "exact" || options.integer("batch") < problem.rows())) {
    throw ConfigError(
        fmt::format("optimizer = \"lbfgs\" cannot follow a noisy gradient: it needs gradient = "
                    "\"exact\" and batch >= {}, the number of rows",
                    problem.rows()));
  }
}

TrainingUpdate Trainer::update() {
  if (done()) {
    throw UsageError("Trainer: all updates are done");
  }
  ++updates_;
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
  return {updates_, rate, last_gradient_, last_nll_, last_chain_error_};
}

void Trainer::take_step(double rate) {
  TrainingGradient::Result found = gradient_.at(model_, updates_);
  last_gradient_ = std::move(found.gradient);
  last_nll_ = found.nll;
  last_chain_error_ = found.chain_error;
  Params w = model_.params();
  optimizer_.step(w, last_gradient_ + options_.real("l2") * w, rate);
  const std::string smaller =
      fmt::format("take a smaller learning_rate than {}", options_.real("learning_rate"));
  if (!w.allFinite()) {
    throw ModelError(fmt::format("training: a parameter is no longer finite after update {}; {}",
                                 updates_, smaller));
  }
  try {
    model_ = model_.with_params(std::move(w));
  } catch (const ConfigError& illegal) {  // a precision that is no longer positive definite
    throw ModelError(fmt::format("training: update {} left the legal parameters: {}; {}", updates_,
                                 illegal.what(), smaller));
  }
}

void Trainer::search_step() {
  const double l2 = options_.real("l2");
  const bool begun = lbfgs_.present().gradient.size() > 0;
  const auto objective = [&](const Params& w) {
    try {
      TrainingGradient::Result found = gradient_.at(model_.with_params(w), updates_);
      return Lbfgs::Point{*found.nll + l2 / 2 * w.squaredNorm(), found.gradient + l2 * w};
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
  const bool moved = lbfgs_.step(w, objective);
  finished_ =
      !moved || lbfgs_.present().gradient.cwiseAbs().maxCoeff() <= options_.real("tolerance");
  model_ = model_.with_params(std::move(w));
}

void Trainer::save(SavedState& state) const {
  state.put("updates", updates_);
  state.put("finished", finished_);
  state.put_array("params", model_.params());
  optimizer_.save(state);
  lbfgs_.save(state);
  gradient_.save(state);
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
  state.get("finished", finished_);
  Params w = model_.params();
  state.get_array("params", w);
  model_ = model_.with_params(w);
  optimizer_.restore(state);
  lbfgs_.restore(state, w.size());
  gradient_.restore(state);
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
