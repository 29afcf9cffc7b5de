#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "negphase/exact/exact.hpp"
#include "negphase/gradient/by_chains.hpp"
#include "negphase/gradient/phase.hpp"
#include "negphase/gradient/registry.hpp"
#include "negphase/models/pairwise.hpp"
#include "negphase/registry/registry.hpp"
#include "planted/E1.hpp"
#include "planted/E10.hpp"
#include "planted/E13.hpp"
#include "planted/E2b.hpp"
#include "planted/E9.hpp"
#include "support/problems.hpp"

namespace {

using namespace negphase;
using namespace negphase::testing;

GivenOption given(const char* name, OptionValue value) { return {name, std::move(value), {}}; }

// any registry: the product's or a planted one
GradientEstimate run(const auto& row, const Problem& problem, const AnySampler* sampler,
                     const std::vector<GivenOption>& options, const RunSettings& settings) {
  const Options o = Options::resolve("estimator", row.options, options);
  row.check(problem, sampler, o, settings);
  return row.estimate(problem, sampler, o, settings, {});
}

// right: every component within the bound, and error bars small enough for a bug to show
bool agrees(const GradientEstimate& e, const Eigen::VectorXd& expected, double largest_error_bar) {
  const AgainstExact a = compare(e, expected);
  return e.standard_error.maxCoeff() <= largest_error_bar && a.worst_z <= z_bound(expected.size());
}

const AnySampler& gibbs() {
  static const AnySampler sampler = make_sampler("block_gibbs", {});
  return sampler;
}

}  // namespace

TEST_CASE("exact gradients equal the vectors") {
  const Executor executor(2);
  for (const char* name : {"rbm_3x2", "rbm_3x2_strong"}) {
    const auto e =
        run(find_estimator("exact"), rbm_problem(name), nullptr, {}, settings_on(executor, 1));
    const auto expected = rbm_gradient(name, "exact_grad_nll");
    CHECK((e.mean - expected).cwiseAbs().maxCoeff() <= 1e-12);
    CHECK(e.is_exact);
    CHECK(e.standard_error.maxCoeff() == 0);
  }
}

// A component whose error bar is below the rounding of both phases has no z: of phases up to 3 that
// is 4 x 2^-52 x 3 = 2.7e-15. Its error, which is rounding as well, would be thousands of such
// bars.
TEST_CASE("compare() takes rounding for no error of the error bars") {
  GradientEstimate e;
  e.positive = Eigen::Vector3d(3, 1e-11, 1e-11);
  e.negative = Eigen::Vector3d(2, 1e-11, 1e-11);
  e.mean = Eigen::Vector3d(1, 0, 0);
  e.standard_error = Eigen::Vector3d(0.5, 1e-19, 1e-14);
  e.degrees_of_freedom.setConstant(3, std::numeric_limits<double>::infinity());
  const AgainstExact a = compare(e, Eigen::Vector3d(0.5, 2e-16, 2e-14));
  CHECK(a.z[0] == doctest::Approx(1));
  CHECK(std::isnan(a.z[1]));
  CHECK(a.z[2] == doctest::Approx(-2));
  CHECK(a.rms_z == doctest::Approx(std::sqrt(2.5)));
  CHECK(a.worst_z == doctest::Approx(2));
}

// E[v h] of bits has variance at most 1/4: with 4 rows x 5,000 chains and 4 draws the error bar of
// a component is below 0.5 / sqrt(80,000) = 0.0018, a tenth of what separates CD-1, CD-2 and the
// exact gradient in the strong model (W00: 0.0646, 0.0375, -0.0142).
const std::vector<GivenOption> cd_options(std::int64_t k) {
  return {given("cd_k", k), given("chains", std::int64_t{5000}), given("draws", std::int64_t{4})};
}

TEST_CASE("CD-k is right about its own expectation, and the bias is the method's") {
  const Executor executor(2);
  const Problem p = rbm_problem("rbm_3x2_strong");
  for (const int k : {1, 2, 10}) {
    const auto e = run(find_estimator("cd"), p, &gibbs(), cd_options(k),
                       settings_on(executor, static_cast<std::uint64_t>(10 + k)));
    const auto own = rbm_gradient("rbm_3x2_strong", "expected_cd" + std::to_string(k) + "_grad");
    CHECK(agrees(e, own, 0.0018));
    if (k < 10) {
      CHECK_FALSE(agrees(e, rbm_gradient("rbm_3x2_strong", "exact_grad_nll"), 0.0018));
    }
    CHECK(e.warnings.back().code == "biased_method");
  }
  // CD-1 has the wrong sign in W00: a documented bias of the method
  const auto cd1 = run(find_estimator("cd"), p, &gibbs(), cd_options(1), settings_on(executor, 11));
  CHECK(cd1.mean[0] > 0);
  CHECK(rbm_gradient("rbm_3x2_strong", "exact_grad_nll")[0] < 0);
}

TEST_CASE("planted E9: CD-k with k - 1 steps is rejected") {
  const Executor executor(2);
  const auto e = run(planted::E9::cd_estimator(), rbm_problem("rbm_3x2_strong"), &gibbs(),
                     cd_options(2), settings_on(executor, 12));
  CHECK_FALSE(agrees(e, rbm_gradient("rbm_3x2_strong", "expected_cd2_grad"), 0.0018));
}

namespace {

// beta 2.5, so that a beta too many shows; long chains by group
template <class Plan>
Plan long_plan() {
  Plan plan;
  plan.estimator = "long_chains";
  plan.negative = Replicates::by_group(256);
  plan.schedule = {200, 400, 1};
  return plan;
}

Problem warm_rbm() {
  Problem p = rbm_problem("rbm_3x2");
  p.beta = 2.5;
  return p;
}

Eigen::VectorXd exact_gradient(const Problem& p, const Executor& executor) {
  return exact_nll_gradient(p.model, p.x, p.y, p.beta, {}, executor).gradient;
}

// an error bar is right when the z-scores have mean square 1: sum z^2 over P components, correlated
// at worst completely; judged over many seeds, mean of P z^2 / P has standard error <= sqrt(2 /
// seeds)
double mean_square_z(const auto& estimate, const Eigen::VectorXd& exact, int seeds,
                     const Executor& executor) {
  double sum = 0;
  for (int s = 0; s < seeds; ++s) {
    const GradientEstimate e =
        estimate(settings_on(executor, 1000 + static_cast<std::uint64_t>(s)));
    const double rms = compare(e, exact).rms_z;
    sum += rms * rms;
  }
  return sum / seeds;
}

}  // namespace

TEST_CASE("long chains agree with the exact gradient; planted E1 and E2 are rejected") {
  const Executor executor(2);
  const Problem p = warm_rbm();
  const auto exact = exact_gradient(p, executor);
  const auto s = settings_on(executor, 3);
  CHECK(agrees(estimate_by_chains(p, gibbs(), long_plan<ChainsPlan>(), s), exact, 0.01));
  CHECK_FALSE(
      agrees(planted::E1::estimate_by_chains(p, gibbs(), long_plan<planted::E1::ChainsPlan>(), s),
             exact, 0.01));
  CHECK_FALSE(
      agrees(planted::E2b::estimate_by_chains(p, gibbs(), long_plan<planted::E2b::ChainsPlan>(), s),
             exact, 0.01));
}

TEST_CASE("error bars are true over many seeds; planted E10: the iid formula is rejected") {
  const Executor executor(2);
  const Problem p =
      glass_problem(1.5);  // slow enough that draws of a chain are far from independent
  const auto exact = exact_gradient(p, executor);
  const AnySampler flips = make_sampler("single_flip", {});
  constexpr int seeds = 100;
  // false alarm of a correct bar at 6 standard errors of the mean square: below 1e-6, also when all
  // components move together (mean of 100 chi2_1: sd 0.141, skewed to the right: 1 + 6 x 0.141)
  const double bound = 1 + 6 * std::sqrt(2.0 / seeds);
  auto with = [&]<class Plan>(Plan plan, auto estimate) {
    plan.negative = Replicates::by_group(32);
    plan.schedule = {100, 200, 1};
    return [&, plan, estimate](const RunSettings& s) { return estimate(p, flips, plan, s); };
  };
  const auto right = with(ChainsPlan{}, [](auto&... a) { return estimate_by_chains(a...); });
  const auto wrong = with(planted::E10::ChainsPlan{},
                          [](auto&... a) { return planted::E10::estimate_by_chains(a...); });
  const double right_square = mean_square_z(right, exact, seeds, executor);
  CHECK(right_square < bound);
  CHECK(right_square > 1 / bound);
  CHECK(mean_square_z(wrong, exact, seeds, executor) > bound);
}

TEST_CASE("a sampled positive phase agrees with the exact one, and its error is in the bar") {
  const Executor executor(2);
  const Problem p = warm_rbm();
  const auto exact = exact_gradient(p, executor);
  const auto s = settings_on(executor, 5);
  ChainsPlan plan = long_plan<ChainsPlan>();
  const auto summed = estimate_by_chains(p, gibbs(), plan, s);
  plan.sample_positive = true;
  plan.positive = Replicates::by_row(4, 16);
  const auto sampled = estimate_by_chains(p, gibbs(), plan, s);
  CHECK(agrees(sampled, exact, 0.02));
  CHECK_FALSE(sampled.positive_is_exact);
  CHECK((sampled.standard_error.array() >= summed.standard_error.array()).all());
  CHECK(sampled.standard_error.norm() > summed.standard_error.norm());
  CHECK(sampled.negative == summed.negative);  // the phases have seeds of their own
}

TEST_CASE("persistent chains agree with the exact gradient after enough updates") {
  const Executor executor(2);
  const Problem p = rbm_problem("rbm_3x2");
  const auto e = run(find_estimator("pcd"), p, &gibbs(),
                     {given("chains", std::int64_t{4096}), given("updates", std::int64_t{100})},
                     settings_on(executor, 8));
  CHECK(e.draws == 1);
  CHECK(agrees(e, rbm_gradient("rbm_3x2", "exact_grad_nll"), 0.01));
}

TEST_CASE("a conditional model: errors by row, in both precisions") {
  const Executor executor(2);
  const Problem p = quartic_problem(20);
  const auto exact = exact_gradient(p, executor);
  const std::vector<GivenOption> step{given("step_size", 0.1)};
  const AnySampler mala = make_sampler("mala", step);
  RunSettings s = settings_on(executor, 6);
  for (const Precision precision : {Precision::float64, Precision::float32}) {
    s.precision = precision;
    const auto e = run(find_estimator("long_chains"), p, &mala,
                       {given("chains", std::int64_t{32}), given("draws", std::int64_t{200})}, s);
    CHECK(agrees(e, exact, 0.02));
    CHECK(e.chains == 640);
    CHECK(e.acceptance > 0.5);
    CHECK(e.degrees_of_freedom.minCoeff() > 31);
  }
}

TEST_CASE("the same bytes for any number of threads") {
  const Problem p = glass_problem(0.7);
  const AnySampler flips = make_sampler("single_flip", {});
  Eigen::VectorXd first_mean, first_error;
  for (const int threads : {1, 2, 3, 7}) {
    const Executor executor(threads);
    const auto e = run(find_estimator("long_chains"), p, &flips,
                       {given("chains", std::int64_t{300}), given("draws", std::int64_t{20})},
                       settings_on(executor, 4));
    if (threads == 1) {
      first_mean = e.mean;
      first_error = e.standard_error;
    }
    CHECK(e.mean == first_mean);
    CHECK(e.standard_error == first_error);
  }
}

TEST_CASE("too few replicates are refused, unless one insists") {
  const Executor executor(1);
  const auto s = settings_on(executor, 1);
  const Problem p = rbm_problem("rbm_3x2");
  auto tried = [&](const char* estimator, const Problem& problem, const AnySampler& sampler,
                   std::vector<GivenOption> options) {
    try {
      run(find_estimator(estimator), problem, &sampler, options, s);
    } catch (const ConfigError& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK(
      tried("long_chains", p, gibbs(), {given("chains", std::int64_t{15})}).find("chains >= 16") !=
      std::string::npos);
  CHECK(tried("long_chains", p, gibbs(), {given("chains", std::int64_t{16})}).empty());
  CHECK(tried("long_chains", p, gibbs(),
              {given("chains", std::int64_t{2}), given("few_chains", true)})
            .empty());
  CHECK(tried("cd", p, gibbs(), {given("chains", std::int64_t{4})}).find("chains >= 5") !=
        std::string::npos);
  const std::vector<GivenOption> step{given("step_size", 0.1)};
  CHECK(tried("long_chains", p, make_sampler("mala", step), {}).find("energy_and_grad") !=
        std::string::npos);
}

TEST_CASE("a frozen chain is warned of, a mixing one is not") {
  const Executor executor(2);
  const AnySampler flips = make_sampler("single_flip", {});
  auto codes = [&](double beta) {
    const auto e = run(find_estimator("long_chains"), glass_problem(beta), &flips,
                       {given("chains", std::int64_t{16}), given("draws", std::int64_t{400})},
                       settings_on(executor, 2));
    std::string all;
    for (const auto& w : e.warnings) {
      all += w.code + " ";
    }
    return all;
  };
  CHECK(codes(6).find("few_effective_draws") != std::string::npos);
  CHECK(codes(0.5).find("few_effective_draws") == std::string::npos);
  CHECK(codes(0.5).find("start_up_bias_not_bounded") != std::string::npos);
}

namespace {

// Two free bits; the first is 1 once in 400 draws, so that the one chain in turn on which
// variances are measured sees it in some runs only, while 32,000 draws always do. Least
// positive variance of that bit over 20 runs, and in how many it was seen not to move.
template <class Chains, class Spec>
std::pair<double, int> seldom_seen() {
  const Executor executor(2);
  const Problem p{PairwiseModel(ColumnKind::bit, Graph(2, {}), Params{{-6, 0.25}}),
                  Eigen::MatrixXd(3, 0), Eigen::MatrixXd{{0, 1}, {1, 0}, {0, 0}}};
  const AnySampler sites = make_sampler("site_gibbs");
  double least = 1;
  int unmoved = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Spec spec;
    spec.role = "negative phase";
    spec.replicates = Replicates::by_group(64);
    spec.reference = Params{{-1.0 / 3, -1.0 / 3}};  // of dE/db = -s at the data
    const auto phase =
        Chains(p, sites, spec, settings_on(executor, seed)).draw(Schedule{100, 500, 1});
    const double variance = phase.marginal_variance[0];
    unmoved += variance == 0 ? 1 : 0;
    least = variance > 0 ? std::min(least, variance) : least;
  }
  return {least, unmoved};
}

}  // namespace

TEST_CASE("a component that was not seen to move has no variance, not that of rounding; E13 has") {
  const auto [least, unmoved] = seldom_seen<PhaseChains, PhaseSpec>();
  // one 1 among n draws has variance (1 - 1/n) / n
  CHECK(least >= 0.9 / 500);
  CHECK(unmoved > 0);
  CHECK(seldom_seen<planted::E13::PhaseChains, planted::E13::PhaseSpec>().first < 1e-12);
}
