#include <doctest/doctest.h>

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "negphase/exact/exact.hpp"
#include "negphase/gradient/registry.hpp"
#include "negphase/models/registry.hpp"
#include "negphase/registry/registry.hpp"
#include "support/factor_model.hpp"
#include "support/problems.hpp"

// Models with latents, both phases by chains of their own, against the exact gradient: by the
// states of a discrete z, by an integral over a continuous one, by both.
namespace {

using namespace negphase;
using namespace negphase::testing;

const Executor two_threads(2);

/// Two-sided quantile of Student's t with df degrees of freedom at 1e-6 / P.
double t_bound(double df, Index components) {
  const boost::math::students_t_distribution<double> t(df);
  return boost::math::quantile(
      boost::math::complement(t, 1e-6 / static_cast<double>(components) / 2));
}

AnySampler mixed_sampler(double step_size) {
  return make_sampler("metropolis_within_gibbs",
                      std::vector<GivenOption>{{"discrete", std::string("gibbs"), {}},
                                               {"real", std::string("mala"), {}},
                                               {"step_size", step_size, {}}});
}

std::vector<GivenOption> long_chains(std::int64_t chains, std::int64_t positive_chains) {
  return {{"chains", chains, {}},
          {"warmup", std::int64_t{200}, {}},
          {"draws", std::int64_t{200}, {}},
          {"positive", std::string("sampled"), {}},
          {"positive_chains", positive_chains, {}}};
}

GradientEstimate exact_of(const Problem& problem) {
  return estimate_gradient(problem, nullptr, "exact", {}, settings_on(two_threads, 1));
}

/// M6, M7: every component within the t quantile, and its error bar within `cap`.
void check_sampled(const Problem& problem, const AnySampler& sampler, std::int64_t chains,
                   std::int64_t positive_chains, double cap) {
  const GradientEstimate exact = exact_of(problem);
  const GradientEstimate e =
      estimate_gradient(problem, &sampler, "long_chains", long_chains(chains, positive_chains),
                        settings_on(two_threads, 11));
  CHECK_FALSE(e.positive_is_exact);
  CHECK(exact.is_exact);
  for (Index i = 0; i < e.mean.size(); ++i) {
    CAPTURE(i);
    if (e.standard_error[i] == 0) {  // a parameter that the energy does not hang on
      CHECK(e.mean[i] == exact.mean[i]);
      continue;
    }
    CHECK(std::abs(e.mean[i] - exact.mean[i]) <=
          t_bound(e.degrees_of_freedom[i], e.mean.size()) * e.standard_error[i]);
    CHECK(e.standard_error[i] <= cap);
    // each phase has chains and an error of its own, and they add up to that of the difference
    CHECK(e.positive_error[i] >= 0);
    CHECK(e.standard_error[i] ==
          doctest::Approx(std::hypot(e.positive_error[i], e.negative_error[i])).epsilon(1e-12));
    CHECK(std::abs(e.positive[i] - exact.positive[i]) <=
          t_bound(15, e.mean.size()) * e.positive_error[i] + 1e-12);
  }
  CHECK(e.positive_error.maxCoeff() > 0);
  CHECK(e.negative_error.maxCoeff() > 0);
}

}  // namespace

TEST_CASE("M6, M7: both phases sampled, a discrete z, against the sum over its states") {
  // dE/dW of a component that is a bit or a product of two has variance at most 1/4, a chain of 200
  // draws at least 20 effective ones; 64 chains in each phase: SE <= sqrt(1/4 2 / 1280) = 0.02
  Problem problem = rbm_problem("rbm_3x2");
  const AnySampler gibbs = make_sampler("block_gibbs");
  check_sampled(problem, gibbs, 64, 16, 0.02);
}

TEST_CASE("M6, M7: both phases sampled, a continuous and a mixed z, against integrals") {
  for (const bool with_spin : {false, true}) {
    const FactorModel model(with_spin, Params{{1.2, -0.8, 0.3}});
    Eigen::MatrixXd x(4, 1), y(4, 1);
    x << -0.5, 0.25, 1, 0;
    y << 0.4, -0.75, 0.5, 1.2;
    const Problem problem{model, x, y, 1.4};
    const GradientEstimate exact = exact_of(problem);
    double f = 0;
    Eigen::Vector3d positive = Eigen::Vector3d::Zero();
    const FactorLaw law{{1.2, -0.8, 0.3}, 1.4, with_spin};
    for (Index r = 0; r < 4; ++r) {
      const auto [value, slope] = law.free_energy(x(r, 0), y(r, 0));
      f += value / 4;
      positive += slope / 4;
    }
    CHECK((exact.positive - positive).lpNorm<Eigen::Infinity>() < 1e-11);
    // the error of an integral over two columns is 1e-9 of Z
    CHECK((exact.mean - (positive - law.mean_param_grad())).lpNorm<Eigen::Infinity>() < 1e-8);
    const ExactNll nll = exact_nll_gradient(model, x, y, 1.4, {}, two_threads);
    CHECK(std::abs(nll.nll - (f + law.log_z() / 1.4)) < 1e-9);
    // dE/dw0 = d^2 / 2 and dE/dw1 = w0 d z have variances below 2 under both laws, dE/dw2 at most
    // 1; 16 chains a row of 10 effective draws, 4 rows, in both phases: SE^2 <= 2 * 2 / 640
    const AnySampler mala = make_sampler("mala", std::vector<GivenOption>{{"step_size", 0.25, {}}});
    check_sampled(problem, with_spin ? mixed_sampler(0.25) : mala, 16, 16,
                  std::sqrt(2 * 2.0 / 640));
  }
}

TEST_CASE(
    "M6: positive = \"exact\" sums z by its states or an integral where chains would sample it") {
  const FactorModel model(true, Params{{1.2, -0.8, 0.3}});
  Eigen::MatrixXd x(2, 1), y(2, 1);
  x << -0.5, 0.25;
  y << 0.4, -0.75;
  const Problem problem{model, x, y, 1.4};
  const AnySampler sampler = mixed_sampler(0.25);
  auto options = long_chains(16, 16);
  options[3].value = std::string("exact");
  const GradientEstimate e =
      estimate_gradient(problem, &sampler, "long_chains", options, settings_on(two_threads, 3));
  CHECK(e.positive_is_exact);
  CHECK(e.positive_error.isZero(0));
  CHECK((e.positive - exact_of(problem).positive).lpNorm<Eigen::Infinity>() < 1e-12);
  // never by itself: "auto" samples what has no closed sum
  options[3].value = std::string("auto");
  CHECK_FALSE(
      estimate_gradient(problem, &sampler, "long_chains", options, settings_on(two_threads, 3))
          .positive_is_exact);
}
