#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "negphase/gradient/training.hpp"
#include "negphase/models/function_model.hpp"
#include "negphase/models/graph.hpp"
#include "negphase/models/pairwise.hpp"
#include "negphase/models/quartic.hpp"
#include "negphase/registry/registry.hpp"
#include "planted/PG1.hpp"
#include "planted/PG2.hpp"
#include "planted/PG3.hpp"
#include "support/problems.hpp"
#include "support/training_options.hpp"

// How these tests can fail: a collapse that a confinement of the energy hides, a small margin that
// is kept and accused, energies that diverge and are not named, a failed check where data without
// structure deserve a flat energy.

namespace {

using namespace negphase;
using Given = std::vector<GivenOption>;

Given loss_named(const char* name) {
  return {{"loss", std::string(name), {}}, {"updates", std::int64_t{2}, {}}};
}

// y = x on 40 rows, F = curvature (y^2 / 2 - coupling x y), beta 1
Problem line(double curvature, double coupling) {
  Problem p = testing::quartic_problem(40);
  p.x = p.y = Eigen::VectorXd::LinSpaced(40, -1, 1);
  p.beta = 1;
  p.model = QuarticModel(Params{{0, curvature, curvature * coupling, 0}});
  return p;
}

/// @param first  model at the first look  @param last  at the last
template <class Health = TrainingHealth>
Health looked_at(const Problem& first, const Problem& last, const Given& given) {
  Health health(last, testing::training_options(given),
                testing::settings_on(testing::one_thread(), 1));
  health.look(first.model, last, {}, 1);
  health.look(last.model, last, {}, 2);
  return health;
}

// 0: not named, 1: a note, 2: a failed check
template <class Health>
int named(const Health& health, const std::string& code) {
  for (const Warning& w : health.findings()) {
    if (w.code == code) {
      return w.is_failed_check ? 2 : 1;
    }
  }
  return 0;
}

}  // namespace

TEST_CASE("preference: how much higher F lies at the y of another row; planted PG2") {
  const auto preference = []<class Health>(double coupling) {
    const Problem p = line(3, coupling);
    return looked_at<Health>(p, p, loss_named("energy")).looks().back().preference;
  };
  // the other row is 20 rows of 2 / 39 away: 3 mean((y' - x)^2 - (y - x)^2) / 2; sums of 40 terms
  // of order 1
  const double right = 1.5 * std::pow(40.0 / 39, 2);
  CHECK(preference.operator()<TrainingHealth>(1) == doctest::Approx(right).epsilon(1e-13));
  CHECK(std::abs(preference.operator()<TrainingHealth>(0)) < 1e-14);
  CHECK(std::abs(preference.operator()<planted::PG2::TrainingHealth>(1) - right) > 0.1);
}

TEST_CASE("flat_energy: the confinement's own contrast is no knowledge of y") {
  const auto flat = [](double curvature, double coupling, const char* loss) {
    const Problem p = line(curvature, coupling);
    return named(looked_at(p, p, loss_named(loss)), "flat_energy");
  };
  // y does not depend on x, and noise lies high: by the energy loss that is a collapse
  CHECK(flat(3, 0, "energy") == 2);
  CHECK(flat(3, 1, "energy") == 0);
  CHECK(flat(3, 0, "hinge") == 0);  // chains may have taught it the law of y
  CHECK(flat(0.05, 1, "hinge") == 2);
  CHECK(flat(0.05, 1, "nll") == 1);
  CHECK(flat(0.05, 1, "score_matching") == 1);  // a note: so estimates what has no structure
}

TEST_CASE("flat_energy: a margin that is kept is no collapse, however small; planted PG1") {
  // F lies 0.105 higher at the y of another row; both together below the contrast that is asked of
  // a margin of 1
  const Problem p = line(0.2, 1);
  Given kept = loss_named("hinge");
  kept.push_back({"margin", 0.1, {}});
  const auto health = looked_at(p, p, kept);
  REQUIRE(health.looks().back().preference > 0.1);
  REQUIRE(health.looks().back().contrast < std::sqrt(2.0) / 3 * 0.4);
  CHECK(named(health, "flat_energy") == 0);
  CHECK(named(looked_at<planted::PG1::TrainingHealth>(p, p, kept), "flat_energy") == 2);
}

TEST_CASE("energies that explode are named, large ones are not; planted PG3") {
  const auto code = "energy_explodes";
  const Problem small = line(1, 1), large = line(1e8, 1);
  const Given given = loss_named("square_square");
  CHECK(named(looked_at(small, large, given), code) == 2);
  CHECK(named(looked_at(large, large, given), code) == 0);
  CHECK(named(looked_at(small, line(1e5, 1), given), code) == 0);
  CHECK(named(looked_at<planted::PG3::TrainingHealth>(small, large, given), code) == 0);
}

TEST_CASE("square_square with steps that are too large is an error or a finding, never silent") {
  const Eigen::MatrixXd y{{1, 1, -1}, {-1, 1, -1}, {1, -1, -1}, {1, 1, 1}};
  const Problem p{PairwiseModel(ColumnKind::spin, Graph(3, all_pairs(3)), Params::Zero(6)),
                  Eigen::MatrixXd(4, 0), y, 1.0};
  const AnySampler flips = make_sampler("single_flip");
  for (const std::int64_t updates : {20, 50, 2000}) {
    Given given{{"loss", std::string("square_square"), {}},
                {"learning_rate", 1.0, {}},
                {"schedule", std::string("constant"), {}},
                {"updates", updates, {}}};
    Trainer trainer(p, &flips, testing::training_options(given),
                    testing::settings_on(testing::one_thread(), 1));
    bool said = false;
    try {
      while (!trainer.done()) {
        trainer.update();
      }
      said = named(trainer.health(), "energy_explodes") == 2;
    } catch (const ModelError&) {
      said = true;
    }
    CAPTURE(updates);
    CAPTURE(trainer.params().norm());
    CHECK(said);
  }
}

TEST_CASE("z that explains every y is named, and z that is regularised is not") {
  // E = 5 (y - w0 - w1 x - z)^2 + lambda z^2, z on 32 places from -6 to 6
  const auto health_at = [](double lambda) {
    const auto energy = [lambda](const auto& w, const auto& x, const auto& y, const auto& z) {
      const double place = -6 + 12 * static_cast<double>(state_number(z[0])) / 31;
      const auto miss = y[0] - w[0] - w[1] * x[0] - place;
      return 5 * miss * miss + lambda * place * place;
    };
    Problem p = line(1, 1);
    p.model = FunctionModel({1, {real_column()}, {Column{ColumnKind::category, 32}}, 2}, energy,
                            Params{{0, 0}});
    Trainer trainer(p, nullptr,
                    testing::training_options(
                        {{"loss", std::string("energy"), {}}, {"updates", std::int64_t{40}, {}}}),
                    testing::settings_on(testing::one_thread(), 1));
    while (!trainer.done()) {
      trainer.update();
    }
    return trainer.health().findings();
  };
  const std::vector<Warning> free = health_at(0);
  REQUIRE(free.size() == 1);
  CHECK(free[0].code == "flat_energy");
  CHECK(free[0].text.find("z explains every y") != std::string::npos);
  CHECK(health_at(10).empty());
}
