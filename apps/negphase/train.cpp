#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>

#include "diagnosis.hpp"
#include "health_json.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/exact/gaussian_regression.hpp"
#include "negphase/gradient/by_chains.hpp"
#include "negphase/gradient/criteria/criterion_objective.hpp"
#include "negphase/gradient/losses.hpp"
#include "negphase/gradient/negative_answers.hpp"
#include "negphase/gradient/training.hpp"
#include "negphase/gradient/warnings.hpp"
#include "negphase/io/config_text.hpp"
#include "negphase/io/empty_states.hpp"
#include "negphase/io/files.hpp"
#include "negphase/io/given_negatives.hpp"
#include "negphase/io/npy.hpp"
#include "pictures.hpp"
#include "problem_file.hpp"
#include "progress_bar.hpp"
#include "report.hpp"
#include "results.hpp"
#include "run_verdict.hpp"
#include "signals.hpp"
#include "training_files.hpp"
#include "verb_result.hpp"

namespace negphase::tool {

namespace {

using Json = nlohmann::ordered_json;

std::optional<AnySampler> training_sampler(const ProblemFile& loaded, const Options& options) {
  const RunConfig& config = loaded.config;
  if (!needs_sampler(options)) {
    return {};
  }
  if (!config.sampler) {
    throw ConfigError({config.file.string(), 0, 0},
                      "[sampler] is missing: training by chains needs one (key: name); [train] "
                      "gradient = \"exact\" needs none, nor does \"importance\"");
  }
  Complaints complaints;
  std::optional<AnySampler> sampler;
  complaints.collect(config.sampler->place,
                     [&] { sampler = sampler_for(*config.sampler, loaded.problem); });
  complaints.throw_if_any();
  return sampler;
}

FilePlace place_of_train(const ProblemFile& loaded) {
  const auto table = loaded.config.verbs.find("train");
  return table == loaded.config.verbs.end() ? FilePlace{loaded.config.file.string(), 0, 0}
                                            : table->second.place;
}

bool has_another_loss(const Options& options) { return options.word("loss") != "nll"; }

// Negative answers that the data file holds; no rows where the loss looks at none.
Eigen::MatrixXd given_negatives(const ProblemFile& loaded, const Options& options) {
  const std::string& names = options.word("negative_columns");
  if (NegativeAnswers::source_of(options) != NegativeAnswers::Source::given || names.empty()) {
    return {};
  }
  return read_given_negatives(*loaded.config.data, loaded.data, loaded.problem.model.shape().y,
                              names, place_of_train(loaded));
}

// What cannot be trained as [train] says is refused where it says so.
Trainer make_trainer(const ProblemFile& loaded, const std::optional<AnySampler>& sampler,
                     const Options& options, const RunSettings& settings) {
  const Eigen::MatrixXd negatives = given_negatives(loaded, options);
  try {
    return {loaded.problem, sampler ? &*sampler : nullptr, options, settings, negatives};
  } catch (const ConfigError& refused) {
    throw ConfigError(place_of_train(loaded), std::string("[train]: ") + refused.what());
  }
}

/// Mean NLL without sampling, where it can be had within the limit; it never enters the training.
class NllWatch {
 public:
  NllWatch(const Problem& problem, const Options& options, const Executor& executor)
      : problem_(problem), executor_(executor) {
    limits_.max_states = options.real("exact_nll_states");
    if (!options.flag("exact_nll")) {
      plan_.why_not = "exact_nll = false";
    } else if (const ExactPlan positive =
                   plan_positive(problem.model, problem.x, problem.rows(), problem.beta, limits_);
               positive.method.empty()) {
      plan_.why_not = "z cannot be summed out of this model: " + positive.why_not;
    } else {
      plan_ = plan_exact(problem.model, problem.x, problem.beta, limits_);
    }
  }
  bool can() const { return !plan_.method.empty(); }
  const std::string& method() const { return plan_.method; }
  const std::string& why_not() const { return plan_.why_not; }
  /// NaN where the model is not normalisable: the trained parameters stand.
  double at(const Params& w) const {
    try {
      return exact_nll_gradient(problem_.model.with_params(w), problem_.x, problem_.y,
                                problem_.beta, limits_, executor_)
          .nll;
    } catch (const ModelError&) {
      return std::numeric_limits<double>::quiet_NaN();
    }
  }

 private:
  const Problem& problem_;
  const Executor& executor_;
  ExactLimits limits_;
  ExactPlan plan_;
};

/// What a conditional model of real y is held against: mean NLL of a Gaussian regression on the
/// rows to train on, and on those held out.
struct Baseline {
  double nll = 0;
  std::optional<double> test_nll;
};

std::optional<Baseline> gaussian_baseline(const ProblemFile& loaded) {
  const ModelShape shape = loaded.problem.model.shape();
  const bool is_real = std::all_of(shape.y.begin(), shape.y.end(), [](const Column& column) {
    return column.kind == ColumnKind::real;
  });
  if (shape.num_x == 0 || !is_real) {
    return {};
  }
  const Dataset& data = loaded.data;
  const auto fitted = GaussianRegression::fit(data.x, data.y);
  if (!fitted) {
    return {};
  }
  const double beta = loaded.problem.beta;
  Baseline baseline{fitted->nll(data.x, data.y, beta), {}};
  if (data.x_test.rows() > 0) {
    baseline.test_nll = fitted->nll(data.x_test, data.y_test, beta);
  }
  return baseline;
}

struct Training {
  const ProblemFile& loaded;
  const CommonArguments& common;
  Options options;
  std::optional<AnySampler> sampler;
  Trainer trainer;
  NllWatch watch;
  std::optional<NllWatch> test_watch;  ///< of the rows held out, if any
  std::optional<Baseline> baseline = {};
  Json first = {}, last = {};  ///< lines of metrics.jsonl
  std::vector<Warning> warnings = {};
  double seconds = 0;
};

// NaN where no kernel of the run ever rejects.
double acceptance(const RunCounts& counts) {
  return counts.acceptance / static_cast<double>(counts.proposals);
}

RunCounts since(const RunCounts& before, RunCounts counts) {
  counts.proposals -= before.proposals;
  counts.acceptance -= before.acceptance;
  return counts;
}

// Change of the NLL by chains, null where too little of their weight is left.
void add_nll_change(const PathNll& path, Json& line) {
  const PathNll::Estimate found = path.estimate();
  line["nll_change"] = found.change ? Json(found.change->value) : Json();
  line["nll_change_se"] = found.change ? Json(found.change->standard_error) : Json();
  line["nll_change_ess"] =
      std::isfinite(found.effective_size) ? Json(found.effective_size) : Json();
}

void add_loss(const std::optional<LossReport>& loss, Json& line) {
  if (!loss) {
    return;
  }
  line["loss"] = loss->value;
  if (loss->data_energy) {
    line["data_energy"] = *loss->data_energy;
  }
  if (loss->negative_energy) {
    line["negative_energy"] = *loss->negative_energy;
  }
}

// The line of the present update, which `made` its proposals; none has been made where `done` is
// missing.
Json metrics_line(const Training& t, const TrainingUpdate* done, const RunCounts& made = {}) {
  Json line{{"update", t.trainer.updates()}};
  if (done != nullptr) {
    line["learning_rate"] = done->learning_rate;
    line["gradient_norm"] = done->gradient.norm();
    if (done->chain_error) {
      line["chain_error"] = *done->chain_error;
    }
    if (done->chain_ages) {
      line["chain_age_mean"] = done->chain_ages->mean;
      line["chain_age_min"] = done->chain_ages->least;
      line["chain_age_max"] = done->chain_ages->most;
    }
    if (done->nll) {
      line["nll"] = *done->nll;
    }
    if (t.options.real("clip") > 0) {
      line["clipped"] = done->clipped;
    }
    add_loss(done->loss, line);
    if (made.proposals > 0) {
      line["acceptance"] = acceptance(made);
    }
  }
  if (!t.trainer.nll_is_due()) {
    return line;
  }
  if (const PathNll* path = t.trainer.path_nll()) {
    add_nll_change(*path, line);
  }
  if (t.watch.can()) {
    line["exact_nll"] = t.watch.at(t.trainer.params());
    if (t.test_watch && t.test_watch->can()) {
      line["exact_test_nll"] = t.test_watch->at(t.trainer.params());
    }
  }
  return line;
}

std::int64_t checkpoint_interval(const Options& options) {
  const std::int64_t every = options.integer("checkpoint_every");
  return every > 0 ? every : std::max<std::int64_t>(1, options.integer("updates") / 10);
}

void run_updates(Training& t, TrainingFiles& files, Progress& progress) {
  const std::int64_t updates = t.options.integer("updates"), every = checkpoint_interval(t.options);
  progress.begin(updates);
  progress.advance(t.trainer.updates());
  while (!t.trainer.done()) {
    const RunCounts before = t.trainer.counts();
    const TrainingUpdate done = t.trainer.update();
    files.write_metrics(metrics_line(t, &done, since(before, t.trainer.counts())));
    const bool stop = stop_token().stopped() && !t.trainer.done();
    if (stop || done.number % every == 0 || t.trainer.done()) {
      files.write_checkpoint(t.trainer);
    }
    if (stop) {
      throw Stopped(
          fmt::format("stopped after update {} of {}, which is saved; the same command with "
                      "--resume goes on",
                      done.number, updates));
    }
    progress.advance(1);
  }
}

// An energy that sharpens leaves its step size behind, and the mean over the run does not show it.
// Below 0.1 a chain stands for ten steps on average: persistent chains lag behind the parameters.
void warn_of_last_acceptance(Training& t) {
  constexpr double too_low = 0.1;
  const double last = t.last.value("acceptance", 1.0);
  const double mean = acceptance(t.trainer.counts());
  if (last < too_low && last < mean / 2) {
    t.warnings.push_back(
        {"falling_acceptance",
         fmt::format("acceptance fell to {:.2g} in the last update: the energy has become too "
                     "sharp for the step, the chains lag behind the parameters; take a smaller "
                     "step or a smaller learning_rate",
                     last),
         true});
  }
}

void warn_of_lost_weight(Training& t) {
  const PathNll* path = t.trainer.path_nll();
  if (path == nullptr || t.last["nll_change"].is_number()) {
    return;
  }
  const Json& left = t.last["nll_change_ess"];
  const std::string why =
      left.is_number() ? fmt::format("of {} chains{} the weights are worth {:.2g}, below {:.3g}",
                                     t.options.integer("nll_chains"),
                                     t.loaded.problem.model.shape().num_x > 0 ? " a row" : "",
                                     left.get<double>(), path->least_effective_size())
                       : "a chain went away";
  t.warnings.push_back(
      {"no_nll_change",
       fmt::format("the change of the NLL is not known without log Z: {}; take more nll_steps, "
                   "or a sampler that moves faster",
                   why),
       true});
}

void collect_warnings(Training& t) {
  const RunCounts counts = t.trainer.counts();
  const std::string& how = t.options.word("gradient");
  warn_of_acceptance(counts, t.warnings);
  warn_of_suspects(t.trainer.suspects(), t.warnings);
  if (const auto mixing = t.trainer.mixing()) {
    t.warnings.insert(t.warnings.end(), mixing->warnings.begin(), mixing->warnings.end());
  }
  warn_of_last_acceptance(t);
  warn_of_lost_weight(t);
  const std::vector<Warning> health = t.trainer.health().findings();
  t.warnings.insert(t.warnings.end(), health.begin(), health.end());
  if (t.sampler) {
    warn_of_sampler(*t.sampler, t.loaded.problem.beta, t.warnings);
  }
  if (t.sampler && how == "cd" && !is_criterion(t.options.word("loss"))) {
    t.warnings.push_back(biased_contrastive_divergence(t.options.integer("cd_k")));
  }
  if (how == "short_run" && !has_another_loss(t.options)) {
    t.warnings.push_back(biased_short_run(t.options.integer("cd_k")));
  }
  if (how == "replay" && t.last.contains("chain_age_mean")) {
    const ChainAges ages{t.last["chain_age_mean"], t.last["chain_age_min"],
                         t.last["chain_age_max"]};
    t.warnings.push_back(
        biased_replay(ages, t.options.real("reinit_rate"), t.options.integer("cd_k")));
  }
  if (t.watch.can() && !t.last["exact_nll"].is_number()) {
    t.warnings.push_back({"not_normalisable",
                          "the trained parameters make a model that is not normalisable: it has no "
                          "NLL, and its chains have no law to settle in; start elsewhere, or take "
                          "a smaller learning_rate",
                          !has_another_loss(t.options) || t.sampler});
  }
  if (t.baseline && t.watch.can() && t.last["exact_nll"].is_number() &&
      t.last["exact_nll"].get<double>() > t.baseline->nll) {
    t.warnings.push_back({"worse_than_regression",
                          "a Gaussian regression explains these rows better: take more updates, "
                          "another optimizer or learning_rate, and standardize y where its spread "
                          "is far from 1"});
  }
  const bool searched = t.options.word("optimizer") == "lbfgs";
  if (searched && !t.trainer.converged()) {
    t.warnings.push_back({"not_converged",
                          fmt::format("lbfgs did not reach tolerance = {} in {} updates: the "
                                      "minimum may lie at infinity, or updates are too few",
                                      t.options.real("tolerance"), t.trainer.updates()),
                          true});
  }
}

// ---- output

std::string nll_text(const Json& nll) {
  return nll.is_number() ? fmt::format("{:.6g}", nll.get<double>()) : "- (not normalisable)";
}

// "gradient = pcd", "loss = hinge, negative = sampler, gradient = cd"
std::string method_text(const Options& options) {
  const std::string gradient = "gradient = " + options.word("gradient");
  if (!has_another_loss(options)) {
    return gradient;
  }
  std::string text = "loss = " + options.word("loss");
  if (is_criterion(options.word("loss"))) {
    return text;
  }
  if (find_loss(options.word("loss")).negative == LossNegative::one) {
    text += ", negative = " + options.word("negative");
  }
  return needs_sampler(options) ? text + ", " + gradient : text;
}

std::string loss_text(const Json& last) {
  std::string text =
      fmt::format("in the last update: mean loss {:.6g}", last["loss"].get<double>());
  if (last.contains("data_energy")) {
    text += fmt::format(", mean F of the data {:.6g}", last["data_energy"].get<double>());
  }
  if (last.contains("negative_energy")) {
    text += fmt::format(", of the negative answers {:.6g}", last["negative_energy"].get<double>());
  }
  return text + "\n";
}

std::string text_of(const Training& t, const ResultFolder& results) {
  const Problem& problem = t.loaded.problem;
  const double moved = (t.trainer.params() - problem.model.params()).norm();
  const double accepted = acceptance(t.trainer.counts());
  const std::string by_sampler =
      !t.sampler ? ""
      : std::isfinite(accepted)
          ? fmt::format(" ({}, acceptance {:.3g}, at the end {:.3g})", t.sampler->name, accepted,
                        t.last.value("acceptance", std::nan("")))
          : fmt::format(" ({})", t.sampler->name);
  std::string text = fmt::format(
      "trained {}\n{} update{} by {}, {}{}, {:.2f} s; |W - start| = {:.4g}\n",
      t.loaded.description(), t.trainer.updates(), t.trainer.updates() == 1 ? "" : "s",
      t.options.word("optimizer"), method_text(t.options), by_sampler, t.seconds, moved);
  if (t.trainer.clipped() > 0) {
    text += fmt::format("the gradient was longer than clip = {:g} and shortened in {} update{}\n",
                        t.options.real("clip"), t.trainer.clipped(),
                        t.trainer.clipped() == 1 ? "" : "s");
  }
  if (t.last.contains("loss")) {
    text += loss_text(t.last);
  }
  text += t.watch.can()
              ? fmt::format("mean NLL {} -> {} (exact, by {})\n", nll_text(t.first["exact_nll"]),
                            nll_text(t.last["exact_nll"]), t.watch.method())
              : fmt::format("no exact NLL: {}\n", t.watch.why_not());
  if (t.last.contains("nll_change") && t.last["nll_change"].is_number()) {
    text += fmt::format(
        "change of the NLL without log Z, by annealed importance sampling: {:.6g} +- {:.2g}\n",
        t.last["nll_change"].get<double>(), t.last["nll_change_se"].get<double>());
  }
  if (t.last.contains("exact_test_nll")) {
    text += fmt::format("on the {} rows held out {} -> {}\n", t.loaded.test_problem()->rows(),
                        nll_text(t.first["exact_test_nll"]), nll_text(t.last["exact_test_nll"]));
  }
  if (t.baseline) {
    text += fmt::format("Gaussian regression: {:.6g}", t.baseline->nll);
    text += t.baseline->test_nll
                ? fmt::format(", on the rows held out {:.6g}\n", *t.baseline->test_nll)
                : "\n";
  }
  text += verdict_text(run_verdict(t.warnings, t.trainer.mixing()));
  return text + fmt::format(
                    "written: {} (params.npy; metrics.jsonl; trained.toml: this file with these "
                    "parameters, for every other verb)\n",
                    results.folder().string());
}

Json json_baseline(const std::optional<Baseline>& baseline) {
  if (!baseline) {
    return {};
  }
  return {{"name", "gaussian regression"},
          {"nll", baseline->nll},
          {"test_nll", baseline->test_nll ? Json(*baseline->test_nll) : Json()}};
}

Json json_of(const Training& t, const ResultFolder& results) {
  const RunCounts counts = t.trainer.counts();
  Json json = json_head("train", t.loaded, t.common);
  json["problem"] = json_problem(t.loaded);
  json["train"] = json_options(t.options);
  json["sampler"] = t.sampler ? json_sampler(*t.loaded.config.sampler) : Json();
  json["updates"] = t.trainer.updates();
  json["converged"] = t.trainer.converged();
  json["clipped_updates"] = t.trainer.clipped();
  json["num_params"] = t.trainer.params().size();
  json["parameter_groups"] = parameter_groups(t.loaded.problem.model);
  json["params"] = results.file("params.npy").string();
  json["gradient_norm"] = t.last["gradient_norm"];
  if (t.last.contains("loss")) {
    json["loss"] = {{"name", t.options.word("loss")},
                    {"value", t.last["loss"]},
                    {"data_energy", t.last.value("data_energy", Json())},
                    {"negative_energy", t.last.value("negative_energy", Json())}};
  }
  json["nll"] = t.watch.can() ? Json{{"method", t.watch.method()},
                                     {"before", t.first["exact_nll"]},
                                     {"after", t.last["exact_nll"]}}
                              : Json{{"method", nullptr}, {"why_not", t.watch.why_not()}};
  if (const PathNll* path = t.trainer.path_nll()) {
    json["nll_change"] = {{"value", t.last["nll_change"]},
                          {"standard_error", t.last["nll_change_se"]},
                          {"effective_size", t.last["nll_change_ess"]},
                          {"energy_evaluations", path->counts().energy_evaluations},
                          {"gradient_evaluations", path->counts().gradient_evaluations}};
  }
  if (t.last.contains("exact_test_nll")) {
    json["test_nll"] = {{"before", t.first["exact_test_nll"]}, {"after", t.last["exact_test_nll"]}};
  }
  json["baseline"] = json_baseline(t.baseline);
  json["acceptance"] = counts.proposals > 0 ? Json(acceptance(counts)) : Json();
  json["last_acceptance"] = t.last.value("acceptance", Json());
  json["energy_evaluations"] = counts.energy_evaluations;
  json["gradient_evaluations"] = counts.gradient_evaluations;
  json["health"] = json_health(t.trainer.health());
  json["mixing"] = json_mixing(t.trainer.mixing());
  json["verdict"] = json_verdict(run_verdict(t.warnings, t.trainer.mixing()));
  json["warnings"] = json_warnings(t.warnings);
  json["timing"] = {{"seconds", t.seconds}};
  return json;
}

// Training by the exact gradient has no sampler, but the file may name one for other verbs.
std::optional<AnySampler> sampler_of_pictures(const Training& t) {
  if (t.sampler || !t.loaded.config.sampler) {
    return t.sampler;
  }
  try {
    return sampler_for(*t.loaded.config.sampler, t.loaded.problem);
  } catch (const ConfigError&) {
    return {};
  }
}

void write_result(const Training& t, ResultFolder& results, const std::string& json, int threads) {
  const RunCounts counts = t.trainer.counts();
  write_npy(results.file("params.npy"), Eigen::VectorXd(t.trainer.params()));
  // the same configuration with the trained parameters: what every other verb reads
  write_file_atomically(results.file("trained.toml"),
                        to_toml(t.loaded.config, legal_names(), "params.npy"));
  write_file_atomically(results.file("train.json"), json);
  const AnyModel model = t.loaded.problem.model.with_params(t.trainer.params());
  const std::optional<AnySampler> sampler = sampler_of_pictures(t);
  write_file_atomically(
      results.file("pictures.json"),
      make_pictures(t.loaded, model, sampler ? &*sampler : nullptr, t.common).dump() + "\n");
  results.finish(t.loaded, t.common,
                 {.verb = "train",
                  .threads = threads,
                  .energy_evaluations = counts.energy_evaluations,
                  .gradient_evaluations = counts.gradient_evaluations,
                  .warnings = t.warnings,
                  .seconds = t.seconds});
}

}  // namespace

VerbResult train_result(const std::string& file, const CommonArguments& common) {
  const auto begin = std::chrono::steady_clock::now();
  const ProblemFile loaded = load_problem(file, common, ParamsAre::optional);
  const Options options = verb_options(loaded.config, "train", train_options());
  const Executor executor(common.threads);
  const RunSettings settings = run_settings(loaded.config, common, executor);
  if (options.real("l2") == 0) {
    refuse_empty_states(loaded.data, *loaded.config.data, loaded.problem.model.shape().y);
  }
  const std::optional<AnySampler> sampler = training_sampler(loaded, options);
  Training t{loaded,
             common,
             options,
             sampler,
             make_trainer(loaded, sampler, options, settings),
             NllWatch(loaded.problem, options, executor),
             {}};
  const std::optional<Problem> held_out = loaded.test_problem();
  t.baseline = gaussian_baseline(loaded);
  if (held_out) {
    t.test_watch.emplace(*held_out, options, executor);
  }
  ResultFolder results(common);
  results.begin();
  TrainingFiles files(results.folder(), loaded, common);
  if (common.resume) {
    files.restore(t.trainer);
  } else {
    files.begin();
    files.write_metrics(metrics_line(t, nullptr));
    files.write_checkpoint(t.trainer);
  }
  ProgressBar bar("training", common.quiet);
  run_updates(t, files, *bar.progress());
  std::tie(t.first, t.last) = files.first_and_last_metrics();
  collect_warnings(t);
  t.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  Json json = json_of(t, results);
  write_result(t, results, json.dump(2) + "\n", executor.threads());
  files.end();
  write_report_if_wanted(results, common);
  const bool failed = std::any_of(t.warnings.begin(), t.warnings.end(),
                                  [](const Warning& w) { return w.is_failed_check; });
  return {text_of(t, results), std::move(json), failed};
}

int run_train(const std::string& file, const CommonArguments& common) {
  return print_result(train_result(file, common), common);
}

}  // namespace negphase::tool
