#include "negphase/exact/exact.hpp"

#include <fmt/core.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "category_shares.hpp"
#include "exact_options.hpp"
#include "negphase/core/factorizations.hpp"
#include "negphase/gradient/hessian.hpp"
#include "negphase/io/files.hpp"
#include "output.hpp"
#include "progress_bar.hpp"
#include "results.hpp"
#include "signals.hpp"

namespace negphase::tool {

namespace {

using Json = nlohmann::ordered_json;

/// log Z and the expectation of dE/dW, and where z can be summed out the NLL and its gradient.
struct ExactResult {
  ExactPlan plan;
  ExactAnswer negative;
  std::optional<ExactPositive> positive;
  std::optional<Hessian> hessian;  ///< where it is asked for
  std::vector<CategoryShares> shares = {};
  double seconds = 0;

  /// (1/beta) mean log Z + mean F (M4)
  double nll(double beta) const {
    return positive->mean_free_energy + negative.log_z.mean() / beta;
  }
  Eigen::VectorXd gradient() const { return positive->mean_param_grad - negative.mean_param_grad; }
};

constexpr Index rows_shown = 20;

std::string table_of(const ExactResult& r, const Problem& problem) {
  const Index size = problem.model.shape().num_params;
  std::string text = fmt::format("{:<16} {:>16} {:>16}{}\n", "parameter", "value", "E_p[dE/dW]",
                                 r.positive ? fmt::format(" {:>16}", "dNLL/dW") : "");
  for (Index i = 0; i < std::min(size, rows_shown); ++i) {
    text += fmt::format("{:<16} {:>16.8g} {:>16.8g}{}\n", problem.model.param_name(i),
                        problem.model.params()[i], r.negative.mean_param_grad[i],
                        r.positive ? fmt::format(" {:>16.8g}", r.gradient()[i]) : "");
  }
  if (size > rows_shown) {
    text += fmt::format("... and {} more: --json or --out has them all\n", size - rows_shown);
  }
  return text;
}

/// Mean and deviation of the columns of y, as `negphase sample` prints them.
std::string moments_of(const ExactResult& r, const ProblemFile& file) {
  const ExactAnswer& answer = r.negative;
  if (answer.mean.size() == 0) {
    return "";  // the layer that was summed out has no conditional() of y
  }
  std::string text = fmt::format("{:<16} {:>16} {:>16}\n", "", "mean", "sd");
  for (Index j = 0; j < std::min(answer.mean.size(), rows_shown); ++j) {
    const std::string name = fmt::format("y.{}", j + 1);
    text += std::isnan(answer.mean[j])  // a category
                ? fmt::format("{:<16} {:>16} {:>16}\n", name, "-", "-")
                : fmt::format("{:<16} {:>16.8g} {:>16.8g}\n", name, answer.mean[j],
                              answer.deviation[j]);
  }
  if (answer.mean.size() > rows_shown) {
    text += fmt::format("... and {} more columns: --json or --out has them all\n",
                        answer.mean.size() - rows_shown);
  }
  return text + text_of(r.shares) + file.about_y() + "\n";
}

Eigen::VectorXd eigenvalues_of(const Hessian& hessian) {
  return symmetric_eigenvalues(hessian.value);
}

std::string second_derivatives(const Hessian& hessian) {
  return hessian.by_differences ? ", second derivatives of the energy by differences" : "";
}

Json json_of(const Hessian& hessian) {
  Json rows = Json::array();
  for (Index i = 0; i < hessian.value.rows(); ++i) {
    rows.push_back(json_array(hessian.value.row(i).transpose()));
  }
  return {{"method", hessian.method},
          {"by_differences", hessian.by_differences},
          {"value", std::move(rows)},
          {"eigenvalues", json_array(eigenvalues_of(hessian))}};
}

std::string text_of(const ExactResult& r, const ProblemFile& file) {
  const Problem& problem = file.problem;
  const Eigen::VectorXd& log_z = r.negative.log_z;
  std::string text = file.description() + "\n";
  text += fmt::format("exact by {}: {:.4g} energies, {:.2f} s\n\n", r.negative.method,
                      r.negative.evaluations, r.seconds);
  text += fmt::format("log Z      {:.12g}", log_z.mean());
  text += log_z.size() > 1 ? fmt::format("   mean of {} rows, {:.6g} to {:.6g}", log_z.size(),
                                         log_z.minCoeff(), log_z.maxCoeff())
                           : "";
  text += fmt::format("   (numerical error below {:.1g})\n", r.negative.log_z_error.maxCoeff());
  if (r.positive) {
    text += fmt::format("NLL        {:.12g}   mean over {} rows, -log p / beta in nats\n",
                        r.nll(problem.beta), problem.rows());
    text += fmt::format("|gradient| {:.6g}\n", r.gradient().norm());
  } else {
    text += "NLL        -   z cannot be summed out of this model\n";
  }
  if (r.hessian) {
    const Eigen::VectorXd eigenvalues = eigenvalues_of(*r.hessian);
    text += fmt::format(
        "Hessian    {0} x {0} by {1}{2}: eigenvalues {3:.6g} to {4:.6g}; --json has it whole\n",
        eigenvalues.size(), r.hessian->method, second_derivatives(*r.hessian), eigenvalues[0],
        eigenvalues[eigenvalues.size() - 1]);
  }
  return text + "\n" + moments_of(r, file) + table_of(r, problem);
}

Json json_of(const ExactResult& r, const ProblemFile& file, const CommonArguments& common) {
  Json json = json_head("exact", file, common);
  json["problem"] = json_problem(file);
  json["method"] = r.negative.method;
  json["log_z"] = json_array(r.negative.log_z);
  json["log_z_error"] = json_array(r.negative.log_z_error);
  json["nll"] = r.positive ? Json(r.nll(file.problem.beta)) : Json();
  Json names = Json::array();
  for (Index i = 0; i < file.problem.model.shape().num_params; ++i) {
    names.push_back(file.problem.model.param_name(i));
  }
  json["parameters"] = std::move(names);
  json["mean"] = r.positive ? json_array(r.gradient()) : Json();
  json["positive"] = r.positive ? json_array(r.positive->mean_param_grad) : Json();
  json["negative"] = json_array(r.negative.mean_param_grad);
  if (r.hessian) {
    json["hessian"] = json_of(*r.hessian);
  }
  const bool has_moments = r.negative.mean.size() > 0;
  json["y_mean"] = has_moments ? json_array(r.negative.mean) : Json();
  json["y_standard_deviation"] = has_moments ? json_array(r.negative.deviation) : Json();
  json["shares"] = json_of(r.shares);
  json["energy_evaluations"] = r.negative.evaluations;
  json["timing"] = {{"seconds", r.seconds}, {"seconds_estimate", r.plan.seconds_estimate}};
  return json;
}

ExactLimits limits_of(const Options& options) {
  ExactLimits limits;
  limits.max_states = options.real("max_states");
  limits.lower = options.real("lower");
  limits.upper = options.real("upper");
  return limits;
}

}  // namespace

int run_exact(const std::string& file, const CommonArguments& common) {
  const ProblemFile loaded = load_problem(file, common, ParamsAre::required);
  const Problem& problem = loaded.problem;
  const Options options = verb_options(loaded.config, "exact", exact_options());
  const ExactLimits limits = limits_of(options);
  Executor executor(common.threads);
  executor.stop_on(stop_token());
  ExactResult result;
  result.plan = plan_exact(problem.model, problem.x, problem.beta, limits);
  if (result.plan.method.empty()) {
    throw ConfigError(loaded.config.model.place, "no exact method: " + result.plan.why_not);
  }
  ResultFolder results(common);
  if (!common.quiet && stderr_is_terminal()) {
    fmt::print(stderr, "{}: {:.4g} energies, about {:.2g} s on one thread\n", result.plan.method,
               result.plan.states, result.plan.seconds_estimate);
  }

  const auto begin = std::chrono::steady_clock::now();
  if (!plan_positive(problem.model, problem.x, problem.rows(), problem.beta, limits)
           .method.empty()) {
    result.positive =
        solve_positive(problem.model, problem.x, problem.y, problem.beta, limits, executor);
  }
  result.negative = solve_exact_with_moments(problem.model, problem.x, problem.beta, limits,
                                             executor, problem.y.colwise().mean().transpose());
  result.shares = exact_shares(loaded, executor);
  forget_categories(problem.model.shape(), result.negative.mean);
  forget_categories(problem.model.shape(), result.negative.deviation);
  if (options.flag("hessian")) {
    result.hessian = exact_hessian(problem, limits, executor);
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();

  const std::string json = json_of(result, loaded, common).dump(2) + "\n";
  if (results.wanted()) {
    results.begin();
    write_file_atomically(results.file("exact.json"), json);
    results.finish(loaded, common,
                   {.verb = "exact",
                    .threads = executor.threads(),
                    .energy_evaluations = static_cast<std::int64_t>(result.negative.evaluations),
                    .seconds = result.seconds});
  }
  print(common.json ? json : text_of(result, loaded));
  return 0;
}

}  // namespace negphase::tool
