#include "negphase/gradient/hessian.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "negphase/gradient/second_order_model.hpp"
#include "negphase/models/mlp.hpp"
#include "negphase/registry/registry.hpp"
#include "planted/ES15.hpp"
#include "planted/ES16.hpp"
#include "planted/ES17.hpp"
#include "planted/ES18.hpp"
#include "planted/ES19.hpp"
#include "support/problems.hpp"

namespace {

using namespace negphase;
using namespace negphase::testing;

Problem at_beta(Problem p, double beta) {
  p.beta = beta;
  return p;
}

// y given x, energy not linear in W: 2 hidden units, 8 parameters
Problem small_mlp() {
  MlpSpec spec;
  spec.num_x = 1;
  spec.hidden = 2;
  spec.confinement = 1;
  Params w(spec.num_params());
  for (Index i = 0; i < w.size(); ++i) {
    w[i] = std::sin(1.0 + 2.0 * static_cast<double>(i));
  }
  return {MlpModel(spec, w), Eigen::MatrixXd{{-0.5}, {1.2}}, Eigen::MatrixXd{{0.3}, {-0.7}}, 1.4};
}

Eigen::VectorXd gradient(const Problem& p, const Params& w, const Executor& executor) {
  return exact_nll_gradient(p.model.with_params(w), p.x, p.y, p.beta, {}, executor).gradient;
}

// second differences of the exact NLL: central ones of its gradient
constexpr double h = 1e-4;
Eigen::MatrixXd by_differences(const Problem& p, const Executor& executor) {
  const Params w = p.model.params();
  Eigen::MatrixXd all(w.size(), w.size());
  for (Index i = 0; i < w.size(); ++i) {
    Params up = w, down = w;
    up[i] += h;
    down[i] -= h;
    all.col(i) = (gradient(p, up, executor) - gradient(p, down, executor)) / (2 * h);
  }
  return all;
}

double off(const Hessian& found, const Eigen::MatrixXd& expected) {
  return (found.value - expected).cwiseAbs().maxCoeff();
}

// h^2 / 6 times a fourth cumulant of dE/dW (below 20 for products of bits and spins at beta < 2;
// y^4 of the quartic has up to 50), and gradients with errors of 1e-12 (sums) or 1e-10 (quadrature)
// over h: below 1e-7 and 2e-6
constexpr double of_sums = 1e-7, of_quadrature = 2e-6;

struct Case {
  std::string what;
  Problem problem;
  double tolerance;
  bool by_differences;
};

std::vector<Case> cases() {
  return {{"glass", glass_problem(0.7), of_sums, false},
          {"RBM", at_beta(rbm_problem("rbm_3x2_strong"), 1.3), of_sums, false},
          {"quartic", at_beta(quartic_problem(3), 1.3), of_quadrature, false},
          {"mlp", small_mlp(), of_quadrature, true}};
}

}  // namespace

TEST_CASE(
    "M10: exact second derivatives are the second differences of the exact NLL; ES15 to ES17") {
  const Executor executor(2);
  for (const Case& c : cases()) {
    CAPTURE(c.what);
    const Hessian found = exact_hessian(c.problem, {}, executor);
    const Eigen::MatrixXd expected = by_differences(c.problem, executor);
    CHECK(off(found, expected) < c.tolerance);
    CHECK(found.value == found.value.transpose());
    CHECK(found.by_differences == c.by_differences);
    CHECK(found.standard_error.isZero(0));
    MESSAGE(c.what << " by " << found.method << ": off by " << off(found, expected) << " of "
                   << expected.cwiseAbs().maxCoeff());
    const bool has_latents = !c.problem.model.shape().z.empty();
    const auto rejects = [&](const auto& wrong) {
      return (wrong.value - expected).cwiseAbs().maxCoeff() > 1e-3;
    };
    CHECK(rejects(planted::ES15::exact_hessian(c.problem, {}, executor)));
    CHECK(rejects(planted::ES16::exact_hessian(c.problem, {}, executor)));
    CHECK(rejects(planted::ES17::exact_hessian(c.problem, {}, executor)) ==
          (has_latents || c.by_differences));
  }
}

TEST_CASE("M10: with latents, the positive part has the covariance of z given the data") {
  const Executor executor(1);
  const Problem p = at_beta(rbm_problem("rbm_3x2_strong"), 1.3);
  const Hessian found = exact_hessian(p, {}, executor);
  // by hand: E[beta g g'] - beta E[g] E[g]' over the 4 states of z, one row after the other
  const ModelShape shape = p.model.shape();
  const Index size = shape.num_params;
  Eigen::MatrixXd expected = Eigen::MatrixXd::Zero(size, size);
  for (Index row = 0; row < p.rows(); ++row) {
    Block<double> states(4, 5);
    for (Index s = 0; s < 4; ++s) {
      states.row(s) << p.y(row, 0), p.y(row, 1), p.y(row, 2), static_cast<double>(s % 2),
          static_cast<double>(s / 2);
    }
    const auto energy = p.model.bind_double(p.model.prepare(p.x), std::vector<Index>(4, row));
    PerChain e(4);
    energy.energy(states, e);
    PerChain probability = (-p.beta * (e - e.minCoeff())).exp();
    probability /= probability.sum();
    Eigen::VectorXd mean = Eigen::VectorXd::Zero(size);
    for (Index s = 0; s < 4; ++s) {
      Eigen::VectorXd g = Eigen::VectorXd::Zero(size);
      energy.add_param_grad(states, {s, 1}, PerChain::Ones(4), g);
      expected += p.beta * probability[s] * g * g.transpose() / static_cast<double>(p.rows());
      mean += probability[s] * g;
    }
    expected -= p.beta * mean * mean.transpose() / static_cast<double>(p.rows());
  }
  CHECK((found.positive - expected).cwiseAbs().maxCoeff() < 1e-14);
  CHECK(expected.cwiseAbs().maxCoeff() > 0.01);
}

// S of F is that of E averaged over z: beta dF dF' - d2F = beta E_z[dE dE'] - E_z[d2E]
TEST_CASE("M10: over the free energy, by differences, the same comes out; planted ES19") {
  const Executor executor(1);
  const Problem p = at_beta(rbm_problem("rbm_3x2_strong"), 1.3);
  using Of = SecondOrderModel::Of;
  using WrongOf = planted::ES19::SecondOrderModel::Of;
  const auto means = [&](const AnyModel& model) {
    return solve_exact(model, p.x, p.beta, {}, executor).mean_param_grad;
  };
  const Eigen::VectorXd joint = means(SecondOrderModel(p.model, p.beta, Of::energy));
  const SecondOrderModel free(p.model, p.beta, Of::free_energy);
  CHECK_FALSE(free.is_linear());
  CHECK(SecondOrderModel(p.model, p.beta, Of::energy).is_linear());
  // truncation h^2 / 6 = 6e-12 times third derivatives of F below 10, rounding 1e-16 / 6e-6
  CHECK((means(free) - joint).cwiseAbs().maxCoeff() < 1e-9);
  CHECK((means(planted::ES19::SecondOrderModel(p.model, p.beta, WrongOf::free_energy)) - joint)
            .cwiseAbs()
            .maxCoeff() > 1e-3);
}

namespace {

double worst_z(const auto& found, const Eigen::MatrixXd& expected) {
  double worst = 0;
  for (Index i = 0; i < expected.rows(); ++i) {
    for (Index j = 0; j <= i; ++j) {
      if (found.standard_error(i, j) > 0) {
        const double t = (found.value(i, j) - expected(i, j)) / found.standard_error(i, j);
        worst = std::max(worst, std::abs(z_score(t, found.degrees_of_freedom(i, j))));
      } else if (std::abs(found.value(i, j) - expected(i, j)) > 1e-12) {
        worst = std::numeric_limits<double>::infinity();
      }
    }
  }
  return worst;
}

template <class Plan>
Plan plan_of(Index chains, Index draws) {
  Plan plan;
  plan.chains = chains;
  plan.draws = draws;
  return plan;
}

}  // namespace

TEST_CASE("M10: sampled second derivatives agree with the exact ones; planted ES18") {
  const Executor executor(2);
  const auto compare_with_exact = [&](const std::string& what, const Problem& p,
                                      const AnySampler& sampler, Index chains, Index draws,
                                      double largest_error) {
    CAPTURE(what);
    const Hessian exact = exact_hessian(p, {}, executor);
    const Hessian found =
        sampled_hessian(p, sampler, plan_of<HessianPlan>(chains, draws), settings_on(executor, 4));
    const Index size = exact.value.rows();
    MESSAGE(what << ": worst z " << worst_z(found, exact.value) << ", largest error bar "
                 << found.standard_error.maxCoeff());
    CHECK(worst_z(found, exact.value) < z_bound(size * (size + 1) / 2));
    CHECK(found.standard_error.maxCoeff() < largest_error);  // a bug would show
    CHECK(found.value == found.value.transpose());
    return exact.value;
  };
  const std::vector<GivenOption> step{{"step_size", 0.1, {}}};
  const AnySampler gibbs = make_sampler("block_gibbs", {}), mala = make_sampler("mala", step);
  compare_with_exact("RBM", at_beta(rbm_problem("rbm_3x2_strong"), 1.3), gibbs, 64, 400, 0.02);
  const Problem rows = at_beta(quartic_problem(3), 1.3);
  const Eigen::MatrixXd exact = compare_with_exact("quartic", rows, mala, 64, 400, 0.05);
  CHECK(worst_z(
            planted::ES18::sampled_hessian(rows, mala, plan_of<planted::ES18::HessianPlan>(64, 400),
                                           settings_on(executor, 4)),
            exact) > z_bound(10));
}

TEST_CASE("second derivatives that cannot be had are refused") {
  const Executor executor(1);
  Problem large = glass_problem(1);
  const AnySampler flips = make_sampler("single_flip", {});
  CHECK_THROWS_WITH_AS(
      sampled_hessian(large, flips, plan_of<HessianPlan>(15, 10), settings_on(executor, 1)),
      doctest::Contains("at least 16 chains"), ConfigError);
  ExactLimits few;
  few.max_states = 8;
  CHECK_THROWS_WITH_AS(exact_hessian(large, few, executor), doctest::Contains("256 states"),
                       ConfigError);
  large.beta = 0;
  CHECK_THROWS_WITH_AS(exact_hessian(large, {}, executor), doctest::Contains("beta = 0"),
                       ConfigError);
}
