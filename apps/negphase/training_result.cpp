#include "training_result.hpp"

#include <fmt/core.h>

#include <cmath>

#include "diagnosis.hpp"
#include "health_json.hpp"
#include "negphase/gradient/criteria/criterion_objective.hpp"
#include "negphase/gradient/losses.hpp"
#include "negphase/gradient/warnings.hpp"
#include "run_verdict.hpp"

namespace negphase::tool {

namespace {

using Json = nlohmann::ordered_json;

bool has_another_loss(const Options& options) { return options.word("loss") != "nll"; }

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

Json json_baseline(const std::optional<Baseline>& baseline) {
  if (!baseline) {
    return {};
  }
  return {{"name", "gaussian regression"},
          {"nll", baseline->nll},
          {"test_nll", baseline->test_nll ? Json(*baseline->test_nll) : Json()}};
}

}  // namespace

double acceptance(const RunCounts& counts) {
  return counts.acceptance / static_cast<double>(counts.proposals);
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

}  // namespace negphase::tool
