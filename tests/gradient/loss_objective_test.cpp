#include "negphase/gradient/loss_objective.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "negphase/gradient/training.hpp"
#include "negphase/registry/registry.hpp"
#include "support/label_model.hpp"
#include "support/problems.hpp"

// Training by a loss other than the NLL.
namespace {

using namespace negphase;
using namespace negphase::testing;
using Given = std::vector<GivenOption>;

GivenOption word(const char* name, std::string value) { return {name, std::move(value), {}}; }
GivenOption number(const char* name, std::int64_t value) { return {name, value, {}}; }
GivenOption real(const char* name, double value) { return {name, value, {}}; }

Options options_of(const Given& given) {
  return Options::resolve("[train]", train_options(), given);
}

// W . (1, x) for each of three labels, W = 0 at first: the labels of these x can be told apart
Problem labels() {
  Eigen::MatrixXd x(6, 1), y(6, 1);
  x << -2, -1.5, -0.2, 0.3, 1.4, 2.1;
  y << 0, 0, 1, 1, 2, 2;
  return {LabelModel({}, Params::Zero(9)), x, y, 1};
}

// the datum's other neighbour: 0, 1, 2 -> 1, 2, 0
Eigen::MatrixXd next_label(const Problem& p) {
  return p.y.unaryExpr([](double y) { return y == 2 ? 0.0 : y + 1; });
}

std::vector<std::string> names_of_losses() {
  std::vector<std::string> names;
  for (const LossRow& row : losses()) {
    names.emplace_back(row.name);
  }
  return names;
}

std::string state_of(const Trainer& trainer) {
  SavedState state;
  trainer.save(state);
  return state.to_bytes();
}

// saved at every boundary and gone on in a new trainer on another number of threads
bool goes_on_alike(const Problem& p, const AnySampler* sampler, const Given& given,
                   const Eigen::MatrixXd& negatives) {
  const Options options = options_of(given);
  const Executor one(1), three(3);
  Trainer unbroken(p, sampler, options, settings_on(one, 5), negatives);
  std::vector<std::string> at{state_of(unbroken)};
  while (!unbroken.done()) {
    unbroken.update();
    at.push_back(state_of(unbroken));
  }
  for (const std::string& boundary : at) {
    Trainer resumed(p, sampler, options, settings_on(three, 5), negatives);
    resumed.restore(SavedState::from_bytes(boundary));
    while (!resumed.done()) {
      resumed.update();
    }
    if (state_of(resumed) != at.back()) {
      return false;
    }
  }
  return true;
}

std::string refusal(const Problem& p, const AnySampler* sampler, const Given& given) {
  const Executor executor(1);
  try {
    Trainer(p, sampler, options_of(given), settings_on(executor, 1));
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

bool has(const std::string& text, const char* part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("losses: every loss trains with every source of negatives, resumed with the same bytes") {
  const Problem p = labels();
  const AnySampler flips = make_sampler("single_flip", {});
  for (const std::string& loss : names_of_losses()) {
    for (const char* negative : {"sampler", "offending", "given"}) {
      for (const char* gradient : {"cd", "pcd", "long_chains"}) {
        CAPTURE(loss);
        CAPTURE(negative);
        CAPTURE(gradient);
        const Given given{word("loss", loss),         word("negative", negative),
                          word("gradient", gradient), number("batch", 4),
                          number("updates", 4),       number("chains_per_row", 3),
                          number("warmup", 2)};
        CHECK(goes_on_alike(p, &flips, given, next_label(p)));
        if (std::string(negative) != "sampler") {
          break;  // `gradient` is no matter
        }
      }
    }
  }
  CHECK(goes_on_alike(glass_problem(1), &flips,
                      {word("loss", "log"), number("chains", 70), number("updates", 4)}, {}));
}

TEST_CASE("losses: an update follows loss_and_gradient() at the answers that the source has") {
  const Problem p = labels();
  const Executor executor(2);
  const Given given{word("loss", "log"), word("negative", "given"), real("init_scale", 0.5)};
  Trainer trainer(p, nullptr, options_of(given), settings_on(executor, 1), next_label(p));
  Problem there = p;
  there.model = p.model.with_params(trainer.params());
  const LossValue wanted = loss_and_gradient(there, {&find_loss("log"), {}, LatentRule::sum, {}},
                                             {next_label(p)}, executor);
  const TrainingUpdate done = trainer.update();
  CHECK(done.gradient == wanted.gradient);
  CHECK(done.loss->value == wanted.value);
  CHECK(done.loss->data_energy == wanted.data_energy.mean());
  CHECK(*done.loss->negative_energy == wanted.negative_energy.mean());
  CHECK_FALSE(done.nll.has_value());
}

// Novikoff: a perceptron that takes one datum at a time, in steps of 1, moves at most (R / m)^2
// times on data that a W of length 1 separates with margin m; with a wanted distance of c (hinge)
// (R^2 + 2 c) / m^2 times. Here a = (0, 1, 0), b = (-2, 0, 2) of length 3 separates by 0.4 and
// more, m = 0.4 / 3, and |dF - dFn|^2 <= 2 (1 + 2.1^2) = 10.8: at most 670 moves. An epoch of 6
// updates without one is the end of them; there are 1500 epochs, and the noise at the start is
// 0.01.
TEST_CASE("losses perceptron, hinge: what can be told apart is, and then nothing moves") {
  const Problem p = labels();
  const Executor executor(1);
  for (const char* loss : {"perceptron", "hinge"}) {
    CAPTURE(loss);
    const Given given{word("loss", loss),           word("negative", "offending"),
                      word("schedule", "constant"), real("learning_rate", 1),
                      real("margin", 0.5),          number("batch", 1),
                      number("updates", 9000)};
    Trainer trainer(p, nullptr, options_of(given), settings_on(executor, 1));
    double last_loss = 0;
    while (!trainer.done()) {
      const TrainingUpdate done = trainer.update();
      if (done.number > 9000 - 6) {
        last_loss = std::max(last_loss, done.loss->value);
      }
    }
    CHECK(last_loss == 0);
  }
}

TEST_CASE("losses: lbfgs follows a loss without kinks or noise, of all rows") {
  const Problem p = labels();
  const Executor executor(1);
  const AnySampler flips = make_sampler("single_flip", {});
  for (const char* loss : {"log", "square_square", "minimum_empirical_error"}) {
    CAPTURE(loss);
    const Given given{word("loss", loss), word("negative", "given"), word("optimizer", "lbfgs"),
                      real("l2", 0.1), real("init_scale", 0.1)};
    Trainer trainer(p, nullptr, options_of(given), settings_on(executor, 1), next_label(p));
    while (!trainer.done()) {
      const TrainingUpdate done = trainer.update();
      CHECK(done.loss.has_value());
      CHECK_FALSE(done.nll.has_value());
    }
    CHECK(trainer.converged());
  }
  const auto searched = [](const char* loss, const char* negative, std::int64_t batch = 100) {
    return Given{word("loss", loss), word("negative", negative), word("optimizer", "lbfgs"),
                 number("batch", batch)};
  };
  CHECK(has(refusal(p, &flips, searched("log", "sampler")), "noisy gradient"));
  CHECK(has(refusal(p, nullptr, searched("log", "offending")), "lowest of other answers"));
  CHECK(has(refusal(p, nullptr, searched("perceptron", "offending")), "lowest of other answers"));
  CHECK(has(refusal(p, nullptr, searched("energy", "given", 3)), "batch >= 6"));
}

TEST_CASE("losses: what cannot be trained is refused, with the reason") {
  const Problem p = labels(), wells = quartic_problem(4);
  const AnySampler flips = make_sampler("single_flip", {});
  CHECK(
      has(refusal(p, nullptr, {word("loss", "hinge")}), "negative = \"sampler\" needs a sampler"));
  CHECK(has(refusal(p, &flips, {word("loss", "hinge"), word("gradient", "exact")}),
            "negative = \"offending\""));
  CHECK(has(refusal(p, nullptr, {word("loss", "hinge"), word("negative", "given")}),
            "negative_columns"));
  CHECK(has(refusal(wells, nullptr, {word("loss", "hinge"), word("negative", "offending")}),
            "negative_radius = 0 must be > 0"));
  CHECK(has(refusal(wells, nullptr, {word("loss", "minimum_empirical_error")}), "not finite"));
  CHECK(has(refusal(p, nullptr, {word("loss", "hinge"), real("margin", 0)}), "margin"));
  CHECK(has(refusal(p, nullptr, {word("loss", "square_exponential"), real("gamma", 0)}), "gamma"));
  CHECK(has(refusal(p, nullptr, {word("loss", "hinges")}), "did you mean 'hinge'?"));
  Problem hot = p;
  hot.beta = 0;
  CHECK(has(refusal(hot, nullptr, {word("loss", "perceptron")}), "beta > 0"));
  // needs_sampler() says what the program asks for
  CHECK(needs_sampler(options_of({word("loss", "hinge")})));
  CHECK(needs_sampler(options_of({})));
  CHECK_FALSE(needs_sampler(options_of({word("loss", "energy")})));
  CHECK_FALSE(needs_sampler(options_of({word("loss", "hinge"), word("negative", "given")})));
  CHECK_FALSE(needs_sampler(options_of({word("gradient", "exact")})));
}
