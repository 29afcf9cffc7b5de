#include "negphase/run/chain_watch.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "planted/VE13.hpp"
#include "planted/VE14.hpp"
#include "support/made_draws.hpp"

// A watch on draws that are kept here as well. How these tests can fail: a frozen chain or a copy
// that is not seen, an alarm in exact draws of a law with few states, a watch that does not go on
// where it was saved.

using namespace negphase;
using namespace negphase::test;

namespace {

const std::vector<Column> spins(8, spin_column());
const std::vector<Column> reals(8, real_column());

/// What a watch of all chains has seen of draws, up to `looks`.
template <class Watch = ChainWatch>
Watch watch_of(const ChainDraws& draws, Index from, Index looks, Watch watch) {
  Block<double> position(draws.num_chains(), draws.num_quantities());
  for (Index t = from; t < looks; ++t) {
    for (Index c = 0; c < draws.num_chains(); ++c) {
      position.row(c) = draws.chains[static_cast<std::size_t>(c)].row(t);
    }
    watch.look(position);
  }
  return watch;
}

SuspectChains suspects_of(const ChainDraws& draws, const std::vector<Column>& columns,
                          Index rows = 1) {
  const ChainWatch watch = watch_of(draws, 0, draws.num_draws(), ChainWatch(draws.num_chains()));
  return find_suspects(watch.chains(), columns, rows);
}

}  // namespace

TEST_CASE("chain watch: every frozen chain and every copy is found") {
  int cases = 0;
  for (const Law law : {Law::normal, Law::spins}) {
    for (const Index chains : {4, 16, 64}) {
      for (std::uint64_t seed = 1; seed <= 10; ++seed, ++cases) {
        const auto bad = static_cast<Index>(seed * 5) % (chains - 1);
        ChainDraws draws = made_draws(seed, law, chains, 200, 8);
        draws.chains[static_cast<std::size_t>(bad)].rowwise() =
            Eigen::ArrayXXd(draws.chains[static_cast<std::size_t>(bad)]).row(0);
        const auto next = static_cast<std::size_t>((bad + 1) % (chains - 1));
        draws.chains.back() = draws.chains[next];
        const SuspectChains found = suspects_of(draws, law == Law::spins ? spins : reals);
        CHECK(found.of == chains);
        CHECK(found.frozen == std::vector<Index>{bad});
        REQUIRE(found.identical.size() == 1);
        CHECK(found.identical[0] == std::pair(static_cast<Index>(next), chains - 1));
      }
    }
  }
  CHECK(cases >= 50);
}

TEST_CASE("chain watch: no alarm in exact draws, however few their states are") {
  // by construction once in 1e7 runs
  for (const Law law : {Law::spins, Law::rare_bits}) {
    for (const Index quantities : {1, 2, 8}) {
      for (const Index looks : {2, 3, 10, 50}) {
        for (const Index chains : {1, 2, 16, 64}) {
          const ChainDraws draws = made_draws(static_cast<std::uint64_t>(looks * chains), law,
                                              chains, looks, quantities);
          const std::vector<Column> columns(static_cast<std::size_t>(quantities), spin_column());
          const SuspectChains found = suspects_of(draws, columns);
          CHECK(found.frozen.empty());
          CHECK(found.identical.empty());
        }
      }
    }
  }
  // one of two chains stands still for 24 looks; the 12 pairs of the other say little of the law
  ChainDraws two = made_draws(1, Law::spins, 2, 24, 1);
  for (Index t = 0; t < 24; ++t) {
    two.chains[0](t, 0) = 1;
    two.chains[1](t, 0) = t % 2 == 0 ? 1 : -1;
  }
  CHECK(suspects_of(two, {spin_column()}).frozen.empty());
  const ChainWatch watch = watch_of(two, 0, 24, ChainWatch(2));
  // VE14: a share of few pairs is taken for the probability
  std::vector<planted::VE14::ChainWatch::Chain> seen;
  for (const auto& chain : watch.chains()) {
    seen.push_back({chain.last, chain.all, chain.looks, chain.moves, chain.pairs_alike});
  }
  const std::vector<Column> one(1, spin_column());
  CHECK_FALSE(planted::VE14::find_suspects(seen, one, 1, 1e-7).frozen.empty());
}

TEST_CASE("chain watch: the order of the positions counts") {
  ChainDraws draws = made_draws(2, Law::normal, 2, 4, 1);
  draws.chains[1] = draws.chains[0].colwise().reverse();
  draws.chains[0].row(3) = draws.chains[0].row(0);
  draws.chains[1] = draws.chains[0];
  draws.chains[1].row(1) = draws.chains[0].row(2);
  draws.chains[1].row(2) = draws.chains[0].row(1);
  CHECK(suspects_of(draws, {real_column()}).identical.empty());
  // VE13: positions are only added up
  const auto wrong = watch_of(draws, 0, 4, planted::VE13::ChainWatch(2));
  const std::vector<Column> one(1, real_column());
  CHECK(planted::VE13::find_suspects(wrong.chains(), one, 1, 1e-7).identical.size() == 1);
}

TEST_CASE("chain watch: rows have laws of their own, and a watch goes on where it was saved") {
  // on row 0 of 2 all spins are up: nothing is known of other states, and nothing is named
  ChainDraws draws = made_draws(3, Law::spins, 8, 100, 8);
  for (std::size_t c = 0; c < 8; c += 2) {
    draws.chains[c].setConstant(1);
  }
  CHECK(suspects_of(draws, spins, 2).frozen.empty());
  CHECK(suspects_of(draws, spins, 1).frozen.size() == 4);

  const ChainWatch half = watch_of(draws, 0, 50, ChainWatch(8));
  SavedState state;
  half.save(state, "watch");
  ChainWatch again(8);
  again.restore(state, "watch");
  const ChainWatch resumed = watch_of(draws, 50, 100, again);
  const ChainWatch whole = watch_of(draws, 0, 100, ChainWatch(8));
  for (std::size_t c = 0; c < 8; ++c) {
    CHECK(resumed.chains()[c].all == whole.chains()[c].all);
    CHECK(resumed.chains()[c].moves == whole.chains()[c].moves);
    CHECK(resumed.chains()[c].pairs_alike == whole.chains()[c].pairs_alike);
  }
  ChainWatch other(7);
  CHECK_THROWS_AS(other.restore(state, "watch"), ConfigError);
}
