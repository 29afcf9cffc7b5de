#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "negphase/exact/enumeration.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/gradient/benchmark_statistics.hpp"
#include "negphase/gradient/convergence.hpp"
#include "negphase/gradient/registry.hpp"
#include "negphase/models/gaussian.hpp"
#include "negphase/models/gaussian_mixture.hpp"
#include "negphase/registry/registry.hpp"
#include "planted/S4.hpp"
#include "support/problems.hpp"

// How errors fall: by 1 / sqrt(draws) where the kernel is exact, down to the exact bias where it is
// not. Each look is at 4 standard errors, measured over seeds.

namespace {

using namespace negphase;
using namespace negphase::testing;

GivenOption given(const char* name, OptionValue value) { return {name, std::move(value), {}}; }

/// One row of a benchmark by several seeds.
struct Runs {
  std::vector<double> slopes, errors, noises, coverages, other_coverages;
  Eigen::MatrixXd error_vectors;  ///< [P x seeds] estimate - exact, after all draws
  Eigen::VectorXd exact;
  MeanWithError slope() const { return mean_with_error(slopes); }
  MeanWithError floor() const { return bias_floor(errors, noises); }
};

Runs run(const Problem& p, const AnySampler& sampler, const std::string& estimator,
         const std::vector<GivenOption>& options, int seeds, int points) {
  const Executor executor;
  const EstimatorRow& row = find_estimator(estimator);
  const Options resolved = Options::resolve(estimator, row.options, options);
  Runs runs;
  runs.exact = exact_nll_gradient(p.model, p.x, p.y, p.beta, {}, executor).gradient;
  runs.error_vectors.resize(runs.exact.size(), seeds);
  for (int i = 0; i < seeds; ++i) {
    std::vector<double> draws, errors;
    ConvergencePoint last;
    const Milestones milestones{
        points, [&](const Milestone& m) {
          last = convergence_point(m, &runs.exact);
          draws.push_back(static_cast<double>(last.draws));
          errors.push_back(last.relative_error);
          runs.error_vectors.col(i) = m.estimate.mean - runs.exact;
          if (m.estimate.draws == resolved.integer("draws")) {
            runs.other_coverages.push_back(planted::S4::convergence_point(m, &runs.exact).coverage);
          }
        }};
    row.estimate(p, &sampler, resolved, settings_on(executor, repetition_seed(1, i)), milestones);
    runs.slopes.push_back(log_log_slope(draws, errors));
    runs.errors.push_back(last.relative_error);
    runs.noises.push_back(last.relative_noise);
    runs.coverages.push_back(last.coverage);
  }
  return runs;
}

Problem gaussian_problem() {
  Params w(9);  // b, then P row by row: eigenvalues 0.75, 1.5 and 3.2 or so
  w << 0.4, -0.2, 0.1, 1.5, 0.5, 1.25, -0.6, 0.3, 2.5;
  Eigen::MatrixXd y(4, 3);
  y << 0.5, -1, 0.2, 1.5, 0.3, -0.7, -0.8, 0.9, 1.1, 0.1, -0.4, 0.6;
  return {GaussianModel(3, w), Eigen::MatrixXd(4, 0), y, 1.0};
}

Problem mixed_problem() {  // a latent component beside two real columns
  Params w(8);
  w << 0.3, 0, -1, 0.5, 0, 0.2, 1, -0.5;
  Eigen::MatrixXd y(4, 2);
  y << 0.5, -1, 1.5, 0.3, -0.8, 0.9, 0.1, -0.4;
  return {GaussianMixtureModel(2, 2, true, w), Eigen::MatrixXd(4, 0), y, 1.0};
}

struct SlopeCase {
  const char* name;
  Problem problem;
  std::vector<GivenOption> options;
};

// Draws 64 times as many at the last point as at the first, and there already many correlation
// times: a sampler whose memory is t steps is off -0.5 by about t / (thin x first draws).
const std::vector<SlopeCase>& slope_cases() {
  static const std::vector<SlopeCase> cases{
      {"quartic",
       quartic_problem(8),
       {given("chains", std::int64_t{8}), given("draws", std::int64_t{2048}),
        given("thin", std::int64_t{4}), given("warmup", std::int64_t{300})}},
      {"gaussian",
       gaussian_problem(),
       {given("chains", std::int64_t{64}), given("draws", std::int64_t{2048}),
        given("thin", std::int64_t{8}), given("warmup", std::int64_t{400})}},
      {"glass",
       glass_problem(1),
       {given("chains", std::int64_t{64}), given("draws", std::int64_t{2048}),
        given("thin", std::int64_t{2}), given("warmup", std::int64_t{200})}},
      {"rbm",
       rbm_problem("rbm_3x2"),
       {given("chains", std::int64_t{64}), given("draws", std::int64_t{2048}),
        given("thin", std::int64_t{2}), given("warmup", std::int64_t{200})}},
      {"mixed",
       mixed_problem(),
       {given("chains", std::int64_t{64}), given("draws", std::int64_t{2048}),
        given("thin", std::int64_t{8}), given("warmup", std::int64_t{400})}},
  };
  return cases;
}

AnyEnergy<double> bound(const Problem& p, Index chains = 1) {
  const std::vector<Index> rows(static_cast<std::size_t>(chains), 0);
  return p.model.bind_double(p.model.prepare(p.x), rows);
}

double norm_of_mean(const Eigen::MatrixXd& vectors) { return vectors.rowwise().mean().norm(); }

// Whether errors flatten at the length of this bias: as a floor, and component by component.
void check_bias(const Runs& runs, const Eigen::VectorXd& bias) {
  const double length = bias.norm() / runs.exact.norm();
  CAPTURE(length);
  const MeanWithError floor = runs.floor();
  CAPTURE(floor.mean);
  CAPTURE(floor.standard_error);
  CHECK(std::abs(floor.mean - length) < 4 * floor.standard_error);
  CHECK(floor.standard_error < 0.05 * length);  // else nothing would be shown
  const auto seeds = static_cast<double>(runs.error_vectors.cols());
  const Eigen::VectorXd mean = runs.error_vectors.rowwise().mean();
  const Eigen::VectorXd se =
      ((runs.error_vectors.colwise() - mean).rowwise().squaredNorm() / (seeds - 1) / seeds)
          .cwiseSqrt();
  for (Index i = 0; i < bias.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(mean[i] - bias[i]) <= 4 * se[i] + 1e-12);
  }
  // ... and they do flatten: what is left of the slope is the noise of the first points
  CHECK(runs.slope().mean > -0.25);
  CHECK(norm_of_mean(runs.error_vectors) > 0.9 * bias.norm());
}

}  // namespace

TEST_SUITE("slow") {
  TEST_CASE("convergence: every exact sampler's error falls as 1 / sqrt(draws)") {
    std::map<std::string, int> looked;
    for (const SlopeCase& c : slope_cases()) {
      for (const SamplerRow& row : sampler_registry()) {
        if (!row.is_exact || !why_not(row, bound(c.problem)).empty()) {
          continue;
        }
        CAPTURE(c.name);
        CAPTURE(row.name);
        std::vector<GivenOption> options;
        if (row.name == "mala" || row.name == "metropolis_within_gibbs") {
          options.push_back(given("step_size", 0.4));
        } else if (row.name == "random_walk") {
          options.push_back(given("proposal_scale", 1.0));
        }
        const Runs runs =
            run(c.problem, make_sampler(row.name, options), "long_chains", c.options, 24, 7);
        const MeanWithError slope = runs.slope();
        CAPTURE(slope.mean);
        CAPTURE(slope.standard_error);
        CHECK(std::abs(slope.mean + 0.5) < 4 * slope.standard_error);
        CHECK(slope.standard_error < 0.05);
        ++looked[std::string(row.name)];
      }
    }
    for (const SamplerRow& row : sampler_registry()) {
      CAPTURE(row.name);
      CHECK((looked[std::string(row.name)] > 0) == row.is_exact);
    }
  }

  TEST_CASE("convergence: coverage of 95 % intervals; planted S4: of 90 % intervals is rejected") {
    const SlopeCase& c = slope_cases()[2];
    const Runs runs = run(c.problem, make_sampler("site_gibbs"), "long_chains", c.options, 100, 1);
    const MeanWithError right = mean_with_error(runs.coverages);
    const MeanWithError wrong = mean_with_error(runs.other_coverages);
    CAPTURE(right.mean);
    CHECK(std::abs(right.mean - 0.95) < 4 * right.standard_error);
    CHECK(std::abs(wrong.mean - 0.95) > 4 * wrong.standard_error);
  }

  TEST_CASE("convergence: ULA flattens at the bias of its stationary covariance (M12)") {
    const Problem p = gaussian_problem();
    const double h = 0.2;
    const Params& w = p.model.params();
    Eigen::Matrix3d precision;
    precision << w[3], w[4], w[6], w[4], w[5], w[7], w[6], w[7], w[8];
    const Eigen::Matrix3d one = Eigen::Matrix3d::Identity(), contraction = one - h * precision;
    const Eigen::Matrix3d wrong = 2 * h * (one - contraction * contraction).inverse() -
                                  precision.inverse();  // covariance of ULA - that of the model
    // dE/dP_ij = y_i y_j, of the diagonal half of it; the negative phase enters with a minus
    Eigen::VectorXd bias = Eigen::VectorXd::Zero(9);
    bias.tail(6) << wrong(0, 0) / 2, wrong(1, 0), wrong(1, 1) / 2, wrong(2, 0), wrong(2, 1),
        wrong(2, 2) / 2;
    const Runs runs = run(p, make_sampler("ula", std::vector{given("step_size", h)}), "long_chains",
                          {given("chains", std::int64_t{64}), given("draws", std::int64_t{16384}),
                           given("warmup", std::int64_t{200})},
                          24, 8);
    check_bias(runs, -bias);
  }

  TEST_CASE("convergence: CD-k flattens at the bias of k steps from the data") {
    const Problem p = glass_problem(1);
    const StateTable table =
        tabulate_states([&](Index chains) { return bound(p, chains); }, p.beta);
    const Index states = table.states.rows(), sites = table.states.cols();
    // the law of the data, and a sweep of single sites in order, from energies alone
    Eigen::VectorXd law = Eigen::VectorXd::Zero(states);
    for (Index r = 0; r < p.rows(); ++r) {
      for (Index s = 0; s < states; ++s) {
        law[s] += (table.states.row(s).matrix() == p.y.row(r)) ? 1.0 / 6 : 0.0;  // of 6 rows
      }
    }
    const auto sweep = [&](Eigen::VectorXd from) {
      for (Index j = 0; j < sites; ++j) {
        const Index bit = Index{1} << (sites - 1 - j);  // first column most significant
        Eigen::VectorXd to = Eigen::VectorXd::Zero(states);
        for (Index s = 0; s < states; ++s) {
          const double both = table.probability[s] + table.probability[s ^ bit];
          to[s] = (from[s] + from[s ^ bit]) * table.probability[s] / both;
        }
        from = to;
      }
      return from;
    };
    const auto mean_param_grad = [&](const Eigen::VectorXd& weights) {
      Eigen::VectorXd sum = Eigen::VectorXd::Zero(p.model.shape().num_params);
      bound(p, states).add_param_grad(table.states, {0, states}, weights.array(), sum);
      return sum;
    };
    const Eigen::VectorXd exact = mean_param_grad(table.probability.matrix());
    for (const std::int64_t k : {1, 2, 3}) {
      CAPTURE(k);
      Eigen::VectorXd pushed = law;
      for (std::int64_t i = 0; i < k; ++i) {
        pushed = sweep(pushed);
      }
      const Runs runs = run(
          p, make_sampler("site_gibbs"), "cd",
          {given("cd_k", k), given("chains", std::int64_t{16}), given("draws", std::int64_t{8192})},
          24, 8);
      check_bias(runs, exact - mean_param_grad(pushed));
    }
  }
}
