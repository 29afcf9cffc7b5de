#include <doctest/doctest.h>

#include "negphase/exact/exact.hpp"
#include "negphase/gradient/phase.hpp"
#include "negphase/registry/registry.hpp"
#include "planted/CO7.hpp"
#include "support/problems.hpp"

namespace {

using namespace negphase;
using namespace negphase::testing;

// The largest |z| of a negative phase by 4096 pairs of chains that start at data rows and are
// observed once, after a step.
template <class PhaseChains, class PhaseSpec>
double worst_z(const Executor& executor) {
  const Problem p = glass_problem(1);
  const Eigen::VectorXd exact = solve_exact(p.model, p.x, p.beta, {}, executor).mean_param_grad;
  PhaseSpec spec;
  spec.role = "negative phase";
  spec.replicates = Replicates::by_group(4096);
  PhaseChains chains(p, make_sampler("site_gibbs", {}), spec, settings_on(executor, 2));
  const auto phase = chains.couple({.warmup = 0, .draws = 1, .lag = 10});
  double worst = 0;
  for (Index i = 0; i < exact.size(); ++i) {
    const double error = phase.gradient.mean[i] - exact[i];
    worst = std::max(worst, std::abs(z_score(error / std::sqrt(phase.gradient.squared_error[i]),
                                             phase.gradient.degrees_of_freedom[i])));
  }
  return worst;
}

}  // namespace

TEST_CASE("M6: a phase by coupled chains agrees with the exact one; planted CO7 is rejected") {
  const Executor executor(2);
  const double bound = z_bound(36);
  CHECK(worst_z<PhaseChains, PhaseSpec>(executor) < bound);
  CHECK(worst_z<planted::CO7::PhaseChains, planted::CO7::PhaseSpec>(executor) > bound);
}
