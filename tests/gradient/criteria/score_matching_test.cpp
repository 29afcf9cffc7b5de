#include "negphase/gradient/criteria/score_matching.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "negphase/gradient/training.hpp"
#include "negphase/models/gaussian.hpp"
#include "negphase/models/gaussian_mixture.hpp"
#include "negphase/models/mlp.hpp"
#include "negphase/models/quartic.hpp"
#include "planted/CR6.hpp"
#include "planted/CR7.hpp"
#include "planted/CR8.hpp"
#include "support/criterion_checks.hpp"
#include "support/listed_states.hpp"
#include "support/problems.hpp"

// How these criteria can fail: the divergence left out, beta left out or taken once for twice, the
// noise of the wrong sign, a direction that does not have the length that it is divided by.

namespace {

using namespace negphase;

// Energies here are below 10 and steps at least 2.5e-3 (in 1/y^2): a second difference is off by
// 16/3 eps 10 / 6e-6 = 2e-9 for each column, and so are values; gradients by as much in units of
// dE/dW, which is below 4.
constexpr double rounding = 4e-8;
// a first difference at 7e-4: 1.5 eps 10 / 7e-4 = 5e-12, times 1 / sigma <= 3 and dE/dW
constexpr double first_rounding = 1e-9;

constexpr double beta = 2;

GaussianModel gaussian() {
  Params w(5);
  w << 0.4, -0.3, 1.5, 0.6, 0.9;  // b; P11, P21, P22
  return {2, w};
}

Eigen::MatrixXd precision_of(const Params& w) {
  return Eigen::Matrix2d{{w[2], w[3]}, {w[3], w[4]}};
}

// Rows m +- sqrt(2) L_j: their mean is m and their covariance L L' exactly.
Eigen::MatrixXd rows_of_moments(const Eigen::VectorXd& mean, const Eigen::MatrixXd& covariance) {
  const Eigen::MatrixXd root = std::sqrt(2.0) * Eigen::MatrixXd(covariance.llt().matrixL());
  Eigen::MatrixXd y(4, 2);
  y << (mean + root.col(0)).transpose(), (mean - root.col(0)).transpose(),
      (mean + root.col(1)).transpose(), (mean - root.col(1)).transpose();
  return y;
}

// the model's own first two moments, which are all that score matching asks of a Gaussian
Problem gaussian_rows() {
  const Params w = gaussian().params();
  const Eigen::MatrixXd inverse = precision_of(w).inverse();
  return {gaussian(), Eigen::MatrixXd(4, 0), rows_of_moments(inverse * w.head(2), inverse / beta),
          beta};
}

Problem away(const Problem& p) {
  return {p.model, p.x, (p.y.array() * 1.3 + 0.2).matrix(), p.beta};
}

Eigen::VectorXd scale(const Problem& p) { return Eigen::VectorXd::Ones(p.y.cols()); }

CriterionValue exact(const Problem& p) { return score_matching(p, scale(p), Executor(1)); }
CriterionValue without_divergence(const Problem& p) {
  return planted::CR6::score_matching(p, scale(p), Executor(1));
}
CriterionValue beta_once(const Problem& p) {
  return planted::CR7::score_matching(p, scale(p), Executor(1));
}

// every row beside every direction of `draws`, one a row
struct Crossed {
  Problem problem;
  Eigen::MatrixXd draws;
};
Crossed crossed(const Problem& p, const Eigen::MatrixXd& draws) {
  Crossed all{{p.model, Eigen::MatrixXd(p.rows() * draws.rows(), 0),
               Eigen::MatrixXd(p.rows() * draws.rows(), p.y.cols()), p.beta},
              Eigen::MatrixXd(p.rows() * draws.rows(), p.y.cols())};
  for (Index r = 0; r < p.rows(); ++r) {
    for (Index i = 0; i < draws.rows(); ++i) {
      all.problem.y.row(r * draws.rows() + i) = p.y.row(r);
      all.draws.row(r * draws.rows() + i) = draws.row(i);
    }
  }
  return all;
}

const Eigen::MatrixXd signs{{1.0, 1.0}, {1.0, -1.0}, {-1.0, 1.0}, {-1.0, -1.0}};

CriterionValue sliced(const Problem& p) {
  const Crossed all = crossed(p, signs);
  return sliced_score_matching(all.problem, scale(p), {all.draws}, Executor(1));
}

constexpr double sigma = 0.4;

// noise of mean 0 and covariance I
const Eigen::MatrixXd noise = rows_of_moments(Eigen::Vector2d::Zero(), Eigen::Matrix2d::Identity());

CriterionValue denoised(const Problem& p) {
  const Crossed all = crossed(p, noise);
  return denoising_score_matching(all.problem, scale(p), sigma, all.draws, Executor(1));
}
CriterionValue denoised_the_wrong_way(const Problem& p) {
  const Crossed all = crossed(p, noise);
  return planted::CR8::denoising_score_matching(all.problem, scale(p), sigma, all.draws,
                                                Executor(1));
}

// the Gaussian of the rows with noise: covariance P^-1 / beta + sigma^2 I, the same mean
Problem smoothed(const Problem& p) {
  const Params w = p.model.params();
  const Eigen::MatrixXd inverse = precision_of(w).inverse();
  const Eigen::MatrixXd wide =
      (inverse + beta * sigma * sigma * Eigen::MatrixXd::Identity(2, 2)).inverse();
  Params moved(5);
  moved << wide * inverse * w.head(2), wide(0, 0), wide(1, 0), wide(1, 1);
  return {p.model.with_params(moved), p.x, p.y, p.beta};
}

Problem mlp_rows() {
  const MlpSpec spec{.num_x = 1, .num_y = 2, .hidden = 3};
  const AnyModel model = MlpModel::initial(spec);
  Eigen::MatrixXd x(3, 1), y(3, 2);
  x << 0.4, -1, 0.7;
  y << 0.3, -0.8, 1.1, 0.2, -0.6, 0.5;
  return {model, x, y, beta};
}

Problem mixture_rows() {
  Params w(8);
  w << 0.2, 0.3, 0.5, -0.6, -0.1, -0.2, -0.9, 0.4;
  return {GaussianMixtureModel(2, 2, true, w), Eigen::MatrixXd(3, 0),
          Eigen::MatrixXd{{0.3, -0.8}, {1.1, 0.2}, {-0.6, 0.5}}, beta};
}

double largest(const Eigen::VectorXd& v) { return v.cwiseAbs().maxCoeff(); }

}  // namespace

TEST_CASE("score matching of a Gaussian has the closed form beta^2 |P y - b|^2 / 2 - beta tr P") {
  const Problem p = away(gaussian_rows());
  const Params w = p.model.params();
  const Eigen::MatrixXd residuals = (p.y * precision_of(w)).rowwise() - w.head(2).transpose();
  const double value = beta * beta * residuals.squaredNorm() / 8 - beta * precision_of(w).trace();
  CHECK(std::abs(exact(p).value - value) < rounding);
  // d/db = -beta^2 mean(P y - b), d/dP11 = beta^2 mean((P y - b)_1 y_1) - beta
  const Eigen::VectorXd gradient = exact(p).gradient;
  CHECK(largest(gradient.head(2) + beta * beta * residuals.colwise().mean().transpose()) <
        rounding);
  CHECK(std::abs(gradient[2] - (beta * beta * residuals.col(0).dot(p.y.col(0)) / 4 - beta)) <
        rounding);
  CHECK(std::abs(gradient[3] -
                 beta * beta *
                     (residuals.col(0).dot(p.y.col(1)) + residuals.col(1).dot(p.y.col(0))) / 4) <
        rounding);
}

TEST_CASE("the gradient of score matching is 0 where the data have the moments of the Gaussian") {
  CHECK(largest(exact(gaussian_rows()).gradient) < rounding);
  CHECK(largest(sliced(gaussian_rows()).gradient) < rounding);
  CHECK(largest(exact(away(gaussian_rows())).gradient) > 0.1);
  CHECK(largest(without_divergence(gaussian_rows()).gradient) > 0.1);
  CHECK(largest(beta_once(gaussian_rows()).gradient) > 0.1);
}

TEST_CASE("denoising score matching is least at the Gaussian of the data with noise") {
  CHECK(largest(denoised(smoothed(gaussian_rows())).gradient) < first_rounding);
  CHECK(largest(denoised(gaussian_rows()).gradient) > 0.1);
  CHECK(largest(denoised_the_wrong_way(smoothed(gaussian_rows())).gradient) > 0.1);
}

TEST_CASE("the gradient of score matching is 0 for the law of a conditional double well") {
  // y on [-4, 4], where beta E is above 70: the trapezoid rule is exact to rounding there
  const Index points = 321;
  Problem p{testing::quartic_problem(1).model, Eigen::MatrixXd::Constant(points, 1, 0.5),
            Eigen::VectorXd::LinSpaced(points, -4, 4), beta};
  const std::vector<Index> row(static_cast<std::size_t>(points), 0);
  PerChain energy(points);
  p.model.bind_double(p.model.prepare(p.x), row).energy(p.y.array(), energy);
  Eigen::VectorXd law = (-beta * energy).exp().matrix();
  law /= law.sum();
  const auto of_row = [](const Problem& one, Index) { return exact(one); };
  CHECK(testing::population_gradient(of_row, p, law) < rounding);
  const auto wrong = [](const Problem& one, Index) { return beta_once(one); };
  CHECK(testing::population_gradient(wrong, p, law) > 0.1);
}

TEST_CASE("gradients of score matching are those of their values") {
  // h = 1e-2: truncation h^4 |f^(5)| / 30 below 1e-8 for a fifth derivative of 30, rounding
  // 1.5 x 1e-8 / 1e-2 = 1.5e-6
  const double from_second = 2e-6;
  // h = 1e-3 where the value has first derivatives of F without differences
  const double from_first = 1e-9;
  for (const Problem& p : {mlp_rows(), mixture_rows()}) {
    CHECK(testing::difference_error(exact, p, 1e-2) < from_second);
    CHECK(testing::difference_error(without_divergence, p, 1e-2) > 1e-2);
    const auto once = [](const Problem& q) {
      return sliced_score_matching(q, scale(q), {signs.topRows(3), signs.bottomRows(3)},
                                   Executor(1));
    };
    CHECK(testing::difference_error(once, p, 1e-2) < from_second);
    const auto denoise = [](const Problem& q) {
      return denoising_score_matching(q, scale(q), sigma, signs.topRows(3), Executor(1));
    };
    CHECK(testing::difference_error(denoise, p, 1e-3) < from_first);
  }
}

TEST_CASE("slices of all signs together are score matching itself") {
  const Problem p = mixture_rows();
  CHECK(std::abs(sliced(p).value - exact(p).value) < rounding);
  CHECK(largest(sliced(p).gradient - exact(p).gradient) < rounding);
}

TEST_CASE("units of y change nothing but the unit of the value") {
  // P / 1e6 and y x 1e3: the same differences in units of the data's spread
  const Problem p = away(gaussian_rows());
  Params w = p.model.params();
  w.head(2) /= 1e3;
  w.tail(3) /= 1e6;
  const Problem wide{p.model.with_params(w), p.x, 1e3 * p.y, beta};
  const double narrow = score_matching(p, column_scales(p.y), Executor(1)).value;
  const double scaled = score_matching(wide, column_scales(wide.y), Executor(1)).value;
  CHECK(std::abs(1e6 * scaled - narrow) < 2 * rounding);
}

TEST_CASE("trained by score matching a Gaussian has the moments of its data") {
  const Executor executor(1);
  Problem p = away(gaussian_rows());
  const Eigen::MatrixXd y = p.y;
  p.model = GaussianModel::standard(2);
  const std::vector<GivenOption> given{{"loss", std::string("score_matching"), {}},
                                       {"optimizer", std::string("lbfgs"), {}},
                                       {"tolerance", 1e-7, {}}};
  const Params w = train(p, nullptr, Options::resolve("[train]", train_options(), given),
                         testing::settings_on(executor, 1));
  const Eigen::RowVectorXd mean = y.colwise().mean();
  const Eigen::MatrixXd centred = y.rowwise() - mean;
  const Eigen::MatrixXd precision = (centred.transpose() * centred / 4).inverse() / beta;
  // J is a quadratic in W; the least eigenvalue of its Hessian, beta^2 mean(A'A) with A the
  // derivative of P y - b in W, is 1.3 here: |W - W*| <= |g| / 1.3, |g| below sqrt(5) (1e-7 + 4e-8)
  CHECK((precision_of(w) - precision).cwiseAbs().maxCoeff() < 1e-6);
  CHECK(largest(w.head(2) - precision * mean.transpose()) < 1e-6);
}

TEST_CASE("score matching refuses what it cannot do, with what to take instead") {
  const Executor executor(1);
  const Problem spins = testing::all_states(testing::three_pairs(ColumnKind::spin), 1);
  CHECK_THROWS_WITH_AS(score_matching(spins, scale(spins), executor),
                       doctest::Contains("ratio_matching"), ConfigError);
  const Problem p = gaussian_rows();
  CHECK_THROWS_AS(score_matching(p, Eigen::VectorXd::Ones(3), executor), UsageError);
  CHECK_THROWS_AS(score_matching(p, Eigen::VectorXd::Zero(2), executor), UsageError);
  CHECK_THROWS_AS(sliced_score_matching(p, scale(p), {}, executor), UsageError);
  CHECK_THROWS_AS(sliced_score_matching(p, scale(p), {Eigen::MatrixXd(3, 2)}, executor),
                  UsageError);
  CHECK_THROWS_AS(denoising_score_matching(p, scale(p), 0, p.y, executor), UsageError);
  Problem nan = p;
  nan.y(2, 1) = std::nan("");
  CHECK_THROWS_WITH_AS(score_matching(nan, scale(p), executor), doctest::Contains("row 3"),
                       ModelError);
}
