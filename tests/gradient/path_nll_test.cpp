#include "negphase/gradient/path_nll.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "negphase/exact/exact.hpp"
#include "negphase/gradient/training.hpp"
#include "negphase/registry/registry.hpp"
#include "planted/A1.hpp"
#include "planted/A2.hpp"
#include "planted/A3.hpp"
#include "planted/A4.hpp"
#include "planted/A5.hpp"
#include "planted/A6.hpp"
#include "planted/A7.hpp"
#include "planted/A8.hpp"
#include "support/problems.hpp"

namespace {

using namespace negphase;
using namespace negphase::testing;

/// A path, and the chains that are to follow it.
struct Walk {
  Problem problem;         ///< at its beginning
  std::vector<Params> to;  ///< the points after it
  AnySampler sampler;
  PathNll::Plan plan;
};

// A spin glass at beta = 2.5 that freezes within 12 steps, off the straight line: the chains lag
// far behind.
Walk freezing_glass() {
  Problem p = glass_problem(2.5);
  const Params w = p.model.params();
  p.model = p.model.with_params(0.1 * w);
  const std::vector<Params> to{0.2 * w + Params::Constant(36, 0.03), 0.3 * w, 0.4 * w};
  return {p, to, make_sampler("single_flip", {}), {256, 100, 4}};
}

// Wells of 300 rows that deepen and tilt, 24 chains a row. Rows beside each other differ.
Walk deepening_wells() {
  Problem p = quartic_problem(300);
  const Problem in_line = p;
  for (Index r = 0; r < 300; ++r) {
    p.x.row(r) = in_line.x.row(r * 77 % 300);
    p.y.row(r) = in_line.y.row(r * 77 % 300);
  }
  Params tilted = p.model.params();
  tilted[0] += 0.5;
  tilted[3] += 0.2;
  return {p,
          {1.2 * tilted, 1.4 * tilted},
          make_sampler("random_walk", std::vector<GivenOption>{{"proposal_scale", 1.0, {}}}),
          {24, 30, 4}};
}

double exact_nll(const Walk& walk, const Params& w, const Executor& executor) {
  const Problem& p = walk.problem;
  return exact_nll_gradient(p.model.with_params(w), p.x, p.y, p.beta, {}, executor).nll;
}

/// What (estimate - exact) / standard error looks like over seeds.
struct Scores {
  double mean = 0, mean_square = 0, count = 0;
  // Of n standard normal scores the mean has the standard deviation 1 / sqrt(n), the mean square
  // sqrt(2 / n); 6 and 5 of them leave room for a logarithm that is not quite normal
  bool good() const {
    return std::abs(mean) < 5 / std::sqrt(count) &&
           std::abs(mean_square - 1) < 6 * std::sqrt(2 / count);
  }
};

template <class Path>
Scores scores(const Walk& walk, int seeds) {
  const Executor executor(2);
  const double change = exact_nll(walk, walk.to.back(), executor) -
                        exact_nll(walk, walk.problem.model.params(), executor);
  Scores s;
  for (int seed = 1; seed <= seeds; ++seed) {
    Path path(walk.problem, walk.sampler, {walk.plan.chains, walk.plan.warmup, walk.plan.steps},
              settings_on(executor, static_cast<std::uint64_t>(seed)));
    for (const Params& w : walk.to) {
      path.move_to(walk.problem.model.with_params(w));
    }
    const auto found = path.estimate();
    REQUIRE(found.change.has_value());
    const double z = (found.change->value - change) / found.change->standard_error;
    s.mean += z / seeds;
    s.mean_square += z * z / seeds;
  }
  s.count = seeds;
  return s;
}

}  // namespace

TEST_CASE(
    "the change of the NLL along a path is the exact one within its error bar, though chains "
    "lag") {
  CHECK(scores<PathNll>(freezing_glass(), 200).good());
}

TEST_CASE(
    "planted A1 to A4, A6: weighed too late, without beta, one piece short, the integral, "
    "another error") {
  const Walk glass = freezing_glass();
  CHECK_FALSE(scores<planted::A1::PathNll>(glass, 200).good());
  CHECK_FALSE(scores<planted::A2::PathNll>(glass, 200).good());
  CHECK_FALSE(scores<planted::A3::PathNll>(glass, 200).good());
  CHECK_FALSE(scores<planted::A4::PathNll>(glass, 200).good());
  CHECK_FALSE(scores<planted::A6::PathNll>(glass, 200).good());
}

TEST_CASE("few chains on many rows: no bias of the logarithm; planted A5, A7") {
  const Walk wells = deepening_wells();
  CHECK(scores<PathNll>(wells, 60).good());
  // a bias of 0.77 standard errors, and 5 / sqrt(160) = 0.40
  CHECK_FALSE(scores<planted::A5::PathNll>(wells, 160).good());
  CHECK_FALSE(scores<planted::A7::PathNll>(wells, 20).good());
}

TEST_CASE(
    "a training tells the change of its NLL within the error bar, at updates as large as one "
    "likes") {
  const Executor executor(2);
  const Problem p = rbm_problem("rbm_3x2_strong");
  const AnySampler gibbs = make_sampler("block_gibbs", {});
  std::vector<GivenOption> given;
  for (const auto& [name, value] : {std::pair{"updates", std::int64_t{9}},
                                    {"chains", 32},
                                    {"exact_nll_every", 4},
                                    {"nll_chains", 128},
                                    {"nll_warmup", 100},
                                    {"nll_steps", 1}}) {
    given.push_back({name, value, {}});
  }
  given.push_back({"learning_rate", 0.5, {}});
  const Options options = Options::resolve("[train]", train_options(), given);
  Scores s;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Trainer trainer(p, &gibbs, options, settings_on(executor, seed));
    const auto nll = [&] {
      return exact_nll_gradient(p.model.with_params(trainer.params()), p.x, p.y, p.beta, {},
                                executor)
          .nll;
    };
    const double start = nll();
    while (!trainer.done()) {
      trainer.update();
    }
    const PathNll::Estimate found = trainer.path_nll()->estimate();
    REQUIRE(found.change.has_value());
    const double z = (found.change->value - (nll() - start)) / found.change->standard_error;
    s.mean += z / 100;
    s.mean_square += z * z / 100;
  }
  s.count = 100;
  CAPTURE(s.mean);
  CAPTURE(s.mean_square);
  CHECK(s.good());
}

namespace {

std::string bytes_of(const auto& path) {
  SavedState state;
  path.save(state);
  return state.to_bytes();
}

template <class Path>
bool goes_on_alike(const Walk& walk) {
  const Executor one(1), two(2);
  const typename Path::Plan plan{walk.plan.chains, walk.plan.warmup, walk.plan.steps};
  Path unbroken(walk.problem, walk.sampler, plan, settings_on(one, 3));
  std::vector<std::string> at{bytes_of(unbroken)};
  for (const Params& w : walk.to) {
    unbroken.move_to(walk.problem.model.with_params(w));
    at.push_back(bytes_of(unbroken));
  }
  for (std::size_t from = 0; from < at.size(); ++from) {
    Path resumed(walk.problem, walk.sampler, plan, settings_on(two, 3));
    resumed.restore(SavedState::from_bytes(at[from]));
    for (std::size_t k = from; k < walk.to.size(); ++k) {
      resumed.move_to(walk.problem.model.with_params(walk.to[k]));
    }
    if (bytes_of(resumed) != at.back() ||
        resumed.estimate().effective_size != unbroken.estimate().effective_size ||
        resumed.counts().energy_evaluations != unbroken.counts().energy_evaluations) {
      return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("saved at each point and restored on other threads: the same bytes; planted A8") {
  CHECK(goes_on_alike<PathNll>(freezing_glass()));
  CHECK(goes_on_alike<PathNll>(deepening_wells()));
  CHECK_FALSE(goes_on_alike<planted::A8::PathNll>(freezing_glass()));
}

TEST_CASE("at the start the change is 0; where little weight or no chain is left there is none") {
  const Executor executor(1);
  const Walk glass = freezing_glass();
  PathNll path(glass.problem, glass.sampler, glass.plan, settings_on(executor, 1));
  REQUIRE(path.estimate().change.has_value());
  CHECK(path.estimate().change->value == 0);
  CHECK(path.estimate().change->standard_error == 0);
  CHECK(path.estimate().effective_size == doctest::Approx(256));
  // a field of 9 on each spin in two jumps: of 256 chains one or two have all spins right
  path.move_to(glass.problem.model.with_params(Params::Constant(36, 9)));
  CHECK(path.estimate().effective_size < path.least_effective_size());
  CHECK_FALSE(path.estimate().change.has_value());

  // E = -y^4 / 4 + ... falls without end: steps of 1e9 are taken there, and nowhere else
  const Walk wells = deepening_wells();
  PathNll gone(wells.problem,
               make_sampler("random_walk", std::vector<GivenOption>{{"proposal_scale", 1e9, {}}}),
               {16, 10, 40}, settings_on(executor, 1));
  gone.move_to(wells.problem.model.with_params(Params::Constant(4, -1)));
  gone.move_to(wells.problem.model);
  CHECK(std::isnan(gone.estimate().effective_size));
  CHECK_FALSE(gone.estimate().change.has_value());
}

TEST_CASE("what cannot be estimated along a path is refused") {
  const Executor executor(1);
  const auto s = settings_on(executor, 1);
  const Problem glass = glass_problem(1), wells = quartic_problem(6);
  CHECK_THROWS_WITH_AS(PathNll(glass, make_sampler("single_flip", {}), {15, 10, 1}, s),
                       doctest::Contains("at least 16"), ConfigError);
  CHECK_THROWS_WITH_AS(PathNll(wells, make_sampler("ula", {}), {16, 10, 1}, s),
                       doctest::Contains("'ula' is biased"), ConfigError);
}
