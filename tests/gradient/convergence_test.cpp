#include "negphase/gradient/convergence.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "negphase/exact/exact.hpp"
#include "negphase/gradient/by_chains.hpp"
#include "negphase/gradient/phase.hpp"
#include "negphase/gradient/registry.hpp"
#include "negphase/registry/registry.hpp"
#include "planted/H1.hpp"
#include "planted/H2.hpp"
#include "support/problems.hpp"

namespace {

using namespace negphase;
using namespace negphase::testing;

GivenOption given(const char* name, OptionValue value) { return {name, std::move(value), {}}; }

Eigen::VectorXd exact_gradient(const Problem& p, const Executor& executor) {
  return exact_nll_gradient(p.model, p.x, p.y, p.beta, {}, executor).gradient;
}

bool same(const GradientEstimate& a, const GradientEstimate& b) {
  return a.mean == b.mean && a.standard_error == b.standard_error &&
         a.energy_evaluations == b.energy_evaluations && a.draws == b.draws;
}

// groups of unequal size, two blocks, a warm-up, a thin: what a look could upset
ChainsPlan uneven_plan(Index draws) {
  ChainsPlan plan;
  plan.negative = Replicates::by_group(77);
  plan.schedule = {30, draws, 3};
  return plan;
}

const AnySampler& flips() {
  static const AnySampler sampler = make_sampler("single_flip", {});
  return sampler;
}

Phase phase_by(auto chains, const Schedule& schedule, const PhaseLooks& looks) {
  return chains.draw(schedule, looks);
}

}  // namespace

TEST_CASE("milestones are the estimates of shorter runs, and looking changes no number") {
  const Executor executor(2);
  const Problem p = glass_problem(1);
  const auto s = settings_on(executor, 4);
  std::vector<GradientEstimate> seen;
  const Milestones milestones{4, [&](const Milestone& m) { seen.push_back(m.estimate); }};
  const auto looked = estimate_by_chains(p, flips(), uneven_plan(45), s, milestones);
  REQUIRE(seen.size() == 4);
  CHECK(same(looked, estimate_by_chains(p, flips(), uneven_plan(45), s)));
  const std::vector<Index> draws{5, 11, 22, 45};
  for (std::size_t i = 0; i < draws.size(); ++i) {
    CAPTURE(i);
    CHECK(same(seen[i], estimate_by_chains(p, flips(), uneven_plan(draws[i]), s)));
    // the start, and 30 steps of 8 sites, in each of 77 chains
    CHECK(seen[i].warmup_evaluations == 77 * (1 + 30 * 8));
  }
}

TEST_CASE("planted H2: draws that are made again after a look are rejected") {
  const Executor executor(2);
  const Problem p = glass_problem(1);
  const auto s = settings_on(executor, 4);
  const Schedule schedule{30, 45, 3};
  PhaseSpec spec{"negative phase", Replicates::by_group(77), false, false, {}, {}};
  planted::H2::PhaseSpec wrong_spec{
      "negative phase", Replicates::by_group(77), false, false, {}, {}};
  const auto unlooked = phase_by(PhaseChains(p, flips(), spec, s), schedule, {});
  const auto looked =
      phase_by(PhaseChains(p, flips(), spec, s), schedule, {{11, 22, 45}, [](const auto&) {}});
  CHECK(looked.gradient.mean == unlooked.gradient.mean);
  const auto wrong = planted::H2::PhaseChains(p, flips(), wrong_spec, s)
                         .draw(schedule, {{11, 22, 45}, [](const auto&) {}});
  CHECK_FALSE(wrong.gradient.mean == unlooked.gradient.mean);
}

TEST_CASE("no more milestones than draws, and none without chains") {
  const Executor executor(2);
  const Problem p = rbm_problem("rbm_3x2");
  const auto s = settings_on(executor, 5);
  int seen = 0;
  const Milestones milestones{12, [&](const Milestone&) { ++seen; }};
  for (const char* name : {"exact", "pcd", "cd", "long_chains"}) {
    const EstimatorRow& row = find_estimator(name);
    std::vector<GivenOption> options;
    if (std::string(name) == "long_chains") {
      options.push_back(given("draws", std::int64_t{6}));  // 1, 3, 6
    } else if (std::string(name) == "cd") {
      options.push_back(given("chains", std::int64_t{5}));
    }
    const AnySampler gibbs = make_sampler("block_gibbs", {});
    row.estimate(p, &gibbs, Options::resolve("estimator", row.options, options), s, milestones);
  }
  CHECK(seen == 0 + 1 + 1 + 3);
}

// Along one axis the error is that of the component: the same sums in another order, of at most
// 40 x 32 terms.
TEST_CASE("the error along an axis is the component's standard error") {
  const Executor executor(2);
  const Problem p = quartic_problem(20);
  ChainsPlan plan;
  plan.negative = Replicates::by_row(20, 4);
  plan.schedule = {50, 40, 1};
  const Milestones milestones{
      1, [&](const Milestone& m) {
        for (Index i = 0; i < m.estimate.mean.size(); ++i) {
          Eigen::VectorXd axis = Eigen::VectorXd::Zero(4);
          axis[i] = -2;
          CHECK(m.error_along(axis) ==
                doctest::Approx(2 * m.estimate.standard_error[i]).epsilon(40 * 32 * 2.3e-16));
        }
      }};
  estimate_by_chains(p, make_sampler("mala", {}), plan, settings_on(executor, 6), milestones);
}

namespace {

// var(relative error over seeds) / mean(its squared standard error): 1 where the latter is true.
// The error is taken against a gradient far off along y^4 and y^2, which rise and fall together:
// a length is normal only where noise is a small part of it.
template <class Point>
double variance_ratio(Point (*point_of)(const Milestone&, const Eigen::VectorXd*), int seeds) {
  const Executor executor(2);
  const Problem p = quartic_problem(20);
  const Eigen::VectorXd far = exact_gradient(p, executor) + Eigen::Vector4d(10, 10, 0, 0);
  const AnySampler mala = make_sampler("mala", {});
  ChainsPlan plan;
  plan.negative = Replicates::by_row(20, 4);
  plan.schedule = {50, 50, 1};
  double sum = 0, squares = 0, claimed = 0;
  const Milestones milestones{1, [&](const Milestone& m) {
                                const auto point = point_of(m, &far);
                                sum += point.relative_error;
                                squares += point.relative_error * point.relative_error;
                                claimed += point.relative_error_se * point.relative_error_se;
                              }};
  for (int seed = 0; seed < seeds; ++seed) {
    estimate_by_chains(p, mala, plan, settings_on(executor, 100 + static_cast<std::uint64_t>(seed)),
                       milestones);
  }
  return (squares - sum * sum / seeds) / (seeds - 1) / (claimed / seeds);
}

}  // namespace

// A variance from n runs has relative standard error sqrt(2 / n); at 6 of them a true error bar
// fails once in 1e8 runs.
TEST_CASE("the relative error's error bar is true; planted H1 is rejected") {
  constexpr int seeds = 400;
  const double bound = 6 * std::sqrt(2.0 / seeds);
  CHECK(std::abs(variance_ratio(convergence_point, seeds) - 1) < bound);
  CHECK(std::abs(variance_ratio(planted::H1::convergence_point, seeds) - 1) > bound);
}

TEST_CASE("a convergence point by hand") {
  GradientEstimate e;
  e.positive = Eigen::Vector4d::Ones();
  e.negative = Eigen::Vector4d::Zero();
  e.mean = Eigen::Vector4d(3, 4, 0, 2);
  e.standard_error = Eigen::Vector4d(1, 2, 0, 2);
  e.degrees_of_freedom.setConstant(4, std::numeric_limits<double>::infinity());
  e.effective_size = Eigen::Vector4d(50, 10, std::nan(""), 20);
  e.draws = 7;
  const std::function<double(const Eigen::VectorXd&)> along = [](const Eigen::VectorXd& u) {
    return 10 * u[1];
  };
  const Eigen::VectorXd exact = Eigen::Vector4d(3, 0, 0, 5);
  const ConvergencePoint p = convergence_point({e, along}, &exact);
  CHECK(p.draws == 7);
  CHECK(p.norm == doctest::Approx(std::sqrt(29.0)));
  CHECK(p.noise == doctest::Approx(3));
  CHECK(p.relative_error == doctest::Approx(5 / std::sqrt(34.0)));     // |(0, 4, 0, -3)|
  CHECK(p.relative_error_se == doctest::Approx(8 / std::sqrt(34.0)));  // 10 x 4 / 5
  CHECK(p.relative_noise == doctest::Approx(3 / std::sqrt(34.0)));
  CHECK(p.coverage == doctest::Approx(2.0 / 3));  // z = 0, 2, -1.5; the third has no error bar
  CHECK(p.worst_z == doctest::Approx(2));
  CHECK(p.effective_size_min == 10);
  CHECK(p.effective_size_median == 20);
  CHECK(std::isnan(convergence_point({e, along}, nullptr).relative_error));
  CHECK(convergence_point({e, along}, nullptr).noise == doctest::Approx(3));
}
