#include "negphase/inference/offending.hpp"

#include <doctest/doctest.h>

#include <Eigen/Eigenvalues>
#include <cmath>
#include <optional>
#include <vector>

#include "negphase/inference/local_search.hpp"
#include "negphase/models/quartic.hpp"
#include "negphase/models/rbm.hpp"
#include "planted/IN4.hpp"
#include "planted/IN5.hpp"
#include "support/energy_model.hpp"
#include "support/mixed_energy.hpp"
#include "support/problems.hpp"
#include "support/zoo.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

const Executor two_threads(2);
const RunSettings settings = settings_on(two_threads, 5);
const Eigen::MatrixXd no_x;

AnyModel rbm() {
  return RbmModel(3, 2, Params{{0.8, -0.6, -0.3, 0.9, 0.5, 0.4, 0.2, -0.7, 0.35, -0.1, 0.6}});
}

/// -log sum_h exp(-beta E) / beta for the parameters above, or min_h E.
double rbm_value(const Eigen::VectorXd& v, double beta, bool minimised) {
  const Params w = rbm().params();
  double sum = 0, least = std::numeric_limits<double>::infinity();
  for (int h0 = 0; h0 < 2; ++h0) {
    for (int h1 = 0; h1 < 2; ++h1) {
      double e = -w[9] * h0 - w[10] * h1;
      for (Index i = 0; i < 3; ++i) {
        e -= v[i] * (w[6 + i] + w[2 * i] * h0 + w[2 * i + 1] * h1);
      }
      sum += std::exp(-beta * e);
      least = std::min(least, e);
    }
  }
  return minimised ? least : -std::log(sum) / beta;
}

Eigen::MatrixXd all_bits() {
  Eigen::MatrixXd y(8, 3);
  for (int k = 0; k < 8; ++k) {
    y.row(k) << k / 4, k / 2 % 2, k % 2;
  }
  return y;
}

using Offending = OffendingAnswers (*)(const AnyModel&, const Eigen::MatrixXd&,
                                       const Eigen::MatrixXd&, double, const OffendingOptions&,
                                       const RunSettings&);

/// Of every state as the correct one, the lowest other.
bool is_right_for_all_states(Offending find, Target target, double max_states) {
  const Eigen::MatrixXd y = all_bits();
  const double beta = 0.7;
  const OffendingAnswers found =
      find(rbm(), no_x, y, beta, {.target = target, .max_states = max_states}, settings);
  bool right = found.is_exact == (max_states > 1);
  for (Index row = 0; row < 8; ++row) {
    double least = std::numeric_limits<double>::infinity();
    Index lowest = -1;
    for (Index other = 0; other < 8; ++other) {
      const double value = rbm_value(y.row(other).transpose(), beta, target == Target::yz);
      if (other != row && value < least) {
        least = value;
        lowest = other;
      }
    }
    right =
        right && found.y.row(row) == y.row(lowest) && std::abs(found.energy[row] - least) < 1e-13;
  }
  return right && found.z.cols() == (target == Target::yz ? 2 : 0);
}

}  // namespace

TEST_CASE("M3: the most offending answer of finite y, for F and for E, proven and searched") {
  for (const Target target : {Target::y, Target::yz}) {
    for (const double max_states : {64.0, 1.0}) {
      CHECK(is_right_for_all_states(most_offending, target, max_states));
    }
  }
}

TEST_CASE("most offending: ties go to the first in state order, never to y itself") {
  const TableEnergy<double> flat({{ColumnKind::category, 3}}, Eigen::VectorXd::Zero(3));
  const Eigen::MatrixXd y{{0}, {1}, {2}};
  const OffendingAnswers found = most_offending(EnergyModel::of(flat), no_x, y, 1, {}, settings);
  CHECK(found.y == Eigen::MatrixXd{{1}, {0}, {0}});
}

TEST_CASE("M3: the most offending answer outside a ball around a real y") {
  // E = y^4 / 4 - y^2 - c y: beside the other well, the near edge of the ball
  const AnyModel model = QuarticModel(Params{{1, -2, 0.75, 0.125}});
  const Eigen::MatrixXd x{{-1.25}, {-0.5}, {0.25}, {1}, {3}};
  const Eigen::MatrixXd y{{-1.6}, {1.2}, {0.1}, {1.9}, {2.2}};
  for (const double radius : {0.25, 1.0, 4.0}) {
    const OffendingAnswers found =
        most_offending(model, x, y, 1, {.radius = radius, .starts = 4}, settings);
    CHECK_FALSE(found.is_exact);
    for (Index row = 0; row < 5; ++row) {
      const auto energy = [&](double v) {
        return v * v * v * v / 4 - v * v - (0.75 * x(row, 0) + 0.125) * v;
      };
      double least = std::min(energy(y(row, 0) - radius), energy(y(row, 0) + radius));
      for (double v = -8; v <= 8; v += 1.0 / 4096) {
        if (std::abs(v - y(row, 0)) >= radius) {
          least = std::min(least, energy(v));
        }
      }
      // a scan misses a minimum by half a step at most: E'' / 2 2^-26 with E'' below 20
      CHECK(found.energy[row] <= least + 1e-12);
      CHECK(found.energy[row] >= least - 1.5e-7);
      CHECK(std::abs(found.y(row, 0) - y(row, 0)) >= radius * (1 - 1e-15) - 1e-15);
      CHECK(found.energy[row] == doctest::Approx(energy(found.y(row, 0))).epsilon(1e-12));
    }
  }
}

TEST_CASE("M3: on a sphere in two and five dimensions, the lowest place of a slope") {
  // E = |y - m|^2 / 2 around y: outside the ball of radius r the lowest place is y + r (m - y) / |m
  // - y| where m lies inside, else m itself
  for (const Index d : {2, 5}) {
    struct Bowl {
      using Scalar [[maybe_unused]] = double;  // of a local class: the compiler overlooks its use
      std::span<const Column> columns() const { return all; }
      void energy(const Block<double>& y, PerChain& out) const {
        out = (y.rowwise() - m.transpose().array()).square().rowwise().sum() / 2;
      }
      void energy_and_grad(const Block<double>& y, PerChain& out, Block<double>& grad) const {
        energy(y, out);
        grad = y.rowwise() - m.transpose().array();
      }
      Eigen::VectorXd m;
      std::vector<Column> all;
    };
    Bowl bowl{Eigen::VectorXd::LinSpaced(d, 0.25, 1), {}};
    bowl.all.assign(static_cast<std::size_t>(d), real_column());
    Eigen::MatrixXd y(2, d);
    y.row(0).setConstant(0.5);
    y.row(1).setConstant(3);
    const double radius = 1.5;
    const OffendingAnswers found =
        most_offending(EnergyModel::of(bowl), no_x, y, 1, {.radius = radius}, settings);
    const Eigen::VectorXd own = y.row(0).transpose();
    const double distance = (bowl.m - own).norm();
    REQUIRE(distance < radius);
    // the slope along the sphere that is left, 2e-8 sqrt(d), over the curvature r (r - |m - y|) / r
    const double near = 2e-8 * 3 / (radius - distance);
    CHECK((found.y.row(0).transpose() - own - radius / distance * (bowl.m - own)).norm() <
          near * radius);
    CHECK((found.y.row(1).transpose() - bowl.m).norm() < 2e-8 * 3);
  }
}

TEST_CASE("M3: mixed y: another state, or farther than the radius") {
  const MixedEnergy<double> energy;
  const MixedLaw law(1);
  // each state's own well, the lowest of other states; within the state the ball matters
  const auto value = [&](const Eigen::Vector2d& v, Index n) {
    Block<double> place(1, 4);
    place << v[0], static_cast<double>(n / 2), v[1], static_cast<double>(2 * (n % 2) - 1);
    PerChain out(1);
    energy.energy(place, out);
    return out[0];
  };
  Eigen::MatrixXd y(6, 4);
  for (Index n = 0; n < 6; ++n) {
    const Eigen::Vector2d mean = law.parts[static_cast<std::size_t>(n)].mean;
    y.row(n) << mean[0], static_cast<double>(n / 2), mean[1], static_cast<double>(2 * (n % 2) - 1);
  }
  const double radius = 0.3;
  const OffendingAnswers found =
      most_offending(EnergyModel::of(energy), no_x, y, 1, {.radius = radius}, settings);
  for (Index n = 0; n < 6; ++n) {
    double least = std::numeric_limits<double>::infinity();
    for (Index other = 0; other < 6; ++other) {
      const Eigen::Vector2d mean = law.parts[static_cast<std::size_t>(other)].mean;
      if (other != n) {
        least = std::min(least, value(mean, other));
      } else {
        // on the circle around a quadratic's minimum: along its flattest axis
        const Eigen::Matrix2d precision =
            law.parts[static_cast<std::size_t>(n)].covariance.inverse();
        const double flattest =
            Eigen::SelfAdjointEigenSolver<Eigen::Matrix2d>(precision).eigenvalues()[0];
        least = std::min(least, value(mean, n) + flattest * radius * radius / 2);
      }
    }
    CHECK(found.energy[n] == doctest::Approx(least).epsilon(1e-10));
  }
}

TEST_CASE("most offending: questions that have no answer") {
  const AnyModel model = QuarticModel(Params{{1, -2, 0.75, 0.125}});
  const Eigen::MatrixXd one = Eigen::MatrixXd::Ones(1, 1);
  const auto find = [&](const AnyModel& m, const Eigen::MatrixXd& x, const Eigen::MatrixXd& y,
                        const OffendingOptions& options) {
    return most_offending(m, x, y, 1, options, settings);
  };
  CHECK_THROWS_WITH_AS(find(model, one, one, {}), doctest::Contains("radius"), ConfigError);
  CHECK_THROWS_AS(find(model, one, one, {.radius = -1}), ConfigError);
  CHECK_THROWS_AS(find(model, one, Eigen::MatrixXd::Ones(2, 1), {.radius = 1}), ConfigError);
  CHECK_THROWS_AS(find(model, one, Eigen::MatrixXd::Ones(1, 2), {.radius = 1}), ConfigError);
  const TableEnergy<double> single({{ColumnKind::category, 1}}, Eigen::VectorXd::Zero(1));
  CHECK_THROWS_WITH_AS(find(EnergyModel::of(single), no_x, Eigen::MatrixXd::Zero(1, 1), {}),
                       doctest::Contains("no other answer"), ConfigError);
  const TableEnergy<double> wall({bit_column()},
                                 Eigen::VectorXd{{0, std::numeric_limits<double>::infinity()}});
  CHECK_THROWS_WITH_AS(find(EnergyModel::of(wall), no_x, Eigen::MatrixXd::Zero(1, 1), {}),
                       doctest::Contains("no wrong answer"), ModelError);
  const AnyModel open = QuarticModel(Params{{-1, 0, 0, 0}});
  CHECK_THROWS_WITH_AS(find(open, one, one, {.radius = 1}), doctest::Contains("without end"),
                       ModelError);
}

TEST_CASE("most offending: the tests see planted bugs") {
  CHECK_FALSE(is_right_for_all_states(
      [](const AnyModel& model, const Eigen::MatrixXd& x, const Eigen::MatrixXd& y, double beta,
         const OffendingOptions& options, const RunSettings& run) {
        planted::IN4::OffendingOptions own;
        own.target = options.target;
        const auto found = planted::IN4::most_offending(model, x, y, beta, own, run);
        return OffendingAnswers{found.y, found.z, found.energy, found.is_exact, 0};
      },
      Target::yz, 64));
  const TableEnergy<double> slope({bit_column(), bit_column()}, Eigen::VectorXd{{3, 2, 1, 0}});
  const AnyModel model = EnergyModel::of(slope);
  const std::optional<Eigen::VectorXd> lowest = Eigen::VectorXd{{1.0, 1.0}};
  const std::vector<Index> finite{0, 1};
  const auto energy = AnyEnergy<double>(slope);
  Block<double> y = Block<double>::Zero(1, 2), same = y;
  PerChain out;
  LocalSearch::lower_by_changes(energy, finite, lowest, y, out);
  planted::IN5::LocalSearch::lower_by_changes(energy, finite, lowest, same, out);
  CHECK((y.row(0) == Eigen::Array2d(1, 0).transpose()).all());
  CHECK((same.row(0) == Eigen::Array2d(1, 1).transpose()).all());
}
