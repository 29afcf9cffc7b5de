// The figures against the theory of chains whose law is known.
#include <fmt/format.h>

#include <doctest/doctest.h>

#include "negphase/diagnostics/quantity_draws.hpp"
#include "negphase/diagnostics/rhat.hpp"
#include "negphase/gibbs/site_gibbs.hpp"
#include "negphase/random/philox_source.hpp"
#include "support/ar1.hpp"
#include "support/kernel_probe.hpp"
#include "support/pairwise_energy.hpp"
#include "support/zoo.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

/// How far the estimate of a time tau from S draws may be off, relative: six standard errors
/// sqrt(2 (2 W + 1) / S) for a sum over W lags (Madras and Sokal 1988), W = 6 tau and at least 6,
/// where it has ended for correlations e^{-t / tau}; and what is cut off from the first pair on
/// that is noise, four standard errors sqrt(tau / S) of one correlation.
double tolerance(double tau, double draws) {
  const double window = 6 * std::max(tau, 1.0);
  return 6 * std::sqrt(2 * (2 * window + 1) / draws) + 4 * std::sqrt(std::max(tau, 1.0) / draws);
}

/// 1 + 2 sum_t rho(t).
double time_of(const std::function<double(int)>& rho) {
  double sum = 0;
  for (int t = 5000; t >= 1; --t) {
    sum += rho(t);
  }
  return 1 + 2 * sum;
}

void check_size(const std::string& what, double size, double draws, double tau) {
  const double ratio = size / (draws / tau);
  CHECK_MESSAGE(std::abs(ratio - 1) <= tolerance(tau, draws), what);
  MESSAGE(fmt::format("{}: exact tau {:.4g}, effective size / exact {:.4f}, allowed {:.3f}", what,
                      tau, ratio, tolerance(tau, draws)));
}

/// Shares of intervals estimate -+ 1.96 errors that hold the truth.
struct Coverage {
  double mean = 0, sd = 0, median = 0, q05 = 0, mean_as_if_independent = 0;
};

Coverage coverage(int repeats) {
  constexpr double z = 1.959963984540054, q05 = -1.6448536269514722;
  constexpr Index n = 500, m = 4;
  const NormalScores scores(QuantityDraws::num_split_draws(n, m));
  Coverage c;
  const auto count = [repeats](double& share, double error, double se) {
    share += std::abs(error) <= z * se ? 1.0 / repeats : 0;
  };
  for (int r = 0; r < repeats; ++r) {
    const QuantityDraws x(ar1_chains(n, m, 0.7, static_cast<std::uint64_t>(r) + 1000), &scores);
    count(c.mean, x.mean(), x.mcse_mean());
    count(c.sd, x.sd() - 1, x.mcse_sd());
    count(c.median, x.quantile(0.5), x.mcse_quantile(0.5));
    count(c.q05, x.quantile(0.05) - q05, x.mcse_quantile(0.05));
    count(c.mean_as_if_independent, x.mean(), x.sd() / std::sqrt(n * m));
  }
  return c;
}

}  // namespace

TEST_SUITE_BEGIN("slow");

// x is normal with correlations a^t; (x - mean)^2 has a^2t; of the indicator x <= 0 they are
// (2 / pi) asin(a^t) (Sheppard 1899). Normal scores of normal draws are these draws.
TEST_CASE("effective sizes of AR(1) chains have their closed forms") {
  constexpr Index n = 400000, m = 4;
  const double draws = n * m;
  for (const double a : {-0.5, 0.0, 0.5, 0.9, 0.98}) {
    const std::string of = fmt::format(", a = {}", a);
    const QuantityDraws x(ar1_chains(n, m, a, 5));
    check_size("mean" + of, x.ess_mean(), draws, (1 + a) / (1 - a));
    check_size("bulk" + of, x.ess_bulk(), draws, (1 + a) / (1 - a));
    check_size("sd" + of, x.ess_sd(), draws, (1 + a * a) / (1 - a * a));
    check_size("median" + of, x.ess_quantile(0.5), draws,
               time_of([a](int t) { return 2 / M_PI * std::asin(std::pow(a, t)); }));
    CHECK(x.autocorrelation_time() == doctest::Approx(draws / x.ess_mean()).epsilon(1e-15));
  }
}

// tau of f in the stationary chain with matrix P, exactly: 1 + 2 sum_t <f, P^t f> / <f, f> =
// 2 <f, (1 - P + 1 pi)^-1 f> / <f, f> - 1, f less its mean, products weighted by pi.
TEST_CASE("the autocorrelation time of heat-bath sweeps is that of their transition matrix") {
  auto weights = std::make_shared<PairwiseWeights>();
  weights->couplings = Eigen::MatrixXd::Zero(5, 5);
  weights->fields = Eigen::VectorXd::LinSpaced(5, -0.1, 0.2);
  for (Index i = 0; i < 5; ++i) {
    weights->couplings(i, (i + 1) % 5) = weights->couplings((i + 1) % 5, i) = 0.6;
  }
  const PairwiseEnergy<double> energy(weights, ColumnKind::spin);
  const StateSpace space(energy.columns());
  for (const auto scan : {SiteGibbs::Scan::systematic, SiteGibbs::Scan::random}) {
    const ProbedStep step =
        step_of(SiteGibbs(scan, scan == SiteGibbs::Scan::random ? 1 : 0), energy, 1.0);
    const Eigen::MatrixXd p = probe(space, step).matrix;
    const Eigen::VectorXd pi = gibbs_law(energy_table(energy), 1.0);
    Eigen::VectorXd f = space.all().rowwise().sum().matrix();
    f.array() -= pi.dot(f);
    const Eigen::MatrixXd fundamental = Eigen::MatrixXd::Identity(p.rows(), p.rows()) - p +
                                        Eigen::VectorXd::Ones(p.rows()) * pi.transpose();
    const Eigen::VectorXd weighted = (pi.array() * f.array()).matrix();
    const double tau = 2 * weighted.dot(fundamental.lu().solve(f)) / weighted.dot(f) - 1;

    constexpr Index n = 200000, m = 4;
    Eigen::ArrayXXd x(n, m);
    for (Index c = 0; c < m; ++c) {
      PhiloxSource source(3, static_cast<std::uint32_t>(c), 1);
      Block<double> y = space.state(0);
      for (Index i = -1000; i < n; ++i) {
        source.set_step(static_cast<std::uint64_t>(i + 1000));
        step(y, source);
        if (i >= 0) {
          x(i, c) = y.sum();
        }
      }
    }
    check_size(scan == SiteGibbs::Scan::systematic ? "sweeps" : "a random site a step",
               QuantityDraws(x).ess_mean(), n * m, tau);
  }
}

// Of 4,000 intervals of 95 % a share between 94 and 96 % holds the truth: 2.9 standard errors
// sqrt(0.95 0.05 / 4000) = 0.0034 to each side. Those of sd and quantiles are asymptotic: 93 to 97
// %.
TEST_CASE("Monte Carlo errors cover over 4,000 runs of AR(0.7)") {
  const Coverage c = coverage(4000);
  MESSAGE(
      fmt::format("coverage: mean {:.4f}, sd {:.4f}, median {:.4f}, 5 % {:.4f}; as if draws were "
                  "independent {:.4f}",
                  c.mean, c.sd, c.median, c.q05, c.mean_as_if_independent));
  CHECK(c.mean >= 0.94);
  CHECK(c.mean <= 0.96);
  for (const double share : {c.sd, c.median, c.q05}) {
    CHECK(share >= 0.93);
    CHECK(share <= 0.97);
  }
  CHECK(c.mean_as_if_independent < 0.8);
}

// K superchains of m chains of one draw: (R-hat^2 - 1) m is the ratio of two variances with K - 1
// and K (m - 1) degrees of freedom, standard error sqrt(2 / K + 2 / (K (m - 1))); six of them.
// Superchains that have not forgotten where they started, a step of a standard deviation apart, are
// far off.
TEST_CASE("nested R-hat of short chains is sqrt(1 + 1 / m) at stationarity, and larger before") {
  constexpr Index k = 2000, m = 5;
  std::vector<Index> superchain(k * m);
  for (Index c = 0; c < k * m; ++c) {
    superchain[static_cast<std::size_t>(c)] = c / m;
  }
  Eigen::ArrayXXd x = ar1_chains(1, k * m, 0, 11);
  const auto ratio = [&] { return (std::pow(nested_rhat(x, superchain), 2) - 1) * m; };
  const double error = std::sqrt(2.0 / k + 2.0 / (k * (m - 1)));
  CHECK(std::abs(ratio() - 1) <= 6 * error);
  for (Index c = 0; c < k * m; ++c) {
    x(0, c) += static_cast<double>(c / m % 2);
  }
  // B is larger by the starts' variance 1/4, of which m are 1.25.
  CHECK(std::abs(ratio() - 2.25) <= 6 * 2.25 * error);
}

TEST_SUITE_END();
