#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "negphase/gradient/registry.hpp"
#include "negphase/gradient/training.hpp"
#include "negphase/registry/registry.hpp"
#include "planted/MX8.hpp"
#include "planted/MX9.hpp"
#include "support/problems.hpp"

// What estimates and trainings say of their chains. How these tests can fail: a run whose chains
// hardly move, or have not forgotten their start, that is not named; a run that mixes and is
// accused; figures of chains that have none; figures that hang on how a run was looked at, on
// threads or on a checkpoint.

namespace {

using namespace negphase;
using namespace negphase::testing;
using Given = std::vector<GivenOption>;

GivenOption given(const char* name, OptionValue value) { return {name, std::move(value), {}}; }

bool names(const std::vector<Warning>& warnings, const std::string& code) {
  for (const Warning& w : warnings) {
    if (w.code == code && w.is_failed_check) {
      return true;
    }
  }
  return false;
}

AnySampler mala(double step_size) {
  return make_sampler("mala", Given{given("step_size", step_size)});
}

GradientEstimate estimate(const Problem& p, const AnySampler& sampler, const char* estimator,
                          const Given& options, int threads = 2) {
  const Executor executor(threads);
  return estimate_gradient(p, &sampler, estimator, options, settings_on(executor, 5));
}

bool same(const Mixing& a, const Mixing& b) {
  return a.rhat == b.rhat && a.ess_bulk == b.ess_bulk && a.chains == b.chains && a.draws == b.draws;
}

/// Training whose persistent chains take steps of so many units of y.
Trainer trained(double step_size, const Executor& executor, const Given& more,
                std::int64_t updates = 300, std::int64_t made = 300) {
  static const Problem p = quartic_problem(20);
  const AnySampler sampler = mala(step_size);
  Given options{given("updates", updates), given("chains_per_row", std::int64_t{4}),
                given("learning_rate", 0.001), given("exact_nll", false)};
  options.insert(options.end(), more.begin(), more.end());
  Trainer trainer(p, &sampler, Options::resolve("[train]", train_options(), options),
                  settings_on(executor, 2));
  while (!trainer.done() && trainer.updates() < made) {
    trainer.update();
  }
  return trainer;
}

/// Of a training of 200 updates, after so many.
template <class Health>
Health health_of_updates(std::int64_t updates) {
  static const Executor executor(1);
  const Options options =
      Options::resolve("[train]", train_options(), Given{given("updates", std::int64_t{200})});
  Health health(glass_problem(1), options, settings_on(executor, 1));
  for (std::int64_t update = 1; update <= updates; ++update) {
    if (health.wants_energies(update)) {
      PerChain energies(8);
      for (Index c = 0; c < 8; ++c) {
        energies[c] = std::sin(static_cast<double>(update * 7 + c * c * update));
      }
      health.take_energies(energies);
    }
  }
  return health;
}

}  // namespace

TEST_CASE("mixing of estimates: chains that mix, creep, and have not forgotten their start") {
  const Problem p = quartic_problem(20);
  const Given long_run{given("chains", std::int64_t{8}), given("draws", std::int64_t{400}),
                       given("warmup", std::int64_t{400})};
  const GradientEstimate good = estimate(p, mala(0.6), "long_chains", long_run);
  REQUIRE(good.mixing);
  CHECK(good.mixing->chains == 160);
  CHECK(good.mixing->draws == 66);  // every sixth of 400
  CHECK(good.mixing->warnings.empty());
  CHECK(good.mixing->rhat < 1.02);
  CHECK_FALSE(good.positive_mixing);

  CHECK(names(estimate(p, mala(0.01), "long_chains", long_run).warnings, "rhat"));
  // from outside of the wells, without a warm-up: energies fall all along
  const Given cold{given("chains", std::int64_t{8}), given("draws", std::int64_t{400}),
                   given("warmup", std::int64_t{0})};
  Problem outside = p;
  outside.y.array() += 2;
  CHECK(names(estimate(outside, mala(0.005), "long_chains", cold).warnings, "drifting_chains"));
  CHECK_FALSE(names(good.warnings, "drifting_chains"));
}

TEST_CASE("mixing of estimates: the same for any number of threads, and however it is looked at") {
  const Problem p = glass_problem(0.7);
  const AnySampler flips = make_sampler("single_flip", {});
  const Given options{given("chains", std::int64_t{100}), given("draws", std::int64_t{300})};
  const GradientEstimate one = estimate(p, flips, "long_chains", options, 1);
  CHECK(same(*one.mixing, *estimate(p, flips, "long_chains", options, 3).mixing));
  const Executor executor(2);
  int looks = 0;
  const Milestones milestones{5, [&](const Milestone&) { ++looks; }};
  const EstimatorRow& row = find_estimator("long_chains");
  const GradientEstimate looked =
      row.estimate(p, &flips, Options::resolve("estimator", row.options, options),
                   settings_on(executor, 5), milestones);
  CHECK(looks == 5);
  CHECK(same(*one.mixing, *looked.mixing));
}

TEST_CASE("mixing of estimates: of both phases where both are sampled, of none that starts anew") {
  const Problem p = rbm_problem("rbm_3x2");
  const AnySampler gibbs = make_sampler("block_gibbs", {});
  const GradientEstimate both = estimate(
      p, gibbs, "long_chains",
      {given("chains", std::int64_t{64}), given("draws", std::int64_t{100}),
       given("positive", std::string("sampled")), given("positive_chains", std::int64_t{8})});
  REQUIRE(both.positive_mixing);
  CHECK(both.positive_mixing->chains == 32);  // 8 on each of four rows
  CHECK(both.positive_mixing->warnings.empty());
  CHECK(both.mixing->warnings.empty());
  CHECK_FALSE(estimate(p, gibbs, "cd", {given("chains", std::int64_t{8})}).mixing);
  CHECK_FALSE(estimate(p, gibbs, "replay", {}).mixing);
  CHECK_FALSE(estimate(p, gibbs, "short_run", {}).mixing);
  CHECK_FALSE(estimate(p, gibbs, "coupled", {}).mixing);
}

TEST_CASE("mixing of a training: persistent chains that mix while the law moves, and that do not") {
  const Executor executor(2);
  const Given pcd{given("gradient", std::string("pcd")), given("cd_k", std::int64_t{4})};
  const auto good = trained(0.6, executor, pcd).mixing();
  REQUIRE(good);
  CHECK(good->chains == 80);
  CHECK(good->draws == 75);  // every second of the last 150
  CHECK(good->warnings.empty());
  const auto bad = trained(0.005, executor, pcd).mixing();
  CHECK(names(bad->warnings, "rhat"));
}

TEST_CASE("mixing of a training: chains of the last update, and none that start anew") {
  const Executor executor(2);
  const Given long_chains{given("gradient", std::string("long_chains")),
                          given("draws", std::int64_t{80})};
  const auto good = trained(0.6, executor, long_chains, 3).mixing();
  REQUIRE(good);
  CHECK(good->draws == 80);
  CHECK(good->warnings.empty());
  CHECK(names(trained(0.005, executor, long_chains, 3).mixing()->warnings, "rhat"));
  for (const char* how : {"cd", "replay", "short_run"}) {
    CHECK_FALSE(trained(0.6, executor, {given("gradient", std::string(how))}).mixing());
  }
}

TEST_CASE("mixing of a training: 64 to 127 looks at its second half, kept in a checkpoint") {
  for (const std::int64_t updates : {127, 128, 129, 255, 300, 5000}) {
    std::int64_t first = updates, last = 0, looks = 0;
    const Executor executor(1);
    const Options options =
        Options::resolve("[train]", train_options(), Given{given("updates", updates)});
    const TrainingHealth asked(glass_problem(1), options, settings_on(executor, 1));
    for (std::int64_t update = 1; update <= updates; ++update) {
      if (asked.wants_energies(update)) {
        first = std::min(first, update);
        last = update;
        ++looks;
      }
    }
    CHECK(looks >= 64);
    CHECK(looks < 128);
    CHECK(first > updates / 2);
    CHECK(last > updates - (updates / 2 + 1) / 64 - 1);
  }
}

namespace {

template <class Health>
bool goes_on_after_a_checkpoint() {
  const auto health = health_of_updates<Health>(200);
  SavedState state;
  health.save(state);
  auto restored = health_of_updates<Health>(0);
  restored.restore(SavedState::from_bytes(state.to_bytes()));
  return health.mixing().draws > 63 && same(restored.mixing(), health.mixing());
}

}  // namespace

TEST_CASE("mixing of a training: looks are kept in a checkpoint; planted MX8 forgets them") {
  CHECK(goes_on_after_a_checkpoint<TrainingHealth>());
  CHECK_FALSE(goes_on_after_a_checkpoint<planted::MX8::TrainingHealth>());
}

TEST_CASE("mixing of a training: that of chains of the last update is kept in a checkpoint") {
  const Executor executor(2);
  const Given long_chains{given("gradient", std::string("long_chains")),
                          given("draws", std::int64_t{80})};
  const Trainer trainer = trained(0.6, executor, long_chains, 3);
  SavedState state;
  trainer.save(state);
  Trainer restored = trained(0.6, executor, long_chains, 3, 0);
  CHECK_FALSE(restored.mixing());
  restored.restore(state);
  CHECK(same(*restored.mixing(), *trainer.mixing()));
}

TEST_CASE("planted MX9: energies are taken in the first half") {
  const Executor executor(1);
  const Options options =
      Options::resolve("[train]", train_options(), Given{given("updates", std::int64_t{300})});
  const planted::MX9::TrainingHealth health(glass_problem(1), options, settings_on(executor, 1));
  CHECK(health.wants_energies(2));
}
