#include <doctest/doctest.h>

#include "negphase/gradient/registry.hpp"
#include "negphase/models/registry.hpp"
#include "negphase/registry/registry.hpp"
#include "support/kernel_probe.hpp"
#include "support/problems.hpp"

// Estimates of the gradient of models over categories and layers of bits, by every kernel for
// discrete columns, against sums over all states.

using namespace negphase;
using namespace negphase::testing;

namespace {

using Given = std::vector<GivenOption>;

/// M6 by sums over all states of y and z, and in the positive phase over those with the row's y.
Eigen::VectorXd by_all_states(const Problem& problem) {
  const ModelShape shape = problem.model.shape();
  const AnyPrepared prepared = problem.model.prepare(problem.x);
  Eigen::VectorXd gradient = Eigen::VectorXd::Zero(shape.num_params);
  for (Index r = 0; r < problem.rows(); ++r) {
    const StateSpace space(problem.model.bind_double(prepared, std::vector<Index>{r}).columns());
    const AnyEnergy<double> energy = problem.model.bind_double(
        prepared, std::vector<Index>(static_cast<std::size_t>(space.size()), r));
    const Block<double> all = space.all();
    PerChain p(space.size());
    energy.energy(all, p);
    p = (-problem.beta * (p - p.minCoeff())).exp();
    PerChain of_row = p;
    for (Index k = 0; k < space.size(); ++k) {
      of_row[k] *= (all.row(k).head(shape.num_y()) == problem.y.row(r).array()).all() ? 1 : 0;
    }
    energy.add_param_grad(all, {0, space.size()}, of_row / of_row.sum() - p / p.sum(), gradient);
  }
  return gradient / static_cast<double>(problem.rows());
}

}  // namespace

TEST_CASE("M6: gradients over categories and layers by chains are those of sums over all states") {
  const Executor executor(2);
  const std::vector<std::pair<const char*, Given>> samplers{
      {"block_gibbs", {}},
      {"site_gibbs", {{"scan", std::string("random"), {}}}},
      {"single_flip", {{"scan", std::string("random"), {}}}}};
  const Given options{{"chains", std::int64_t{64}, {}},
                      {"warmup", std::int64_t{100}, {}},
                      {"draws", std::int64_t{200}, {}}};
  for (const char* name : {"potts", "potts_rbm", "deep_boltzmann", "classifier"}) {
    const ModelExample example = find_model(name).example();
    const Problem problem{example.model, example.x, example.y, 1.5};
    const Eigen::VectorXd exact = by_all_states(problem);
    for (const auto& [sampler, given] : samplers) {
      CAPTURE(name);
      CAPTURE(sampler);
      const AnySampler kernel = make_sampler(sampler, given);
      const GradientEstimate e =
          estimate_gradient(problem, &kernel, "long_chains", options, settings_on(executor, 5));
      // 12 looks at one null
      CHECK(compare(e, exact).worst_z <= z_bound(12 * exact.size()));
      // |dE/dW| <= 1 (the quadratic features of the classifier: < 2): 64 chains, of 10 effective
      // draws at least
      CHECK(e.standard_error.maxCoeff() < 2 / std::sqrt(640.0));
      // the exact gradient of another temperature is further off than the bars allow
      const Problem colder{problem.model, problem.x, problem.y, 3.0};
      CHECK(compare(e, by_all_states(colder)).worst_z > z_bound(12 * exact.size()));
    }
  }
}
