#include "negphase/gradient/negative_answers.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "negphase/gradient/lowest_answers.hpp"
#include "negphase/gradient/training.hpp"
#include "negphase/models/pairwise.hpp"
#include "negphase/registry/registry.hpp"
#include "planted/LO13.hpp"
#include "planted/LO14.hpp"
#include "planted/LO15.hpp"
#include "planted/LO16.hpp"
#include "support/energy_model.hpp"
#include "support/kernel_probe.hpp"
#include "support/label_model.hpp"
#include "support/problems.hpp"
#include "support/zoo.hpp"

// Where negative answers come from: the lowest of other answers, against the whole table of
// energies; draws, against the law that they are drawn from.
namespace {

using namespace negphase;
using namespace negphase::testing;
using Given = std::vector<GivenOption>;

const Executor two_threads(2);

Loss named(std::string_view loss) { return {&find_loss(loss), {}, LatentRule::sum, {}}; }

Problem labels(Params w) {
  Eigen::MatrixXd x(4, 1), y(4, 1);
  x << -1.2, 0.4, 0.9, -0.3;
  y << 0, 1, 2, 0;
  return {LabelModel({}, std::move(w)), x, y, 0.8};
}

Params some_weights() {
  Params w(9);
  w << 0.3, -0.2, 0.5, 0.8, -0.6, 0.1, 0, 0, 0;
  return w;
}

// F of all answers to row r, by the model's own free energy of one at a time
Eigen::VectorXd table(const Problem& p, Index row) {
  const StateSpace space(p.model.shape().y);
  const Eigen::MatrixXd x = p.x.row(row).replicate(space.size(), 1);
  const FreeEnergies free_energies(p.model, x, space.size(), p.beta, LatentRule::sum, two_threads);
  return free_energies.at(space.all().matrix());
}

Index number_of(const Problem& p, const Eigen::MatrixXd& y, Index row) {
  return StateSpace(p.model.shape().y).index(y.row(row).array());
}

Problem flat_spins() {
  Eigen::MatrixXd y(3, 2);
  y << -1, -1, 1, -1, 1, 1;
  return {negphase::PairwiseModel(ColumnKind::spin, Graph(2, all_pairs(2)), Params::Zero(3)),
          Eigen::MatrixXd(3, 0), y, 1.0};
}

Options options_of(const Given& given) {
  return Options::resolve("[train]", train_options(), given);
}

}  // namespace

TEST_CASE("M3: the most offending answer and the least of all, against tables of all answers") {
  const RunSettings settings = settings_on(two_threads, 1);
  for (const Problem& p : {labels(some_weights()), glass_problem(1.3), rbm_problem("rbm_3x2")}) {
    const Negatives offending = offending_answers(p, named("hinge"), 0, settings);
    const Negatives least = least_answers(p, named("perceptron"), settings);
    for (Index r = 0; r < p.rows(); ++r) {
      Eigen::VectorXd f = table(p, r);
      Index lowest = 0, lowest_other = 0;
      f.minCoeff(&lowest);
      f[number_of(p, p.y, r)] = std::numeric_limits<double>::infinity();
      f.minCoeff(&lowest_other);
      CHECK(number_of(p, least.y, r) == lowest);
      CHECK(number_of(p, offending.y, r) == lowest_other);
    }
  }
}

TEST_CASE("losses perceptron: a tie goes to y, among others to the first in state order") {
  const RunSettings settings = settings_on(two_threads, 1);
  const Problem flat = flat_spins();
  CHECK(least_answers(flat, named("perceptron"), settings).y == flat.y);
  const LossValue none = loss_and_gradient(
      flat, named("perceptron"), least_answers(flat, named("perceptron"), settings), two_threads);
  CHECK(none.value == 0);
  CHECK(none.gradient.isZero(0));
  const Eigen::MatrixXd others = offending_answers(flat, named("hinge"), 0, settings).y;
  Eigen::MatrixXd first(3, 2);
  first << -1, 1, -1, -1, -1, -1;
  CHECK(others == first);
  // E of (-1, -1) and of (1, 1) is -1, of the others 1: of those two the first, and y where it is
  // one of them
  const AnyModel ferromagnet = flat.model.with_params((Params(3) << 1, 0, 0).finished());
  const Problem two_minima{ferromagnet, flat.x, flat.y, 1};
  first << -1, -1, -1, -1, 1, 1;
  CHECK(least_answers(two_minima, named("perceptron"), settings).y == first);
  CHECK(planted::LO13::least_answers(flat, named("perceptron"), settings).y != flat.y);
}

TEST_CASE("M3: real answers: the least of all, and the least outside a ball") {
  const RunSettings settings = settings_on(two_threads, 1);
  const Problem p = quartic_problem(7);
  constexpr double radius = 0.8;
  const Negatives offending = offending_answers(p, named("hinge"), radius, settings);
  const Negatives least = least_answers(p, named("perceptron"), settings);
  const FreeEnergies f(p.model, p.x, p.rows(), 1, LatentRule::sum, two_threads);
  const Eigen::VectorXd f_offending = f.at(offending.y), f_least = f.at(least.y);
  Eigen::VectorXd lowest = Eigen::VectorXd::Constant(7, 1e300), lowest_outside = lowest;
  for (int i = -3000; i <= 3000; ++i) {
    const double y = 1e-3 * i;
    const Eigen::VectorXd there = f.at(Eigen::MatrixXd::Constant(7, 1, y));
    lowest = lowest.cwiseMin(there);
    for (Index r = 0; r < 7; ++r) {
      if (std::abs(y - p.y(r, 0)) >= radius) {
        lowest_outside[r] = std::min(lowest_outside[r], there[r]);
      }
    }
  }
  for (Index r = 0; r < 7; ++r) {
    CAPTURE(r);
    // never above the best of a grid of 1e-3
    CHECK(f_least[r] <= lowest[r] + 1e-9);
    CHECK(f_offending[r] <= lowest_outside[r] + 1e-9);
    // a rounding of y + radius
    CHECK(std::abs(offending.y(r, 0) - p.y(r, 0)) >= radius - 1e-12);
  }
  CHECK_THROWS_WITH_AS(offending_answers(p, named("hinge"), 0, settings),
                       doctest::Contains("negative_radius"), ConfigError);
}

TEST_CASE("losses: an answer without an alternative is refused") {
  const RunSettings settings = settings_on(two_threads, 1);
  const TableEnergy<double> lone({{ColumnKind::category, 1}}, Eigen::VectorXd::Zero(1));
  const Problem p{EnergyModel::of(lone), Eigen::MatrixXd(2, 0), Eigen::MatrixXd::Zero(2, 1), 1};
  CHECK_THROWS_WITH_AS(offending_answers(p, named("hinge"), 0, settings),
                       doctest::Contains("there is no other answer"), ConfigError);
  CHECK_THROWS_WITH_AS(least_answers(p, named("perceptron"), settings),
                       doctest::Contains("there is no other answer"), ConfigError);
}

namespace {

// The mean gradient of some updates by drawn answers, of a loss that is linear in F - Fn: a hinge
// whose margin no pair reaches. It is then that of the NLL, and of its chains (M6, M9).
template <class Draws>
Eigen::VectorXd mean_gradient(const Given& given) {
  const Problem p = rbm_problem("rbm_3x2_strong");
  const AnySampler gibbs = make_sampler("block_gibbs", {});
  const Options options = options_of(given);
  // begun under another model, as persistent chains are
  Problem other = p;
  other.model = p.model.with_params(-p.model.params());
  Draws draws(other, p.rows(), &gibbs, options, settings_on(two_threads, 21));
  Loss linear = named("hinge");
  linear.constants.margin = 1e6;
  const int warmup = options.word("gradient") == "pcd" ? 50 : 0;
  constexpr int updates = 4;
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(11);
  for (int update = 1; update <= warmup + updates; ++update) {
    const auto drawn = draws.draw(p, update);
    if (update > warmup) {
      sum += loss_and_gradient(p, linear, {drawn.y, drawn.beside_all}, two_threads).gradient;
    }
  }
  return sum / updates;
}

double off_by(const Eigen::VectorXd& mean, const std::string& which) {
  return (mean - rbm_gradient("rbm_3x2_strong", which)).cwiseAbs().maxCoeff();
}

Given by(std::string gradient, std::int64_t k, std::int64_t chains) {
  return {{"gradient", std::move(gradient), {}},
          {"cd_k", k, {}},
          {"chains_per_row", chains, {}},
          {"warmup", std::int64_t{50}, {}},
          {"chains", chains, {}}};
}

}  // namespace

TEST_CASE("M9: negative answers are drawn by CD-k, persistent and long chains") {
  // E[h | v] v of bits has a variance of at most 1/4: 4 x 8000 independent draws make error bars
  // below 0.0028, and those of 8000 chains one after the other are at least as good as 8000. CD-1,
  // CD-2 and the exact gradient are 0.027 and more apart.
  const double bound = z_bound(11) * 0.5 / std::sqrt(32000.0);
  CHECK(off_by(mean_gradient<NegativeDraws>(by("cd", 1, 2000)), "expected_cd1_grad") < bound);
  CHECK(off_by(mean_gradient<NegativeDraws>(by("cd", 2, 2000)), "expected_cd2_grad") < bound);
  CHECK(off_by(mean_gradient<NegativeDraws>(by("long_chains", 1, 8000)), "exact_grad_nll") < bound);
  CHECK(off_by(mean_gradient<NegativeDraws>(by("pcd", 2, 8000)), "exact_grad_nll") < 2 * bound);
  CHECK(off_by(mean_gradient<planted::LO14::NegativeDraws>(by("pcd", 2, 8000)), "exact_grad_nll") >
        0.1);
}

TEST_CASE("losses: persistent negative answers go on where they were saved") {
  const Problem p = rbm_problem("rbm_3x2");
  const AnySampler gibbs = make_sampler("block_gibbs", {});
  const Options options = options_of(by("pcd", 1, 70));
  const RunSettings settings = settings_on(two_threads, 3);
  const auto goes_on = [&]<class Draws>(const Draws*) {
    Draws unbroken(p, p.rows(), &gibbs, options, settings);
    unbroken.draw(p, 1);
    SavedState state;
    unbroken.save(state);
    Draws resumed(p, p.rows(), &gibbs, options, settings);
    resumed.restore(state);
    return unbroken.draw(p, 2).y == resumed.draw(p, 2).y;
  };
  CHECK(goes_on(static_cast<const NegativeDraws*>(nullptr)));
  CHECK_FALSE(goes_on(static_cast<const planted::LO15::NegativeDraws*>(nullptr)));
}

TEST_CASE("losses: a batch takes the given answers of its own rows") {
  const Problem p = glass_problem(1);
  const auto matches = [&](auto batches) {
    bool all = true;
    for (int update = 0; update < 6; ++update) {
      const Eigen::MatrixXd y = batches.next(p.model, update + 1).y;
      all = all && batches.taken_of(p.y) == y;
    }
    return all;
  };
  CHECK(matches(Batches(p, 2, 1)));
  CHECK(matches(Batches(p, 6, 1)));
  CHECK_FALSE(matches(planted::LO16::Batches(p, 2, 1)));
}
