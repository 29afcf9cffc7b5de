#include <fmt/core.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "negphase/gradient/training.hpp"
#include "negphase/io/files.hpp"
#include "negphase/io/npy.hpp"
#include "output.hpp"
#include "problem_file.hpp"
#include "progress_bar.hpp"
#include "results.hpp"
#include "verbs.hpp"

namespace negphase::tool {

namespace {

AnySampler training_sampler(const ProblemFile& loaded) {
  const RunConfig& config = loaded.config;
  if (!config.sampler) {
    throw ConfigError({config.file.string(), 0, 0},
                      "[sampler] is missing: training needs one (key: name)");
  }
  Complaints complaints;
  std::optional<AnySampler> sampler;
  complaints.collect(config.sampler->place,
                     [&] { sampler = sampler_for(*config.sampler, loaded.problem); });
  complaints.throw_if_any();
  return *sampler;
}

}  // namespace

int run_train(const std::string& file, const CommonArguments& common) {
  const ProblemFile loaded = load_problem(file, common, ParamsAre::optional);
  const RunConfig& config = loaded.config;
  const AnySampler sampler = training_sampler(loaded);
  const Problem& problem = loaded.problem;
  const Options options = verb_options(config, "train", train_options());
  ResultFolder results(common);

  const Executor executor(common.threads);
  RunSettings settings = run_settings(config, common, executor);
  ProgressBar bar("training", common.quiet);
  settings.progress = bar.progress();
  const Params trained = train(problem, sampler, options, settings);
  results.begin();
  write_npy(results.file("params.npy"), Eigen::VectorXd(trained));
  results.finish(loaded, common, {.verb = "train", .threads = executor.threads()});

  const Params& start = problem.model.params();
  const std::string out = results.file("params.npy").string();
  if (common.json) {
    nlohmann::ordered_json json = json_head("train", loaded, common);
    json["updates"] = options.integer("updates");
    json["num_params"] = trained.size();
    json["params"] = out;
    print(json.dump(2) + "\n");
  } else {
    print(
        fmt::format("trained {}\n{} updates by {}; |W - start| = {:.4g}\nwritten: {} ({} numbers, "
                    "order as in `negphase list models`)\n",
                    loaded.description(), options.integer("updates"), sampler.name,
                    (trained - start).norm(), out, trained.size()));
  }
  return 0;
}

}  // namespace negphase::tool
