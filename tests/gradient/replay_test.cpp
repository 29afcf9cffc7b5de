#include "negphase/gradient/replay.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "negphase/gradient/nll_objective.hpp"
#include "negphase/gradient/registry.hpp"
#include "negphase/gradient/training.hpp"
#include "negphase/random/philox.hpp"
#include "negphase/random/philox_source.hpp"
#include "negphase/registry/registry.hpp"
#include "planted/ES1.hpp"
#include "planted/ES2.hpp"
#include "planted/ES4.hpp"
#include "planted/RO4.hpp"
#include "planted/RO5.hpp"
#include "support/problems.hpp"
#include "support/step_law.hpp"

namespace {

using namespace negphase;
using namespace negphase::testing;
using Given = std::vector<GivenOption>;

GivenOption given(const char* name, OptionValue value) { return {name, std::move(value), {}}; }

const AnySampler& gibbs() {
  static const AnySampler sampler = make_sampler("block_gibbs", {});
  return sampler;
}

// strong couplings at a beta that is not 1: chains forget their start slowly enough to show when
// they started
Problem slow_rbm() {
  Problem p = rbm_problem("rbm_3x2_strong");
  p.beta = 1.3;
  return p;
}

bool agrees(const GradientEstimate& e, const Eigen::VectorXd& expected) {
  // dE/dW of bits has variance at most 1/4, and 8,192 chains: bars below 0.5 / sqrt(8192) = 0.0056,
  // with the scatter of a standard error on 31 degrees of freedom, 13 %, five times over
  return e.standard_error.maxCoeff() <= 0.0056 * 1.65 &&
         compare(e, expected).worst_z <= z_bound(expected.size());
}

// of nothing but the updates of training, at parameters that stay
Eigen::VectorXd at_update(const Problem& p, Given given_options, std::int64_t update,
                          double& error) {
  const Executor executor(2);
  given_options.push_back(given("report_every", update));
  const Options options = Options::resolve("[train]", train_options(), given_options);
  NllObjective objective(p, &gibbs(), options, settings_on(executor, 9));
  Objective::Result result;
  for (std::int64_t u = 1; u <= update; ++u) {
    result = objective.at(p.model, u);
  }
  error = result.chain_error.value();
  return result.gradient;
}

}  // namespace

TEST_CASE("M9: short runs from noise are right about their own expectation") {
  const Executor executor(2);
  const Problem p = slow_rbm();
  const StepLaw law(p);
  for (const Index k : {1, 3}) {
    const auto e =
        estimate_gradient(p, &gibbs(), "short_run",
                          Given{given("cd_k", std::int64_t{k}), given("chains", std::int64_t{4096}),
                                given("draws", std::int64_t{2})},
                          settings_on(executor, 20 + static_cast<std::uint64_t>(k)));
    CHECK(agrees(e, law.gradient(law.after(law.uniform(), k))));
    CHECK_FALSE(agrees(e, law.gradient(law.after(law.uniform(), k + 1))));
    CHECK_FALSE(agrees(e, law.gradient(law.after(law.uniform(), 10000))));
    CHECK(e.warnings.back().code == "biased_method");
  }
}

TEST_CASE("M9: a replay buffer is right about its own expectation") {
  const Executor executor(2);
  const Problem p = slow_rbm();
  const StepLaw law(p);
  const auto e =
      estimate_gradient(p, &gibbs(), "replay",
                        Given{given("reinit_rate", 0.3), given("chains", std::int64_t{8192}),
                              given("updates", std::int64_t{6})},
                        settings_on(executor, 31));
  CHECK(agrees(e, law.gradient(law.replay(0.3, 1, 6))));
  CHECK_FALSE(agrees(e, law.gradient(law.replay(0, 1, 6))));    // persistent chains
  CHECK_FALSE(agrees(e, law.gradient(law.replay(0.7, 1, 6))));  // those go on that should start
  CHECK_FALSE(agrees(e, law.gradient(law.replay(1, 1, 6))));    // short runs
  // age after u updates: 1 + (1 - rate) + ... + (1 - rate)^(u - 1), and u at most; variance below
  // (1 - rate) / rate^2, so that 8,192 ages have a mean within 5 x 0.0308
  REQUIRE(e.chain_ages);
  CHECK(std::abs(e.chain_ages->mean - (1 - std::pow(0.7, 6)) / 0.3) < 5 * 0.0308);
  CHECK(e.chain_ages->least == 1);
  CHECK(e.chain_ages->most == 6);
}

TEST_CASE("which chains start anew, and where: planted ES1, ES2 are rejected") {
  const Problem p = quartic_problem(4);
  constexpr int chains = 4000;
  const auto share = [&](const auto& replay) {
    std::vector<std::uint8_t> starts(chains / 5);
    int anew = 0;
    for (std::uint64_t time = 1; time <= 5; ++time) {
      replay.choose(time, 0, starts);
      anew += static_cast<int>(std::count(starts.begin(), starts.end(), 1));
    }
    return static_cast<double>(anew) / chains;
  };
  // 4.9 binomial standard errors: by chance once in a million
  const double band = 4.9 * std::sqrt(0.2 * 0.8 / chains);
  using Wrong = planted::ES1::Replay;
  CHECK(std::abs(share(Replay(p, Replay::Start::noise, 0.2, 1, 3)) - 0.2) < band);
  CHECK_FALSE(std::abs(share(Wrong(p, Wrong::Start::noise, 0.2, 1, 3)) - 0.2) < band);
  CHECK(share(Replay(p, Replay::Start::noise, 0, 1, 3)) == 0);
  CHECK(share(Replay(p, Replay::Start::noise, 1, 1, 3)) == 1);

  const auto places = [&](const auto& replay) {
    std::set<double> all;
    for (std::uint64_t time = 0; time < 10; ++time) {
      double y = 0;
      replay.start(time, 7, 3, {&y, 1});
      all.insert(y);
    }
    return all.size();
  };
  CHECK(places(Replay(p, Replay::Start::noise, 0.2, 1, 3)) == 10);
  CHECK(places(planted::ES2::Replay(p, planted::ES2::Replay::Start::noise, 0.2, 1, 3)) == 1);
  CHECK(places(Replay(p, Replay::Start::data, 0.2, 1, 3)) == 1);  // the row's own datum
  CHECK(places(Replay(rbm_problem("rbm_3x2"), Replay::Start::data, 0.2, 1, 3)) <= 2);
  CHECK_THROWS_AS(Replay(p, Replay::Start::noise, 1.5, 1, 3), UsageError);
  CHECK_THROWS_AS(Replay(p, Replay::Start::noise, std::nan(""), 1, 3), UsageError);
}

namespace {

// whether blocks of any size choose as the first word of each chain's own stream says, and no two
// chains alike
template <class SomeReplay>
bool chooses_by_chain(const SomeReplay& replay, std::uint64_t seed, double rate) {
  const std::uint64_t choice_seed = derive_seed(seed, "replay"), time = 5;
  bool right = true;
  for (const Index first : {0, 64, 1000}) {
    for (const std::size_t chains : {1, 8, 64, 200}) {
      std::vector<std::uint8_t> starts(chains);
      replay.choose(time, first, starts);
      for (std::size_t i = 0; i < chains; ++i) {
        const auto chain = static_cast<std::uint32_t>(first) + static_cast<std::uint32_t>(i);
        const std::uint32_t word =
            stream_word32(choice_seed, chain, time, static_cast<std::uint32_t>(Purpose::start), 0);
        right = right && (starts[i] != 0) == (std::ldexp(static_cast<double>(word), -32) < rate);
      }
    }
  }
  return right;
}

// ages of 70 chains over 20 updates, held against the choices
template <class SomeReplay, class Ages>
bool ages_follow(const SomeReplay& replay) {
  Ages ages(70);
  std::vector<std::int64_t> expected(70, 0);
  std::vector<std::uint8_t> starts(70);
  bool right = true;
  for (std::uint64_t time = 0; time < 20; ++time) {
    ages.advance(replay, time);
    replay.choose(time, 0, starts);
    std::int64_t sum = 0;
    for (std::size_t c = 0; c < expected.size(); ++c) {
      expected[c] = time == 0 || starts[c] != 0 ? 1 : expected[c] + 1;
      sum += expected[c];
    }
    const auto summary = ages.summary();
    right = right && std::abs(summary.mean * 70 - static_cast<double>(sum)) < 1e-9 &&
            summary.most == *std::max_element(expected.begin(), expected.end()) &&
            summary.least == *std::min_element(expected.begin(), expected.end());
  }
  return right;
}

}  // namespace

TEST_CASE("who starts anew is a function of chain and time, and ages follow; RO4, RO5 do not") {
  const Problem p = quartic_problem(4);
  const Replay right(p, Replay::Start::noise, 0.2, 1, 3);
  CHECK(chooses_by_chain(right, 3, 0.2));
  CHECK(ages_follow<Replay, ReplayAges>(right));
  const planted::RO5::Replay by_place(p, planted::RO5::Replay::Start::noise, 0.2, 1, 3);
  CHECK_FALSE(chooses_by_chain(by_place, 3, 0.2));
  const planted::RO4::Replay other(p, planted::RO4::Replay::Start::noise, 0.2, 1, 3);
  CHECK_FALSE(ages_follow<planted::RO4::Replay, planted::RO4::ReplayAges>(other));
}

TEST_CASE("training sees the buffer that the estimator shows") {
  const Problem p = slow_rbm();
  const StepLaw law(p);
  double error = 0;
  const Given buffer{given("gradient", std::string("replay")), given("reinit_rate", 0.3),
                     given("chains", std::int64_t{8192}), given("cd_k", std::int64_t{2})};
  const Eigen::VectorXd g = at_update(p, buffer, 6, error);
  // |g - E g|^2 has mean error^2; P = 11 components at 5 errors each are beyond it by chance less
  // than once in a million, together as apart
  CHECK((g - law.gradient(law.replay(0.3, 2, 6))).norm() < 5 * error);
  CHECK((g - law.gradient(law.replay(0, 2, 6))).norm() > 5 * error);
  const Given runs{given("gradient", std::string("short_run")), given("chains", std::int64_t{8192}),
                   given("cd_k", std::int64_t{1})};
  const Eigen::VectorXd s = at_update(p, runs, 2, error);
  CHECK((s - law.gradient(law.after(law.uniform(), 1))).norm() < 5 * error);
  CHECK((s - law.gradient(law.after(law.uniform(), 2))).norm() > 5 * error);
}

namespace {

std::string state_of(const auto& trainer) {
  SavedState state;
  trainer.save(state);
  return state.to_bytes();
}

Given small(const char* gradient, const char* reinit) {
  return {given("gradient", std::string(gradient)),
          given("reinit", std::string(reinit)),
          given("reinit_rate", 0.3),
          given("updates", std::int64_t{5}),
          given("batch", std::int64_t{3}),
          given("chains", std::int64_t{70}),
          given("cd_k", std::int64_t{3})};
}

bool goes_on_alike(const Problem& p, const AnySampler& sampler, const Given& given_options) {
  const Options options = Options::resolve("[train]", train_options(), given_options);
  const Executor one(1);
  Trainer unbroken(p, &sampler, options, settings_on(one, 5));
  std::vector<std::string> at{state_of(unbroken)};
  while (!unbroken.done()) {
    unbroken.update();
    at.push_back(state_of(unbroken));
  }
  bool alike = true;
  for (std::size_t boundary = 0; boundary < at.size(); ++boundary) {
    const Executor executor(1 + static_cast<int>(boundary % 3));
    Trainer resumed(p, &sampler, options, settings_on(executor, 5));
    resumed.restore(SavedState::from_bytes(at[boundary]));
    while (!resumed.done()) {
      resumed.update();
    }
    alike = alike && state_of(resumed) == at.back();
  }
  return alike;
}

// ages after one update and, saved and restored, two more
template <class Gradient>
ChainAges resumed_ages() {
  const Executor executor(1);
  const Problem p = slow_rbm();
  Given options = small("replay", "noise");
  options[2].value = 0.0;
  const Options o = Options::resolve("[train]", train_options(), options);
  Gradient first(p, &gibbs(), o, settings_on(executor, 5));
  first.at(p.model, 1);
  SavedState state;
  first.save(state);
  Gradient second(p, &gibbs(), o, settings_on(executor, 5));
  second.restore(state);
  second.at(p.model, 2);
  return second.at(p.model, 3).chain_ages.value();
}

}  // namespace

TEST_CASE("training with a replay buffer goes on with the same bytes after any update") {
  const std::vector<GivenOption> step{given("step_size", 0.1)};
  const AnySampler mala = make_sampler("mala", step);
  for (const auto& [gradient, reinit] :
       {std::pair{"replay", "noise"}, {"replay", "data"}, {"short_run", "noise"}}) {
    CHECK(goes_on_alike(slow_rbm(), gibbs(), small(gradient, reinit)));
    CHECK(goes_on_alike(quartic_problem(8), mala, small(gradient, reinit)));
  }
}

TEST_CASE("chains are as old after a resumption as before; planted ES4 is rejected") {
  CHECK(resumed_ages<NllObjective>().least == 3);
  CHECK(resumed_ages<NllObjective>().mean == 3);
  CHECK(resumed_ages<planted::ES4::NllObjective>().least == 2);
}

TEST_CASE("error bars of a replay buffer and of short runs are true over many seeds") {
  const Executor executor(2);
  const Problem p = slow_rbm();
  const StepLaw law(p);
  constexpr int seeds = 200;
  // correct at 6 standard errors of the mean square (estimators_test.cpp)
  const double bound = 1 + 6 * std::sqrt(2.0 / seeds);
  const auto mean_square = [&](const char* estimator, const Given& options,
                               const Eigen::VectorXd& expected) {
    double sum = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      const double rms =
          compare(estimate_gradient(p, &gibbs(), estimator, options, settings_on(executor, seed)),
                  expected)
              .rms_z;
      sum += rms * rms;
    }
    return sum / seeds;
  };
  const double replay =
      mean_square("replay",
                  Given{given("reinit_rate", 0.3), given("chains", std::int64_t{512}),
                        given("updates", std::int64_t{5})},
                  law.gradient(law.replay(0.3, 1, 5)));
  const double runs = mean_square(
      "short_run", Given{given("cd_k", std::int64_t{2}), given("chains", std::int64_t{256})},
      law.gradient(law.after(law.uniform(), 2)));
  CHECK(replay < bound);
  CHECK(replay > 1 / bound);
  CHECK(runs < bound);
  CHECK(runs > 1 / bound);
}
