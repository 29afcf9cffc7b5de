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
#include "verbs.hpp"

namespace negphase::tool {

namespace {

void check_out(const std::filesystem::path& out, bool force) {
  if (out.extension() != ".npy") {
    throw UsageError(fmt::format("--out {}: the parameters are written as .npy", out.string()));
  }
  check_writable(out);
  if (std::filesystem::exists(out) && !force) {
    throw ConfigError({out.string(), 0, 0}, "exists already; --force overwrites it");
  }
}

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

int run_train(const std::string& file, const std::string& out, bool force,
              const CommonArguments& common) {
  const ProblemFile loaded = load_problem(file, common, ParamsAre::optional);
  const RunConfig& config = loaded.config;
  const AnySampler sampler = training_sampler(loaded);
  const Problem& problem = loaded.problem;
  const auto given = config.verbs.find("train");
  const Options options = Options::resolve(
      "[train]", train_options(),
      given == config.verbs.end() ? std::vector<GivenOption>{} : given->second.options);
  check_out(out, force);

  const Executor executor(common.threads);
  RunSettings settings = run_settings(config, common, executor);
  ProgressBar bar("training", common.quiet);
  settings.progress = bar.progress();
  const Params trained = train(problem, sampler, options, settings);
  write_npy(out, Eigen::VectorXd(trained));

  const Params& start = problem.model.params();
  if (common.json) {
    const nlohmann::ordered_json json{{"negphase", NEGPHASE_VERSION},
                                      {"verb", "train"},
                                      {"config", config.file.string()},
                                      {"seed", config.seed},
                                      {"updates", options.integer("updates")},
                                      {"num_params", trained.size()},
                                      {"out", out}};
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
