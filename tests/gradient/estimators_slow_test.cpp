#include <doctest/doctest.h>

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "negphase/exact/exact.hpp"
#include "negphase/gradient/registry.hpp"
#include "negphase/registry/registry.hpp"
#include "support/problems.hpp"
#include "support/step_law.hpp"

// Error bars of importance sampling, of a replay buffer and of short runs hold the right number in
// 95 of 100 runs.
namespace {

using namespace negphase;
using namespace negphase::testing;
using Given = std::vector<GivenOption>;

constexpr int repetitions = 2000;

GivenOption given(const char* name, OptionValue value) { return {name, std::move(value), {}}; }

bool covers(double off, double standard_error, double freedom) {
  const double t =
      boost::math::quantile(boost::math::students_t_distribution<double>(freedom), 0.975);
  return std::abs(off) <= t * standard_error;
}

void check_coverage(const std::string& what, const Problem& p, const AnySampler* sampler,
                    const std::string& estimator, const Given& options,
                    const Eigen::VectorXd& expected, std::optional<double> nll = {}) {
  const Executor executor;
  Eigen::VectorXd covered = Eigen::VectorXd::Zero(expected.size());
  double of_loss = 0;
  for (std::uint64_t seed = 1; seed <= repetitions; ++seed) {
    const auto e = estimate_gradient(p, sampler, estimator, options, settings_on(executor, seed));
    for (Index i = 0; i < expected.size(); ++i) {
      covered[i] += covers(e.mean[i] - expected[i], e.standard_error[i], e.degrees_of_freedom[i])
                        ? 1.0 / repetitions
                        : 0;
    }
    if (nll) {
      of_loss +=
          covers(e.loss->nll - *nll, e.loss->standard_error, e.loss->degrees_of_freedom) ? 1 : 0;
    }
  }
  MESSAGE(what << ": coverage " << covered.mean() << ", components " << covered.minCoeff() << " to "
               << covered.maxCoeff()
               << (nll ? ", of the NLL " + std::to_string(of_loss / repetitions) : ""));
  // 4.9 binomial standard errors: a component is outside by chance once in a million
  const double band = 4.9 * std::sqrt(0.95 * 0.05 / repetitions);
  CHECK(covered.minCoeff() >= 0.95 - band);
  CHECK(covered.maxCoeff() <= 0.95 + band);
  if (nll) {
    CHECK(std::abs(of_loss / repetitions - 0.95) <= band);
  }
}

}  // namespace

TEST_SUITE_BEGIN("slow");

TEST_CASE("M8: error bars of importance sampling cover, of the gradient and of the NLL") {
  const Executor executor;
  Problem p = quartic_problem(4);
  p.beta = 1.7;
  const ExactNll exact = exact_nll_gradient(p.model, p.x, p.y, p.beta, {}, executor);
  check_coverage("importance sampling", p, nullptr, "importance",
                 {given("draws", std::int64_t{1000}), given("replicates", std::int64_t{16})},
                 exact.gradient, exact.nll);
}

TEST_CASE("M9: error bars of a replay buffer and of short runs cover their own expectations") {
  Problem p = rbm_problem("rbm_3x2_strong");
  p.beta = 1.3;
  const StepLaw law(p);
  const AnySampler gibbs = make_sampler("block_gibbs", {});
  check_coverage("replay buffer", p, &gibbs, "replay",
                 {given("reinit_rate", 0.3), given("chains", std::int64_t{512}),
                  given("updates", std::int64_t{5})},
                 law.gradient(law.replay(0.3, 1, 5)));
  check_coverage("short runs", p, &gibbs, "short_run",
                 {given("cd_k", std::int64_t{2}), given("chains", std::int64_t{512})},
                 law.gradient(law.after(law.uniform(), 2)));
}

TEST_SUITE_END();
