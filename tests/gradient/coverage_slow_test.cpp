#include <doctest/doctest.h>

#include <boost/math/distributions/students_t.hpp>
#include <boost/random/uniform_01.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "negphase/exact/enumeration.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/gradient/by_chains.hpp"
#include "negphase/random/stream_engine.hpp"
#include "negphase/registry/registry.hpp"
#include "support/problems.hpp"

namespace {

using namespace negphase;
using namespace negphase::testing;

constexpr int repetitions = 4000;
constexpr Index replicates = 16;

double uniform(std::uint64_t seed, Index chain) {
  StreamEngine engine(seed, static_cast<std::uint32_t>(chain), 0, Purpose::exact);
  return boost::random::uniform_01<double>()(engine);
}

// exact draws of a small discrete model by its table of states
std::function<StartFunction(std::uint64_t)> exact_states(const Problem& p) {
  const auto prepared = p.model.prepare(p.x);
  const auto table = tabulate_states(
      [&](Index chains) {
        const std::vector<Index> rows(static_cast<std::size_t>(chains), 0);
        return p.model.bind_double(prepared, rows);
      },
      p.beta);
  return [=](std::uint64_t seed) -> StartFunction {
    return [=](Index chain, Index, std::span<double> y) {
      double u = uniform(seed, chain);
      Index s = 0;
      while (s + 1 < table.probability.size() && u >= table.probability[s]) {
        u -= table.probability[s++];
      }
      for (std::size_t j = 0; j < y.size(); ++j) {
        y[j] = table.states(s, static_cast<Index>(j));
      }
    };
  };
}

// exact draws of y given x by the cumulated density on a grid, linear between its 4,000 nodes: off
// by less than 1e-5 of a standard deviation
std::function<StartFunction(std::uint64_t)> exact_rows(const Problem& p) {
  constexpr Index nodes = 4000;
  Eigen::MatrixXd cumulated(p.rows(), nodes);
  const auto at = [](double k) { return -5 + 10 * k / (nodes - 1); };
  for (Index r = 0; r < p.rows(); ++r) {
    const std::vector<Index> row(1, r);
    const auto energy = p.model.bind_double(p.model.prepare(p.x), row);
    Block<double> y(1, 1);
    PerChain e(1);
    double sum = 0;
    for (Index k = 0; k < nodes; ++k) {
      y(0, 0) = at(static_cast<double>(k));
      energy.energy(y, e);
      cumulated(r, k) = sum += std::exp(-p.beta * e[0]);
    }
    cumulated.row(r) /= sum;
  }
  return [=](std::uint64_t seed) -> StartFunction {
    return [=](Index chain, Index row, std::span<double> y) {
      const double u = uniform(seed, chain);
      Index k = 0, high = nodes - 1;
      while (k < high) {
        const Index middle = (k + high) / 2;
        (cumulated(row, middle) < u ? k : high) = cumulated(row, middle) < u ? middle + 1 : middle;
      }
      const double below = k > 0 ? cumulated(row, k - 1) : 0;
      y[0] = at(static_cast<double>(k) - 0.5 + (u - below) / (cumulated(row, k) - below));
    };
  };
}

struct Coverage {
  double overall = 0, lowest = 1, highest = 0;
  double longest_autocorrelation = 0;  // draws of a chain / effective draws of a chain
  Index warned = 0;
};

Coverage measure(const Problem& p, const AnySampler& sampler, ChainsPlan plan, int runs,
                 const std::function<StartFunction(std::uint64_t seed)>& exact_start) {
  const Executor executor;
  const auto exact = exact_nll_gradient(p.model, p.x, p.y, p.beta, {}, executor).gradient;
  Eigen::VectorXd covered = Eigen::VectorXd::Zero(exact.size());
  Coverage result;
  plan.start_is_exact = true;
  for (int r = 0; r < runs; ++r) {
    const auto seed = static_cast<std::uint64_t>(r + 1);
    plan.start = exact_start(derive_seed(seed, "exact starts"));
    const auto e = estimate_by_chains(p, sampler, plan, settings_on(executor, seed));
    for (Index i = 0; i < exact.size(); ++i) {
      const double t = boost::math::quantile(
          boost::math::students_t_distribution<double>(e.degrees_of_freedom[i]), 0.975);
      covered[i] += std::abs(e.mean[i] - exact[i]) <= t * e.standard_error[i] ? 1 : 0;
    }
    const double a_chain = e.effective_size.minCoeff() / static_cast<double>(e.chains);
    result.longest_autocorrelation += static_cast<double>(plan.schedule.draws) / a_chain / runs;
    bool warned = false;
    for (const auto& w : e.warnings) {
      warned = warned || w.code == "few_effective_draws" || w.code == "constant_components";
    }
    result.warned += warned ? 1 : 0;
  }
  covered /= runs;
  result.overall = covered.mean();
  result.lowest = covered.minCoeff();
  result.highest = covered.maxCoeff();
  return result;
}

void check_coverage(const std::string& what, const Coverage& c, const ChainsPlan& plan) {
  MESSAGE(what << ": coverage " << c.overall << ", components " << c.lowest << " to " << c.highest
               << ", autocorrelation time " << c.longest_autocorrelation << " of "
               << plan.schedule.draws << " draws, " << c.warned << " of " << repetitions
               << " runs warned");
  // 4.9 binomial standard errors: a component is outside by chance once in a million
  const double band = 4.9 * std::sqrt(0.95 * 0.05 / repetitions);
  CHECK(c.overall >= 0.94);
  CHECK(c.overall <= 0.96);
  CHECK(c.lowest >= 0.95 - band);
  CHECK(c.highest <= 0.95 + band);
  CHECK(100 * c.longest_autocorrelation <= static_cast<double>(plan.schedule.draws));
  CHECK(c.warned == 0);
}

}  // namespace

TEST_SUITE_BEGIN("slow");

TEST_CASE("error bars cover: an 8-spin glass") {
  const AnySampler flips = make_sampler("single_flip", {});
  for (const double beta : {0.5, 1.0}) {
    const Problem p = glass_problem(beta);
    ChainsPlan plan;
    plan.estimator = "long_chains";
    plan.negative = Replicates::by_group(replicates);
    plan.schedule = {0, beta < 1 ? 400 : 1000, 1};
    const auto c = measure(p, flips, plan, repetitions, exact_states(p));
    check_coverage(beta < 1 ? "glass at beta 0.5" : "glass at beta 1", c, plan);
  }
}

TEST_CASE("error bars cover: the conditional quartic on 20 rows of x") {
  const std::vector<GivenOption> step{{"step_size", 0.3, {}}};
  const AnySampler mala = make_sampler("mala", step);
  const Problem p = quartic_problem(20);
  ChainsPlan plan;
  plan.estimator = "long_chains";
  plan.negative = Replicates::by_row(20, replicates);
  plan.schedule = {0, 1000, 1};
  const auto c = measure(p, mala, plan, repetitions, exact_rows(p));
  check_coverage("quartic", c, plan);
}

TEST_CASE("a frozen glass carries a warning instead") {
  const AnySampler flips = make_sampler("single_flip", {});
  const Problem p = glass_problem(2.5);
  ChainsPlan plan;
  plan.estimator = "long_chains";
  plan.negative = Replicates::by_group(replicates);
  plan.schedule = {0, 100, 1};
  const auto c = measure(p, flips, plan, 400, exact_states(p));
  MESSAGE("frozen glass: coverage " << c.overall << ", components from " << c.lowest << ", "
                                    << c.warned << " of 400 runs warned");
  CHECK(c.warned == 400);
}

TEST_SUITE_END();
