#include "negphase/gradient/optimizer.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "negphase/gradient/training.hpp"
#include "planted/P4.hpp"
#include "planted/P5.hpp"
#include "planted/TR2.hpp"
#include "planted/TR3.hpp"

namespace {

using namespace negphase;

Options with(const std::string& rule, const std::string& schedule = "linear") {
  const std::vector<GivenOption> given{{"optimizer", rule, {}},
                                       {"schedule", schedule, {}},
                                       {"updates", std::int64_t{5}, {}},
                                       {"learning_rate", 0.4, {}},
                                       {"learning_rate_end", 0.2, {}}};
  return Options::resolve("[train]", train_options(), given);
}

// W after steps along g1 = (1, -4) and g2 = (3, 0) from 0 at the rate 0.5
template <class Rule>
Eigen::VectorXd after_two(const std::string& rule, bool saved_between = false) {
  Rule optimizer(with(rule), 2);
  Eigen::VectorXd w = Eigen::VectorXd::Zero(2);
  optimizer.step(w, Eigen::Vector2d(1, -4), 0.5);
  if (saved_between) {
    SavedState state;
    optimizer.save(state);
    optimizer = Rule(with(rule), 2);
    optimizer.restore(SavedState::from_bytes(state.to_bytes()));
  }
  optimizer.step(w, Eigen::Vector2d(3, 0), 0.5);
  return w;
}

double distance(const Eigen::VectorXd& w, double a, double b) {
  return (w - Eigen::Vector2d(a, b)).cwiseAbs().maxCoeff();
}

// By hand: m = 0.1 g1, v = 0.001 g1^2: the first step is 0.5 g1 / |g1|. Then m' = (0.09 g1 +
// 0.1 g2) / 0.19, v' = (0.000999 g1^2 + 0.001 g2^2) / 0.001999.
Eigen::Vector2d adam_by_hand() {
  const double m = (0.09 + 0.3) / 0.19, v = (0.000999 + 0.009) / 0.001999;
  const double n = -0.36 / 0.19, u = 0.000999 * 16 / 0.001999;
  return {-0.5 - 0.5 * m / std::sqrt(v), 0.5 - 0.5 * n / std::sqrt(u)};
}
// 1e-8 under Adam's root moves a step by 1e-8 / |g| at most
constexpr double adam_rounding = 1e-7;

Lbfgs::Point rosenbrock(const Eigen::VectorXd& w) {
  const double a = 1 - w[0], b = w[1] - w[0] * w[0];
  return {a * a + 100 * b * b, Eigen::Vector2d(-2 * a - 400 * w[0] * b, 200 * b)};
}

}  // namespace

TEST_CASE("steps of the optimisers are those of their formulas") {
  CHECK(distance(after_two<Optimizer>("sgd"), -2, 2) < 1e-15);
  CHECK(distance(after_two<Optimizer>("momentum"), -0.5 - 0.5 * 3.9, 2 + 0.5 * 3.6) < 1e-15);
  const Eigen::Vector2d adam = adam_by_hand();
  CHECK(distance(after_two<Optimizer>("adam"), adam[0], adam[1]) < adam_rounding);
}

// By hand: v = 0.01 g1^2, then 0.0099 g1^2 + 0.01 g2^2: the first step is 10 times 0.5 sign(g1),
// the second along g2 = (3, 0) only.
TEST_CASE("rmsprop divides by the root of the mean square; planted TR2: by the mean square") {
  const double first = -5 - 0.5 * 3 / std::sqrt(0.0099 + 0.09);
  // the first root is |g1| / 10: 1e-8 beside it counts ten times as much as under Adam's
  CHECK(distance(after_two<Optimizer>("rmsprop"), first, 5) < 10 * adam_rounding);
  CHECK(distance(after_two<planted::TR2::Optimizer>("rmsprop"), first, 5) > 1);
  CHECK(after_two<Optimizer>("rmsprop", true) == after_two<Optimizer>("rmsprop"));
}

TEST_CASE("a gradient is shortened to a length and keeps its direction; planted TR3") {
  const auto shortened = [](auto* clip_it, double longest) {
    Eigen::VectorXd g = Eigen::Vector2d(3, -4);
    CHECK(clip_it(g, longest) == 5);
    return g;
  };
  CHECK(distance(shortened(clip, 2.5), 1.5, -2) < 1e-15);
  CHECK(shortened(clip, 5) == Eigen::Vector2d(3, -4));
  CHECK(shortened(clip, 0) == Eigen::Vector2d(3, -4));
  CHECK(distance(shortened(planted::TR3::clip, 2.5), 1.5, -2) > 0.1);
}

TEST_CASE("planted P4, P5: a velocity forgotten, Adam without its correction") {
  for (const char* rule : {"sgd", "momentum", "adam"}) {
    CHECK(after_two<Optimizer>(rule, true) == after_two<Optimizer>(rule));
  }
  CHECK(after_two<planted::P4::Optimizer>("momentum", true) != after_two<Optimizer>("momentum"));
  const Eigen::Vector2d adam = adam_by_hand();
  CHECK(distance(after_two<planted::P5::Optimizer>("adam"), adam[0], adam[1]) > 0.1);
}

TEST_CASE("learning rates by schedule") {
  CHECK(learning_rate(with("sgd", "constant"), 5) == 0.4);
  for (const char* schedule : {"linear", "cosine"}) {
    CHECK(learning_rate(with("sgd", schedule), 1) == 0.4);
    CHECK(std::abs(learning_rate(with("sgd", schedule), 3) - 0.3) < 1e-15);
    CHECK(std::abs(learning_rate(with("sgd", schedule), 5) - 0.2) < 1e-15);
  }
  CHECK(std::abs(learning_rate(with("sgd", "cosine"), 2) - (0.3 + 0.1 * std::sqrt(0.5))) < 1e-15);
}

TEST_CASE("L-BFGS finds the end of Rosenbrock's valley, also when it is saved on the way") {
  Eigen::VectorXd w = Eigen::Vector2d(-1.2, 1);
  Lbfgs lbfgs;
  lbfgs.begin(w, rosenbrock);
  int steps = 0;
  while (lbfgs.present().gradient.norm() > 1e-9 && steps < 100) {
    const double before = lbfgs.present().value;
    SavedState state;
    lbfgs.save(state);
    Lbfgs again;
    again.restore(state, 2);
    Eigen::VectorXd there = w;
    CHECK(again.step(there, rosenbrock) == lbfgs.step(w, rosenbrock));
    CHECK(there == w);
    CHECK(lbfgs.present().value < before);
    ++steps;
  }
  CHECK(distance(w, 1, 1) < 1e-8);
  CHECK_MESSAGE(steps < 100, "quasi-Newton needs some 40 steps here, gradient descent 10,000");
}

TEST_CASE("L-BFGS leaves w alone where nothing is lower") {
  Eigen::VectorXd w = Eigen::Vector2d(1, 1);
  Lbfgs lbfgs;
  lbfgs.begin(w, rosenbrock);
  CHECK_FALSE(lbfgs.step(w, rosenbrock));
  CHECK(w == Eigen::Vector2d(1, 1));
}
