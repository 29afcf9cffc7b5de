#include "negphase/models/gaussian_rbm.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "negphase/core/error.hpp"
#include "negphase/core/log_sum_exp.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/gradient/registry.hpp"
#include "negphase/registry/registry.hpp"
#include "support/model_checks.hpp"
#include "support/problems.hpp"

#include "planted/MC1.hpp"
#include "planted/MC2.hpp"
#include "planted/MC3.hpp"
#include "planted/MC4.hpp"
#include "planted/MC5.hpp"
#include "planted/MC6.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

const Executor two_threads(2);

Params waves(Index n) { return Eigen::ArrayXd::LinSpaced(n, 1, static_cast<double>(n)).sin(); }

template <class M = GaussianRbmModel>
M model_of(Index v, Index h) {
  return M(v, h, waves(v * (h + 2) + h));
}

AnyEnergy<double> bind(const AnyModel& model, Index chains) {
  return model.bind_double(model.prepare({}), cycled_rows(chains, 0));
}

std::vector<Index> columns_from(Index first, Index size) {
  std::vector<Index> columns = first_columns(first + size);
  columns.erase(columns.begin(), columns.begin() + first);
  return columns;
}

/// Worst error of what the joint energy says of derivatives and changes.
double joint_error(const AnyModel& model) {
  const AnyEnergy<double> energy = bind(model, 32);
  const Block<double> y = legal_block(energy.columns(), 32, 3);
  return std::max({gradient_error(energy, y), param_gradient_error(model, {}, y),
                   param_grad_sum_error(energy, y), energy_change_error(energy, y)});
}

/// Worst error of the free energy over v, its dE/dW and its gradient in v.
double visible_error(const AnyModel& model, double beta) {
  const Index v = model.shape().num_y(), h = model.shape().num_z();
  const AnyEnergy<double> energy = bind(model, 32);
  const auto hidden = columns_from(v, h);
  const Block<double> kept = legal_block(model.shape().y, 32, 5);
  return std::max(summed_out_error(energy, hidden, beta, kept),
                  gradient_error(energy.summed_out(hidden, beta), kept));
}

/// Sums over a lattice of v (two visible units) for one state of h: the trapezoidal rule, whose
/// error for a Gaussian of standard deviation s at steps of s / 4 is exp(-2 pi^2 4^2), far below
/// rounding, and whose tails beyond 12 s hold 1e-32.
struct Lattice {
  Block<double> states;  ///< [points x columns]
  double cell;
};
Lattice lattice_of(const Params& w, Index h, double beta, const Eigen::ArrayXd& hidden) {
  const Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>
      coupling(w.data(), 2, h);
  const Eigen::Array2d mean = w.segment(2 * h, 2) + coupling * hidden.matrix();
  const Eigen::Array2d width = (w.tail(2).array() / 2).exp() / std::sqrt(beta);
  constexpr Index half = 48;
  Lattice lattice{Block<double>((2 * half + 1) * (2 * half + 1), 2 + h), (width / 4).prod()};
  Index row = 0;
  for (Index i = -half; i <= half; ++i) {
    for (Index j = -half; j <= half; ++j) {
      lattice.states(row, 0) = mean[0] + width[0] / 4 * static_cast<double>(i);
      lattice.states(row, 1) = mean[1] + width[1] / 4 * static_cast<double>(j);
      lattice.states.row(row++).tail(h) = hidden.transpose();
    }
  }
  return lattice;
}

/// Worst error of the free energy over h and its dE/dW against sums over lattices of v, relative to
/// 1 + |value|.
double hidden_error(const AnyModel& model, double beta) {
  constexpr Index h = 3;
  double worst = 0;
  for (Index code = 0; code < 1 << h; ++code) {
    const Eigen::ArrayXd hidden{{static_cast<double>(code & 1), static_cast<double>(code >> 1 & 1),
                                 static_cast<double>(code >> 2)}};
    const Lattice lattice = lattice_of(model.params(), h, beta, hidden);
    const AnyEnergy<double> joint = bind(model, lattice.states.rows());
    PerChain energies(lattice.states.rows());
    joint.energy(lattice.states, energies);
    const PerChain terms = (-beta * (energies - energies.minCoeff())).exp();
    const double expected = energies.minCoeff() - std::log(terms.sum() * lattice.cell) / beta;
    Eigen::VectorXd mean = Eigen::VectorXd::Zero(joint.num_params());
    joint.add_param_grad(lattice.states, {0, terms.size()}, terms / terms.sum(), mean);

    const AnyEnergy<double> summed = bind(model, 1).summed_out(first_columns(2), beta);
    PerChain out(1);
    Eigen::VectorXd grad = Eigen::VectorXd::Zero(summed.num_params());
    const Block<double> state = hidden.transpose();
    summed.energy(state, out);
    summed.add_param_grad(state, {0, 1}, PerChain::Ones(1), grad);
    worst = std::max({worst, std::abs(out[0] - expected) / (1 + std::abs(expected)),
                      (grad - mean).cwiseAbs().maxCoeff() / (1 + mean.cwiseAbs().maxCoeff())});
  }
  return worst;
}

// Differences (model_checks.hpp): 9e-14 of |E|, energies below 200 of some 10 roundings.
constexpr double of_differences = 1e-11;
// 9409 terms, of which those near the mean count; numbers up to 20.
constexpr double of_lattices = 9409 * 0x1p-53 * 4;

}  // namespace

TEST_CASE("gaussian_rbm: energy by hand, and in the other common convention") {
  // V = 2, H = 1: W, a, c, log variances 0 and log 4
  const GaussianRbmModel model(2, 1, Params{{2, -1, 0.5, 1, 0.25, 0, std::log(4.0)}});
  const auto energy = model.bind<double>(model.prepare({}), cycled_rows(2, 0));
  PerChain out(2);
  const Block<double> y{{1.5, -1, 1}, {0.5, 3, 0}};
  energy.energy(y, out);
  // some 10 roundings of numbers below 4
  CHECK(std::abs(out[0] - (0.5 + 4.0 / 8 - 0.25 - (1.5 * 2 + -1.0 / 4 * -1))) < 40 * 0x1p-53);
  CHECK(std::abs(out[1] - 4.0 / 8) < 40 * 0x1p-53);
  // with v_i / s_i in place of v_i / s_i^2: weights W_ij / s_i
  const double s = 2, other_weight = -1 / s;
  const double other = 0.5 + 4.0 / 8 - 0.25 - (1.5 * 2 + -1 / s * other_weight);
  CHECK(std::abs(out[0] - other) < 40 * 0x1p-53);
}

TEST_CASE("gaussian_rbm: derivatives, changes and conditionals of the joint energy; MC5 is seen") {
  CHECK(joint_error(model_of(5, 3)) < of_differences);
  CHECK(joint_error(model_of<planted::MC5::GaussianRbmModel>(5, 3)) > 1e-3);
  const AnyEnergy<double> energy = bind(model_of(5, 3), 16);
  const Block<double> y = legal_block(energy.columns(), 16, 2);
  CHECK(conditional_error(energy, y, {{5, 6, 7}, {5}, {7, 6}}) < 1e-14);
  Block<double> delta;
  CHECK_THROWS_AS(energy.conditional(y, std::vector<Index>{4}, delta), UsageError);
}

TEST_CASE("M1: gaussian_rbm, hidden bits summed out; MC4 and MC6 are seen") {
  for (const double beta : {0.5, 1.0, 2.5}) {
    CHECK(visible_error(model_of(5, 3), beta) < of_differences);
  }
  CHECK(visible_error(model_of<planted::MC4::GaussianRbmModel>(5, 3), 1) < of_differences);
  CHECK(visible_error(model_of<planted::MC4::GaussianRbmModel>(5, 3), 2.5) > 1e-3);
  CHECK(visible_error(model_of<planted::MC6::GaussianRbmModel>(5, 3), 1) > 1e-3);
}

TEST_CASE("M1: gaussian_rbm, visible reals integrated out; MC1 to MC3 are seen") {
  for (const double beta : {0.5, 1.0, 2.5}) {
    CHECK(hidden_error(model_of(2, 3), beta) < of_lattices);
  }
  CHECK(hidden_error(model_of<planted::MC1::GaussianRbmModel>(2, 3), 1) > 1e-3);
  CHECK(hidden_error(model_of<planted::MC2::GaussianRbmModel>(2, 3), 1) > 1e-3);
  CHECK(hidden_error(model_of<planted::MC3::GaussianRbmModel>(2, 3), 1) < of_lattices);
  CHECK(hidden_error(model_of<planted::MC3::GaussianRbmModel>(2, 3), 2.5) > 1e-3);
}

TEST_CASE("M2: gaussian_rbm, log Z and negative phase by either layer's sum") {
  const AnyModel model = model_of(2, 3);
  for (const double beta : {0.5, 1.0, 2.5}) {
    const ExactAnswer answer = solve_exact(model, {}, beta, {}, two_threads);
    CHECK(answer.method == "layer_sum");
    // every state of h integrated over a lattice of v, then all of them
    std::vector<double> terms;
    for (Index code = 0; code < 8; ++code) {
      const Eigen::ArrayXd hidden{{static_cast<double>(code & 1),
                                   static_cast<double>(code >> 1 & 1),
                                   static_cast<double>(code >> 2)}};
      const Lattice lattice = lattice_of(model.params(), 3, beta, hidden);
      PerChain energies(lattice.states.rows());
      bind(model, energies.size()).energy(lattice.states, energies);
      for (const double e : energies) {
        terms.push_back(std::log(lattice.cell) - beta * e);
      }
    }
    const double log_z = log_sum_exp(terms);
    // a log-sum-exp of numbers up to 100: their roundings, and some of its own
    CHECK(std::abs(answer.log_z[0] - log_z) < 100 * 0x1p-50);
  }
}

TEST_CASE("M6: gaussian_rbm, the exact gradient is the derivative of the NLL") {
  const AnyModel model = model_of(2, 3);
  const Eigen::MatrixXd x(4, 0), y{{0.5, -1}, {1.25, 0.75}, {-0.25, 0.5}, {1.5, -0.125}};
  const ExactNll here = exact_nll_gradient(model, x, y, 1.5, {}, two_threads);
  for (Index p = 0; p < model.params().size(); ++p) {
    const auto quotient = [&](double step) {
      Params up = model.params(), down = up;
      up[p] += step;
      down[p] -= step;
      return (exact_nll_gradient(model.with_params(up), x, y, 1.5, {}, two_threads).nll -
              exact_nll_gradient(model.with_params(down), x, y, 1.5, {}, two_threads).nll) /
             (2 * step);
    };
    const double slope = (4 * quotient(0x1p-9) - quotient(0x1p-8)) / 3;
    // truncation h^4 / 480 = 5e-13 of a fifth derivative below 1e3, rounding 100 eps / h = 1e-11
    CHECK(std::abs(slope - here.gradient[p]) < 1e-9);
  }
}

TEST_CASE("M7: gaussian_rbm, chains of v and h together give the exact gradient within errors") {
  const Problem problem{model_of(2, 3), Eigen::MatrixXd(3, 0),
                        Eigen::MatrixXd{{0.5, -1}, {1.25, 0.75}, {-0.25, 0.5}}, 1};
  const AnySampler sampler =
      make_sampler("metropolis_within_gibbs", std::vector<GivenOption>{{"step_size", 0.4, {}}});
  const std::vector<GivenOption> options{{"chains", std::int64_t{128}, {}},
                                         {"warmup", std::int64_t{200}, {}},
                                         {"draws", std::int64_t{200}, {}}};
  const GradientEstimate e =
      estimate_gradient(problem, &sampler, "long_chains", options, settings_on(two_threads, 5));
  const ExactNll exact =
      exact_nll_gradient(problem.model, problem.x, problem.y, 1, {}, two_threads);
  CHECK(e.positive_is_exact);
  CHECK(compare(e, exact.gradient).worst_z <= z_bound(exact.gradient.size()));
  // dE/dW has deviations below 8; 128 chains of at least two effective draws
  CHECK(e.standard_error.maxCoeff() < 8 / 16.0);
}

TEST_CASE("gaussian_rbm: what can be summed out, names and lengths") {
  const AnyEnergy<double> energy = bind(model_of(5, 3), 1);
  CHECK(energy.can_sum_out(first_columns(5)));
  CHECK(energy.can_sum_out(columns_from(5, 3)));
  CHECK_FALSE(energy.can_sum_out(first_columns(4)));
  CHECK_FALSE(energy.can_sum_out(columns_from(6, 2)));
  CHECK_THROWS_AS(energy.summed_out(first_columns(1), 1), UsageError);
  CHECK_THROWS_AS(energy.summed_out(first_columns(5), 0), UsageError);
  CHECK_THROWS_AS(energy.summed_out(columns_from(5, 3), -1), UsageError);
  const AnyModel model = model_of(5, 3);
  CHECK(model.param_name(4) == "W[1,1]");
  CHECK(model.param_name(15) == "a[0]");
  CHECK(model.param_name(22) == "c[2]");
  CHECK(model.param_name(27) == "log_variance[4]");
  CHECK_THROWS_WITH_AS(GaussianRbmModel(4, 2, Params::Zero(7)),
                       "parameters of the wrong length: gaussian_rbm 4 x 2 takes 18 (W 4x2 row by "
                       "row, a 4, c 2, log_variance 4), got 7",
                       ConfigError);
  CHECK_THROWS_WITH_AS(GaussianRbmModel(1, 1, Params{{0, 0, 0, 800}}),
                       doctest::Contains("log_variance[0] = 800"), ConfigError);
  CHECK_THROWS_AS(GaussianRbmModel(1, 1, Params{{0, 0, 0, -800}}), ConfigError);
  CHECK_THROWS_AS(GaussianRbmModel(1, 1, Params{{0, 0, 0, std::nan("")}}), ConfigError);
}
