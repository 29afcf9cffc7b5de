#include <doctest/doctest.h>

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "negphase/exact/exact.hpp"
#include "negphase/gradient/registry.hpp"
#include "negphase/registry/registry.hpp"
#include "support/problems.hpp"
#include "support/spins_given_x.hpp"

// How often 95 % intervals hold the exact gradient where chains start cold and are observed at
// once: so few draws of so many chains that the bias of plain chains stands out of their noise.
namespace {

using namespace negphase;
using namespace negphase::testing;

constexpr int repetitions = 2000;

GivenOption given(const char* name, OptionValue value) { return {name, std::move(value), {}}; }
GivenOption number(const char* name, std::int64_t value) { return given(name, value); }

struct Coverage {
  double overall = 0, lowest = 1;
  double longest = 0;  // meeting time
};

Coverage measure(const Problem& p, const std::string& sampler_name, const std::string& estimator,
                 const std::vector<GivenOption>& options) {
  const Executor executor;
  const AnySampler sampler = make_sampler(sampler_name, {});
  const auto exact = exact_nll_gradient(p.model, p.x, p.y, p.beta, {}, executor).gradient;
  Eigen::VectorXd covered = Eigen::VectorXd::Zero(exact.size());
  Coverage result;
  for (int r = 0; r < repetitions; ++r) {
    RunSettings s = settings_on(executor, static_cast<std::uint64_t>(r + 1));
    const auto e = estimate_gradient(p, &sampler, estimator, options, s);
    for (Index i = 0; i < exact.size(); ++i) {
      const double t = boost::math::quantile(
          boost::math::students_t_distribution<double>(e.degrees_of_freedom[i]), 0.975);
      covered[i] += std::abs(e.mean[i] - exact[i]) <= t * e.standard_error[i] ? 1 : 0;
    }
    if (e.start_up) {
      result.longest = std::max(result.longest, e.start_up->longest);
    }
  }
  covered /= repetitions;
  result.overall = covered.mean();
  result.lowest = covered.minCoeff();
  return result;
}

void check_coverage(const std::string& what, const Problem& p, const std::string& sampler,
                    const std::vector<GivenOption>& options, int chains, int draws, int lag) {
  std::vector<GivenOption> plain = options;
  plain.push_back(number("chains", chains));
  plain.push_back(given("start", std::string("noise")));
  plain.push_back(number("warmup", 0));
  plain.push_back(number("draws", draws));
  std::vector<GivenOption> coupled = plain;
  coupled.push_back(number("lag", lag));
  const Coverage by_pairs = measure(p, sampler, "coupled", coupled);
  const Coverage by_chains = measure(p, sampler, "long_chains", plain);
  MESSAGE(what << ": coupled " << by_pairs.overall << " (lowest component " << by_pairs.lowest
               << ", last meeting " << by_pairs.longest << "), plain chains " << by_chains.overall
               << " (lowest " << by_chains.lowest << ")");
  // 4.9 binomial standard errors: a component of true coverage 0.94 is outside once in a million
  const double band = 4.9 * std::sqrt(0.94 * 0.06 / repetitions);
  CHECK(by_pairs.overall >= 0.94);
  CHECK(by_pairs.lowest >= 0.94 - band);
  CHECK(by_chains.lowest < 0.94 - band);
}

}  // namespace

TEST_SUITE_BEGIN("slow");

TEST_CASE("M7: from cold starts, error bars of coupled chains cover: an 8-spin glass") {
  check_coverage("glass at beta 1, lag 1", glass_problem(1), "site_gibbs", {}, 64, 2, 1);
  check_coverage("glass at beta 1, lag 10", glass_problem(1), "site_gibbs", {}, 64, 2, 10);
  check_coverage("glass at beta 1.5, lag 20", glass_problem(1.5), "single_flip", {}, 64, 2, 20);
}

TEST_CASE("M7: from cold starts, error bars of coupled chains cover: an RBM, both phases sampled") {
  check_coverage("RBM", rbm_problem("rbm_3x2_strong"), "block_gibbs",
                 {given("positive", std::string("sampled")), number("positive_chains", 16)}, 16, 2,
                 1);
}

TEST_CASE("M7: from cold starts, error bars of coupled chains cover: a conditional model") {
  check_coverage("conditional spins", spins_given_x_problem(), "site_gibbs", {}, 16, 1, 1);
}

TEST_SUITE_END();
