#include "negphase/models/gaussian_mixture.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <set>

#include "negphase/core/conditioned.hpp"
#include "negphase/core/error.hpp"
#include "negphase/core/log_sum_exp.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/gradient/registry.hpp"
#include "negphase/langevin/mala.hpp"
#include "negphase/models/registry.hpp"
#include "negphase/registry/registry.hpp"
#include "support/model_checks.hpp"
#include "support/problems.hpp"

#include "planted/V1.hpp"
#include "planted/V2.hpp"
#include "planted/V3.hpp"
#include "planted/V4.hpp"
#include "planted/V5.hpp"
#include "planted/V6.hpp"

// What every model must show is in registry_test.cpp; here are the formula, both kinds of model
// against each other and against log Z in closed form, and wrong versions.

using namespace negphase;
using namespace negphase::testing;

namespace {

const Executor two_threads(2);
constexpr double inf = std::numeric_limits<double>::infinity();

Params waves(Index n) { return Eigen::ArrayXd::LinSpaced(n, 1, static_cast<double>(n)).sin(); }

/// K = 3 without any symmetry; a, l and m below 1 in magnitude.
template <class M = GaussianMixtureModel>
M mixture(Index d, bool latent) {
  return M(d, 3, latent, waves(3 * (d + 2)));
}

AnyEnergy<double> bind(const AnyModel& model, Index chains) {
  return model.bind_double(model.prepare({}), cycled_rows(chains, 0));
}

/// log exp(beta a_k) (2 pi / (beta exp(l_k)))^(d/2): the share of component k in Z.
std::vector<double> log_shares(const Params& w, Index d, double beta) {
  std::vector<double> shares;
  for (Index k = 0; k < w.size() / (d + 2); ++k) {
    const double a = w[k * (d + 2)], l = w[k * (d + 2) + 1];
    shares.push_back(beta * a +
                     static_cast<double>(d) / 2 * (std::log(2 * std::numbers::pi / beta) - l));
  }
  return shares;
}

/// E[dE/dW] under the model with z summed out: -p_k by a_k, p_k d / (2 beta) by l_k, 0 by m_k.
Eigen::VectorXd negative_phase(const Params& w, Index d, double beta) {
  const std::vector<double> shares = log_shares(w, d, beta);
  const double log_z = log_sum_exp(shares);
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(w.size());
  for (std::size_t k = 0; k < shares.size(); ++k) {
    const double p = std::exp(shares[k] - log_z);
    mean[static_cast<Index>(k) * (d + 2)] = -p;
    mean[static_cast<Index>(k) * (d + 2) + 1] = p * static_cast<double>(d) / (2 * beta);
  }
  return mean;
}

/// Worst error of everything that an energy says of its derivatives, changes and sums.
double worst_error(const AnyModel& model) {
  const AnyEnergy<double> energy = bind(model, 16);
  const Block<double> y = legal_block(energy.columns(), 16, 3);
  return std::max({gradient_error(energy, y), param_gradient_error(model, {}, y),
                   param_grad_sum_error(energy, y), energy_change_error(energy, y)});
}

/// Worst error of z summed out.
double summed_error(const AnyModel& model, double beta) {
  const AnyEnergy<double> energy = bind(model, 16);
  const std::vector<Index> z{model.shape().num_y()};
  return summed_out_error(energy, z, beta, legal_block(model.shape().y, 16, 5));
}

// E_k up to 2 exp(1) / 2 (3 + 3)^2 < 100 on the points of legal_block, dE_k as large: weights
// exp(-beta (E_k - F)) are off by 4 roundings of beta E_k <= 250, and so are sums of them.
constexpr double summed_bound = 4 * 250 * 100 * 0x1p-53;

}  // namespace

TEST_CASE("gaussian_mixture: energies by hand") {
  // K = 2 in d = 2: a, l, m of each; precisions 1 and 2
  const Params w{{0.5, 0, 1, -1, -0.25, std::log(2.0), 0, 2}};
  const Block<double> y{{2, 1}, {0, 0}};
  const double first[] = {5.0 / 2 - 0.5, 2.0 / 2 - 0.5};
  const double second[] = {5.0 + 0.25, 4.0 + 0.25};
  PerChain out(2);
  bind(GaussianMixtureModel(2, 2, false, w), 2).energy(y, out);
  for (Index c = 0; c < 2; ++c) {
    // exp(log 2) and some ten operations on numbers below 8
    CHECK(std::abs(out[c] + std::log(std::exp(-first[c]) + std::exp(-second[c]))) <= 80 * 0x1p-53);
  }
  Block<double> joint(2, 3);
  joint << y, Eigen::ArrayXd{{0, 1}};
  bind(GaussianMixtureModel(2, 2, true, w), 2).energy(joint, out);
  CHECK(out[0] == first[0]);
  CHECK(std::abs(out[1] - second[1]) <= 80 * 0x1p-53);
}

TEST_CASE("gaussian_mixture: derivatives, changes and sums over z; V1 to V3, V5, V6 are seen") {
  // rounding of differences, see model_checks.hpp; E up to 100
  for (const Index d : {1, 2, 5}) {
    CHECK(worst_error(mixture(d, false)) < 1e-11);
    CHECK(worst_error(mixture(d, true)) < 1e-11);
    for (const double beta : {0.25, 1.0, 2.5}) {
      CHECK(summed_error(mixture(d, true), beta) < summed_bound);
    }
  }
  CHECK(worst_error(mixture<planted::V1::GaussianMixtureModel>(2, false)) > 1e-3);
  CHECK(worst_error(mixture<planted::V2::GaussianMixtureModel>(2, false)) > 1e-3);
  CHECK(worst_error(mixture<planted::V3::GaussianMixtureModel>(2, true)) > 1e-3);
  CHECK(summed_error(mixture<planted::V5::GaussianMixtureModel>(2, true), 1) < summed_bound);
  CHECK(summed_error(mixture<planted::V5::GaussianMixtureModel>(2, true), 2.5) > 1e-3);
  CHECK(worst_error(mixture<planted::V6::GaussianMixtureModel>(2, true)) > 1e-3);
}

TEST_CASE("gaussian_mixture: far from all means the nearest component is left; V4 is seen") {
  const auto far_error = [](const AnyModel& model) {
    const AnyEnergy<double> energy = bind(model, 2);
    const Block<double> y{{1e3, -2e3}, {-1e150, 0}};
    PerChain out(2), least = PerChain::Constant(2, inf);
    energy.energy(y, out);
    const AnyEnergy<double> joint = bind(mixture(2, true), 2);
    for (const double k : {0.0, 1.0, 2.0}) {
      Block<double> at(2, 3);
      at << y, Eigen::ArrayXd{{k, k}};
      PerChain one(2);
      joint.energy(at, one);
      least = least.min(one);
    }
    return ((out - least).abs() / least).maxCoeff();
  };
  CHECK(far_error(mixture(2, false)) <= 8 * 0x1p-53);  // the order of some products
  // infinite, or 1 on machines where exp does not go below the least normal number
  CHECK(far_error(mixture<planted::V4::GaussianMixtureModel>(2, false)) >= 1);
  CHECK(worst_error(mixture<planted::V4::GaussianMixtureModel>(2, false)) < 1e-11);
}

TEST_CASE("gaussian_mixture: +inf where |y|^2 overflows, NaN where y is NaN") {
  PerChain out(2);
  bind(mixture(2, false), 2).energy(Block<double>{{1e200, 0}, {std::nan(""), 0}}, out);
  CHECK(out[0] == inf);
  CHECK(std::isnan(out[1]));
}

TEST_CASE("gaussian_mixture: in float all arithmetic is in double") {
  for (const bool latent : {false, true}) {
    const AnyModel model = mixture(3, latent);
    const AnyEnergy<float> in_float = model.bind_float(model.prepare({}), cycled_rows(8, 0));
    const Block<double> y = legal_block(in_float.columns(), 8, 6);
    PerChain a(8), b(8);
    Block<double> grad(8, y.cols());
    Block<float> grad_float(8, y.cols());
    bind(model, 8).energy_and_grad(y, a, grad);
    in_float.energy_and_grad(y.cast<float>(), b, grad_float);
    CHECK((a == b).all());
    CHECK((grad.cast<float>() == grad_float).all());
  }
}

TEST_CASE("gaussian_mixture: log Z and negative phase in closed form, one dimension") {
  for (const double beta : {0.25, 1.0, 2.5}) {
    CAPTURE(beta);
    const AnyModel latent = mixture(1, true), direct = mixture(1, false);
    const double log_z = log_sum_exp(log_shares(latent.params(), 1, beta));
    const Eigen::VectorXd negative = negative_phase(latent.params(), 1, beta);
    const ExactAnswer answer = solve_exact(latent, {}, beta, {}, two_threads);
    CHECK(answer.method == "quadrature");
    // the quadrature's promise (exact/quadrature.hpp); p_k, moments and means below 4
    CHECK(std::abs(answer.log_z[0] - log_z) <= answer.log_z_error[0] + 1e-13);
    CHECK((answer.mean_param_grad - negative).cwiseAbs().maxCoeff() < 4e-12);
    // the two models agree at beta = 1, and only there
    const ExactAnswer other = solve_exact(direct, {}, beta, {}, two_threads);
    const double apart = std::abs(other.log_z[0] - log_z);
    CHECK((beta == 1 ? apart < 1e-12 : apart > 0.05));
  }
}

TEST_CASE("gaussian_mixture: both models have the same NLL and gradient at beta = 1") {
  const Eigen::MatrixXd y = legal_block(std::vector{real_column()}, 20, 8).matrix();
  const auto nll = [&](bool latent) {
    return exact_nll_gradient(mixture(1, latent), {}, y, 1, {}, two_threads);
  };
  CHECK(nll(true).nll == nll(false).nll);
  CHECK(nll(true).gradient == nll(false).gradient);
}

TEST_CASE("gaussian_mixture: the NLL gradient in any dimension is the derivative of its NLL") {
  for (const Index d : {1, 2, 3, 7}) {
    const Eigen::MatrixXd y = legal_block(mixture(d, false).shape().y, 10, 9).matrix();
    const auto nll = [&](const Params& w) {
      const GaussianMixtureModel model(d, 3, false, w);
      return solve_positive(model, {}, y, 1, two_threads)->mean_free_energy +
             log_sum_exp(log_shares(w, d, 1));
    };
    const Params w = mixture(d, false).params();
    const Eigen::VectorXd gradient =
        solve_positive(mixture(d, false), {}, y, 1, two_threads)->mean_param_grad -
        negative_phase(w, d, 1);
    for (Index p = 0; p < w.size(); ++p) {
      const auto quotient = [&](double h) {
        Params up = w, down = w;
        up[p] += h;
        down[p] -= h;
        return (nll(up) - nll(down)) / (2 * h);
      };
      // truncation h^4 |f^(5)| / 480 = 8e-12 |f^(5)|, and derivatives of |NLL| < 50 are below 1e4
      const double slope = (4 * quotient(0x1p-8) - quotient(0x1p-7)) / 3;
      CHECK(std::abs(slope - gradient[p]) < 1e-7);
    }
  }
}

TEST_CASE("gaussian_mixture: MALA's gradient agrees with the closed form in two dimensions") {
  const AnyModel model = mixture(2, false);
  const Eigen::MatrixXd y = legal_block(model.shape().y, 6, 10).matrix();
  const Problem problem{model, Eigen::MatrixXd(6, 0), y};
  const AnySampler mala = make_sampler("mala", std::vector<GivenOption>{{"step_size", 0.5, {}}});
  const std::vector<GivenOption> longer{{"draws", std::int64_t{2000}, {}}};
  const GradientEstimate estimate =
      estimate_gradient(problem, &mala, "long_chains", longer, settings_on(two_threads, 5));
  const Eigen::VectorXd exact = solve_positive(model, {}, y, 1, two_threads)->mean_param_grad -
                                negative_phase(model.params(), 2, 1);
  CHECK(compare(estimate, exact).worst_z < z_bound(exact.size()));
  // and would not with the means of the wrong dimension
  CHECK(compare(estimate, exact + negative_phase(model.params(), 2, 1) -
                              negative_phase(model.params(), 2, 1.2))
            .worst_z > z_bound(exact.size()));
}

TEST_CASE("gaussian_mixture: with z clamped its component is left, and Langevin moves y") {
  const auto joint = std::make_shared<AnyEnergy<double>>(bind(mixture(2, true), 8));
  const Block<double> start = legal_block(joint->columns(), 8, 11);
  const Conditioned<AnyEnergy<double>, const AnyEnergy<double>*> clamped(joint.get(), {0, 1},
                                                                         start);
  CHECK(gradient_error(AnyEnergy<double>(clamped), start.leftCols(2)) < 1e-11);
  CHECK(Mala::applies_to(clamped.columns()) == "");
  CHECK(Mala::applies_to(joint->columns()) == "column 2 is not real");
  CHECK(why_not(find_sampler("mala"), *joint).find("column 2 is not real") != std::string::npos);
}

TEST_CASE("gaussian_mixture: z alone can be summed out or drawn") {
  const AnyEnergy<double> energy = bind(mixture(2, true), 4);
  const Block<double> y = legal_block(energy.columns(), 4, 12);
  Block<double> delta;
  CHECK(conditional_error(energy, y, {{2}}) < 100 * 0x1p-52);
  for (const std::vector<Index>& columns :
       {std::vector<Index>{}, std::vector<Index>{0}, std::vector<Index>{1, 2}}) {
    CHECK_FALSE(energy.can_sum_out(columns));
    CHECK_THROWS_AS(energy.summed_out(columns, 1), UsageError);
    CHECK_THROWS_AS(energy.conditional(y, columns, delta), UsageError);
  }
  for (const double beta : {0.0, -1.0, std::nan("")}) {
    CHECK_THROWS_AS(energy.summed_out(std::vector<Index>{2}, beta), UsageError);
  }
  CHECK_FALSE(bind(mixture(2, false), 4).can_sum_out(std::vector<Index>{2}));
}

TEST_CASE("gaussian_mixture: one component is a Gaussian, and its z says nothing") {
  const Params w{{0.5, std::log(4.0), 1}};
  for (const bool latent : {false, true}) {
    const ExactAnswer answer =
        solve_exact(GaussianMixtureModel(1, 1, latent, w), {}, 1, {}, two_threads);
    CHECK(std::abs(answer.log_z[0] - 0.5 - std::log(2 * std::numbers::pi / 4) / 2) < 1e-12);
  }
}

TEST_CASE("gaussian_mixture: training starts with components that are all different") {
  const ModelRow& row = find_model("gaussian_mixture");
  const Options options = Options::resolve(
      "model", row.options, std::vector<GivenOption>{{"components", std::int64_t{40}, {}}});
  const Params w = row.make(options, {0, 3}).params();
  std::set<double> seen;
  for (Index k = 0; k < 40; ++k) {
    CHECK(w[k * 5] == 0);
    CHECK(w[k * 5 + 1] == 0);
    CHECK(w.segment(k * 5 + 2, 3).cwiseAbs().maxCoeff() <= 1);
    CHECK(seen.insert(w[k * 5 + 2]).second);
  }
}

TEST_CASE("gaussian_mixture: names, lengths and precisions that are none") {
  const GaussianMixtureModel model = mixture(2, false);
  CHECK(model.param_name(4) == "a[1]");
  CHECK(model.param_name(5) == "log_precision[1]");
  CHECK(model.param_name(11) == "m[2,1]");
  CHECK_THROWS_WITH_AS(GaussianMixtureModel(2, 3, true, Params::Zero(11)),
                       "parameters of the wrong length: gaussian_mixture of 3 in 2 takes 12 (for "
                       "each component a, log_precision, m 2), got 11",
                       ConfigError);
  Params w = model.params();
  for (const double wrong : {800.0, -800.0, inf, std::nan("")}) {
    w[5] = wrong;
    CHECK_THROWS_WITH_AS(model.with_params(std::make_shared<const Params>(w)),
                         doctest::Contains("log_precision[1]"), ConfigError);
  }
  CHECK_THROWS_AS(
      find_model("gaussian_mixture")
          .make(Options::resolve("model", find_model("gaussian_mixture").options,
                                 std::vector<GivenOption>{{"components", std::int64_t{2}, {}}}),
                {1, 1}),
      ConfigError);
}
