#include "negphase/gradient/criteria/pseudo_likelihood.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "negphase/core/log_sum_exp.hpp"
#include "negphase/gradient/criteria/ratio_matching.hpp"
#include "negphase/models/gaussian.hpp"
#include "planted/CR1.hpp"
#include "planted/CR2.hpp"
#include "planted/CR3.hpp"
#include "planted/CR4.hpp"
#include "planted/CR5.hpp"
#include "support/criterion_checks.hpp"
#include "support/listed_states.hpp"
#include "support/problems.hpp"

// How these criteria can fail: beta left out, a conditional of the wrong states, the share of the
// present state forgotten, one of the two gradients of a coupling, a factor, g the wrong way round.

namespace {

using namespace negphase;
using testing::all_states;
using testing::boltzmann_weights;
using testing::law_of;

using Function = CriterionValue (*)(const Problem&, const Executor&);

testing::CriterionOf of(Function criterion) {
  return [criterion](const Problem& p) { return criterion(p, Executor(1)); };
}

AnyModel small_rbm() { return testing::rbm_problem("rbm_3x2").model; }

// p(y) and the rows that differ from row r in column j
struct Listed {
  Problem rows;
  Eigen::VectorXd weights;
  explicit Listed(const AnyModel& model, double beta)
      : rows(all_states(model, beta)), weights(boltzmann_weights(rows)) {}
  double weight_of_changed(Index r, Index j) const {
    double sum = 0;
    for (Index s = 0; s < rows.rows(); ++s) {
      Eigen::RowVectorXd apart = rows.y.row(s) - rows.y.row(r);
      const bool differs = apart[j] != 0;
      apart[j] = 0;
      sum += differs && apart.isZero(0) ? weights[s] : 0;
    }
    return sum;
  }
};

// Each of some 30 terms is a logarithm of a ratio of energies below 5: rounding of 30 x 5 x 2^-52.
constexpr double rounding = 1e-13;

double pseudo_likelihood_error(Function criterion, const AnyModel& model, double beta) {
  const Listed listed(model, beta);
  double expected = 0;
  for (Index r = 0; r < listed.rows.rows(); ++r) {
    for (Index j = 0; j < listed.rows.y.cols(); ++j) {
      const double own = listed.weights[r];
      expected -= std::log(own / (own + listed.weight_of_changed(r, j))) / beta;
    }
  }
  return std::abs(of(criterion)(listed.rows).value -
                  expected / static_cast<double>(listed.rows.rows()));
}

// of the first three rows: over all of them g and 1 - g could be exchanged
double ratio_matching_error(Function criterion, const AnyModel& model, double beta) {
  const Listed listed(model, beta);
  double expected = 0;
  for (Index r = 0; r < 3; ++r) {
    for (Index j = 0; j < listed.rows.y.cols(); ++j) {
      const double u = listed.weights[r] / listed.weight_of_changed(r, j);
      expected += 1 / ((1 + u) * (1 + u));
    }
  }
  const Problem few{model, Eigen::MatrixXd(3, 0), listed.rows.y.topRows(3), beta};
  return std::abs(of(criterion)(few).value - expected / 3);
}

// pseudo-likelihood at beta = 2 by a wrong sum over flips
CriterionValue by_half_couplings(const Problem& problem, const Executor& executor) {
  return mean_over_rows(problem, executor, [](const RowBlock& rows) {
    return planted::CR3::sum_over_flips(rows, [](double change) {
      return planted::CR3::FlipTerm{softplus(-2 * change) / 2, logistic(-2 * change)};
    });
  });
}

// Of h = 1e-3: the value's fifth derivative is below (2 beta |dE|)^5 24 with beta = 2 and |dE| <= 1
// (of a spin's change 2), 2.5e4, so that truncation is below 1e-9; rounding 1.5 x 1e-15 / 1e-3.
constexpr double difference_tolerance = 1e-9;

bool follows_its_value(Function criterion, const AnyModel& model, double beta) {
  return testing::difference_error(of(criterion), all_states(model, beta), 1e-3) <
         difference_tolerance;
}

bool is_consistent(Function criterion, const AnyModel& model, double beta) {
  const Problem rows = all_states(model, beta);
  const auto of_row = [&](const Problem& p, Index) { return of(criterion)(p); };
  return testing::population_gradient(of_row, rows, law_of(rows)) < rounding;
}

}  // namespace

TEST_CASE("pseudo-likelihood is the sum of the conditionals, by hand") {
  for (const double beta : {0.5, 1.0, 2.0}) {
    for (const AnyModel& model :
         {testing::three_pairs(ColumnKind::spin), testing::three_pairs(ColumnKind::bit),
          small_rbm(), testing::listed_model()}) {
      CHECK(pseudo_likelihood_error(pseudo_likelihood, model, beta) < rounding);
    }
  }
}

TEST_CASE("ratio matching is the sum of the squared probabilities of flips, by hand") {
  for (const double beta : {0.5, 1.0, 2.0}) {
    for (const AnyModel& model : {testing::three_pairs(ColumnKind::spin),
                                  testing::three_pairs(ColumnKind::bit), small_rbm()}) {
      CHECK(ratio_matching_error(ratio_matching, model, beta) < rounding);
    }
  }
  CHECK(ratio_matching_error(planted::CR5::ratio_matching, small_rbm(), 2) > 1e-2);
}

TEST_CASE("gradients of pseudo-likelihood and ratio matching are those of their values") {
  for (const AnyModel& model : {testing::three_pairs(ColumnKind::spin),
                                testing::three_pairs(ColumnKind::bit), small_rbm()}) {
    CHECK(follows_its_value(pseudo_likelihood, model, 2));
    CHECK(follows_its_value(ratio_matching, model, 2));
    CHECK_FALSE(follows_its_value(planted::CR1::pseudo_likelihood, model, 2));
    CHECK_FALSE(follows_its_value(planted::CR4::ratio_matching, model, 2));
  }
  CHECK(follows_its_value(pseudo_likelihood, testing::listed_model(), 2));
  CHECK_FALSE(follows_its_value(by_half_couplings, testing::three_pairs(ColumnKind::spin), 2));
}

TEST_CASE("the gradient is 0 where the data are the model's own law") {
  for (const double beta : {0.5, 2.0}) {
    for (const AnyModel& model : {testing::three_pairs(ColumnKind::spin),
                                  testing::three_pairs(ColumnKind::bit), small_rbm()}) {
      CHECK(is_consistent(pseudo_likelihood, model, beta));
      CHECK(is_consistent(ratio_matching, model, beta));
      CHECK_FALSE(is_consistent(planted::CR1::pseudo_likelihood, model, beta));
      CHECK_FALSE(is_consistent(planted::CR5::ratio_matching, model, beta));
    }
    CHECK(is_consistent(pseudo_likelihood, testing::listed_model(), beta));
    CHECK_FALSE(is_consistent(planted::CR2::pseudo_likelihood, testing::listed_model(), beta));
  }
}

TEST_CASE("M4, M6: of one column pseudo-likelihood is the NLL") {
  const Executor executor(1);
  const PairwiseModel one(ColumnKind::spin, Graph(1, {}), Params::Constant(1, 0.3));
  const Problem p{one, Eigen::MatrixXd(3, 0), Eigen::MatrixXd{{1.0}, {1.0}, {-1.0}}, 2};
  const CriterionValue found = pseudo_likelihood(p, executor);
  // Z = 2 cosh(2 x 0.3), mean of y = 1/3
  CHECK(std::abs(found.value - (-0.3 / 3 + std::log(2 * std::cosh(0.6)) / 2)) < 1e-15);
  CHECK(std::abs(found.gradient[0] - (std::tanh(0.6) - 1.0 / 3)) < 1e-15);
}

TEST_CASE("the same bits for any number of threads") {
  Problem p = testing::glass_problem(1);
  p.y = p.y.replicate(40, 1).eval();  // 240 rows: four blocks
  p.x = Eigen::MatrixXd(240, 0);
  const CriterionValue one = pseudo_likelihood(p, Executor(1)),
                       three = pseudo_likelihood(p, Executor(3));
  CHECK(one.value == three.value);
  CHECK(one.gradient == three.gradient);
}

TEST_CASE("what does not apply is refused, with what to take instead") {
  const Executor executor(1);
  const Problem real{GaussianModel::standard(2), Eigen::MatrixXd(1, 0), Eigen::MatrixXd::Zero(1, 2),
                     1};
  CHECK_THROWS_WITH_AS(pseudo_likelihood(real, executor), doctest::Contains("score_matching"),
                       ConfigError);
  CHECK_THROWS_WITH_AS(ratio_matching(real, executor), doctest::Contains("score_matching"),
                       ConfigError);
  const Problem labels = all_states(testing::listed_model(), 1);
  CHECK_THROWS_WITH_AS(ratio_matching(labels, executor), doctest::Contains("pseudo_likelihood"),
                       ConfigError);
  Problem forbidden = labels;
  forbidden.y.row(3) << 2, 1;
  CHECK_THROWS_WITH_AS(pseudo_likelihood(forbidden, executor), doctest::Contains("row 4"),
                       ConfigError);
  const Problem latent{testing::listed_model(true), labels.x, labels.y.leftCols(1), 1};
  CHECK_THROWS_WITH_AS(pseudo_likelihood(latent, executor), doctest::Contains("samples z"),
                       ConfigError);
  Problem empty = labels;
  empty.y.resize(0, 2);
  CHECK_THROWS_AS(pseudo_likelihood(empty, executor), ConfigError);
  Problem cold = labels;
  cold.beta = 0;
  CHECK_THROWS_WITH_AS(pseudo_likelihood(cold, executor), doctest::Contains("beta = 0"),
                       ConfigError);
  Params nan = labels.model.params();
  nan[2] = std::nan("");
  CHECK_THROWS_AS(
      pseudo_likelihood({labels.model.with_params(nan), labels.x, labels.y, 1}, executor),
      ModelError);
}
