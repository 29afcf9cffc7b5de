#include "negphase/exact/cubature.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <functional>
#include <numbers>

#include "negphase/core/error.hpp"
#include "negphase/core/log_sum_exp.hpp"
#include "negphase/exact/box_sum.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/exact/quadrature.hpp"
#include "negphase/models/pointwise.hpp"

#include "planted/Q1.hpp"
#include "planted/Q2.hpp"
#include "planted/Q3.hpp"
#include "planted/Q4.hpp"
#include "planted/Q5.hpp"
#include "planted/Q6.hpp"
#include "planted/Q7.hpp"
#include "planted/Q8.hpp"

using namespace negphase;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const double log_two_pi = std::log(2 * std::numbers::pi);
using In = std::span<const double>;
using Function = std::function<double(In y)>;

/// d real columns, energy given as a function of y; dE/dW = (y_0^2, y_0 y_1, y_1).
class SpaceFunction {
 public:
  using Scalar = double;
  SpaceFunction(Function f, Index d)
      : f_(std::move(f)),
        columns_(static_cast<std::size_t>(d), real_column()),
        y_(columns_.size()) {}
  std::span<const Column> columns() const { return columns_; }
  void energy(const Block<double>& y, PerChain& out) const {
    for (Index c = 0; c < y.rows(); ++c) {
      for (Index j = 0; j < y.cols(); ++j) {
        y_[static_cast<std::size_t>(j)] = y(c, j);
      }
      out[c] = f_(y_);
    }
  }
  Index num_params() const { return 3; }
  void add_param_grad(const Block<double>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const {
    for (Index c = range.begin; c < range.end(); ++c) {
      sum += weights[c] * Eigen::Vector3d(y(c, 0) * y(c, 0), y(c, 0) * y(c, 1), y(c, 1));
    }
  }

 private:
  Function f_;
  std::vector<Column> columns_;
  mutable std::vector<double> y_;
};

BindRow bind_function(const Function& f, Index d) {
  return [=](Index, Index) { return AnyEnergy<double>(SpaceFunction(f, d)); };
}

constexpr double most_energies = 1 << 25;

RealIntegral integrate(const Function& f, Index d, double beta = 1, const LineRange& range = {}) {
  return integrate_space(bind_function(f, d), 1, beta, range, most_energies, Executor(2))[0];
}

double integrate_line(const std::function<double(double)>& f) {
  const auto bind = bind_function([=](In y) { return f(y[0]); }, 1);
  const auto without_grad = [&](Index row, Index chains) {
    class Line {
     public:
      using Scalar = double;
      explicit Line(AnyEnergy<double> inner) : inner_(std::move(inner)) {}
      std::span<const Column> columns() const { return inner_.columns(); }
      void energy(const Block<double>& y, PerChain& out) const { inner_.energy(y, out); }

     private:
      AnyEnergy<double> inner_;
    };
    return AnyEnergy<double>(Line(bind(row, chains)));
  };
  return negphase::integrate_line(without_grad, 1, 1, {}, Executor(1))[0].log_z;
}

double target(Index d) { return d == 2 ? 1e-9 : 1e-7; }

/// |log Z - expected| is not larger than the integral says (`expected` itself may be off by 16
/// roundings), and what it says is what is promised.
void check_log_z(const RealIntegral& integral, double expected, double promised) {
  CHECK(std::abs(integral.log_z - expected) <=
        integral.error + 16 * 0x1p-53 * std::max(1.0, std::abs(expected)));
  CHECK(integral.error < promised);
}

double square(In y) {
  double sum = 0;
  for (double v : y) {
    sum += v * v;
  }
  return sum;
}

/// (y - mean)' P (y - mean) / 2
Function normal(const Eigen::VectorXd& mean, const Eigen::MatrixXd& covariance) {
  const Eigen::MatrixXd precision = covariance.inverse();
  return [=](In y) {
    const Eigen::VectorXd off = Eigen::Map<const Eigen::VectorXd>(y.data(), mean.size()) - mean;
    return off.dot(precision * off) / 2;
  };
}

double normal_log_z(const Eigen::MatrixXd& covariance, double beta) {
  const auto d = static_cast<double>(covariance.rows());
  return d / 2 * (log_two_pi - std::log(beta)) + std::log(covariance.determinant()) / 2;
}

Eigen::MatrixXd equal_correlation(Index d, double rho) {
  Eigen::MatrixXd covariance = Eigen::MatrixXd::Constant(d, d, rho);
  covariance.diagonal().setOnes();
  return covariance;
}

/// Four normal laws at the corners of a square, of standard deviations 0.5 to 2: Z = 1.
Function four_modes(double apart) {
  return [=](In y) {
    constexpr std::array<double, 4> sds{1, 0.5, 2, 0.7};
    std::array<double, 4> terms{};
    for (std::size_t k = 0; k < 4; ++k) {
      terms[k] = std::log(0.25);
      for (std::size_t j = 0; j < y.size(); ++j) {
        const double z = (y[j] - ((k >> (j % 2) & 1) != 0 ? apart : -apart)) / sds[k];
        terms[k] -= z * z / 2 + std::log(sds[k]) + log_two_pi / 2;
      }
    }
    return -log_sum_exp(terms);
  };
}

double double_well(double v) { return (v * v - 4) * (v * v - 4) + 0.3 * v; }

double banana(In y) { return y[0] * y[0] / 2 + 8 * (y[1] - y[0] * y[0]) * (y[1] - y[0] * y[0]); }

/// y_1.. are normal of variance e^{y_0}.
double funnel(In y) {
  double sum = y[0] * y[0] / 2;
  for (std::size_t j = 1; j < y.size(); ++j) {
    sum += (y[j] * y[j] * std::exp(-y[0]) + y[0]) / 2;
  }
  return sum;
}

/// What BoxSum says of a density of one peak at t = 0 in the chart u = y, |t| < 8.
template <class Sum>
Sum sum_boxes(RowNodes& nodes, const Chart& chart, double width) {
  const Index d = chart.dimensions();
  Mode mode;
  mode.place = decltype(mode.place)::Zero(d);
  mode.width = decltype(mode.width)::Constant(d, width);
  return Sum(nodes, chart, {1, 8, target(d), most_energies, {mode}});
}

struct Answer {
  double log_z, error, second;
};
template <class Sum>
Answer boxes(const Function& f, Index d) {
  const BindRow bind = bind_function(f, d);
  const Executor executor(1);
  RowNodes nodes(bind, 0, executor);
  const Chart chart(LineMap{}, d);
  Sum sum = sum_boxes<Sum>(nodes, chart, 1);
  return {sum.log_integral(), sum.relative_error(), sum.mean_param_grad()[0]};
}

/// 4 modes at +-3, of Z = 1, E[y_0^2] = 9 + mean variance
constexpr double four_second = 9 + (1 + 0.25 + 4 + 0.49) / 4;

}  // namespace

TEST_CASE("cubature: normal laws, narrow, wide, far away, correlated") {
  for (Index d : {2, 3}) {
    for (double rho : {0.0, 0.4, 0.99}) {
      for (double sd : {1e-3, 1.0, 1e4}) {
        const Eigen::VectorXd mean = Eigen::VectorXd::LinSpaced(d, -1, 2) * (sd < 1 ? 10 : 1);
        const Eigen::MatrixXd covariance = sd * sd * equal_correlation(d, rho);
        const double beta = sd > 1 ? 1 : 2.5;
        CAPTURE(d);
        CAPTURE(rho);
        CAPTURE(sd);
        const RealIntegral integral = integrate(normal(mean, covariance), d, beta);
        check_log_z(integral, normal_log_z(covariance, beta), target(d));
        const double scale = covariance(0, 0) / beta + mean.squaredNorm();
        const Eigen::Vector3d means(covariance(0, 0) / beta + mean[0] * mean[0],
                                    covariance(0, 1) / beta + mean[0] * mean[1], mean[1]);
        CHECK((integral.mean_param_grad - means).lpNorm<Eigen::Infinity>() < target(d) * scale);
      }
    }
  }
}

TEST_CASE("cubature: axes of very different lengths") {
  const auto energy = [](In y) { return y[0] * y[0] * 5e7 + y[1] * y[1] / 2e6; };
  check_log_z(integrate(energy, 2), log_two_pi - std::log(1e4) + std::log(1e3), 1e-9);
}

TEST_CASE("cubature: several modes, near and far") {
  for (double apart : {3.0, 10.0, 40.0}) {
    CAPTURE(apart);
    const RealIntegral integral = integrate(four_modes(apart), 2);
    check_log_z(integral, 0, 1e-9);
    const double second = apart * apart - 9 + four_second;
    CHECK(std::abs(integral.mean_param_grad[0] - second) < 1e-9 * second);
  }
  check_log_z(integrate(four_modes(10), 3), 0, 1e-7);
}

TEST_CASE("cubature: products of double wells, by integrals over a line") {
  const double one = integrate_line(double_well);
  for (Index d : {2, 3}) {
    const auto wells = [](In y) {
      double sum = 0;
      for (double v : y) {
        sum += double_well(v);
      }
      return sum;
    };
    check_log_z(integrate(wells, d), static_cast<double>(d) * one, target(d));
  }
  const auto turned = [](In y) {
    return double_well(0.6 * y[0] + 0.8 * y[1]) + 2 * double_well(0.6 * y[1] - 0.8 * y[0]);
  };
  const double other = integrate_line([](double v) { return 2 * double_well(v); });
  check_log_z(integrate(turned, 2), one + other, 1e-9);
}

TEST_CASE("cubature: a banana, funnels, flat wells, kinks, heavy tails") {
  check_log_z(integrate(banana, 2), log_two_pi / 2 + std::log(std::numbers::pi / 8) / 2, 1e-9);
  for (Index d : {2, 3}) {
    CAPTURE(d);
    const auto n = static_cast<double>(d);
    check_log_z(integrate(funnel, d), n / 2 * log_two_pi, target(d));
    const auto quartic = [](In y) { return square(y) * square(y) / 4; };
    // with q = r^2: pi^{d/2} / Gamma(d/2) times the integral of q^{d/2 - 1} exp(-q^2 / 4)
    check_log_z(integrate(quartic, d),
                n / 2 * std::log(std::numbers::pi) - std::lgamma(n / 2) + std::lgamma(n / 4) +
                    (n / 2 - 1) * std::log(2.0),
                target(d));
    const auto student = [d](In y) {
      return (1 + static_cast<double>(d) / 2) * std::log1p(square(y));
    };
    check_log_z(integrate(student, d), n / 2 * std::log(std::numbers::pi) - std::lgamma(n / 2 + 1),
                target(d));
  }
  const auto cauchy = [](In y) { return std::log1p(y[0] * y[0]) + std::log1p(y[1] * y[1]); };
  check_log_z(integrate(cauchy, 2), 2 * std::log(std::numbers::pi), 1e-9);
  const auto laplace = [](In y) { return std::abs(y[0]) + std::abs(y[1]); };
  check_log_z(integrate(laplace, 2), 2 * std::log(2.0), 1e-9);
}

TEST_CASE("cubature: half lines, intervals, hard walls") {
  const auto gammas = [](In y) {
    double sum = 0;
    for (double v : y) {
      sum += v - 1.5 * std::log(v);
    }
    return sum;
  };
  const auto flat = [](In) { return 3.0; };
  for (Index d : {2, 3}) {
    const auto n = static_cast<double>(d);
    check_log_z(integrate(gammas, d, 1, {0, infinity}), n * std::lgamma(2.5), target(d));
    check_log_z(integrate(flat, d, 2, {-1, 4}), n * std::log(5.0) - 6, target(d));
    check_log_z(integrate(flat, d, 0, {-1, 4}), n * std::log(5.0), target(d));
  }
  const auto room = [](In y) {
    return y[0] > 0.3 && y[0] < 0.7 && y[1] > 0 && y[1] < 2 ? 0 : infinity;
  };
  check_log_z(integrate(room, 2), std::log(0.8), 1e-9);
  // a wall that no axis is normal to: honest, but no more
  const auto ball = [](In y) { return square(y) < 1 ? 0 : infinity; };
  check_log_z(integrate(ball, 2), std::log(std::numbers::pi), 1e-3);
  check_log_z(integrate(ball, 3), std::log(4 * std::numbers::pi / 3), 0.05);
}

TEST_CASE("cubature: what is not normalisable is refused, with its row") {
  const std::vector<Function> energies{
      [](In) { return 0.0; },
      [](In y) { return -square(y); },
      [](In y) { return y[0]; },
      [](In y) { return y[0] * y[0] / 2; },
      [](In y) { return (y[1] - 3 * y[0]) * (y[1] - 3 * y[0]) / 2; },
      [](In y) { return static_cast<double>(y.size()) / 2 * std::log1p(square(y)); },
      [](In y) { return square(y) / 2 - 1e-12 * square(y) * square(y); },
      [](In y) { return square(y) / 2 - 1e-30 * square(y) * square(y); },
      [](In y) { return (y[1] - y[0] * y[0]) * (y[1] - y[0] * y[0]) / 2; },
  };
  for (Index d : {2, 3}) {
    for (std::size_t i = 0; i < energies.size(); ++i) {
      CAPTURE(d);
      CAPTURE(i);
      CHECK_THROWS_WITH_AS(
          integrate_space(bind_function(energies[i], d), 1, 1, {}, 5e6, Executor(2)),
          doctest::Contains("not normalisable"), ModelError);
    }
  }
  const auto nothing = [](In) { return infinity; };
  CHECK_THROWS_WITH_AS(integrate(nothing, 2), doctest::Contains("row 1 of x: found no y"),
                       ModelError);
}

TEST_CASE("cubature: NaN, -inf, bad ranges, and too few energies are refused") {
  const auto nan_beyond = [](In y) { return y[1] > 3 ? std::nan("") : square(y); };
  CHECK_THROWS_WITH_AS(integrate(nan_beyond, 2),
                       doctest::Contains("row 1 of x: the energy is nan at y = ("), ModelError);
  const auto pole = [](In y) { return y[1] > 3 ? -infinity : square(y); };
  CHECK_THROWS_WITH_AS(integrate(pole, 3), doctest::Contains("not normalisable"), ModelError);
  const auto flat = [](In) { return 0.0; };
  CHECK_THROWS_AS(integrate(flat, 2, 1, {2, 2}), ConfigError);
  CHECK_THROWS_AS(integrate(flat, 2, 0), ConfigError);
  CHECK_THROWS_WITH_AS(integrate_space(bind_function(banana, 2), 1, 1, {}, 3e4, Executor(1)),
                       doctest::Contains("the limit is 3e+04"), ModelError);
}

namespace {

/// y normal about (row, -row).
BindRow normal_by_row() {
  return [](Index row, Index) {
    const auto at = static_cast<double>(row);
    return AnyEnergy<double>(SpaceFunction(
        [=](In y) { return (y[0] - at) * (y[0] - at) / 2 + (y[1] + at) * (y[1] + at) / 2; }, 2));
  };
}

/// Largest |E[y_1] + row|.
template <class Integrals>
double row_error(const Integrals& integrals) {
  double worst = 0;
  for (std::size_t row = 0; row < integrals.size(); ++row) {
    worst = std::max(worst, std::abs(integrals[row].mean_param_grad[2] + static_cast<double>(row)));
  }
  return worst;
}

}  // namespace

TEST_CASE("cubature: rows are their own, and the same bytes for any number of threads") {
  const auto one = integrate_space(normal_by_row(), 3, 1, {}, most_energies, Executor(1));
  const auto three = integrate_space(normal_by_row(), 3, 1, {}, most_energies, Executor(3));
  CHECK(row_error(one) < 1e-9);
  for (std::size_t row = 0; row < 3; ++row) {
    CHECK(one[row].log_z == three[row].log_z);
    CHECK(one[row].mean_param_grad == three[row].mean_param_grad);
  }
  for (Index d : {2, 3}) {
    const BindRow bind = bind_function(four_modes(3), d);
    const auto alone = integrate_space(bind, 1, 1, {}, most_energies, Executor(1))[0];
    const auto together = integrate_space(bind, 1, 1, {}, most_energies, Executor(3))[0];
    CHECK(alone.log_z == together.log_z);
    CHECK(alone.error == together.error);
    CHECK(alone.mean_param_grad == together.mean_param_grad);
    CHECK(alone.evaluations == together.evaluations);
  }
}

TEST_CASE("cubature: planted bugs of the sum over boxes are seen") {
  const auto narrow = [](In y) { return y[0] * y[0] / 2 + y[1] * y[1] * 50; };
  const double of_narrow = log_two_pi - std::log(10.0);
  const auto wrong = [](const Answer& answer, double log_z) {
    return std::abs(answer.log_z - log_z) > answer.error + 1e-14 || answer.error > 1e-9;
  };
  CHECK_FALSE(wrong(boxes<BoxSum>(narrow, 2), of_narrow));
  CHECK_FALSE(wrong(boxes<BoxSum>(four_modes(3), 2), 0));
  CHECK(std::abs(boxes<BoxSum>(four_modes(3), 2).second - four_second) < 1e-8);
  // Q1: errors along the first axis alone
  CHECK(wrong(boxes<planted::Q1::BoxSum>(narrow, 2), of_narrow));
  // Q2: a weight is wrong in its third digit
  CHECK(wrong(boxes<planted::Q2::BoxSum>(narrow, 2), of_narrow));
  // Q3: the volume of the boxes is forgotten
  CHECK(wrong(boxes<planted::Q3::BoxSum>(narrow, 2), of_narrow));
  // Q7: the slope of the chart is forgotten
  CHECK(wrong(boxes<planted::Q7::BoxSum>(narrow, 2), of_narrow));
  // Q8: means add boxes up without their scales
  CHECK(std::abs(boxes<planted::Q8::BoxSum>(four_modes(3), 2).second - four_second) > 1e-3);
}

TEST_CASE("cubature: planted bugs in finding the mass and in rows are seen") {
  const Executor two(2);
  SUBCASE("Q4: what does not decay is integrated to a number") {
    const auto heavy = [](In y) { return std::log1p(square(y)); };
    CHECK_NOTHROW(
        planted::Q4::integrate_space(bind_function(heavy, 2), 1, 1, {}, most_energies, two));
  }
  SUBCASE("Q5: every row is the first") {
    CHECK(row_error(planted::Q5::integrate_space(normal_by_row(), 3, 1, {}, most_energies, two)) >
          0.5);
  }
  SUBCASE("Q6: only the highest peak of the scan is climbed") {
    const auto integral = planted::Q6::integrate_space(bind_function(four_modes(40), 2), 1, 1, {},
                                                       most_energies, two)[0];
    CHECK(std::abs(integral.log_z) > integral.error + 0.1);
  }
}

namespace {

/// E = w (y - x)^2 / 2
struct Isotropic {
  static ModelShape shape() { return {1, {real_column(), real_column()}, {}, 1}; }
  static double energy(const Params& w, In x, In y) {
    return w[0] * ((y[0] - x[0]) * (y[0] - x[0]) + (y[1] - x[0]) * (y[1] - x[0])) / 2;
  }
  static void param_grad(const Params&, In x, In y, std::span<double> dw) {
    dw[0] = ((y[0] - x[0]) * (y[0] - x[0]) + (y[1] - x[0]) * (y[1] - x[0])) / 2;
  }
};

/// Two real y beside a bit z: E = (y_0^2 + y_1^2) / 2 - z y_0, z summed out.
class MixedMarginal {
 public:
  using Scalar = double;
  explicit MixedMarginal(double beta) : beta_(beta) {}
  std::span<const Column> columns() const { return columns_; }
  void energy(const Block<double>& y, PerChain& out) const {
    out = y.square().rowwise().sum() / 2 - (beta_ * y.col(0)).unaryExpr(&softplus) / beta_;
  }

 private:
  double beta_;
  std::vector<Column> columns_{real_column(), real_column()};
};

class MixedEnergy {
 public:
  using Scalar = double;
  std::span<const Column> columns() const { return columns_; }
  void energy(const Block<double>& y, PerChain& out) const {
    out = y.leftCols(2).square().rowwise().sum() / 2 - y.col(2) * y.col(0);
  }
  bool can_sum_out(std::span<const Index> columns) const {
    return columns.size() == 1 && columns[0] == 2;
  }
  MixedMarginal summed_out(std::span<const Index>, double beta) const {
    return MixedMarginal(beta);
  }

 private:
  std::vector<Column> columns_{real_column(), real_column(), bit_column()};
};

}  // namespace

TEST_CASE("cubature: solve_exact takes it for two real columns, within its limits") {
  const PointwiseModel<Isotropic> model(Params{{2}});
  const Eigen::MatrixXd x{{-1}, {0.5}, {3}};
  const ExactAnswer answer = solve_exact(model, x, 1, {}, Executor(2));
  CHECK(answer.method == "quadrature");
  for (Index row = 0; row < 3; ++row) {
    CHECK(std::abs(answer.log_z[row] - log_two_pi + std::log(2.0)) < 1e-9);
  }
  CHECK(std::abs(answer.mean_param_grad[0] - 0.5) < 1e-9);
  // both columns above x: a quarter of it
  const Eigen::MatrixXd zero{{0}};
  const ExactLimits quarter{.lower = 0};
  CHECK(std::abs(solve_exact(model, zero, 1, quarter, Executor(2)).log_z[0] - log_two_pi +
                 std::log(8.0)) < 1e-9);
  CHECK(plan_exact(model, x, 1).states == 3e5);
  CHECK_THROWS_WITH_AS(solve_exact(model, Eigen::MatrixXd::Zero(1000, 1), 1, {}, Executor(2)),
                       doctest::Contains("about 1e+08 energies, the limit is 33554432"),
                       ConfigError);
}

TEST_CASE("cubature: latents are summed out first") {
  const MixedEnergy energy;
  const BindRow bind = [&](Index, Index) {
    return AnyEnergy<double>(energy).summed_out(std::vector<Index>{2}, 2);
  };
  const RealIntegral integral = integrate_space(bind, 1, 2, {}, most_energies, Executor(1))[0];
  check_log_z(integral, log_two_pi - std::log(2.0) + std::log1p(std::exp(1.0)), 1e-9);
  CHECK(integral.mean_param_grad.size() == 0);
}
