#include "negphase/gradient/criteria/noise_contrast.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "negphase/exact/exact.hpp"
#include "negphase/models/pointwise.hpp"
#include "planted/CR10.hpp"
#include "planted/CR11.hpp"
#include "planted/CR9.hpp"
#include "support/criterion_checks.hpp"
#include "support/listed_states.hpp"
#include "support/problems.hpp"

// How these criteria can fail: the density of the noise forgotten, the number of its samples
// forgotten, the datum left out of the ranking's sum, a log Z that is not the best one.

namespace {

using namespace negphase;
using testing::all_states;

constexpr double beta = 2;
constexpr double rounding = 1e-13;  // some hundred terms of order 1

AnyModel spins() { return testing::three_pairs(ColumnKind::spin); }

// independent spins with other frequencies than the model's
Eigen::VectorXd noise_law(const Eigen::MatrixXd& states) {
  Eigen::VectorXd q = Eigen::VectorXd::Ones(states.rows());
  for (Index j = 0; j < states.cols(); ++j) {
    const double high = 0.35 + 0.15 * static_cast<double>(j);
    for (Index r = 0; r < states.rows(); ++r) {
      q[r] *= states(r, j) == state_code(spin_column(), 1) ? high : 1 - high;
    }
  }
  return q;
}

// Every datum beside every pair of noise samples, each with its probability p(y0) q(y1) q(y2).
struct Population {
  Problem rows;
  NoiseSamples noise;
  Eigen::VectorXd weights;
  double log_z;
};

Population population(const AnyModel& model) {
  const Problem states = all_states(model, beta);
  const Eigen::VectorXd q = noise_law(states.y), p = testing::law_of(states);
  const Index n = states.rows(), all = n * n * n;
  Population made{{model, Eigen::MatrixXd(all, 0), Eigen::MatrixXd(all, 3), beta},
                  {{2, Eigen::MatrixXd(all, 3)}, Eigen::MatrixXd(all, 3)},
                  Eigen::VectorXd(all),
                  std::log(testing::boltzmann_weights(states).sum())};
  for (Index r = 0; r < all; ++r) {
    const std::array<Index, 3> of{r / (n * n), r / n % n, r % n};
    made.rows.y.row(r) = states.y.row(of[0]);
    made.noise.y[0].row(r) = states.y.row(of[1]);
    made.noise.y[1].row(r) = states.y.row(of[2]);
    made.noise.log_density.row(r) << std::log(q[of[0]]), std::log(q[of[1]]), std::log(q[of[2]]);
    made.weights[r] = p[of[0]] * q[of[1]] * q[of[2]];
  }
  return made;
}

NoiseSamples noise_of_row(const NoiseSamples& all, Index r) {
  NoiseSamples one{{}, all.log_density.middleRows(r, 1)};
  for (const Eigen::MatrixXd& sample : all.y) {
    one.y.push_back(sample.middleRows(r, 1));
  }
  return one;
}

template <class Nce>
double binary_gradient(const Population& all, Nce&& nce) {
  const Executor executor(1);
  return testing::population_gradient(
      [&](const Problem& p, Index r) {
        return nce(p, noise_of_row(all.noise, r), all.log_z, executor).criterion;
      },
      all.rows, all.weights);
}

template <class Nce>
double ranking_gradient(const Population& all, Nce&& nce) {
  const Executor executor(1);
  return testing::population_gradient(
      [&](const Problem& p, Index r) { return nce(p, noise_of_row(all.noise, r), executor); },
      all.rows, all.weights);
}

// every state `times` times beside each row: noise of the uniform law without its chance
NoiseSamples every_state(const Problem& rows, Index times) {
  const Eigen::MatrixXd states = all_states(rows.model, rows.beta).y;
  const Index k = times * states.rows();
  NoiseSamples noise{
      {},
      Eigen::MatrixXd::Constant(rows.rows(), 1 + k, -std::log(static_cast<double>(states.rows())))};
  for (Index i = 0; i < k; ++i) {
    noise.y.push_back(states.row(i % states.rows()).replicate(rows.rows(), 1));
  }
  return noise;
}

Problem few_rows(const AnyModel& model) {
  return {model, Eigen::MatrixXd(3, 0), all_states(model, beta).y({1, 4, 6}, Eigen::all), beta};
}

// a real and a bit that shifts it
struct Mixed {
  static ModelShape shape() { return {0, {real_column(), bit_column()}, {}, 3}; }
  static auto energy(const auto& w, const auto&, const auto& y) {
    return w[0] * y[0] * y[0] / 2.0 + w[1] * y[0] * y[1] + w[2] * y[1];
  }
};

Problem mixed_rows() {
  return {PointwiseModel<Mixed>(Params::Constant(3, 0.7)), Eigen::MatrixXd(4, 0),
          Eigen::MatrixXd{{-1.0, 1.0}, {0.0, 0.0}, {1.0, 0.0}, {2.0, 0.0}}, beta};
}

}  // namespace

TEST_CASE("noise contrast: the gradient is 0 where the data are the model's own law") {
  for (const AnyModel& model : {spins(), testing::rbm_problem("rbm_3x2").model}) {
    const Population all = population(model);
    CHECK(binary_gradient(all, binary_nce) < rounding);
    CHECK(ranking_gradient(all, ranking_nce) < rounding);
    CHECK(binary_gradient(all, planted::CR9::binary_nce) > 1e-3);
    CHECK(binary_gradient(all, planted::CR10::binary_nce) > 1e-3);
    CHECK(ranking_gradient(all, planted::CR10::ranking_nce) > 1e-3);
    CHECK(ranking_gradient(all, planted::CR11::ranking_nce) > 1e-3);
    Population elsewhere = all;
    elsewhere.log_z += 0.1;
    CHECK(binary_gradient(elsewhere, binary_nce) > 1e-3);
  }
}

TEST_CASE("noise contrast: gradients are those of their values, with log Z given and fitted") {
  const Executor executor(1);
  const Problem p = few_rows(testing::rbm_problem("rbm_3x2").model);
  const NoiseSamples noise = every_state(p, 1);
  // h = 1e-3: truncation h^4 |f^(5)| / 30 < 1e-9 as in a fifth derivative below 3e4, with beta = 2
  for (const auto log_z : {std::optional<double>(1.7), std::optional<double>()}) {
    const auto nce = [&](const Problem& q) {
      return binary_nce(q, noise, log_z, executor).criterion;
    };
    CHECK(testing::difference_error(nce, p, 1e-3) < 1e-9);
  }
  const auto ranking = [&](const Problem& q) { return ranking_nce(q, noise, executor); };
  CHECK(testing::difference_error(ranking, p, 1e-3) < 1e-9);
  const auto without = [&](const Problem& q) {
    return planted::CR11::ranking_nce(q, noise, executor);
  };
  CHECK(testing::difference_error(without, p, 1e-3) > 1e-3);
}

TEST_CASE("noise contrast: the fitted log Z is where the value is least") {
  const Executor executor(1);
  const Problem p = few_rows(spins());
  const NoiseSamples noise = every_state(p, 2);
  const BinaryContrast fitted = binary_nce(p, noise, {}, executor);
  const auto value = [&](double log_z) {
    return binary_nce(p, noise, log_z, executor).criterion.value;
  };
  CHECK(value(fitted.log_z) == fitted.criterion.value);
  // the slope by a difference of order two, whose error is h^2 / 6 times a third derivative below 3
  const double h = 1e-4;
  CHECK(std::abs(value(fitted.log_z + h) - value(fitted.log_z - h)) / (2 * h) < 1e-8);
  CHECK(value(fitted.log_z + 0.1) > fitted.criterion.value + 1e-4);
  CHECK(value(fitted.log_z - 0.1) > fitted.criterion.value + 1e-4);
}

TEST_CASE("M6: with more and more noise both contrasts become the NLL's gradient") {
  const Executor executor(1);
  const Problem p = few_rows(spins());
  const Eigen::VectorXd exact = exact_nll_gradient(p.model, p.x, p.y, beta, {}, executor).gradient;
  const double log_z = std::log(testing::boltzmann_weights(all_states(p.model, beta)).sum());
  const auto binary = [&](Index times) {
    return binary_nce(p, every_state(p, times), log_z, executor).criterion.gradient;
  };
  const auto ranking = [&](Index times) {
    return ranking_nce(p, every_state(p, times), executor).gradient;
  };
  // Without chance in the noise the error is a/k + b/k^2, k = 8 x times: twice the noise halves it,
  // off by b/(2 a k) with b/a of the order of the largest p/q, below 8: 8 / 1024 < 0.01.
  const auto halves = [&](const auto& gradient) {
    const double once = (gradient(64) - exact).norm(), twice = (gradient(128) - exact).norm();
    return once > 1e-5 && once < 0.1 && std::abs(twice / once - 0.5) < 0.01;
  };
  CHECK(halves(binary));
  CHECK(halves(ranking));
}

TEST_CASE("ranking is for models with x too, binary contrast refuses them") {
  const Executor executor(1);
  const Problem p = testing::quartic_problem(20);
  const NoiseDistribution law(p);
  const NoiseSamples noise = law.draw(p.x, p.y, 5, 1, 1);
  CHECK(testing::difference_error([&](const Problem& q) { return ranking_nce(q, noise, executor); },
                                  p, 1e-3) < 1e-9);
  CHECK_THROWS_WITH_AS(binary_nce(p, noise, {}, executor), doctest::Contains("ranking_nce"),
                       ConfigError);
}

TEST_CASE("noise contrast: mixed y, on noise that is fitted and drawn") {
  const Executor executor(1);
  const Problem p = mixed_rows();
  const NoiseSamples noise = NoiseDistribution(p).draw(p.x, p.y, 4, 1, 1);
  const auto binary = [&](const Problem& q) {
    return binary_nce(q, noise, {}, executor).criterion;
  };
  const auto ranking = [&](const Problem& q) { return ranking_nce(q, noise, executor); };
  CHECK(testing::difference_error(binary, p, 1e-3) < 1e-9);
  CHECK(testing::difference_error(ranking, p, 1e-3) < 1e-9);
  // q(y) is a Gaussian of mean 0.5 and variance 1.25 times the bit's (1 + 1) / 6
  const double expected =
      -0.5 * std::log(2 * std::numbers::pi * 1.25) - 2.25 / 2.5 + std::log(1.0 / 3);
  CHECK(std::abs(noise.log_density(0, 0) - expected) < 1e-14);
}

TEST_CASE("noise contrast: noise that is impossible counts for nothing") {
  const Executor executor(1);
  const Problem states = all_states(testing::listed_model(), beta);
  NoiseSamples noise{{states.y, states.y}, Eigen::MatrixXd::Constant(5, 3, -std::log(6.0))};
  noise.y[1].rowwise() = Eigen::RowVector2d(2, 1);  // forbidden, and dE/dW no number there
  const CriterionValue ranked = ranking_nce(states, noise, executor);
  const BinaryContrast told = binary_nce(states, noise, {}, executor);
  CHECK(ranked.gradient.allFinite());
  CHECK(told.criterion.gradient.allFinite());
  CHECK(std::isfinite(told.log_z));
  NoiseSamples shorter = noise;
  shorter.y.pop_back();
  CHECK_THROWS_AS(ranking_nce(states, shorter, executor), UsageError);
  CHECK_THROWS_AS(ranking_nce(states, {{}, noise.log_density.leftCols(1)}, executor), UsageError);
}
