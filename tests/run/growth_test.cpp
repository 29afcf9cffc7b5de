#include "negphase/run/growth.hpp"

#include <doctest/doctest.h>

#include <boost/random/normal_distribution.hpp>

#include "negphase/gradient/phase.hpp"
#include "negphase/models/quartic.hpp"
#include "negphase/random/stream_engine.hpp"
#include "negphase/registry/registry.hpp"
#include "planted/F5.hpp"
#include "support/problems.hpp"

// How these tests can fail: growth that is not seen, an alarm where the law stands still, a level
// that is not the binomial one, chains of different rows held against each other.

namespace {

using namespace negphase;
using namespace negphase::testing;

const std::vector<Column> one_real{real_column()};

/// `growing` of n chains lie at +-1 at first and at +-2 at last, the others the other way round.
Draws by_hand(Index n, Index growing) {
  Draws draws;
  draws.chains = n;
  draws.draws = 8;
  draws.values.resize(8 * n, 1);
  for (Index c = 0; c < n; ++c) {
    for (Index t = 0; t < 8; ++t) {
      const bool far = (t >= 4) == (c < growing);
      draws.values(8 * c + t, 0) = (t % 2 == 0 ? 1 : -1) * (far ? 2 : 1);
    }
  }
  return draws;
}

bool is_named(Index n, Index growing) {
  return !find_growing(by_hand(n, growing), one_real, 1).empty();
}

/// What a random walk over E = w1 y^2 / 2 draws: 100 chains on each of 4 rows.
Draws walk_over(double w1, std::uint64_t seed) {
  Params w(4);
  w << 0, w1, 0, 0;
  SamplingPlan plan;
  plan.chains = 400;
  plan.schedule = {0, 200, 1};
  // at stationarity where there is one: y ~ N(0, 1 / w1)
  plan.start = [&](Index chain, Index, std::span<double> p) {
    StreamEngine engine(seed, static_cast<std::uint32_t>(chain), 0, Purpose::start);
    boost::random::normal_distribution<double> normal(0, w1 > 0 ? 1 / std::sqrt(w1) : 1);
    p[0] = normal(engine);
  };
  const Executor executor(2);
  return sample_chains(QuarticModel(w), Eigen::MatrixXd::Zero(4, 1), 1,
                       make_sampler("random_walk", {}), plan, settings_on(executor, seed));
}

}  // namespace

TEST_CASE("growth: the level is that of so many fair coins") {
  CHECK(is_named(14, 14));        // 2^-14 = 6.1e-5
  CHECK_FALSE(is_named(13, 13));  // 1.2e-4
  CHECK(is_named(20, 19));        // 21 / 2^20 = 2.0e-5
  CHECK_FALSE(is_named(20, 18));  // 211 / 2^20 = 2.0e-4
  CHECK_FALSE(is_named(20, 0));
  // two real columns share the level: 2^-14 > 1e-4 / 2 > 2^-15
  const std::vector<Column> two{real_column(), real_column()};
  for (const Index n : {14, 15}) {
    Draws draws = by_hand(n, n);
    draws.values = draws.values.replicate(1, 2).eval();
    CHECK(find_growing(draws, two, 1).size() == (n == 15 ? 2 : 0));
  }
}

TEST_CASE("growth: by how much, of what, and about the mean of a chain's own row") {
  const auto found = find_growing(by_hand(20, 20), one_real, 1);
  REQUIRE(found.size() == 1);
  CHECK(found[0].column == 0);
  CHECK(found[0].ratio == 4);
  CHECK(found[0].growing == 20);
  CHECK(found[0].of == 20);
  // the rows' means lie far apart: about a common mean the growth would drown
  Draws apart = by_hand(40, 40);
  for (Index c = 1; c < 40; c += 2) {
    apart.values.middleRows(8 * c, 8).array() += 1e6;
  }
  REQUIRE(find_growing(apart, one_real, 2).size() == 1);
  CHECK(find_growing(apart, one_real, 2)[0].ratio == doctest::Approx(4));
  // states are not asked, nor chains that stand still, nor three draws
  CHECK(find_growing(by_hand(20, 20), std::vector<Column>{spin_column()}, 1).empty());
  Draws still = by_hand(20, 20);
  still.values.setConstant(1);
  CHECK(find_growing(still, one_real, 1).empty());
  Draws few = by_hand(20, 20);
  few.draws = 3;
  few.chains = 53;
  CHECK(find_growing(few, one_real, 1).empty());
}

TEST_CASE(
    "growth: walks over a flat or falling energy are named, none that stays; F5 is rejected") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    // 20 looks at a level of 1e-4
    CHECK(find_growing(walk_over(1, seed), one_real, 4).empty());
    // a free walk: variances at the two quarters are as 1 : 7, and with correlation 7^-1/2 between
    // them D > 0 has probability about 1/2 + arcsin(6 / sqrt(60)) / pi = 0.78 (of the places
    // at two moments): 313 of 400 with deviation 8, wanted are 238
    const Draws flat = walk_over(0, seed), falling = walk_over(-1, seed);
    CHECK(find_growing(flat, one_real, 4).size() == 1);
    CHECK(find_growing(falling, one_real, 4).size() == 1);
    // reversed, its increments have the same law: about its own mean a free walk tosses fair coins
    CHECK(planted::F5::find_growing(flat, one_real, 4).empty());
  }
}
