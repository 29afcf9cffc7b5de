#include "negphase/gradient/loss_evaluation.hpp"

#include <doctest/doctest.h>

#include <boost/random/uniform_real_distribution.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "negphase/models/rbm.hpp"
#include "negphase/random/stream_engine.hpp"
#include "planted/LO10.hpp"
#include "planted/LO11.hpp"
#include "planted/LO12.hpp"
#include "planted/LO8.hpp"
#include "planted/LO9.hpp"
#include "support/kernel_probe.hpp"
#include "support/label_model.hpp"
#include "support/model_checks.hpp"
#include "support/problems.hpp"

namespace {

using namespace negphase;
using namespace negphase::testing;

const Executor two_threads(2);
constexpr LossConstants constants{0.9, 0.4};

Problem at_beta(Problem p, double beta) {
  p.beta = beta;
  return p;
}

// z summed out, x given, y finite, y real, beta other than 1
Problem labels(LabelKind kind = {}) {
  Params w(9);
  w << 0.3, -0.2, 0.5, 0.8, -0.6, 0.1, 0.4, 0.7, -0.3;
  Eigen::MatrixXd x(4, 1), y(4, 1);
  x << -1.2, 0.4, 0.9, -0.3;
  y << 0, 1, 1, 0;
  return {LabelModel(kind, w), x, y, 0.8};
}

std::vector<Problem> problems() {
  return {at_beta(rbm_problem("rbm_3x2"), 0.7), glass_problem(1.3), labels(),
          labels({.has_latent = true}), quartic_problem(5)};
}

// `each` answers a datum, not the datum's own
Negatives fixed_answers(const Problem& p, Index each) {
  const Block<double> states = legal_block(p.model.shape().y, each * p.rows(), 11);
  return {states.matrix()};
}

AnyModel moved(const AnyModel& model, std::uint64_t seed) {
  StreamEngine engine(seed, 0, 0, Purpose::user);
  boost::random::uniform_real_distribution<double> uniform(-0.3, 0.3);
  Params w = model.params();
  for (Index i = 0; i < w.size(); ++i) {
    w[i] += uniform(engine);
  }
  return model.with_params(w);
}

// how near a pair is to where a derivative jumps, in units of energy
double distance_to_kink(std::string_view loss, const LossValue& found) {
  double nearest = 1e300;
  const Index rows = found.data_energy.size();
  for (Index i = 0; i < found.negative_energy.size(); ++i) {
    const double f = found.data_energy[i % rows], fn = found.negative_energy[i];
    const double m = constants.margin;
    if (loss == "hinge") {
      nearest = std::min(nearest, std::abs(m + f - fn));
    } else if (loss == "simple" || loss == "square_square") {
      nearest = std::min({nearest, std::abs(f), std::abs(fn - m)});
    }
  }
  return nearest;
}

// (64 D(h/4) - 20 D(h/2) + D(h)) / 45 of central differences, h = 2^-6: see param_gradient_error()
template <class Value>
double quotient(const Value& value) {
  const auto central = [&](double h) { return (value(h) - value(-h)) / (2 * h); };
  const double h = 1.0 / 64;
  return (64 * central(h / 4) - 20 * central(h / 2) + central(h)) / 45;
}

// |gradient - difference quotient in W| / (1 + |value|), worst over components; yn held.
template <class L, class N, class F>
double gradient_error(const Problem& p, const L& loss, const N& negatives, const F& evaluate) {
  const auto found = evaluate(p, loss, negatives, two_threads);
  double worst = 0;
  for (Index i = 0; i < found.gradient.size(); ++i) {
    const double wanted = quotient([&](double h) {
      Problem there = p;
      Params w = p.model.params();
      w[i] += h;
      there.model = p.model.with_params(w);
      return evaluate(there, loss, negatives, two_threads).value;
    });
    worst = std::max(worst, std::abs(found.gradient[i] - wanted) / (1 + std::abs(found.value)));
  }
  return worst;
}

// Rounding of the quotient: 9e-14 for each epsilon by which a value is off, some ten of them in a
// free energy. Truncation 5e-17 |L^(7)|: with |dF/dW_i| < 1.6, the largest, and derivatives of s up
// to 7! a step below 1e-11.
constexpr double bound = 1e-11;

// How far F - Fn goes in a step of 2^-6 at the most: |dF/dW_i| <= y^4 / 4 = 4 for the quartic at
// |y| <= 2, and less for the others.
constexpr double reach = 2 * 4.0 / 64;

Loss loss_of(std::string_view name, LatentRule latents = LatentRule::sum) {
  return {&find_loss(name), constants, latents, {}};
}

Negatives none() { return {}; }

// F of all y (z summed out by hand) for row r of x, from energies of all (y, z) alone
Eigen::VectorXd table_of_free_energies(const Problem& p, Index row) {
  const ModelShape shape = p.model.shape();
  std::vector<Column> all = shape.y;
  all.insert(all.end(), shape.z.begin(), shape.z.end());
  const StateSpace space(all);
  const std::vector<Index> rows(static_cast<std::size_t>(space.size()), row);
  PerChain energy(space.size());
  p.model.bind_double(p.model.prepare(p.x), rows).energy(space.all(), energy);
  const Index answers = StateSpace(shape.y).size(), latents = space.size() / answers;
  Eigen::VectorXd f(answers);
  for (Index y = 0; y < answers; ++y) {
    f[y] = -std::log((-p.beta * energy.segment(y * latents, latents)).exp().sum()) / p.beta;
  }
  return f;
}

double log_z_of(const Problem& p, const Eigen::VectorXd& f) {
  return std::log((-p.beta * f.array()).exp().sum());
}

Index number_of(const Problem& p, Index row) {
  return StateSpace(p.model.shape().y).index(p.y.row(row).array());
}

}  // namespace

TEST_CASE(
    "M1: losses energy, simple, hinge, log, square_square, square_exponential, perceptron, "
    "minimum_classification_error: gradients in W against difference quotients, yn held") {
  for (const LossRow& row : losses()) {
    if (row.negative == LossNegative::all_answers) {
      continue;
    }
    for (const Problem& start : problems()) {
      int looked_at = 0;
      for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        const Problem p{moved(start.model, seed), start.x, start.y, start.beta};
        const Negatives answers =
            row.negative == LossNegative::none ? none() : fixed_answers(p, 1 + seed % 2);
        const Loss loss = loss_of(row.name);
        if (distance_to_kink(row.name, loss_and_gradient(p, loss, answers, two_threads)) < reach) {
          continue;
        }
        CAPTURE(row.name);
        CAPTURE(p.model.shape().num_params);
        CAPTURE(seed);
        CHECK(gradient_error(p, loss, answers, loss_and_gradient) < bound);
        ++looked_at;
      }
      CHECK(looked_at >= 2);
    }
  }
}

TEST_CASE("losses: the value is the mean over the data of the table's, at energies of one by one") {
  const Problem p = quartic_problem(5);
  const Negatives answers = fixed_answers(p, 3);
  const LossValue found = loss_and_gradient(p, loss_of("hinge"), answers, two_threads);
  const auto energy = [&](Index row, double y) {
    const std::vector<Index> rows{row};
    PerChain out(1);
    p.model.bind_double(p.model.prepare(p.x), rows).energy(Block<double>::Constant(1, 1, y), out);
    return out[0];
  };
  double sum = 0;
  for (Index i = 0; i < 15; ++i) {
    CHECK(found.negative_energy[i] == energy(i % 5, answers.y(i, 0)));
    sum += std::max(
        0.0, constants.margin + energy(i % 5, p.y(i % 5, 0)) - energy(i % 5, answers.y(i, 0)));
  }
  CHECK(found.value == doctest::Approx(sum / 15).epsilon(1e-14));
}

TEST_CASE("losses: answers beside all rows are all pairs") {
  const Problem p = glass_problem(1);
  const Negatives beside_all{fixed_answers(p, 1).y.topRows(4), true};
  Negatives pairs;
  pairs.y.resize(4 * p.rows(), p.y.cols());
  for (Index i = 0; i < 4; ++i) {
    pairs.y.middleRows(i * p.rows(), p.rows()) = beside_all.y.row(i).replicate(p.rows(), 1);
  }
  for (const char* name : {"hinge", "log", "square_square"}) {
    const LossValue all = loss_and_gradient(p, loss_of(name), beside_all, two_threads);
    const LossValue one_by_one = loss_and_gradient(p, loss_of(name), pairs, two_threads);
    CHECK(all.value == doctest::Approx(one_by_one.value).epsilon(1e-13));
    CHECK((all.gradient - one_by_one.gradient).norm() < 1e-13);
  }
}

TEST_CASE("M4: loss nll, and minimum_empirical_error: sums over all classes") {
  for (const Problem& p : {at_beta(rbm_problem("rbm_3x2"), 0.7), glass_problem(1.3), labels()}) {
    double nll = 0, error = 0;
    for (Index r = 0; r < p.rows(); ++r) {
      const Eigen::VectorXd f = table_of_free_energies(p, r);
      const double log_p = -p.beta * f[number_of(p, r)] - log_z_of(p, f);
      nll -= log_p / p.beta / static_cast<double>(p.rows());
      error += (1 - std::exp(log_p)) / static_cast<double>(p.rows());
    }
    // of a sum of 256 terms at the most, each off by some epsilons
    CHECK(loss_and_gradient(p, loss_of("nll"), {}, two_threads).value ==
          doctest::Approx(nll).epsilon(1e-13));
    CHECK(loss_and_gradient(p, loss_of("minimum_empirical_error"), {}, two_threads).value ==
          doctest::Approx(error).epsilon(1e-13));
  }
}

TEST_CASE("M6: loss nll, and minimum_empirical_error: gradients against difference quotients") {
  for (const Problem& start :
       {at_beta(rbm_problem("rbm_3x2"), 0.7), glass_problem(1.3), labels()}) {
    for (const std::uint64_t seed : {1, 2}) {
      const Problem p{moved(start.model, seed), start.x, start.y, start.beta};
      CHECK(gradient_error(p, loss_of("nll"), none(), loss_and_gradient) < bound);
      CHECK(gradient_error(p, loss_of("minimum_empirical_error"), none(), loss_and_gradient) <
            bound);
    }
  }
}

TEST_CASE("losses: wrong gradients are seen") {
  const Problem p = labels();
  const planted::LO8::Loss moved_log{&find_loss("log"), constants, LatentRule::sum, {}};
  CHECK(gradient_error(p, moved_log, planted::LO8::Negatives{fixed_answers(p, 1).y},
                       planted::LO8::loss_and_gradient) > 0.01);
  const planted::LO9::Loss error{
      &find_loss("minimum_empirical_error"), constants, LatentRule::sum, {}};
  CHECK(gradient_error(p, error, planted::LO9::Negatives{}, planted::LO9::loss_and_gradient) >
        1e-3);
  const planted::LO11::Loss log{&find_loss("log"), constants, LatentRule::sum, {}};
  const Negatives two = fixed_answers(p, 2);
  CHECK(std::abs(planted::LO11::loss_and_gradient(p, log, {two.y}, two_threads).value -
                 loss_and_gradient(p, loss_of("log"), two, two_threads).value) > 1e-3);
}

TEST_CASE("losses: an answer of energy +inf is legal and pushed by none") {
  const Problem p = labels({.last_is_forbidden = true});
  const Negatives forbidden{Eigen::MatrixXd::Constant(4, 1, 2)};
  for (const char* name : {"simple", "hinge", "log", "square_square", "square_exponential",
                           "minimum_classification_error"}) {
    CAPTURE(name);
    const LossValue found = loss_and_gradient(p, loss_of(name), forbidden, two_threads);
    CHECK(std::isfinite(found.value));
    CHECK(found.gradient.allFinite());
  }
  const planted::LO10::Loss wrong{&find_loss("hinge"), constants, LatentRule::sum, {}};
  CHECK_FALSE(
      planted::LO10::loss_and_gradient(p, wrong, {forbidden.y}, two_threads).gradient.allFinite());
}

TEST_CASE("M3: losses: z minimised out, the gradient that of the z that is held") {
  // z cannot be summed out of the first, but may be of the second
  for (const Problem& p : {labels({.has_latent = true}), rbm_problem("rbm_3x2_strong")}) {
    for (const char* name : {"energy", "log", "square_exponential"}) {
      CAPTURE(name);
      const Loss loss = loss_of(name, LatentRule::min);
      const Negatives answers = std::string(name) == "energy" ? none() : fixed_answers(p, 1);
      CHECK(gradient_error(p, loss, answers, loss_and_gradient) < bound);
    }
  }
  const Problem p = rbm_problem("rbm_3x2");
  const LossValue least = loss_and_gradient(p, loss_of("energy", LatentRule::min), {}, two_threads);
  const StateSpace hidden(p.model.shape().z);
  const std::vector<Index> rows(4, 0);
  for (Index r = 0; r < p.rows(); ++r) {
    Block<double> all(4, 5);
    all << p.y.row(r).replicate(4, 1).array(), hidden.all();
    PerChain energy(4);
    p.model.bind_double(p.model.prepare(p.x), rows).energy(all, energy);
    CHECK(least.data_energy[r] == energy.minCoeff());
  }
}

TEST_CASE("losses: of several z of least energy the first in state order is held") {
  const Problem p = rbm_problem("rbm_3x2");
  const AnyModel flat = p.model.with_params(Params::Zero(11));
  const auto latents = [&](const auto& free_energies) {
    return Eigen::MatrixXd(free_energies.completed(p.y).rightCols(2));
  };
  CHECK(latents(FreeEnergies(flat, p.x, 4, 1, LatentRule::min, two_threads)).isZero(0));
  const planted::LO12::FreeEnergies wrong(flat, p.x, 4, 1, planted::LO12::LatentRule::min,
                                          two_threads);
  CHECK(latents(wrong).isOnes(0));
}

TEST_CASE("losses: the same bytes for any number of threads") {
  const Problem p = quartic_problem(150);  // three blocks
  const Executor one(1), three(3);
  const Negatives answers = fixed_answers(p, 2);
  const LossValue a = loss_and_gradient(p, loss_of("log"), answers, one);
  const LossValue b = loss_and_gradient(p, loss_of("log"), answers, three);
  CHECK(a.value == b.value);
  CHECK(a.gradient == b.gradient);
}

TEST_CASE("losses: what cannot be had is refused, with the reason") {
  const auto refusal = [](const Problem& p, const Loss& loss) -> std::string {
    try {
      check_loss(p, loss, two_threads);
    } catch (const ConfigError& e) {
      return e.what();
    }
    return "";
  };
  const auto has = [](const std::string& text, const char* part) {
    CAPTURE(text);
    CHECK(text.find(part) != std::string::npos);
  };
  const Problem glass = glass_problem(1);
  for (const double bad : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    has(refusal(glass, {&find_loss("hinge"), {bad, 1}}), "margin = ");
    has(refusal(glass, {&find_loss("square_exponential"), {1, bad}}), "gamma = ");
    CHECK(refusal(glass, {&find_loss("log"), {bad, bad}}).empty());  // reads neither
  }
  has(refusal(glass_problem(0), loss_of("log")), "beta > 0");
  has(refusal(glass_problem(-1), loss_of("log")), "beta > 0");
  has(refusal(quartic_problem(3), loss_of("minimum_empirical_error")), "not finite");
  has(refusal(rbm_problem("rbm_3x2"), loss_of("nll", LatentRule::min)), "latent = \"min\"");
  const Problem real_z = labels({.has_latent = true, .latent_is_real = true});
  has(refusal(real_z, loss_of("hinge")), "z cannot be summed out");
  has(refusal(real_z, loss_of("hinge", LatentRule::min)), "not finite");
  CHECK(refusal(labels({.has_latent = true}), loss_of("hinge", LatentRule::min)).empty());
  Loss few = loss_of("minimum_empirical_error");
  few.limits.max_states = 255;
  has(refusal(glass, few), "256 states");
}

TEST_CASE("losses: data of energy +inf, energies that are no numbers, overflow") {
  Problem p = labels({.last_is_forbidden = true});
  const Negatives answers{Eigen::MatrixXd::Constant(4, 1, 1)};
  p.y(2, 0) = 2;
  CHECK_THROWS_WITH_AS(loss_and_gradient(p, loss_of("log"), answers, two_threads),
                       doctest::Contains("row 3 of the data has energy +inf"), ConfigError);
  p.y(2, 0) = 1;
  const auto with = [&](Index i, double value) {
    Params w = p.model.params();
    w[i] = value;
    return Problem{p.model.with_params(w), p.x, p.y, p.beta};
  };
  CHECK_THROWS_WITH_AS(loss_and_gradient(with(0, std::nan("")), loss_of("energy"), {}, two_threads),
                       doctest::Contains("F(x, y) of row 1 is NaN"), ModelError);
  CHECK_THROWS_WITH_AS(
      loss_and_gradient(with(1, 1e3), loss_of("square_exponential"), answers, two_threads),
      doctest::Contains("overflows at F(x, y)"), ModelError);
  CHECK_THROWS_AS(loss_and_gradient(p, loss_of("log"), {}, two_threads), UsageError);
  CHECK_THROWS_AS(loss_and_gradient(p, loss_of("energy"), answers, two_threads), UsageError);
  CHECK_THROWS_AS(loss_and_gradient(p, loss_of("log"), {Eigen::MatrixXd::Zero(3, 1)}, two_threads),
                  UsageError);
}
