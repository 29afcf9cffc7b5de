#include "negphase/exact/moment_energy.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>

#include "negphase/core/error.hpp"
#include "negphase/exact/enumeration.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/models/gaussian.hpp"
#include "negphase/models/pairwise.hpp"
#include "negphase/models/quartic.hpp"
#include "negphase/models/rbm.hpp"
#include "negphase/models/registry.hpp"
#include "planted/X11.hpp"
#include "planted/X12.hpp"
#include "planted/X13.hpp"
#include "planted/X14.hpp"
#include "support/model_checks.hpp"
#include "support/pairwise_energy.hpp"

// Means and deviations of y against sums, integrals and closed forms by hand.

using namespace negphase;

namespace {

const Executor two_threads(2);
const Eigen::MatrixXd no_x;

struct Moments {
  Eigen::VectorXd mean, deviation;
};

const auto solve = [](const AnyModel& model, const Eigen::MatrixXd& x, double beta,
                      const Eigen::VectorXd& reference) {
  return solve_exact_with_moments(model, x, beta, {}, two_threads, reference);
};

/// The worst of both, variances rather than deviations: these may be near 0.
template <class Answer>
double worst_error(const Answer& found, const Moments& expected) {
  REQUIRE(found.mean.size() == expected.mean.size());
  return std::max(
      (found.mean - expected.mean).cwiseAbs().maxCoeff(),
      (found.deviation.cwiseAbs2() - expected.deviation.cwiseAbs2()).cwiseAbs().maxCoeff());
}

/// Sums by hand over all states of y and z.
Moments by_states(const AnyModel& model, double beta) {
  const auto bind = [&](Index chains) {
    return model.bind_double(model.prepare(no_x), testing::cycled_rows(chains, 0));
  };
  const StateTable table = tabulate_states(bind, beta);
  const Index num_y = model.shape().num_y();
  const Eigen::MatrixXd y = table.states.leftCols(num_y).matrix();
  const Eigen::VectorXd mean = y.transpose() * table.probability.matrix();
  const Eigen::MatrixXd centered = y.rowwise() - mean.transpose();
  const Eigen::VectorXd variance = centered.cwiseAbs2().transpose() * table.probability.matrix();
  return {mean, variance.cwiseSqrt()};
}

/// The quartic by the trapezoidal rule, which converges exponentially: a tenth of the narrowest
/// width at beta = 2.5, out to where the density is below e^-100.
Moments by_trapezoids(const Params& w, const Eigen::MatrixXd& x, double beta) {
  double mean = 0, variance = 0;
  for (Index r = 0; r < x.rows(); ++r) {
    double z = 0, first = 0, second = 0;
    for (double y = -9; y <= 9; y += 0x1p-6) {
      const double energy =
          w[0] * std::pow(y, 4) / 4 + w[1] * y * y / 2 - w[2] * x(r, 0) * y - w[3] * y;
      const double p = std::exp(-beta * energy);
      z += p;
      first += p * y;
      second += p * y * y;
    }
    mean += first / z / static_cast<double>(x.rows());
    variance += (second / z - first / z * first / z) / static_cast<double>(x.rows());
  }
  return {Eigen::VectorXd::Constant(1, mean), Eigen::VectorXd::Constant(1, std::sqrt(variance))};
}

template <class Solve>
double quartic_error(const Solve& found_by, double beta) {
  const ModelExample example = find_model("quartic").example();
  return worst_error(found_by(example.model, example.x, beta, Eigen::VectorXd::Zero(1)),
                     by_trapezoids(example.model.params(), example.x, beta));
}

AnyModel rbm(Index visible, Index hidden) {
  const Index size = visible * hidden + visible + hidden;
  return RbmModel(
      visible, hidden,
      Params((1 + 1.3 * Eigen::ArrayXd::LinSpaced(size, 0, static_cast<double>(size))).sin()));
}

/// y a category of three states, z a bit: energies from a table. z or y can be summed out.
class Potts {
 public:
  using Scalar = double;
  std::span<const Column> columns() const { return columns_; }
  static double at(Index y, Index z) { return std::sin(1.0 + 2.0 * double(y) + 5.0 * double(z)); }
  void energy(const Block<double>& s, PerChain& out) const {
    for (Index c = 0; c < s.rows(); ++c) {
      out[c] = at(static_cast<Index>(s(c, 0)), static_cast<Index>(s(c, 1)));
    }
  }
  void conditional(const Block<double>& s, std::span<const Index> columns,
                   Block<double>& delta) const {
    REQUIRE((columns.size() == 1 && columns[0] == 0));
    for (Index c = 0; c < s.rows(); ++c) {
      const auto z = static_cast<Index>(s(c, 1));
      delta(c, 0) = at(1, z) - at(0, z);
      delta(c, 1) = at(2, z) - at(0, z);
    }
  }
  bool can_sum_out(std::span<const Index>) const { return true; }

  struct OverZ {
    using Scalar = double;
    std::span<const Column> columns() const { return columns_; }
    void energy(const Block<double>& z, PerChain& out) const {
      for (Index c = 0; c < z.rows(); ++c) {
        double sum = 0;
        for (Index y = 0; y < 3; ++y) {
          sum += std::exp(-beta * at(y, static_cast<Index>(z(c, 0))));
        }
        out[c] = -std::log(sum) / beta;
      }
    }
    double beta;
    std::vector<Column> columns_{bit_column()};
  };
  OverZ summed_out(std::span<const Index>, double beta) const { return {beta}; }

 private:
  std::vector<Column> columns_{{ColumnKind::category, 3}, bit_column()};
};

/// The same without conditional().
class SilentPotts {
 public:
  using Scalar = double;
  std::span<const Column> columns() const { return inner_.columns(); }
  void energy(const Block<double>& s, PerChain& out) const { inner_.energy(s, out); }
  bool can_sum_out(std::span<const Index>) const { return true; }
  Potts::OverZ summed_out(std::span<const Index>, double beta) const { return {beta}; }

 private:
  Potts inner_;
};

/// Largest error of E[y - r] and E[(y - r)^2] of Potts, y summed out, against all six states.
template <class Energy>
double potts_error(double beta) {
  const double reference = 0.25;
  const auto bind = [&](Index, Index) {
    const std::array<Index, 1> y{0};
    const Energy energy(AnyEnergy<double>(Potts()), Eigen::VectorXd::Constant(1, reference));
    return AnyEnergy<double>(energy.summed_out(y, beta));
  };
  const StateSum sum = sum_states(bind, 1, beta, Walk::plain, Executor(1))[0];
  double total = 0, first = 0, second = 0;
  for (Index y = 0; y < 3; ++y) {
    for (Index z = 0; z < 2; ++z) {
      const double p = std::exp(-beta * Potts::at(y, z));
      total += p;
      first += p * (double(y) - reference);
      second += p * std::pow(double(y) - reference, 2);
    }
  }
  REQUIRE(sum.mean_param_grad.size() == 2);
  return std::max(std::abs(sum.mean_param_grad[0] - first / total),
                  std::abs(sum.mean_param_grad[1] - second / total));
}

// some thousand roundings of numbers up to 4, most of them in sums of positive terms
constexpr double rounding = 1000 * 0x1p-52 * 4;

}  // namespace

TEST_CASE("moments: a Gaussian has the closed form, whatever the reference") {
  const GaussianModel model(3, Params{{0.5, -0.25, 1, 2, -0.5, 1.5, 0.25, 0.75, 1.25}});
  Eigen::MatrixXd precision(3, 3);
  precision << 2, -0.5, 0.25, -0.5, 1.5, 0.75, 0.25, 0.75, 1.25;
  const Eigen::MatrixXd inverse = precision.inverse();
  for (const double beta : {0.25, 1.0, 2.5}) {
    const Moments expected{inverse * Eigen::Vector3d(0.5, -0.25, 1),
                           (inverse.diagonal() / beta).cwiseSqrt()};
    for (const double reference : {0.0, -3.0}) {
      // the reference leaves a cancellation of its square
      const Eigen::VectorXd r = Eigen::VectorXd::Constant(3, reference);
      CHECK(worst_error(solve(model, no_x, beta, r), expected) < 20 * rounding);
    }
  }
}

TEST_CASE("moments: far from 0 a variance needs a reference nearby") {
  // mean 1e6: y itself is known to 1e6 ulp, and so is (y - r) for r nearby; y^2 only to 1e12 ulp
  const GaussianModel model(1, Params{{1.7e6, 1.7}});
  const auto error = [&](double reference) {
    const Eigen::VectorXd r = Eigen::VectorXd::Constant(1, reference);
    return std::abs(solve(model, no_x, 1, r).deviation[0] - 1 / std::sqrt(1.7));
  };
  CHECK(error(1e6 + 0.5) < 4 * 1e6 * 0x1p-52);
  CHECK(error(0) > 4 * 1e6 * 0x1p-52);
}

TEST_CASE("moments: rows of a conditional model, by quadrature") {
  for (const double beta : {0.25, 1.0, 2.5}) {
    CHECK(quartic_error(solve, beta) < rounding);
  }
}

TEST_CASE("moments: either layer of an RBM summed out") {
  for (const auto& [visible, hidden] : {std::pair<Index, Index>{5, 3}, {3, 5}}) {
    for (const double beta : {0.5, 1.0, 2.5}) {
      const AnyModel model = rbm(visible, hidden);
      const ExactAnswer found = solve(model, no_x, beta, Eigen::VectorXd::Constant(visible, 0.5));
      CHECK(found.method == "layer_sum");
      CHECK(worst_error(found, by_states(model, beta)) < rounding);
    }
  }
}

TEST_CASE("moments: enumeration, from the pairwise view and without one") {
  const Index n = 5;
  const Params w = Eigen::ArrayXd::LinSpaced(n * (n + 1) / 2, 1, 15).sin();
  for (const ColumnKind kind : {ColumnKind::spin, ColumnKind::bit}) {
    const AnyModel model = PairwiseModel(kind, Graph(n, all_pairs(n)), w);
    const AnyModel viewless = testing::PairwiseModel(kind, n, w);
    for (const double beta : {0.0, 1.0, 2.5}) {
      const Moments expected = by_states(model, beta);
      for (const double reference : {0.0, 0.75}) {
        const Eigen::VectorXd r = Eigen::VectorXd::Constant(n, reference);
        CHECK(worst_error(solve(model, no_x, beta, r), expected) < rounding);
        CHECK(worst_error(solve(viewless, no_x, beta, r), expected) < rounding);
      }
    }
  }
}

TEST_CASE("moments: a summed column of three states; they change nothing else") {
  CHECK(potts_error<MomentEnergy>(0.7) < rounding);
  for (const ModelRow& row : model_registry()) {
    CAPTURE(row.name);
    const ModelExample example = row.example();
    const ExactAnswer with =
        solve(example.model, example.x, 1.5, example.y.colwise().mean().transpose());
    const ExactAnswer without = solve_exact(example.model, example.x, 1.5, {}, two_threads);
    CHECK(with.log_z == without.log_z);
    CHECK((with.mean_param_grad - without.mean_param_grad).cwiseAbs().maxCoeff() < rounding);
    // its layer sum integrates y out, and real columns have no conditional()
    const bool has_moments = row.name != "gaussian_rbm";
    CHECK(with.mean.size() == (has_moments ? example.y.cols() : 0));
    CHECK(without.mean.size() == 0);
  }
  CHECK_THROWS_AS(solve(rbm(3, 2), no_x, 1, Eigen::VectorXd::Zero(2)), UsageError);
}

TEST_CASE("moments: without conditional() of what is summed out there are none") {
  const std::array<Index, 1> y{0};
  const MomentEnergy energy(AnyEnergy<double>(SilentPotts()), Eigen::VectorXd::Zero(1));
  const AnyEnergy<double> marginal = energy.summed_out(y, 1);
  CHECK_FALSE(marginal.can(Ability::param_grad));
  CHECK(marginal.num_params() == 0);
}

TEST_CASE("moments: planted bugs are seen") {
  SUBCASE("X11: the mean square sold as variance, so that the rows' spread is in it") {
    const auto wrong = [](const AnyModel& model, const Eigen::MatrixXd& x, double beta,
                          const Eigen::VectorXd& reference) {
      return planted::X11::solve_exact_with_moments(model, x, beta, {}, two_threads, reference);
    };
    CHECK(quartic_error(wrong, 1) > 1e6 * rounding);
  }
  SUBCASE("X12: the mean of deviations for the root of the mean variance") {
    const auto wrong = [](const AnyModel& model, const Eigen::MatrixXd& x, double beta,
                          const Eigen::VectorXd& reference) {
      return planted::X12::solve_exact_with_moments(model, x, beta, {}, two_threads, reference);
    };
    CHECK(quartic_error(wrong, 1) > 1e6 * rounding);
  }
  SUBCASE("X13: what is summed out counts as 0") {
    CHECK(potts_error<planted::X13::MomentEnergy>(0.7) > 1e6 * rounding);
  }
  SUBCASE("X14: the conditional mean without beta, which only another beta than 1 shows") {
    CHECK(potts_error<planted::X14::MomentEnergy>(1) < rounding);
    CHECK(potts_error<planted::X14::MomentEnergy>(0.7) > 1e6 * rounding);
  }
}
