#include "negphase/gradient/training_health.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "negphase/exact/total_variation.hpp"
#include "negphase/gradient/training.hpp"
#include "negphase/models/gaussian.hpp"
#include "negphase/models/graph.hpp"
#include "negphase/models/pairwise.hpp"
#include "negphase/models/quartic.hpp"
#include "negphase/registry/registry.hpp"
#include "planted/TR6.hpp"
#include "planted/TR7.hpp"
#include "planted/TR8.hpp"
#include "support/problems.hpp"
#include "support/training_options.hpp"

// How these tests can fail: an injected fault that is not named, a healthy training that is
// accused, a figure that is not what its name says, a training that goes on otherwise after a
// checkpoint.

namespace {

using namespace negphase;

bool names(const std::vector<Warning>& findings, const std::string& code) {
  for (const Warning& w : findings) {
    if (w.code == code) {
      return true;
    }
  }
  return false;
}

// y | x near x, by E = w0 y^4 / 4 + w1 y^2 / 2 - w2 x y - w3 y with w0 = 0: normal about w2 x / w1
Problem line(Index rows, double curvature) {
  Problem p = testing::quartic_problem(rows);
  p.x = Eigen::VectorXd::LinSpaced(rows, -1, 1);
  p.y = p.x;
  p.model = QuarticModel(Params{{0, curvature, curvature, 0}});
  return p;
}

// looks at a model at updates 1 .. 5 of 5, the last `sharper` times as curved as the one before
template <class Health>
std::vector<Warning> findings_of_sharpening(double first, double factor) {
  const Problem p = line(40, 1);
  Health health(p, testing::training_options({{"updates", std::int64_t{5}, {}}}),
                testing::settings_on(testing::one_thread(), 1));
  double curvature = first;
  for (std::int64_t update = 1; update <= 5; ++update, curvature *= factor) {
    health.look(line(40, curvature).model, p, {}, update);
  }
  return health.findings();
}

Problem spins(double field) {
  const Eigen::MatrixXd y{{1, 1, -1}, {-1, 1, -1}, {1, -1, -1}, {1, 1, 1}};
  return {PairwiseModel(ColumnKind::spin, Graph(3, all_pairs(3)),
                        Params{{0.5, -0.25, 0.125, field, 0, 0}}),
          Eigen::MatrixXd(4, 0), y, 2.0};
}

}  // namespace

TEST_CASE("a look measures energies, contrast and curvature") {
  const Problem p = line(40, 4);
  TrainingHealth health(p, testing::training_options({}),
                        testing::settings_on(testing::one_thread(), 1));
  const Negatives negatives{Eigen::MatrixXd::Constant(80, 1, 2), false};
  health.look(p.model, p, negatives, 1);
  const HealthLook& look = health.looks().front();
  // F = 2 y^2 - 4 x y; at the data y = x: -2 x^2
  const Eigen::ArrayXd x = p.x.array();
  CHECK(look.data_energy == doctest::Approx((-2 * x.square()).mean()).epsilon(1e-13));
  CHECK(look.negative_energy == doctest::Approx(8 - 8 * x.mean()).epsilon(1e-13));
  // central differences of a parabola's slope are exact up to rounding: 1e-16 x 8 / 1e-5
  CHECK(std::abs(look.curvature - 4) < 1e-9);
  CHECK(look.contrast > 1);
  CHECK(std::isnan(look.distance));
}

TEST_CASE("planted TR6: a curvature by one-sided differences of half the step") {
  const Problem p = line(40, 4);
  planted::TR6::TrainingHealth health(p, testing::training_options({}),
                                      testing::settings_on(testing::one_thread(), 1));
  health.look(p.model, p, {}, 1);
  CHECK(std::abs(health.looks().front().curvature - 4) > 1);
}

TEST_CASE("needles are named where the energy sharpens at the data, and only there") {
  // spread of y 0.58: valleys below 0.029 are needles, that is a curvature above 1190
  CHECK(names(findings_of_sharpening<TrainingHealth>(100, 2), "needles"));
  CHECK_FALSE(names(findings_of_sharpening<TrainingHealth>(100, 1), "needles"));   // wide
  CHECK_FALSE(names(findings_of_sharpening<TrainingHealth>(5000, 1), "needles"));  // not sharper
  CHECK_FALSE(names(findings_of_sharpening<TrainingHealth>(1, 2), "needles"));     // wide still
  CHECK(names(findings_of_sharpening<TrainingHealth>(0.001, 1), "flat_energy"));
  CHECK_FALSE(names(findings_of_sharpening<TrainingHealth>(1, 1), "flat_energy"));
}

TEST_CASE("planted TR7: a contrast without beta") {
  const auto contrast = [](auto health) {
    health.look(spins(0.5).model, spins(0.5), {}, 1);
    return health.looks().front().contrast;
  };
  const auto settings = testing::settings_on(testing::one_thread(), 1);
  const double right =
      contrast(TrainingHealth(spins(0.5), testing::training_options({}), settings));
  const double wrong =
      contrast(planted::TR7::TrainingHealth(spins(0.5), testing::training_options({}), settings));
  CHECK(right == doctest::Approx(2 * wrong).epsilon(1e-14));
}

TEST_CASE("chains that are not where the model is are named") {
  const Problem p = spins(0.5);
  const Index chains = 512;
  const Options options = testing::training_options(
      {{"chains", std::int64_t{chains}, {}}, {"updates", std::int64_t{5}, {}}});
  const Eigen::ArrayXd law = law_of_y(p.model, p.beta);
  // shares as near to the law as 512 chains can be, and all chains in one state
  Negatives right{Eigen::MatrixXd(chains, 3), true},
      wrong{Eigen::MatrixXd::Constant(chains, 3, -1), true};
  Index next = 0;
  for (Index state = 0; state < 8; ++state) {
    const Index count = state == 7
                            ? chains - next
                            : std::min<Index>(chains - next, std::lround(law[state] * chains));
    for (Index c = 0; c < count; ++c, ++next) {
      for (Index j = 0; j < 3; ++j) {
        right.y(next, j) = (state >> (2 - j)) % 2 == 1 ? 1 : -1;
      }
    }
  }
  const auto findings = [&](const Negatives& negatives) {
    TrainingHealth health(p, options, testing::settings_on(testing::one_thread(), 1));
    health.look(p.model, p, negatives, 1);
    health.look(p.model, p, negatives, 5);
    CHECK(health.looks().back().chain_age == 5);
    return health.findings();
  };
  CHECK_FALSE(names(findings(right), "chains_off_law"));
  CHECK(names(findings(wrong), "chains_off_law"));
  CHECK(names(findings({Eigen::MatrixXd::Constant(chains, 3, -1), true}), "energy_gap") ==
        false);  // three spins have no room for a gap of five deviations
}

TEST_CASE("an energy gap is named on either side") {
  const Problem p = line(40, 4);
  const Options options = testing::training_options({{"updates", std::int64_t{2}, {}}});
  const auto named = [&](double y) {
    TrainingHealth health(p, options, testing::settings_on(testing::one_thread(), 1));
    const Negatives far{Eigen::MatrixXd::Constant(40, 1, y), false};
    health.look(p.model, p, far, 1);
    health.look(p.model, p, far, 2);
    return names(health.findings(), "energy_gap");
  };
  CHECK(named(50));
  CHECK_FALSE(named(0.5));
}

TEST_CASE("the signal of the last tenth of the gradients over their noise") {
  const Problem p = spins(0.5);
  const Options options = testing::training_options(
      {{"updates", std::int64_t{1000}, {}}, {"schedule", std::string("constant"), {}}});
  const auto followed = [&](double signal) {
    TrainingHealth health(p, options, testing::settings_on(testing::one_thread(), 1));
    for (std::int64_t update = 1; update <= 1000; ++update) {
      Eigen::VectorXd g = Eigen::VectorXd::Zero(6);
      g[0] =
          update > 900 ? signal + (update % 2 == 0 ? 1 : -1) : 1e6;  // only the last tenth counts
      health.follow(g, update);
    }
    return health;
  };
  // n = 100 gradients signal +- 1: mean signal, variance of the mean 1 / 99
  CHECK(followed(0.5).signal_to_noise() == doctest::Approx(0.5 * std::sqrt(99.0)).epsilon(1e-12));
  CHECK(followed(0).signal_to_noise() < 1e-6);
}

TEST_CASE("the energy penalty is the derivative of mean F^2; planted TR8: without its factor 2") {
  const Problem p = testing::rbm_problem("rbm_3x2");  // F with z summed out
  const Negatives both{Eigen::MatrixXd::Ones(p.rows(), p.y.cols()) - p.y, false};
  const auto value = [&](const Params& w) {
    const AnyModel model = p.model.with_params(w);
    const FreeEnergies energies(model, p.x, p.rows(), p.beta, LatentRule::sum,
                                testing::one_thread());
    const auto square = [&](const Eigen::MatrixXd& y) {
      return energies.at(energies.completed(y)).array().square().mean();
    };
    return 0.3 * (square(p.y) + square(both.y));
  };
  const auto worst = [&](const Eigen::VectorXd& gradient) {
    double off = 0;
    for (Index i = 0; i < gradient.size(); ++i) {
      Params up = p.model.params(), down = up;
      up[i] += 1e-5;
      down[i] -= 1e-5;
      off = std::max(off, std::abs(gradient[i] - (value(up) - value(down)) / 2e-5));
    }
    return off;
  };
  // differences: (1e-5)^2 times a third derivative of order 10, and 1e-15 / 1e-5 of rounding
  CHECK(worst(energy_penalty_gradient(p.model, p, both, 0.3, testing::one_thread())) < 1e-8);
  CHECK(worst(planted::TR8::energy_penalty_gradient(p.model, p, both, 0.3, testing::one_thread())) >
        1e-2);
}

TEST_CASE("watching a training changes no number, and goes on after a checkpoint") {
  const Problem p = spins(0.5);
  const AnySampler flips = make_sampler("single_flip", {});
  const Options options = testing::training_options({{"updates", std::int64_t{40}, {}},
                                                     {"energy_penalty", 0.01, {}},
                                                     {"batch", std::int64_t{2}, {}}});
  const auto settings = testing::settings_on(testing::one_thread(), 3);
  Trainer whole(p, &flips, options, settings);
  SavedState half;
  while (!whole.done()) {
    whole.update();
    if (whole.updates() == 20) {
      whole.save(half);
    }
  }
  CHECK(whole.health().looks().size() == 5);
  Trainer resumed(p, &flips, options, settings);
  resumed.restore(SavedState::from_bytes(half.to_bytes()));
  while (!resumed.done()) {
    resumed.update();
  }
  SavedState a, b;
  whole.save(a);
  resumed.save(b);
  CHECK(a.to_bytes() == b.to_bytes());
}
