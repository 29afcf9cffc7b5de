#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <tuple>

#include "negphase/exact/gaussian_regression.hpp"
#include "negphase/gradient/negative_answers.hpp"
#include "negphase/io/config_text.hpp"
#include "negphase/io/empty_states.hpp"
#include "negphase/io/files.hpp"
#include "negphase/io/given_negatives.hpp"
#include "negphase/io/npy.hpp"
#include "pictures.hpp"
#include "progress_bar.hpp"
#include "report.hpp"
#include "signals.hpp"
#include "training_files.hpp"
#include "training_result.hpp"
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
