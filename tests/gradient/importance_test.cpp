#include "negphase/gradient/importance.hpp"

#include <doctest/doctest.h>

#include <boost/random/normal_distribution.hpp>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "negphase/exact/exact.hpp"
#include "negphase/gradient/nll_objective.hpp"
#include "negphase/gradient/registry.hpp"
#include "negphase/gradient/training.hpp"
#include "negphase/models/gaussian.hpp"
#include "planted/ES10.hpp"
#include "planted/ES11.hpp"
#include "planted/ES6.hpp"
#include "planted/ES7.hpp"
#include "planted/ES8.hpp"
#include "planted/ES9.hpp"
#include "support/problems.hpp"

namespace {

using namespace negphase;
using namespace negphase::testing;
using Given = std::vector<GivenOption>;

GivenOption given(const char* name, OptionValue value) { return {name, std::move(value), {}}; }

Problem warm(Problem p, double beta = 1.7) {
  p.beta = beta;
  return p;
}

ExactNll exact(const Problem& p, const Executor& executor) {
  return exact_nll_gradient(p.model, p.x, p.y, p.beta, {}, executor);
}

bool agrees(const GradientEstimate& e, const Eigen::VectorXd& expected, double largest_error_bar) {
  return e.standard_error.maxCoeff() <= largest_error_bar &&
         compare(e, expected).worst_z <= z_bound(expected.size());
}

// z of the NLL as if its error bar were normal; 31 and more degrees of freedom
double loss_z(const GradientEstimate& e, double nll) {
  return z_score((e.loss->nll - nll) / e.loss->standard_error, e.loss->degrees_of_freedom);
}

// of 8 points in the plane under a Gaussian of precision ((2, 0.5), (0.5, 1)) and mean off 0
Problem plane() {
  Eigen::MatrixXd y(8, 2);
  y << 0.3, -0.2, -0.8, 0.9, 1.1, 0.4, -0.1, -1.2, 0.6, 0.7, -0.5, 0.1, 0.2, 1.3, -0.9, -0.6;
  return {GaussianModel(2, Params{{0.2, -0.1, 2, 0.5, 1}}), Eigen::MatrixXd(8, 0), y, 1.4};
}

}  // namespace

TEST_CASE("M8: weighted draws agree with the exact gradient and the exact NLL") {
  const Executor executor(2);
  struct Case {
    std::string what;
    Problem problem;
    Given options;
    double largest_error_bar;
  };
  const std::vector<Case> cases{
      {"quartic, mixture", warm(quartic_problem(10)), {given("draws", std::int64_t{2000})}, 0.02},
      {"quartic, box",
       warm(quartic_problem(10)),
       {given("draws", std::int64_t{2000}), given("proposal", std::string("box")),
        given("lower", -4.0), given("upper", 4.0)},
       0.02},
      {"plane, mixture", plane(), {given("draws", std::int64_t{4000})}, 0.03},
      {"RBM, states",
       warm(rbm_problem("rbm_3x2_strong")),
       {given("draws", std::int64_t{2000})},
       0.02},
      {"glass, states", glass_problem(0.7), {given("draws", std::int64_t{3000})}, 0.02}};
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const ExactNll truth = exact(c.problem, executor);
    const auto e =
        estimate_gradient(c.problem, nullptr, "importance", c.options, settings_on(executor, 3));
    CHECK(agrees(e, truth.gradient, c.largest_error_bar));
    REQUIRE(e.loss);
    CHECK(std::abs(loss_z(e, truth.nll)) < z_bound(1));
    CHECK(e.loss->standard_error < 0.02);
    CHECK(e.loss->weight_share > 0.1);
  }
}

namespace {

template <class Plan>
Plan plan_of(Index draws, Index replicates) {
  Plan plan;
  plan.draws = draws;
  plan.replicates = replicates;
  return plan;
}

}  // namespace

TEST_CASE("planted ES6, ES7, ES8, ES11: weights not normalised, without beta, without q") {
  const Executor executor(2);
  const Problem p = warm(quartic_problem(10));
  const auto truth = exact(p, executor).gradient;
  const auto s = settings_on(executor, 4);
  const auto q = make_proposal(p, {});
  const Index draws = 2000, replicates = 32;
  CHECK(agrees(estimate_by_importance(p, *q, plan_of<ImportancePlan>(draws, replicates), s), truth,
               0.02));
  CHECK_FALSE(agrees(planted::ES6::estimate_by_importance(
                         p, *q, plan_of<planted::ES6::ImportancePlan>(draws, replicates), s),
                     truth, 0.02));
  CHECK_FALSE(agrees(planted::ES7::estimate_by_importance(
                         p, *q, plan_of<planted::ES7::ImportancePlan>(draws, replicates), s),
                     truth, 0.02));
  CHECK_FALSE(agrees(planted::ES8::estimate_by_importance(
                         p, *q, plan_of<planted::ES8::ImportancePlan>(draws, replicates), s),
                     truth, 0.02));

  // log q of a mixture, by hand
  const Problem two = plane();
  const auto log_q_by_hand = [&](double a, double b) {
    double sum = 0;
    for (Index r = 0; r < 8; ++r) {
      const double d = std::pow(a - two.y(r, 0), 2) + std::pow(b - two.y(r, 1), 2);
      sum += std::exp(-d / (2 * 0.25)) / (2 * std::numbers::pi * 0.25) / 8;
    }
    return std::log(sum);
  };
  const std::vector<double> at{0.4, -1.0};
  ProposalSpec narrow;
  narrow.width = 0.5;
  planted::ES11::ProposalSpec wrong;
  wrong.width = 0.5;
  // a dozen operations on numbers below 10
  CHECK(std::abs(make_proposal(two, narrow)->log_density(0, at) - log_q_by_hand(0.4, -1)) < 1e-13);
  CHECK(std::abs(planted::ES11::make_proposal(two, wrong)->log_density(0, at) -
                 log_q_by_hand(0.4, -1)) > 0.01);
}

namespace {

// quartic on one row of x: p and q = N(y_0, 1) on a fine grid, which for densities that vanish at
// its ends is exact to rounding
struct OnGrid {
  Eigen::ArrayXd p, q;  // densities
  Eigen::MatrixXd g;    // [P x nodes] dE/dW
  double step = 0;
  explicit OnGrid(const Problem& problem) {
    constexpr Index nodes = 4001;
    Block<double> y(nodes, 1);
    y.col(0).setLinSpaced(nodes, -8, 8);
    step = 16.0 / (nodes - 1);
    const auto energy = problem.model.bind_double(
        problem.model.prepare(problem.x), std::vector<Index>(static_cast<std::size_t>(nodes), 0));
    PerChain e(nodes);
    energy.energy(y, e);
    p = (-problem.beta * (e - e.minCoeff())).exp();
    p /= p.sum() * step;
    q = (-(y.col(0) - problem.y(0, 0)).square() / 2).exp() / std::sqrt(2 * std::numbers::pi);
    g.resize(problem.model.shape().num_params, nodes);
    for (Index k = 0; k < nodes; ++k) {
      Eigen::VectorXd one = Eigen::VectorXd::Zero(g.rows());
      energy.add_param_grad(y, {k, 1}, PerChain::Ones(nodes), one);
      g.col(k) = one;
    }
  }
  Eigen::VectorXd mean() const { return g * (p * step).matrix(); }
  /// b of E[ratio] = mean + b / S + O(1 / S^2): -E_q[r^2 (g - mean)], r = p / q.
  Eigen::VectorXd bias() const {
    return -((g.colwise() - mean()) * (p.square() / q * step).matrix());
  }
  /// relative variance of one weight
  double weight_variance() const { return (p.square() / q * step).sum() - 1; }
};

}  // namespace

// Z_S (g_S - mean), Z_S the mean weight over Z and g_S the ratio, is a mean of terms with
// expectation 0: taken away from g_S - mean it leaves the same bias b_S with far less noise.
// S b_S = b + c / S + ...: the c that S and 2 S show together is taken away,
// 2 (2 S b_2S) - S b_S = b + O(1 / S^2).
TEST_CASE("M8: the bias of a ratio of S draws is b / S, with the b of theory") {
  const Executor executor(2);
  const Problem p = warm(quartic_problem(1), 1.3);
  const OnGrid grid(p);
  const auto q = make_proposal(p, {});
  const ExactNll truth = exact(p, executor);
  const Eigen::VectorXd b = grid.bias(), mean = grid.mean();
  CHECK((mean - truth.negative.mean_param_grad).cwiseAbs().maxCoeff() < 1e-9);
  const Eigen::VectorXd along = b.normalized();  // one number: the bias along b
  std::vector<double> scaled, error;
  for (const Index draws : {8, 16, 32, 64}) {
    const auto phase = draw_importance(p, *q, plan_of<ImportancePlan>(draws, 400000 / draws),
                                       settings_on(executor, static_cast<std::uint64_t>(draws)));
    const Eigen::RowVectorXd rest =
        (1 - (phase.log_mean_weight - truth.negative.log_z[0]).exp()).matrix().transpose();
    const Eigen::MatrixXd off =
        ((along.transpose() * phase.cell_means).array() - along.dot(mean)) * rest.array();
    const ReplicateMean found = combine(phase.replicates, off);
    const auto s = static_cast<double>(draws);
    scaled.push_back(s * found.mean[0]);
    error.push_back(s * std::sqrt(found.squared_error[0]));
    MESSAGE("S = " << draws << ": S x bias = " << scaled.back() << " +- " << error.back()
                   << ", theory " << b.norm());
    CHECK(scaled.back() > 4.9 * error.back());  // it is there
  }
  for (std::size_t i = 1; i < 4; ++i) {
    const double sharp = 2 * scaled[i] - scaled[i - 1];
    const double its_error = std::sqrt(4 * error[i] * error[i] + error[i - 1] * error[i - 1]);
    // what is left is of order S^-2: at most the c / S that was seen
    const double left = std::abs(scaled[i] - scaled[i - 1]);
    CHECK(std::abs(sharp - b.norm()) < 4.9 * its_error + left);
  }
  const auto e =
      estimate_by_importance(p, *q, plan_of<ImportancePlan>(20000, 32), settings_on(executor, 5));
  CHECK(agrees(e, truth.gradient, 0.01));
}

TEST_CASE("the logarithm of a mean lies below the truth by var / (2 mean^2); planted ES9") {
  const Executor executor(2);
  const Problem p = warm(quartic_problem(3), 1.3);
  const double truth = exact(p, executor).nll;
  const auto q = make_proposal(p, {});
  const auto look = [&](auto plan, const auto& estimate, double& wanted) {
    constexpr int seeds = 1500;
    double bias = 0, square = 0, predicted = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      const GradientEstimate e = estimate(p, *q, plan, settings_on(executor, seed));
      const double off = e.loss->nll - truth;
      bias += off / seeds;
      square += off * off / seeds;
      predicted += e.loss->jensen_bias / seeds;
    }
    wanted = predicted;
    MESSAGE("NLL off by " << bias << " +- " << std::sqrt(square / seeds) << ", predicted "
                          << predicted);
    // the next order of -log(1 + d): skewness / 3 / n^2 and var^2 / 4, below a fifth of the first
    // at 64 draws of weights whose relative variance is about 1
    return std::abs(bias - predicted) <
           4.9 * std::sqrt((square - bias * bias) / seeds) + std::abs(predicted) / 5;
  };
  double right = 0, wrong = 0;
  CHECK(look(
      plan_of<ImportancePlan>(4, 16), [](const auto&... a) { return estimate_by_importance(a...); },
      right));
  CHECK(right < 0);
  CHECK_FALSE(look(
      plan_of<planted::ES9::ImportancePlan>(4, 16),
      [](const auto&... a) { return planted::ES9::estimate_by_importance(a...); }, wrong));
}

TEST_CASE("the effective size is that of the weights, and below 10 % a check fails; planted ES10") {
  const Executor executor(2);
  const Problem p = warm(quartic_problem(1), 1.3);
  const double expected = 1 / (1 + OnGrid(p).weight_variance());
  const auto s = settings_on(executor, 8);
  const auto share = [](const GradientEstimate& e) { return e.loss->weight_share; };
  const auto q = make_proposal(p, {});
  // of 32 x 20,000 draws: a relative error of some 1e-3 at a weight variance about 1
  CHECK(std::abs(share(estimate_by_importance(p, *q, plan_of<ImportancePlan>(20000, 32), s)) /
                     expected -
                 1) < 0.01);
  CHECK(std::abs(share(planted::ES10::estimate_by_importance(
                     p, *q, plan_of<planted::ES10::ImportancePlan>(20000, 32), s)) /
                     expected -
                 1) > 0.01);
  const auto warned = [&](double width) {
    const auto e = estimate_gradient(p, nullptr, "importance", Given{given("width", width)}, s);
    bool failed = false;
    for (const Warning& w : e.warnings) {
      failed = failed || (w.code == "low_weight_share" && w.is_failed_check);
    }
    return failed;
  };
  CHECK_FALSE(warned(1));
  CHECK(warned(100));
}

namespace {

// heavy tails about 0, as a user may write it
class Logistic final : public Proposal {
 public:
  void draw(Index, StreamEngine& random, std::span<double> y) const override {
    const double u = (static_cast<double>(random()) + 0.5) / 4294967296.0;
    y[0] = std::log(u / (1 - u));
  }
  double log_density(Index, std::span<const double> y) const override {
    return -y[0] - 2 * std::log1p(std::exp(-y[0]));
  }
};

}  // namespace

TEST_CASE("a proposal of one's own") {
  const Executor executor(2);
  const Problem p = warm(quartic_problem(5));
  const auto e = estimate_by_importance(p, Logistic(), plan_of<ImportancePlan>(2000, 32),
                                        settings_on(executor, 6));
  CHECK(agrees(e, exact(p, executor).gradient, 0.03));
}

TEST_CASE("error bars of importance sampling are true over many seeds") {
  const Executor executor(2);
  const Problem p = warm(quartic_problem(4));
  const ExactNll truth = exact(p, executor);
  constexpr int seeds = 100;
  const double bound = 1 + 6 * std::sqrt(2.0 / seeds);  // estimators_test.cpp
  double gradient = 0, loss = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto e = estimate_by_importance(
        p, *make_proposal(p, {}), plan_of<ImportancePlan>(500, 16), settings_on(executor, seed));
    const double rms = compare(e, truth.gradient).rms_z;
    gradient += rms * rms / seeds;
    loss += std::pow(loss_z(e, truth.nll), 2) / seeds;
  }
  CHECK(gradient < bound);
  CHECK(gradient > 1 / bound);
  CHECK(loss < bound);
  CHECK(loss > 1 / bound);
}

TEST_CASE("the same bytes for any number of threads") {
  const Problem p = warm(quartic_problem(7));
  const Executor one(1), three(3);
  const auto a = estimate_gradient(p, nullptr, "importance", {}, settings_on(one, 2));
  const auto b = estimate_gradient(p, nullptr, "importance", {}, settings_on(three, 2));
  CHECK(a.mean == b.mean);
  CHECK(a.standard_error == b.standard_error);
  CHECK(a.loss->nll == b.loss->nll);
}

TEST_CASE("training by importance sampling follows the exact gradient") {
  const Executor executor(2);
  const Problem p = warm(quartic_problem(6));
  const Options options = Options::resolve(
      "[train]", train_options(),
      Given{given("gradient", std::string("importance")), given("batch", std::int64_t{6}),
            given("proposal_draws", std::int64_t{500})});
  NllObjective objective(p, nullptr, options, settings_on(executor, 3));
  constexpr int updates = 64;
  Eigen::MatrixXd found(4, updates);
  for (Index u = 0; u < updates; ++u) {
    found.col(u) = objective.at(p.model, u + 1).gradient;
  }
  CHECK(found.col(0) != found.col(1));
  const ReplicateMean mean = combine(Replicates::by_row(1, updates), found);
  const Eigen::VectorXd truth = exact(p, executor).gradient;
  for (Index i = 0; i < 4; ++i) {
    const double t = (mean.mean[i] - truth[i]) / std::sqrt(mean.squared_error[i]);
    CHECK(std::abs(z_score(t, updates - 1)) < z_bound(4));
    CHECK(std::sqrt(mean.squared_error[i]) < 0.02);
  }
}

TEST_CASE("what importance sampling cannot do is refused, with what to do") {
  const Executor executor(1);
  const auto s = settings_on(executor, 1);
  const auto refusal = [&](const Problem& p, const Given& options) {
    try {
      estimate_gradient(p, nullptr, "importance", options, s);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  const Problem p = quartic_problem(5);
  const auto says = [](const std::string& text, const char* word) {
    return text.find(word) != std::string::npos;
  };
  const GivenOption box = given("proposal", std::string("box"));
  CHECK(says(refusal(p, {box, given("lower", -1.0), given("upper", 5.0)}), "row 1"));
  CHECK(says(refusal(p, {box, given("lower", 1.0), given("upper", 1.0)}), "lower < upper"));
  CHECK(says(refusal(p, {given("width", 0.0)}), "width"));
  CHECK(says(refusal(p, {given("replicates", std::int64_t{2})}), "replicates >= 4"));
  CHECK(says(refusal(p, {given("draws", std::int64_t{1000000000000})}), "GB"));
  Problem far = quartic_problem(1);
  far.y(0, 0) = 1e80;  // E of the draws overflows: no draw has a weight
  CHECK_FALSE(refusal(far, {}).empty());
}
