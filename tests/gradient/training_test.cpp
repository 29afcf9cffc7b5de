#include "negphase/gradient/training.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "negphase/exact/exact.hpp"
#include "negphase/registry/registry.hpp"
#include "planted/P1.hpp"
#include "planted/P2.hpp"
#include "support/pairwise_energy.hpp"
#include "support/problems.hpp"

namespace {

using namespace negphase;
using namespace negphase::testing;

// 3 spins with couplings and fields, started at W = 0: the NLL is convex and has its minimum inside
Problem three_spins() {
  Eigen::MatrixXd y(8, 3);
  y << 1, 1, 1, 1, 1, -1, 1, -1, -1, -1, -1, -1, -1, -1, 1, 1, 1, 1, -1, 1, -1, 1, -1, 1;
  return {PairwiseModel(ColumnKind::spin, 3, Params::Zero(6)), Eigen::MatrixXd(8, 0), y, 1.0};
}

const std::vector<GivenOption> schedule{{"updates", std::int64_t{600}, {}},
                                        {"batch", std::int64_t{8}, {}},
                                        {"chains", std::int64_t{512}, {}},
                                        {"learning_rate", 0.2, {}},
                                        {"learning_rate_end", 0.01, {}}};

double gradient_after(const auto& training, int threads = 2) {
  const Executor executor(threads);
  const Problem p = three_spins();
  const AnySampler flips = make_sampler("single_flip", {});
  const Options options = Options::resolve("[train]", train_options(), schedule);
  const Params w = training(p, flips, options, settings_on(executor, 3));
  return exact_nll_gradient(p.model.with_params(w), p.x, p.y, 1.0, {}, executor).gradient.norm();
}

// At a fixed rate r the parameters end up in a cloud about the minimum with E|g|^2 = r lambda tr(S)
// / 2, g the exact gradient, lambda <= 6 the largest eigenvalue of the spins' covariance (its
// trace) and tr(S) <= 6 / 512 the variance of a gradient. At the last rate 0.01 this is 3.5e-4, and
// |g| is above five times its root 0.019 less than once in a million.
constexpr double cloud = 5 * 0.019;

}  // namespace

TEST_CASE("persistent chains lead to the minimum of a convex NLL") {
  const Executor executor(1);
  const Problem p = three_spins();
  CHECK(exact_nll_gradient(p.model, p.x, p.y, 1.0, {}, executor).gradient.norm() > cloud);
  const auto right = [](const auto&... a) { return train(a...); };
  CHECK(gradient_after(right) < cloud);
}

TEST_CASE("planted P1, P2: training uphill, or with chains of the first model, is rejected") {
  CHECK(gradient_after([](const auto&... a) { return planted::P1::train(a...); }) > cloud);
  CHECK(gradient_after([](const auto&... a) { return planted::P2::train(a...); }) > cloud);
}

TEST_CASE("training tells of each update, in order") {
  const Executor executor(1);
  const Problem p = three_spins();
  const AnySampler flips = make_sampler("single_flip", {});
  std::int64_t last = 0;
  const Options options = Options::resolve("[train]", train_options(), schedule);
  train(p, flips, options, settings_on(executor, 3),
        [&](std::int64_t update, const Eigen::VectorXd& gradient) {
          CHECK(update == last + 1);
          CHECK(gradient.size() == 6);
          last = update;
        });
  CHECK(last == 600);
}
