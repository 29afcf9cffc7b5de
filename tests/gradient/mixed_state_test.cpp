#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "negphase/gradient/nll_objective.hpp"
#include "negphase/gradient/phase.hpp"
#include "negphase/gradient/registry.hpp"
#include "negphase/gradient/training.hpp"
#include "negphase/registry/registry.hpp"
#include "planted/P9.hpp"
#include "support/problems.hpp"

// A model with a real y and a discrete z, sampled together: the estimators through chains of mixed
// states, against a gradient in closed form.
namespace {

using namespace negphase;
using namespace negphase::testing;

constexpr Index kinds = 3;
constexpr double stiffness = 2;

/// E = k (y - m_z)^2 / 2 - a_z, W = (m, a): p(y) is a mixture of normals of equal width.
template <class S>
struct MixtureEnergy {
  using Scalar = S;
  std::span<const Column> columns() const { return all; }
  void energy(const Block<S>& y, PerChain& out) const {
    for (Index c = 0; c < y.rows(); ++c) {
      out[c] = at(y, c, static_cast<Index>(y(c, 1)));
    }
  }
  void energy_and_grad(const Block<S>& y, PerChain& out, Block<S>& grad) const {
    energy(y, out);
    for (Index c = 0; c < y.rows(); ++c) {
      grad(c, 0) = static_cast<S>(stiffness * off(y, c, static_cast<Index>(y(c, 1))));
      grad(c, 1) = 0;
    }
  }
  void energy_change(const Block<S>& y, Index, const Lane<S>& values, PerChain& out) const {
    for (Index c = 0; c < y.rows(); ++c) {
      out[c] = at(y, c, static_cast<Index>(values[c])) - at(y, c, static_cast<Index>(y(c, 1)));
    }
  }
  void conditional(const Block<S>& y, std::span<const Index>, Block<S>& delta) const {
    for (Index c = 0; c < y.rows(); ++c) {
      for (Index z = 1; z < kinds; ++z) {
        delta(c, z - 1) = static_cast<S>(at(y, c, z) - at(y, c, 0));
      }
    }
  }
  Index num_params() const { return 2 * kinds; }
  void add_param_grad(const Block<S>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const {
    for (Index c = range.begin; c < range.end(); ++c) {
      const auto z = static_cast<Index>(y(c, 1));
      sum[z] -= weights[c] * stiffness * off(y, c, z);
      sum[kinds + z] -= weights[c];
    }
  }
  double off(const Block<S>& y, Index c, Index z) const {
    return static_cast<double>(y(c, 0)) - (*w)[z];
  }
  double at(const Block<S>& y, Index c, Index z) const {
    return stiffness * off(y, c, z) * off(y, c, z) / 2 - (*w)[kinds + z];
  }
  std::shared_ptr<const Params> w;
  std::vector<Column> all{real_column(), {ColumnKind::category, kinds}};
};

struct MixtureModel {
  struct Prepared {};
  ModelShape shape() const {
    return {0, {real_column()}, {{ColumnKind::category, kinds}}, 2 * kinds};
  }
  const Params& params() const { return *w; }
  MixtureModel with_params(std::shared_ptr<const Params> other) const { return {std::move(other)}; }
  std::string param_name(Index i) const { return (i < kinds ? "m" : "a") + std::to_string(i % 3); }
  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd&) const { return nullptr; }
  template <class S>
  MixtureEnergy<S> bind(const std::shared_ptr<const Prepared>&, std::span<const Index>) const {
    return {w};
  }
  std::shared_ptr<const Params> w;
};

Problem mixture_problem(double beta) {
  Params w(2 * kinds);
  w << -0.8, 0.3, 1.1, 0.2, -0.4, 0.5;
  Eigen::MatrixXd y(4, 1);
  y << -0.3, 1.0, 1.4, 2.7;
  return {MixtureModel{std::make_shared<const Params>(w)}, Eigen::MatrixXd(4, 0), y, beta};
}

/// M6 in closed form: given y, P(z) is softmax(-beta E); under the model z has softmax(beta a) and
/// y - m_z mean 0.
Eigen::VectorXd exact_gradient(const Problem& p) {
  const Params& w = p.model.params();
  Eigen::VectorXd gradient = Eigen::VectorXd::Zero(2 * kinds);
  const Eigen::ArrayXd prior = (p.beta * w.tail(kinds).array()).exp();
  gradient.tail(kinds).array() += prior / prior.sum();
  for (Index r = 0; r < p.y.rows(); ++r) {
    const Eigen::ArrayXd off = p.y(r, 0) - w.head(kinds).array();
    Eigen::ArrayXd post = (p.beta * (w.tail(kinds).array() - stiffness * off.square() / 2)).exp();
    post /= post.sum() * static_cast<double>(p.y.rows());
    gradient.head(kinds).array() -= stiffness * off * post;
    gradient.tail(kinds).array() -= post;
  }
  return gradient;
}

AnySampler sampler(const char* discrete, const char* real, double step_size = 0.3) {
  return make_sampler("metropolis_within_gibbs",
                      std::vector<GivenOption>{{"discrete", std::string(discrete), {}},
                                               {"real", std::string(real), {}},
                                               {"step_size", step_size, {}}});
}

}  // namespace

TEST_CASE("the gradient of a model with real y and discrete z, both phases by chains") {
  const Executor executor(2);
  for (const double beta : {0.7, 1.5}) {
    const Problem problem = mixture_problem(beta);
    const Eigen::VectorXd exact = exact_gradient(problem);
    for (const Precision precision : {Precision::float64, Precision::float32}) {
      for (const auto& [discrete, real] :
           {std::pair{"gibbs", "mala"}, {"metropolis", "mala"}, {"gibbs", "random_walk"}}) {
        RunSettings settings = settings_on(executor, 3);
        settings.precision = precision;
        const AnySampler mixed = sampler(discrete, real);
        const std::vector<GivenOption> options{{"chains", std::int64_t{256}, {}},
                                               {"warmup", std::int64_t{300}, {}},
                                               {"draws", std::int64_t{400}, {}}};
        const GradientEstimate e =
            estimate_gradient(problem, &mixed, "long_chains", options, settings);
        CHECK_FALSE(e.positive_is_exact);
        CHECK(compare(e, exact).worst_z <= z_bound(6));
        // dE/dW is below 3 in size: 256 chains of 10 effective draws
        CHECK(e.standard_error.maxCoeff() < 3 / std::sqrt(2560.0));
        CHECK(e.standard_error.minCoeff() > 0);
      }
    }
  }
}

TEST_CASE("chains of mixed states go on where they were saved") {
  const Executor executor(2);
  const Problem problem = mixture_problem(1);
  for (const auto& [discrete, real] : {std::pair{"gibbs", "mala"}, {"metropolis", "random_walk"}}) {
    const AnySampler mixed = sampler(discrete, real);
    PhaseSpec spec;
    spec.role = "negative phase";
    spec.replicates = Replicates::by_group(100);
    const auto chains = [&] { return PhaseChains(problem, mixed, spec, settings_on(executor, 5)); };
    PhaseChains straight = chains(), resumed = chains();
    (void)straight.draw({20, 10, 1});
    SavedState saved;
    straight.save(saved);
    resumed.restore(saved);
    CHECK(resumed.draw({0, 10, 2}).gradient.mean == straight.draw({0, 10, 2}).gradient.mean);
    CHECK(resumed.counts().gradient_evaluations == straight.counts().gradient_evaluations);
  }
}

TEST_CASE("CD-k of mixed states: k = 1 is far from the gradient, k = 200 is not") {
  // restarted at the data, z at random: every draw begins with the sweep of z given y. A step is a
  // time of 0.05 at rates of about k = 2 (p(y) has one mode: means nearer than two deviations), so
  // 200 steps forget the datum to about e^-20, far below the error bars of 0.005
  const Executor executor(2);
  const Problem problem = mixture_problem(1);
  const AnySampler mixed = sampler("gibbs", "mala", 0.05);
  const Eigen::VectorXd exact = exact_gradient(problem);
  const auto worst_z = [&](std::int64_t k) {
    const std::vector<GivenOption> options{{"chains", std::int64_t{2000}, {}},
                                           {"positive_chains", std::int64_t{2000}, {}},
                                           {"draws", std::int64_t{4}, {}},
                                           {"cd_k", k, {}}};
    const auto e = estimate_gradient(problem, &mixed, "cd", options, settings_on(executor, 3));
    return compare(e, exact).worst_z;
  };
  CHECK(worst_z(1) > z_bound(6));
  CHECK(worst_z(200) <= z_bound(6));
}

namespace {

// The mean of 8 gradients of training at one place, z sampled in both phases.
template <class Gradient>
Eigen::VectorXd training_gradient(const Problem& problem) {
  const Executor executor(2);
  const AnySampler mixed = sampler("gibbs", "mala");
  const std::vector<GivenOption> given{{"gradient", std::string("long_chains"), {}},
                                       {"chains", std::int64_t{8000}, {}},
                                       {"positive_chains", std::int64_t{2000}, {}}};
  Gradient gradient(problem, &mixed, Options::resolve("[train]", train_options(), given),
                    settings_on(executor, 8));
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(2 * kinds);
  for (int update = 1; update <= 8; ++update) {
    sum += gradient.at(problem.model, update).gradient;
  }
  return sum / 8;
}

}  // namespace

TEST_CASE(
    "training samples z given y where it cannot be summed out; P9, y not clamped, is rejected") {
  const Problem problem = mixture_problem(1.5);
  const Eigen::VectorXd exact = exact_gradient(problem);
  // dE/dW is below 3 in size: 64,000 chains in each phase
  const double bound = z_bound(6) * 3 * std::sqrt(2 / 64000.0);
  CHECK((training_gradient<NllObjective>(problem) - exact).cwiseAbs().maxCoeff() < bound);
  CHECK((training_gradient<planted::P9::NllObjective>(problem) - exact).cwiseAbs().maxCoeff() >
        bound);
}
