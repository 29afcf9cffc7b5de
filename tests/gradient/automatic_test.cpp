#include <doctest/doctest.h>

#include <string>

#include "negphase/core/error.hpp"
#include "negphase/gradient/by_chains.hpp"
#include "negphase/gradient/estimators/chain_options.hpp"
#include "negphase/gradient/estimators/estimators.hpp"
#include "negphase/registry/registry.hpp"
#include "planted/TR4.hpp"
#include "planted/TR5.hpp"
#include "support/problems.hpp"

namespace {

using namespace negphase;
using Given = std::vector<GivenOption>;

const Executor& one_thread() {
  static const Executor one(1);
  return one;
}

GradientEstimate run(const EstimatorRow& row, const Problem& problem, const AnySampler& sampler,
                     const Given& given, const Executor& executor = one_thread()) {
  const Options options = Options::resolve("automatic", row.options, given);
  const RunSettings settings = testing::settings_on(executor, 3);
  row.check(problem, &sampler, options, settings);
  return row.estimate(problem, &sampler, options, settings, {});
}

bool warns(const GradientEstimate& e, const std::string& code) {
  for (const Warning& w : e.warnings) {
    if (w.code == code) {
      return true;
    }
  }
  return false;
}

// the warm-up that the note of the pilot names
Index chosen_warmup(const GradientEstimate& e) {
  for (const Warning& w : e.warnings) {
    const auto at = w.text.find(" chains, ");
    if (w.code == "chosen_by_pilot" && at != std::string::npos) {
      return std::stol(w.text.substr(at + 9));
    }
  }
  return -1;
}

// what long chains of the same sizes and the same seed make of it, without a pilot
Eigen::VectorXd without_pilot(const Problem& p, const AnySampler& sampler,
                              const GradientEstimate& e) {
  const RunSettings settings = testing::settings_on(one_thread(), 3);
  ChainsPlan plan;
  plan.estimator = "long_chains";
  plan.negative = p.model.shape().num_x > 0 ? Replicates::by_row(p.rows(), e.chains / p.rows())
                                            : Replicates::by_group(e.chains);
  plan.schedule = {chosen_warmup(e), e.draws, 1};
  plan.start = start_of(p, settings.seed, false);
  return estimate_by_chains(p, sampler, plan, settings).mean;
}

struct Case {
  Problem problem;
  AnySampler sampler;
};
std::vector<Case> cases() {
  return {{testing::rbm_problem("rbm_3x2"), make_sampler("block_gibbs", {})},
          {testing::quartic_problem(6), make_sampler("mala", {})}};
}

}  // namespace

TEST_CASE("M7: a pilot chooses chains and steps for the error that is wanted") {
  for (const auto& [problem, sampler] : cases()) {
    double last = 1e300;
    for (const double wanted : {0.05, 0.0125}) {
      const auto e = run(automatic_estimator(), problem, sampler, {{"absolute_error", wanted, {}}});
      const double reached = e.standard_error.norm();
      CHECK(reached <= wanted);
      CHECK(reached < last);
      CHECK_FALSE(warns(e, "error_above_budget"));
      last = reached;
    }
    // the run has the fewest draws that a chain may have, or about as many as it needs
    CHECK(last > 0.0125 / 2);
  }
}

TEST_CASE("M7: the estimate does not depend on the pilot; planted TR4: it goes on with its draws") {
  const Given given{{"absolute_error", 0.02, {}}};
  for (const auto& [problem, sampler] : cases()) {
    const auto e = run(automatic_estimator(), problem, sampler, given);
    CHECK(e.mean == without_pilot(problem, sampler, e));
    const auto wrong = run(planted::TR4::automatic_estimator(), problem, sampler, given);
    CHECK(wrong.mean != without_pilot(problem, sampler, wrong));

    // the same choice and the same bytes on more threads
    CHECK(run(automatic_estimator(), problem, sampler, given, Executor(3)).mean == e.mean);
  }
}

TEST_CASE("planted TR5: draws in proportion to the error, not to its square") {
  const Case rbm = cases().front();
  const Given given{{"absolute_error", 0.003, {}}};
  CHECK_FALSE(
      warns(run(automatic_estimator(), rbm.problem, rbm.sampler, given), "error_above_budget"));
  CHECK(warns(run(planted::TR5::automatic_estimator(), rbm.problem, rbm.sampler, given),
              "error_above_budget"));
}

TEST_CASE("a limit is kept, and what it does not allow is said") {
  const Case rbm = cases().front();
  const double limit = 50000;
  const auto e = run(automatic_estimator(), rbm.problem, rbm.sampler,
                     {{"absolute_error", 1e-6, {}}, {"max_steps", limit, {}}});
  CHECK(warns(e, "error_above_budget"));
  // one conditional draw of each of two layers is a step of block Gibbs
  CHECK(static_cast<double>(e.energy_evaluations) <= 2 * limit);
  CHECK(static_cast<double>(e.energy_evaluations) > limit);

  const auto refusal = [&](const Given& given) {
    try {
      run(automatic_estimator(), rbm.problem, rbm.sampler, given);
    } catch (const ConfigError& refused) {
      return std::string(refused.what());
    }
    return std::string();
  };
  CHECK(refusal({{"relative_error", 0.0, {}}}).find("are both 0") != std::string::npos);
  CHECK(refusal({{"max_steps", 1000.0, {}}}).find("the pilot alone takes 1.28e+04 steps") !=
        std::string::npos);
}
