#include <fmt/core.h>

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "negphase/exact/exact.hpp"
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

// Mean NLL without sampling, before and after; nothing where no exact method applies or would need
// more than 2^20 states.
struct ExactNlls {
  std::string method;
  double before = 0, after = 0;
};

std::optional<ExactNlls> exact_nlls(const Problem& problem, const Params& trained,
                                    const Executor& executor) {
  const ExactLimits limits{.max_states = 1 << 20};
  const ExactPlan plan = plan_exact(problem.model, problem.x, problem.beta, limits);
  if (plan.method.empty()) {
    return {};
  }
  const auto nll = [&](const AnyModel& model) {
    try {
      return exact_nll_gradient(model, problem.x, problem.y, problem.beta, limits, executor).nll;
    } catch (const ModelError&) {  // not normalisable there; the trained parameters stand
      return std::numeric_limits<double>::quiet_NaN();
    }
  };
  return ExactNlls{plan.method, nll(problem.model), nll(problem.model.with_params(trained))};
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
  const Params trained = train(problem, &sampler, options, settings);
  results.begin();
  write_npy(results.file("params.npy"), Eigen::VectorXd(trained));
  results.finish(loaded, common, {.verb = "train", .threads = executor.threads()});

  const auto nlls = exact_nlls(problem, trained, executor);
  const Params& start = problem.model.params();
  const std::string out = results.file("params.npy").string();
  if (common.json) {
    nlohmann::ordered_json json = json_head("train", loaded, common);
    json["updates"] = options.integer("updates");
    json["num_params"] = trained.size();
    json["params"] = out;
    json["nll"] = nlls ? nlohmann::ordered_json{{"method", nlls->method},
                                                {"before", nlls->before},
                                                {"after", nlls->after}}
                       : nlohmann::ordered_json();
    print(json.dump(2) + "\n");
  } else {
    print(fmt::format(
        "trained {}\n{} updates by {}; |W - start| = {:.4g}\n{}written: {} ({} "
        "numbers, order as in `negphase list models`)\n",
        loaded.description(), options.integer("updates"), sampler.name, (trained - start).norm(),
        nlls ? fmt::format("mean NLL {:.6g} -> {:.6g} (exact, by {})\n", nlls->before, nlls->after,
                           nlls->method)
             : "",
        out, trained.size()));
  }
  return 0;
}

}  // namespace negphase::tool
