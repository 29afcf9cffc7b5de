#include "negphase/exact/quadrature.hpp"

#include <doctest/doctest.h>

#include <boost/math/special_functions/bessel.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <functional>
#include <numbers>

#include "negphase/core/error.hpp"
#include "negphase/core/log_sum_exp.hpp"
#include "negphase/models/quartic.hpp"

#include "planted/X3.hpp"

using namespace negphase;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
using Function = std::function<double(double)>;

/// One real column, energy given as a function of y; W = (w): dE/dw = y^2.
class LineFunction {
 public:
  using Scalar = double;
  explicit LineFunction(Function f) : f_(std::move(f)) {}
  std::span<const Column> columns() const { return columns_; }
  void energy(const Block<double>& y, PerChain& out) const { out = y.col(0).unaryExpr(f_); }
  Index num_params() const { return 1; }
  void add_param_grad(const Block<double>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const {
    for (Index c = range.begin; c < range.end(); ++c) {
      // far out a weight of 0 meets y^2 = inf
      sum[0] += weights[c] == 0 ? 0 : weights[c] * y(c, 0) * y(c, 0);
    }
  }

 private:
  Function f_;
  std::vector<Column> columns_{real_column()};
};

BindRow bind_function(const Function& f) {
  return [=](Index, Index) { return AnyEnergy<double>(LineFunction(f)); };
}

RealIntegral integrate(const Function& f, double beta = 1, const LineRange& range = {}) {
  return integrate_line(bind_function(f), 1, beta, range, Executor(1))[0];
}

/// |log Z - expected|, relative above 1, which must not be larger than the integral says;
/// `expected` itself may be off by 16 roundings.
double error_of(const RealIntegral& integral, double expected) {
  const double error = std::abs(integral.log_z - expected);
  CHECK(error <= integral.error + 16 * 0x1p-53 * std::max(1.0, std::abs(expected)));
  return error / std::max(1.0, std::abs(expected));
}

/// log of the density of a normal law at y.
double log_normal(double y, double mean, double sd) {
  const double z = (y - mean) / sd;
  return -z * z / 2 - std::log(sd * std::sqrt(2 * std::numbers::pi));
}

/// log of the integral of exp(-beta (w0 y^4 / 4 + w1 y^2 / 2)) by Bessel functions
/// (Abramowitz and Stegun 9.6.24 after y^2 = sinh-like substitutions; DLMF 10.32.10).
double quartic_log_z(double w0, double w1, double beta) {
  const double a = beta * w0 / 4, b = beta * w1 / 2;
  const double u = b * b / (8 * a);
  if (b > 0) {
    return std::log(std::sqrt(b / a) / 2 * boost::math::cyl_bessel_k(0.25, u)) + u;
  }
  if (b == 0) {
    return std::log(boost::math::tgamma(0.25) / (2 * std::pow(a, 0.25)));
  }
  // I_{-1/4} + I_{1/4} = 2 I_{1/4} + sqrt(2) K_{1/4} / pi
  const double i = boost::math::cyl_bessel_i(0.25, u), k = boost::math::cyl_bessel_k(0.25, u);
  return std::log(std::numbers::pi / 2 * std::sqrt(-b / (2 * a)) *
                  (2 * i + std::numbers::sqrt2 * k / std::numbers::pi)) +
         u;
}

constexpr double target = 1e-12;

}  // namespace

TEST_CASE("quadrature: normal laws, narrow, wide, far away, of large energy") {
  for (double sd : {1e-3, 1.0, 50.0, 1e6}) {
    for (double mean : {0.0, 0.3, 10.0, -1e4}) {
      for (double beta : {0.25, 1.0, 100.0}) {
        if (sd / std::sqrt(beta) < 1e-6 * std::abs(mean)) {
          continue;  // y itself is too coarse for 1e-12 there
        }
        CAPTURE(sd);
        CAPTURE(mean);
        CAPTURE(beta);
        const auto energy = [=](double y) { return (y - mean) * (y - mean) / (2 * sd * sd); };
        const double expected = std::log(2 * std::numbers::pi * sd * sd / beta) / 2;
        CHECK(error_of(integrate(energy, beta), expected) < target);
        const auto raised = [=](double y) { return energy(y) + 1e4; };
        CHECK(error_of(integrate(raised, beta), expected - beta * 1e4) < target);
        const double second = sd * sd / beta + mean * mean;
        const double found = integrate(energy, beta).mean_param_grad[0];
        CHECK(std::abs(found - second) < target * std::max(1.0, second));
      }
    }
  }
}

TEST_CASE("quadrature: quartics by Bessel functions") {
  for (double beta : {0.25, 1.0, 2.5, 100.0}) {
    for (double w1 : {-4.0, -2.0, 0.0, 3.0}) {
      const auto energy = [=](double y) { return y * y * y * y / 4 + w1 * y * y / 2; };
      CHECK(error_of(integrate(energy, beta), quartic_log_z(1, w1, beta)) < target);
    }
  }
}

TEST_CASE("quadrature: a tilted double well, its figures from the vectors of langevin.json") {
  // (y^2 - 1)^2 / 4 + y / 8 = quartic with W = (1, -1, -1/8, 0) at x = 1, plus 1/4
  const QuarticModel model(Params{{1, -1, -0.125, 0}});
  const BindRow bind = [&](Index row, Index chains) {
    const std::vector<Index> rows(static_cast<std::size_t>(chains), row);
    return AnyEnergy<double>(model.bind<double>(model.prepare(Eigen::MatrixXd::Ones(1, 1)), rows));
  };
  const RealIntegral integral = integrate_line(bind, 1, 1, {}, Executor(1))[0];
  CHECK(error_of(integral, 1.1204196369278194 + 0.25) < target);
  CHECK(std::abs(integral.mean_param_grad[3] + -0.12983122327732086) < target);
  CHECK(std::abs(2 * integral.mean_param_grad[1] - 1.0492398544745956) < target);
  CHECK(std::abs(model.params().dot(integral.mean_param_grad) + 0.25 - 0.22551835919910228) <
        target);
}

TEST_CASE("quadrature: a parabola written with a slope, so that its energies are large") {
  const QuarticModel model(Params{{0, 1, 0, 1e4}});
  const BindRow bind = [&](Index row, Index chains) {
    const std::vector<Index> rows(static_cast<std::size_t>(chains), row);
    return AnyEnergy<double>(model.bind<double>(model.prepare(Eigen::MatrixXd::Zero(1, 1)), rows));
  };
  for (double beta : {0.25, 1.0, 100.0}) {
    const double expected = std::log(2 * std::numbers::pi / beta) / 2 + beta * 5e7;
    CHECK(error_of(integrate_line(bind, 1, beta, {}, Executor(1))[0], expected) < target);
  }
}

TEST_CASE("quadrature: separated minima and narrow wells") {
  const auto mixture = [](double y) {
    const std::array<double, 3> terms{std::log(0.25) + log_normal(y, -40, 2),
                                      std::log(0.5) + log_normal(y, 0, 1),
                                      std::log(0.25) + log_normal(y, 10, 1e-3)};
    return -log_sum_exp(terms);
  };
  CHECK(error_of(integrate(mixture), 0) < target);
  CHECK(std::abs(integrate(mixture).mean_param_grad[0] - (0.25 * 1604 + 0.5 + 0.25 * 100.000001)) <
        target * 500);
  // two wells of unequal width at +-10, at beta = 100 as narrow as 1e-4; between them E is large
  const auto wells = [](double y) {
    const double wide = (y + 10) * (y + 10) / 2, narrow = (y - 10) * (y - 10) / 2e-6;
    return -std::log(std::exp(-wide) + std::exp(-narrow) + 1e-300);
  };
  const double two_pi = 2 * std::numbers::pi;
  const auto both = [=](double beta) { return std::log(std::sqrt(two_pi / beta) * (1 + 1e-3)); };
  CHECK(error_of(integrate(wells, 100, {-100, 100}), both(100)) < target);
  // a needle that the scan meets only by its flanks, beside a well as deep
  const auto needle = [](double y) { return std::min(y * y / 2, (y - 10) * (y - 10) / 2e-6); };
  // of the wide well a slit around 10 is missing, of weight e^-50
  CHECK(error_of(integrate(needle, 1), std::log(std::sqrt(two_pi) * (1 + 1e-3))) < target);
}

TEST_CASE("quadrature: many wells, by the Fourier series of exp(cos)") {
  const auto energy = [](double y) { return -std::cos(5 * y) + y * y / 200; };
  // other terms of the series are below exp(-25 * 100 / 2)
  const double expected =
      std::log(boost::math::cyl_bessel_i(0, 1.0) * std::sqrt(200 * std::numbers::pi));
  CHECK(error_of(integrate(energy), expected) < target);
}

TEST_CASE("quadrature: heavy tails are integrated, or refused, but never wrong") {
  const auto energy = [](double y) { return std::log1p(y * y); };
  for (double beta : {0.6, 1.0, 2.5}) {
    const double expected = std::log(std::numbers::pi) / 2 + boost::math::lgamma(beta - 0.5) -
                            boost::math::lgamma(beta);
    CHECK(error_of(integrate(energy, beta), expected) < target);
  }
  CHECK_THROWS_WITH_AS(integrate(energy, 0.51), doctest::Contains("too nearly so"), ModelError);
}

TEST_CASE("quadrature: half lines, intervals, hard walls") {
  const auto gamma_law = [](double y) { return y - 1.5 * std::log(y); };
  CHECK(error_of(integrate(gamma_law, 1, {0, infinity}), boost::math::lgamma(2.5)) < target);
  const auto singular = [](double y) { return y + std::log(y) / 2; };
  CHECK(error_of(integrate(singular, 1, {0, infinity}), std::log(std::numbers::pi) / 2) < target);
  const auto mirrored = [&](double y) { return gamma_law(-y); };
  CHECK(error_of(integrate(mirrored, 1, {-infinity, 0}), boost::math::lgamma(2.5)) < target);
  const auto half_normal = [](double y) { return (y - 1e4) * (y - 1e4) / 2; };
  CHECK(error_of(integrate(half_normal, 1, {1e4, infinity}), std::log(std::numbers::pi / 2) / 2) <
        target);
  const auto flat = [](double) { return 3.0; };
  CHECK(error_of(integrate(flat, 2, {-1, 4}), std::log(5.0) - 6) < target);
  CHECK(error_of(integrate(flat, 0, {-1, 4}), std::log(5.0)) < target);
  const auto slope = [](double y) { return y; };
  CHECK(error_of(integrate(slope, 50, {0, 1}), std::log(-std::expm1(-50.0) / 50)) < target);
  const auto walls = [](double y) { return y > 0.3 && y < 0.7 ? 0 : infinity; };
  CHECK(std::abs(integrate(walls).log_z - std::log(0.4)) < target);
}

TEST_CASE("quadrature: what is not normalisable is refused, with its row") {
  const std::vector<Function> energies{
      [](double y) { return -y * y; },
      [](double) { return 0.0; },
      [](double y) { return y; },
      [](double y) { return -3 * y; },
      [](double y) { return std::log1p(y * y) / 2; },
      [](double y) { return std::log1p(y * y) / 4; },
      [](double y) { return y > 0 ? y : 0.0; },
      [](double y) { return y * y / 2 - 1e-12 * y * y * y * y; },
      [](double y) { return std::sin(y); },
      [](double) { return infinity; },
  };
  for (std::size_t i = 0; i < energies.size(); ++i) {
    CAPTURE(i);
    CHECK_THROWS_WITH_AS(integrate(energies[i]), doctest::Contains("row 1 of x"), ModelError);
  }
  // at another beta the same energy may have a Z
  CHECK(error_of(integrate(energies[4], 2), std::log(std::numbers::pi)) < target);
  // with parameters 0, a quartic is flat
  const QuarticModel flat(Params::Zero(4));
  const Eigen::MatrixXd x{{1}, {2}};
  const BindRow bind = [&](Index row, Index chains) {
    const std::vector<Index> rows(static_cast<std::size_t>(chains), row);
    return AnyEnergy<double>(flat.bind<double>(flat.prepare(x), rows));
  };
  CHECK_THROWS_WITH_AS(integrate_line(bind, 2, 1, {}, Executor(2)),
                       doctest::Contains("does not decay"), ModelError);
}

TEST_CASE("quadrature: planted bug X3, which lets through what does not decay, is seen") {
  const auto wrong = [](const Function& f) {
    return planted::X3::integrate_line(bind_function(f), 1, 1, {}, Executor(1))[0].log_z;
  };
  CHECK_NOTHROW(wrong([](double y) { return std::log1p(y * y) / 2; }));
  CHECK_NOTHROW(wrong([](double) { return 0.0; }));
}

TEST_CASE("quadrature: NaN, -inf and bad ranges are refused") {
  const auto nan_beyond = [](double y) { return y > 3 ? std::nan("") : y * y; };
  CHECK_THROWS_WITH_AS(integrate(nan_beyond), doctest::Contains("the energy is nan at y = 3"),
                       ModelError);
  const auto pole = [](double y) { return y == 0 ? -infinity : y * y; };
  CHECK_THROWS_WITH_AS(integrate(pole), doctest::Contains("-inf at y = 0"), ModelError);
  const auto flat = [](double) { return 0.0; };
  CHECK_THROWS_AS(integrate(flat, 1, {2, 2}), ConfigError);
  CHECK_THROWS_AS(integrate(flat, 0), ConfigError);
}

TEST_CASE("quadrature: rows are independent of each other and of the number of threads") {
  const QuarticModel model(Params{{1, -2, 0.75, 0.125}});
  const Eigen::MatrixXd x{{-1}, {0.5}, {2}};
  const BindRow bind = [&](Index row, Index chains) {
    const std::vector<Index> rows(static_cast<std::size_t>(chains), row);
    return AnyEnergy<double>(model.bind<double>(model.prepare(x), rows));
  };
  const auto one = integrate_line(bind, 3, 2.5, {}, Executor(1));
  const auto three = integrate_line(bind, 3, 2.5, {}, Executor(3));
  for (std::size_t row = 0; row < 3; ++row) {
    CHECK(one[row].log_z == three[row].log_z);
    CHECK(one[row].mean_param_grad == three[row].mean_param_grad);
  }
  CHECK(one[0].log_z != one[1].log_z);
}
