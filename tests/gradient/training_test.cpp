#include "negphase/gradient/training.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "negphase/exact/exact.hpp"
#include "negphase/gradient/nll_objective.hpp"
#include "negphase/models/pairwise.hpp"
#include "negphase/registry/registry.hpp"
#include "planted/E8.hpp"
#include "planted/P1.hpp"
#include "planted/P2.hpp"
#include "planted/P6.hpp"
#include "planted/P7.hpp"
#include "planted/P8.hpp"
#include "support/problems.hpp"
#include "support/zoo.hpp"

namespace {

using namespace negphase;
using testing::quartic_problem;
using testing::rbm_problem;
using testing::settings_on;
using Given = std::vector<GivenOption>;

// 3 spins with couplings and fields, started at W = 0: the NLL is convex and has its minimum
// inside. The data lean to products s0 s1 s2 that a model of pairs cannot have, so that a step from
// the data is far from a draw of the model even at the minimum: it leads to |g| = 0.22.
Problem three_spins() {
  Eigen::MatrixXd y(8, 3);
  y << -1, -1, -1, -1, -1, -1, -1, -1, 1, -1, 1, 1, 1, -1, 1, 1, -1, 1, 1, 1, -1, 1, 1, -1;
  return {PairwiseModel(ColumnKind::spin, Graph(3, all_pairs(3)), Params::Zero(6)),
          Eigen::MatrixXd(8, 0), y, 1.0};
}

Options options_of(const Given& given) {
  return Options::resolve("[train]", train_options(), given);
}

Given schedule() {
  return {{"updates", std::int64_t{600}, {}},
          {"batch", std::int64_t{8}, {}},
          {"chains", std::int64_t{512}, {}},
          {"learning_rate", 0.2, {}},
          {"learning_rate_end", 0.01, {}}};
}

double gradient_at(const Params& w) {
  const Executor executor(1);
  const Problem p = three_spins();
  return exact_nll_gradient(p.model.with_params(w), p.x, p.y, 1.0, {}, executor).gradient.norm();
}

template <class TrainerType>
Params trained(const Given& given) {
  const Executor executor(2);
  const Problem p = three_spins();
  const AnySampler flips = make_sampler("single_flip", {});
  TrainerType trainer(p, &flips, options_of(given), settings_on(executor, 3));
  while (!trainer.done()) {
    trainer.update();
  }
  return trainer.params();
}

// plain gradient descent, for wrong versions of what a Trainer is made of
template <class Gradient>
Params descended() {
  const Executor executor(2);
  const Problem p = three_spins();
  const AnySampler flips = make_sampler("single_flip", {});
  const Options options = options_of(schedule());
  Gradient gradient(p, &flips, options, settings_on(executor, 3));
  Params w = Params::Constant(6, 0.1);  // at 0 every flip is accepted, and chains only alternate
  for (std::int64_t u = 1; u <= options.integer("updates"); ++u) {
    w -= learning_rate(options, u) * gradient.at(p.model.with_params(w), u).gradient;
  }
  return w;
}

// At a fixed rate r the parameters end up in a cloud about the minimum with E|g|^2 = r lambda tr(S)
// / 2, g the exact gradient, lambda <= 6 the largest eigenvalue of the spins' covariance (its
// trace) and tr(S) <= 6 / 512 the variance of a gradient. At the last rate 0.01 this is 3.5e-4, and
// |g| is above five times its root 0.019 less than once in a million.
constexpr double cloud = 5 * 0.019;

// every kind of gradient with a rule of its own, small enough for all boundaries
const std::vector<Given>& kinds() {
  const auto kind = [](std::string gradient, std::string rule) {
    return Given{{"gradient", std::move(gradient), {}}, {"optimizer", std::move(rule), {}},
                 {"updates", std::int64_t{5}, {}},      {"batch", std::int64_t{3}, {}},
                 {"chains", std::int64_t{70}, {}},      {"warmup", std::int64_t{3}, {}}};
  };
  static const std::vector<Given> all = [&] {
    std::vector<Given> list{kind("pcd", "sgd"),        kind("pcd", "adam"),
                            kind("cd", "momentum"),    kind("long_chains", "adam"),
                            kind("exact", "momentum"), kind("exact", "lbfgs")};
    list.back()[3].value = std::int64_t{1000};
    list.push_back(kind("cd", "rmsprop"));
    list.back().push_back({"clip", 0.05, {}});
    Given watched = kind("pcd", "adam");
    for (const auto& [name, value] : {std::pair{"nll_chains", std::int64_t{70}},
                                      {"nll_warmup", 3},
                                      {"nll_steps", 2},
                                      {"exact_nll_every", 2}}) {
      watched.push_back({name, value, {}});
    }
    list.insert(list.begin() + 2, std::move(watched));
    return list;
  }();
  return all;
}

std::string state_of(const auto& trainer) {
  SavedState state;
  trainer.save(state);
  return state.to_bytes();
}

// Whether a run that is saved at every boundary, and goes on in a new trainer on other threads,
// ends with the bytes of the unbroken one.
template <class TrainerType>
bool goes_on_alike(const Problem& p, const AnySampler& sampler, const Given& given,
                   Precision precision = Precision::float64) {
  const Options options = options_of(given);
  const auto settings = [&](const Executor& executor) {
    RunSettings run = settings_on(executor, 5);
    run.precision = precision;
    return run;
  };
  const Executor one(1);
  TrainerType unbroken(p, &sampler, options, settings(one));
  std::vector<std::string> at{state_of(unbroken)};
  while (!unbroken.done()) {
    unbroken.update();
    at.push_back(state_of(unbroken));
  }
  for (std::size_t boundary = 0; boundary < at.size(); ++boundary) {
    const Executor executor(1 + static_cast<int>(boundary % 3));
    TrainerType resumed(p, &sampler, options, settings(executor));
    resumed.restore(SavedState::from_bytes(at[boundary]));
    while (!resumed.done()) {
      resumed.update();
    }
    if (state_of(resumed) != at.back()) {
      return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("persistent chains lead to the minimum of a convex NLL") {
  CHECK(gradient_at(Params::Zero(6)) > cloud);
  CHECK(gradient_at(trained<Trainer>(schedule())) < cloud);
  CHECK(gradient_at(descended<NllObjective>()) < cloud);
}

TEST_CASE("planted P1, P2, E8: uphill, chains of the first model, chains that are reset") {
  CHECK(gradient_at(trained<planted::P1::Trainer>(schedule())) > cloud);
  CHECK(gradient_at(descended<planted::P2::NllObjective>()) > cloud);
  CHECK(gradient_at(descended<planted::E8::NllObjective>()) > cloud);
}

namespace {

// The mean of some updates' gradients at one place; rbm_3x2_strong, 4 rows.
template <class Gradient>
Eigen::VectorXd mean_gradient(const Given& given) {
  const Executor executor(2);
  const Problem p = rbm_problem("rbm_3x2_strong");
  const AnySampler gibbs = make_sampler("block_gibbs", {});
  Gradient gradient(p, &gibbs, options_of(given), settings_on(executor, 21));
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(p.model.params().size());
  for (int update = 1; update <= 4; ++update) {
    sum += gradient.at(p.model, update).gradient;
  }
  return sum / 4;
}

double off_by(const Eigen::VectorXd& mean, const std::string& which) {
  return (mean - testing::rbm_gradient("rbm_3x2_strong", which)).cwiseAbs().maxCoeff();
}

Given cd_steps(std::int64_t k) {
  return {{"gradient", std::string("cd"), {}},
          {"cd_k", k, {}},
          {"chains_per_row", std::int64_t{5000}, {}}};
}

}  // namespace

TEST_CASE("the gradients of training are those of their methods; P8, a sweep less, is rejected") {
  // E[v h] of bits has a variance of at most 1/4: 4 x 20,000 chains make error bars below 0.0018;
  // CD-1, CD-2 and the exact gradient are 0.027 and more apart
  const double bound = testing::z_bound(11) * 0.0018;
  CHECK(off_by(mean_gradient<NllObjective>(cd_steps(1)), "expected_cd1_grad") < bound);
  CHECK(off_by(mean_gradient<NllObjective>(cd_steps(2)), "expected_cd2_grad") < bound);
  CHECK(off_by(mean_gradient<planted::P8::NllObjective>(cd_steps(2)), "expected_cd2_grad") > bound);
  const Given long_chains{{"gradient", std::string("long_chains"), {}},
                          {"chains", std::int64_t{20000}, {}},
                          {"warmup", std::int64_t{200}, {}}};
  CHECK(off_by(mean_gradient<NllObjective>(long_chains), "exact_grad_nll") < bound);
  CHECK(off_by(mean_gradient<NllObjective>({{"gradient", std::string("exact"), {}}}),
               "exact_grad_nll") < 1e-12);
}

TEST_CASE("training saved at every boundary and restored on 1, 2, 3 threads: the same bytes") {
  const AnySampler flips = make_sampler("single_flip", {});
  for (const Given& kind : kinds()) {
    CAPTURE(std::get<std::string>(kind[0].value));
    CAPTURE(std::get<std::string>(kind[1].value));
    CHECK(goes_on_alike<Trainer>(three_spins(), flips, kind));
    CHECK(goes_on_alike<Trainer>(three_spins(), flips, kind, Precision::float32));
  }
  const AnySampler gibbs = make_sampler("block_gibbs", {});
  const AnySampler mala = make_sampler("mala", std::vector<GivenOption>{{"step_size", 0.1, {}}});
  for (std::size_t k = 0; k + 2 < kinds().size(); ++k) {
    CHECK(goes_on_alike<Trainer>(rbm_problem("rbm_3x2"), gibbs, kinds()[k]));
    CHECK(goes_on_alike<Trainer>(quartic_problem(6), mala, kinds()[k]));
  }
}

TEST_CASE("a state that does not fit is refused") {
  const Executor executor(1);
  const Problem p = three_spins();
  const AnySampler flips = make_sampler("single_flip", {});
  SavedState state;
  Trainer(p, &flips, options_of(kinds()[1]), settings_on(executor, 5)).save(state);
  Trainer sgd(p, &flips, options_of(kinds()[0]), settings_on(executor, 5));
  CHECK_THROWS_WITH_AS(sgd.restore(state), doctest::Contains("optimizer/first"), ConfigError);
  CHECK_THROWS_AS(sgd.restore(SavedState{}), ConfigError);
}

TEST_CASE(
    "training by the exact gradient and L-BFGS finds the minimum, with a penalty or without") {
  const Executor executor(1);
  const Problem p = three_spins();
  for (const double l2 : {0.0, 0.05}) {
    const Options options = options_of({{"gradient", std::string("exact"), {}},
                                        {"optimizer", std::string("lbfgs"), {}},
                                        {"l2", l2, {}}});
    Trainer trainer(p, nullptr, options, settings_on(executor, 1));
    std::optional<double> last;
    while (!trainer.done()) {
      const Params before = trainer.params();
      const TrainingUpdate done = trainer.update();
      last = done.nll;
      const ExactNll exact =
          exact_nll_gradient(p.model.with_params(before), p.x, p.y, 1.0, {}, executor);
      // the penalty is added and taken away again: a rounding each
      CHECK(std::abs(*done.nll - exact.nll) < 1e-15 * 8);
      CHECK((done.gradient - exact.gradient).cwiseAbs().maxCoeff() < 1e-15 * 8);
    }
    CHECK(trainer.converged());
    const Params w = trainer.params();
    const ExactNll there = exact_nll_gradient(p.model.with_params(w), p.x, p.y, 1.0, {}, executor);
    // convex: the minimum is where the gradient vanishes
    CHECK((there.gradient + l2 * w).cwiseAbs().maxCoeff() <= 1e-8);
  }
}

TEST_CASE("planted P6, P7: a printed NLL with the penalty in it, half the weight decay") {
  const Executor executor(1);
  const Problem p = three_spins();
  const Options options = options_of({{"gradient", std::string("exact"), {}},
                                      {"optimizer", std::string("lbfgs"), {}},
                                      {"init_scale", 0.5, {}},
                                      {"l2", 0.05, {}}});
  planted::P6::Trainer wrong(p, nullptr, options, settings_on(executor, 1));
  const Params start = wrong.params();
  const double exact =
      exact_nll_gradient(p.model.with_params(start), p.x, p.y, 1.0, {}, executor).nll;
  CHECK(std::abs(*wrong.update().nll - exact) > 1e-3);

  // one step of gradient descent from W: W - r (g + l2 W)
  const Options one_step = options_of({{"gradient", std::string("exact"), {}},
                                       {"schedule", std::string("constant"), {}},
                                       {"init_scale", 0.5, {}},
                                       {"learning_rate", 0.5, {}},
                                       {"l2", 0.5, {}}});
  const auto off_by = [&](auto trainer) {
    const Params w = trainer.params();
    const Eigen::VectorXd g = trainer.update().gradient;
    return (trainer.params() - (w - 0.5 * (g + 0.5 * w))).cwiseAbs().maxCoeff();
  };
  CHECK(off_by(Trainer(p, nullptr, one_step, settings_on(executor, 1))) < 1e-15);
  CHECK(off_by(planted::P7::Trainer(p, nullptr, one_step, settings_on(executor, 1))) > 1e-2);
}

TEST_CASE("a gradient that is too long is shortened, and the run says how often") {
  const Executor executor(1);
  const Problem p = three_spins();
  Trainer trainer(p, nullptr,
                  options_of({{"gradient", std::string("exact"), {}},
                              {"schedule", std::string("constant"), {}},
                              {"learning_rate", 1.0, {}},
                              {"updates", std::int64_t{400}, {}},
                              {"clip", 0.05, {}}}),
                  settings_on(executor, 1));
  std::int64_t clipped = 0;
  while (!trainer.done()) {
    const Params before = trainer.params();
    const TrainingUpdate done = trainer.update();
    clipped += done.clipped ? 1 : 0;
    CHECK(done.clipped == (done.gradient.norm() > 0.05));
    // 1e-15: rounding of a length of at most 0.05 added to parameters below 1
    CHECK((trainer.params() - before).norm() <= std::min(0.05, done.gradient.norm()) + 1e-15);
  }
  CHECK(trainer.clipped() == clipped);
  CHECK(clipped > 0);
  CHECK(clipped < 400);  // the NLL is convex: near its minimum the gradient is short
}

TEST_CASE("what cannot be trained is refused, with what to do") {
  const Executor executor(1);
  const Problem p = three_spins();
  const AnySampler flips = make_sampler("single_flip", {});
  const auto refusal = [&](const AnySampler* sampler, const Given& given) {
    try {
      Trainer(p, sampler, options_of(given), settings_on(executor, 1));
    } catch (const ConfigError& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK(refusal(nullptr, {}).find("gradient = \"pcd\" needs a sampler") != std::string::npos);
  CHECK(refusal(&flips, {{"optimizer", std::string("lbfgs"), {}}}).find("noisy gradient") !=
        std::string::npos);
  CHECK(refusal(nullptr, {{"gradient", std::string("exact"), {}}, {"max_states", 4.0, {}}})
            .find("8 states") != std::string::npos);
}

TEST_CASE("training tells of each update, in order") {
  const Executor executor(1);
  const Problem p = three_spins();
  const AnySampler flips = make_sampler("single_flip", {});
  std::int64_t last = 0;
  const Options options = options_of({{"updates", std::int64_t{20}, {}}});
  train(p, &flips, options, settings_on(executor, 3), [&](const TrainingUpdate& update) {
    CHECK(update.number == last + 1);
    CHECK(update.gradient.size() == 6);
    CHECK_FALSE(update.nll.has_value());
    last = update.number;
  });
  CHECK(last == 20);
}
