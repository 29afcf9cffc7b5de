#include "negphase/gradient/criteria/criterion_objective.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "negphase/exact/exact.hpp"
#include "negphase/gradient/training.hpp"
#include "negphase/models/gaussian.hpp"
#include "planted/CR13.hpp"
#include "planted/CR14.hpp"
#include "support/listed_states.hpp"
#include "support/problems.hpp"

// How training by a criterion can fail: the same draws at every update, draws that depend on
// threads or on what was saved, rows of a batch for all rows, a line search that follows noise.

namespace {

using namespace negphase;
using Given = std::vector<GivenOption>;

Options options_of(const std::string& loss, Given given = {}) {
  given.push_back({"loss", loss, {}});
  return Options::resolve("[train]", train_options(), given);
}

Problem gaussian_rows() {
  Eigen::MatrixXd y(100, 2);  // two blocks of rows
  for (Index r = 0; r < 100; ++r) {
    const double t = static_cast<double>(r);
    y.row(r) << std::sin(1 + 2.3 * t), 0.7 * std::sin(0.4 + 1.7 * t) + 0.2 * std::sin(1 + 2.3 * t);
  }
  return {GaussianModel::standard(2), Eigen::MatrixXd(100, 0), y, 1};
}

Problem spin_rows() {
  Problem p = testing::glass_problem(1);
  p.y = p.y.replicate(20, 1).eval();  // 120 rows
  p.x = Eigen::MatrixXd(120, 0);
  return p;
}

// a problem that the criterion applies to
Problem problem_for(std::string_view loss) {
  return loss.ends_with("score_matching") ? gaussian_rows() : spin_rows();
}

std::string state_of(const Trainer& trainer) {
  SavedState state;
  trainer.save(state);
  return state.to_bytes();
}

}  // namespace

TEST_CASE("training by each criterion goes on with the same bytes, on other threads") {
  for (const CriterionRow& row : criteria()) {
    CAPTURE(row.name);
    const Problem p = problem_for(row.name);
    const Options options = options_of(
        std::string(row.name), {{"updates", std::int64_t{4}, {}}, {"batch", std::int64_t{70}, {}}});
    const Executor one(1), three(3);
    Trainer unbroken(p, nullptr, options, testing::settings_on(one, 5));
    unbroken.update();
    unbroken.update();
    SavedState half;
    unbroken.save(half);
    unbroken.update();
    unbroken.update();
    Trainer again(p, nullptr, options, testing::settings_on(three, 5));
    again.restore(SavedState::from_bytes(half.to_bytes()));
    again.update();
    again.update();
    CHECK(state_of(again) == state_of(unbroken));
  }
}

TEST_CASE("each update has draws of its own, or none") {
  const Executor executor(1);
  for (const CriterionRow& row : criteria()) {
    CAPTURE(row.name);
    const Problem p = problem_for(row.name);
    CriterionObjective objective(
        std::string(row.name), p,
        options_of(std::string(row.name), {{"batch", std::int64_t{1000}, {}}}),
        testing::settings_on(executor, 1));
    const auto first = objective.at(p.model, 1).gradient,
               second = objective.at(p.model, 2).gradient;
    CHECK((first - second).isZero(0) == !row.draws);
    CHECK(objective.why_no_line_search().empty() == !row.draws);
    CHECK(objective.counts().energy_evaluations > 0);
  }
  const Problem p = gaussian_rows();
  planted::CR13::CriterionObjective wrong("sliced_score_matching", p,
                                          options_of("sliced_score_matching"),
                                          testing::settings_on(executor, 1));
  CHECK((wrong.at(p.model, 1).gradient - wrong.at(p.model, 2).gradient).isZero(0));
}

TEST_CASE("drawn noise and slices have mean 0 and covariance I: the mean is what is drawn about") {
  const Executor executor(1);
  const Problem p = gaussian_rows();
  Problem away = p;
  Params w(5);
  w << 0.3, -0.2, 0.8, 0.3, 1.4;
  away.model = p.model.with_params(w);
  const Options exact = options_of("score_matching", {{"batch", std::int64_t{100}, {}}});
  CriterionObjective reference("score_matching", away, exact, testing::settings_on(executor, 1));
  const Eigen::VectorXd expected = reference.at(away.model, 1).gradient;
  // mean and standard error over updates, whose draws are independent; 5 components
  const auto worst_z = [&](auto& objective) {
    constexpr Index updates = 400;
    Eigen::ArrayXd sum = Eigen::ArrayXd::Zero(5), squares = sum;
    for (Index u = 1; u <= updates; ++u) {
      const Eigen::ArrayXd g = objective.at(away.model, u).gradient.array();
      sum += g;
      squares += g.square();
    }
    const Eigen::ArrayXd mean = sum / updates;
    const Eigen::ArrayXd error = ((squares / updates - mean.square()).max(0.0) / updates).sqrt();
    // rounding of second differences: 4e-8 (score_matching_test)
    return ((mean - expected.array()).abs() / (error + 1e-8)).maxCoeff();
  };
  const Options sliced = options_of("sliced_score_matching", {{"batch", std::int64_t{100}, {}}});
  CriterionObjective right("sliced_score_matching", away, sliced,
                           testing::settings_on(executor, 1));
  CHECK(worst_z(right) < testing::z_bound(5));
  planted::CR14::CriterionObjective wrong("sliced_score_matching", away, sliced,
                                          testing::settings_on(executor, 1));
  CHECK(worst_z(wrong) > testing::z_bound(5));
}

TEST_CASE(
    "trained by lbfgs on pseudo-likelihood, the NLL comes near its least and stays above it") {
  const Executor executor(1);
  const Problem p = spin_rows();
  const auto nll_of = [&](const std::string& loss) {
    const Params w = train(p, nullptr,
                           options_of(loss, {{"gradient", std::string("exact"), {}},
                                             {"optimizer", std::string("lbfgs"), {}},
                                             {"batch", std::int64_t{120}, {}},
                                             {"l2", 0.01, {}}}),
                           testing::settings_on(executor, 1));
    return exact_nll_gradient(p.model.with_params(w), p.x, p.y, 1, {}, executor).nll +
           0.005 * w.squaredNorm();
  };
  const double start = exact_nll_gradient(p.model, p.x, p.y, 1, {}, executor).nll;
  const double least = nll_of("nll");
  for (const char* loss : {"pseudo_likelihood", "ratio_matching"}) {
    const double reached = nll_of(loss);
    CHECK(reached > least);
    CHECK(reached < least + 0.5 * (start - least));
  }
}

TEST_CASE("training refuses a criterion that does not apply, and says what to take") {
  const Executor executor(1);
  const auto message = [&](const Problem& p, const std::string& loss, const Given& given = {}) {
    try {
      Trainer(p, nullptr, options_of(loss, given), testing::settings_on(executor, 1));
    } catch (const ConfigError& refused) {
      return std::string(refused.what());
    }
    return std::string("accepted");
  };
  const auto has = [](const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  };
  CHECK(
      has(message(gaussian_rows(), "pseudo_likelihood"), "loss = \"pseudo_likelihood\": it sums"));
  CHECK(has(message(gaussian_rows(), "ratio_matching"), "score_matching for a real y"));
  CHECK(has(message(spin_rows(), "denoising_score_matching"), "ratio_matching"));
  CHECK(has(message(testing::quartic_problem(9), "nce"), "ranking_nce needs no log Z"));
  const Given lbfgs{{"optimizer", std::string("lbfgs"), {}}};
  CHECK(has(message(spin_rows(), "nce", lbfgs), "draws anew at each update"));
  CHECK(has(message(spin_rows(), "pseudo_likelihood", lbfgs), "batch >= 120"));
  CHECK(has(message(spin_rows(), "pseudo_likelihood"), "accepted"));
}
