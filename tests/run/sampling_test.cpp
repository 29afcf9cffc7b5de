#include "negphase/run/sampling.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "negphase/exact/enumeration.hpp"
#include "negphase/gradient/estimate.hpp"
#include "negphase/gradient/phase.hpp"
#include "negphase/models/registry.hpp"
#include "negphase/registry/registry.hpp"
#include "planted/R1.hpp"
#include "planted/R2.hpp"
#include "planted/R3.hpp"
#include "support/problems.hpp"

// How these tests can fail: draws of one chain at another's place, energies that belong to another
// draw, a law that is not the model's, numbers that depend on threads or on how many chains run.

namespace {

using namespace negphase;
using namespace negphase::testing;

const auto real_run = [](const auto&... a) { return sample_chains(a...); };

// A planted sample_chains has types of its own.
template <class Plan>
auto planted_run(auto sample) {
  return [sample](const AnyModel& model, const Eigen::MatrixXd& x, double beta,
                  const AnySampler& sampler, const SamplingPlan& plan, const RunSettings& run) {
    const auto wrong =
        sample(model, x, beta, sampler, Plan{plan.chains, plan.schedule, plan.start}, run);
    return Draws{wrong.chains, wrong.draws, wrong.values, wrong.energy, wrong.counts};
  };
}

SamplingPlan plan_of(const ModelExample& e, Index chains, Schedule schedule) {
  const auto columns = e.model.shape();
  return {chains, schedule, [columns](Index chain, Index, std::span<double> p) {
            const auto num_y = columns.y.size();
            random_position(columns.y, 11, chain, p.first(num_y));
            random_position(columns.z, 12, chain, p.subspan(num_y));
          }};
}

Draws rbm_draws(const auto& run, Index chains, Schedule schedule, int threads, Index width) {
  const ModelExample e = find_model("rbm").example();
  const Executor executor(threads);
  RunSettings settings = settings_on(executor, 5);
  settings.block_width = width;
  return run(e.model, e.x, 0.8, make_sampler("block_gibbs", {}), plan_of(e, chains, schedule),
             settings);
}

// Largest |E of a draw as noted - E of the draw as kept|; both in double, the same arithmetic.
double energy_gap(const Draws& draws) {
  const ModelExample e = find_model("rbm").example();
  const std::vector<Index> rows(static_cast<std::size_t>(draws.values.rows()), 0);
  const auto energy = e.model.bind_double(e.model.prepare(e.x), rows);
  const Block<double> positions = draws.values;
  PerChain out(positions.rows());
  energy.energy(positions, out);
  return (out.matrix() - draws.energy).cwiseAbs().maxCoeff();
}

}  // namespace

TEST_CASE("sampling: chain j is chain j, whatever the threads, the chains and the thinning") {
  const Draws few = rbm_draws(real_run, 10, {3, 8, 1}, 1, 8);
  const Draws many = rbm_draws(real_run, 21, {3, 8, 1}, 3, 8);
  CHECK(few.values == many.values.topRows(few.values.rows()));
  CHECK(few.energy == many.energy.head(few.energy.size()));
  CHECK(many.counts.energy_evaluations > few.counts.energy_evaluations);
  const Draws thinned = rbm_draws(real_run, 10, {3, 4, 2}, 2, 8);
  for (Index c = 0; c < 10; ++c) {
    for (Index d = 0; d < 4; ++d) {
      CHECK(thinned.of_chain(c).row(d) == few.of_chain(c).row(2 * d + 1));
    }
  }
}

TEST_CASE("sampling: the energy of a draw is that of its position; planted R1, R2 are rejected") {
  // sums of at most 11 terms below 1: 2^-53 x 11 x 11, whatever the order of the sum
  const double rounding = 121 * 0x1p-53;
  CHECK(energy_gap(rbm_draws(real_run, 20, {3, 8, 1}, 2, 8)) <= rounding);
  const auto shifted = planted_run<planted::R2::SamplingPlan>(
      [](const auto&... a) { return planted::R2::sample_chains(a...); });
  CHECK(energy_gap(rbm_draws(shifted, 20, {3, 8, 1}, 2, 8)) > rounding);

  const Draws whole = rbm_draws(real_run, 20, {3, 8, 1}, 1, 8);
  const auto overwriting = planted_run<planted::R1::SamplingPlan>(
      [](const auto&... a) { return planted::R1::sample_chains(a...); });
  CHECK(rbm_draws(overwriting, 20, {3, 8, 1}, 1, 8).values != whole.values);
}

TEST_CASE("sampling: the draws follow the model's law") {
  const ModelExample e = find_model("rbm").example();
  const StateTable table = tabulate_states(
      [&](Index chains) {
        return e.model.bind_double(e.model.prepare(e.x),
                                   std::vector<Index>(static_cast<std::size_t>(chains), 0));
      },
      0.8);
  const Draws draws = rbm_draws(real_run, 512, {200, 50, 1}, 2, 64);
  // chains are independent: Student's t of 512 chain means, which 200 steps have freed from their
  // start; 5 columns, |t| > 6.3 once in 1e9 a column
  for (Index j = 0; j < draws.values.cols(); ++j) {
    const double exact = (table.states.col(j) * table.probability).sum();
    Eigen::VectorXd means(draws.chains);
    for (Index c = 0; c < draws.chains; ++c) {
      means[c] = draws.of_chain(c).col(j).mean();
    }
    const double mean = means.mean();
    const double spread = std::sqrt((means.array() - mean).square().sum() / 511 / 512);
    CAPTURE(j);
    CHECK(std::abs(mean - exact) < 6.3 * spread);
  }
}

TEST_CASE("sampling: the draws of a row are those of its chains") {
  Draws draws;
  draws.chains = 4;
  draws.draws = 3;
  draws.chain_ids = {0, 1, 2, 4};  // a run that was stopped has lost chain 3
  draws.values.resize(12, 2);
  for (Index i = 0; i < 12; ++i) {
    draws.values.row(i) << static_cast<double>(i), -1;
  }
  const ChainDraws even = chain_draws(draws, {"a", "b"}, 0, 2);
  REQUIRE(even.num_chains() == 3);
  CHECK(even.names == std::vector<std::string>{"a", "b"});
  CHECK(even.chains[2].col(0).transpose().matrix() == Eigen::RowVector3d(9, 10, 11));
  CHECK(even.quantity(0).col(1).transpose().matrix() == Eigen::RowVector3d(6, 7, 8));
  CHECK(chain_draws(draws, {"a", "b"}, 1, 2).num_chains() == 1);
  CHECK(chain_draws(draws, {"a", "b"}, 0, 1).num_chains() == 4);
}

TEST_CASE("sampling: memory is computed before it is taken") {
  SamplingPlan plan;
  plan.chains = Index{1} << 40;
  plan.schedule.draws = Index{1} << 40;
  CHECK(bytes_of_draws(plan, 9) == std::ldexp(80.0, 80));
  CHECK_THROWS_WITH_AS(check_memory(bytes_of_draws(plan, 9), "these draws take"),
                       doctest::Contains("these draws take"), ConfigError);
  CHECK_NOTHROW(check_memory(1e6, "few"));
  const ModelExample e = find_model("rbm").example();
  const Executor executor(1);
  CHECK_THROWS_AS(sample_chains(e.model, e.x, 1, make_sampler("block_gibbs", {}), plan,
                                settings_on(executor, 1)),
                  ConfigError);
}

namespace {

// Draws of a run that is asked to stop when `enough` block-steps are done, on one thread: blocks of
// 8 chains one after the other, 320 steps each.
template <class Plan = SamplingPlan>
auto stopped_after(std::int64_t enough, const auto& run) {
  const ModelExample e = find_model("rbm").example();
  const Executor executor(1);
  RunSettings settings = settings_on(executor, 5);
  settings.block_width = 8;
  StopToken stop;
  Progress progress([&](std::int64_t done, std::int64_t) {
    if (done >= enough) {
      stop.stop();
    }
  });
  settings.stop = &stop;
  settings.progress = &progress;
  const SamplingPlan plan = plan_of(e, 20, {20, 150, 2});
  return run(e.model, e.x, 0.8, make_sampler("block_gibbs", {}),
             Plan{plan.chains, plan.schedule, plan.start}, settings);
}

// Whether every chain that was kept is the beginning of that chain of the unbroken run.
bool is_part_of(const auto& part, const auto& whole) {
  bool alike = true;
  for (Index c = 0; c < part.chains; ++c) {
    const Index id = part.chain_ids[static_cast<std::size_t>(c)];
    for (Index d = 0; d < part.draws; ++d) {
      const Index a = c * part.draws + d, b = id * whole.draws + d;
      alike =
          alike && part.values.row(a) == whole.values.row(b) && part.energy[a] == whole.energy[b];
    }
  }
  return alike;
}

}  // namespace

TEST_CASE(
    "sampling that is stopped keeps finished chains, or what all have drawn; R3 is rejected") {
  const Draws whole = stopped_after(1 << 30, real_run);
  CHECK_FALSE(whole.stopped);
  CHECK(whole.chain_ids.size() == 20);
  // in the middle of the first block: what its 8 chains have drawn
  const Draws begun = stopped_after(160, real_run);
  CHECK(begun.stopped);
  CHECK(begun.chains == 8);
  CHECK(begun.draws > 50);
  CHECK(begun.draws < 100);
  CHECK(is_part_of(begun, whole));
  // in the middle of the third: the 16 chains of two blocks
  const Draws two = stopped_after(2 * 320 + 100, real_run);
  CHECK(two.stopped);
  CHECK(two.chains == 16);
  CHECK(two.draws == 150);
  CHECK(is_part_of(two, whole));
  // before any draw
  const Draws none = stopped_after(1, real_run);
  CHECK(none.stopped);
  CHECK(none.chains == 0);
  CHECK(none.values.rows() == 0);

  const auto wrong = [](const auto&... a) { return planted::R3::sample_chains(a...); };
  CHECK_FALSE(is_part_of(stopped_after<planted::R3::SamplingPlan>(160, wrong), whole));
}
