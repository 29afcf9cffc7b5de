#include <doctest/doctest.h>
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "negphase/diagnostics/behaviour.hpp"
#include "planted/VE3.hpp"
#include "planted/VE4.hpp"
#include "planted/VE8.hpp"
#include "planted/VE9.hpp"
#include "support/made_draws.hpp"

// Every kind of fault is put into draws that are else in order, in many strengths, sizes and
// places, and must be found there each time. How these tests can fail: a fault that is overlooked,
// or found in another chain.

using namespace negphase;
using namespace negphase::test;
using Eigen::ArrayXd;
using Eigen::Index;

namespace {

struct Case {
  std::uint64_t seed;
  Law law;
  double memory;
  Index chains, draws, quantities;

  ChainDraws draw() const { return made_draws(seed, law, chains, draws, quantities, memory); }
  Index bad_chain() const { return static_cast<Index>(seed * 7) % chains; }
  Index bad_quantity() const { return static_cast<Index>(seed * 5) % quantities; }
};

/// Real columns with and without memory, and eight spins.
std::vector<Case> cases(std::vector<Index> chains, std::vector<Index> draws, bool real_only) {
  std::vector<Case> all;
  std::uint64_t seed = 1;
  for (const Index m : chains) {
    for (const Index n : draws) {
      for (int repetition = 0; repetition < 3; ++repetition) {
        all.push_back({seed++, Law::normal, 0, m, n, 2});
        all.push_back({seed++, Law::normal, 0.5, m, n, 2});
        all.push_back({seed++, Law::cauchy, 0, m, n, 1});
        if (!real_only) {
          all.push_back({seed++, Law::spins, 0, m, n, 8});
        }
      }
    }
  }
  return all;
}

struct Kind {
  std::string name, range;
  std::vector<Case> cases;
  std::function<void(const Case&, ChainDraws&)> spoil;
  std::function<bool(const Case&, const Behaviour&)> is_found;
};

template <class Found>
bool names_chain(const std::vector<Found>& all, Index chain) {
  return std::any_of(all.begin(), all.end(), [&](const Found& f) { return f.chain == chain; });
}

Eigen::ArrayXXd& bad_chain(const Case& c, ChainDraws& d) {
  return d.chains[static_cast<std::size_t>(c.bad_chain())];
}

const RankTests& bad_quantity(const Case& c, const Behaviour& b) {
  return b.quantities[static_cast<std::size_t>(c.bad_quantity())];
}

bool drifts(const Case& c, const Behaviour& b, bool of_spread) {
  const auto& all = bad_quantity(c, b).drifts;
  return std::any_of(all.begin(), all.end(), [&](const Drift& d) {
    return d.chain == c.bad_chain() && d.of_spread == of_spread;
  });
}

// in units of what the law has between its quartiles, which Cauchy's law has as well
double unit(const Case& c) { return c.law == Law::cauchy ? 2 : 1; }

std::vector<Kind> kinds() {
  std::vector<Kind> all;
  all.push_back({"frozen", "a chain of 16 draws or more, of 2 to 64",
                 cases({2, 4, 64}, {16, 100}, false),
                 [](const Case& c, ChainDraws& d) {
                   auto& chain = bad_chain(c, d);
                   chain.rowwise() = Eigen::ArrayXXd(chain).row(0);
                 },
                 [](const Case& c, const Behaviour& b) {
                   return b.states.frozen == std::vector<Index>{c.bad_chain()};
                 }});
  all.push_back({"stuck", "a tenth of 200 draws or more, at least 20 of them",
                 cases({1, 4, 16}, {200, 1000}, false),
                 [](const Case& c, ChainDraws& d) {
                   auto& chain = bad_chain(c, d);
                   const Index length = c.draws / 10, first = 3 + c.draws / 2;
                   chain.middleRows(first, length).rowwise() = Eigen::ArrayXXd(chain).row(first);
                 },
                 [](const Case& c, const Behaviour& b) {
                   return b.states.stuck.size() == 1 && names_chain(b.states.stuck, c.bad_chain());
                 }});
  all.push_back({"identical", "two chains of 16 draws or more, of 2 to 64",
                 cases({2, 4, 64}, {16, 100}, false),
                 [](const Case& c, ChainDraws& d) {
                   d.chains[static_cast<std::size_t>((c.bad_chain() + 1) % c.chains)] =
                       bad_chain(c, d);
                 },
                 [](const Case& c, const Behaviour& b) {
                   const Index other = (c.bad_chain() + 1) % c.chains;
                   return b.states.identical.size() == 1 &&
                          b.states.identical[0].earlier == std::min(c.bad_chain(), other) &&
                          b.states.identical[0].later == std::max(c.bad_chain(), other) &&
                          b.states.identical[0].from == 0;
                 }});
  all.push_back({"met", "identical in their last 20 draws or more",
                 cases({2, 4, 16}, {40, 200}, false),
                 [](const Case& c, ChainDraws& d) {
                   d.chains[static_cast<std::size_t>((c.bad_chain() + 1) % c.chains)].bottomRows(
                       c.draws / 2) = bad_chain(c, d).bottomRows(c.draws / 2);
                 },
                 [](const Case& c, const Behaviour& b) {
                   return b.states.identical.size() == 1 && b.states.identical[0].from > 0 &&
                          b.states.identical[0].from <= c.draws / 2;
                 }});
  all.push_back(
      {"frozen quantity", "one of several quantities, 100 draws or more",
       cases({2, 4, 16}, {100, 200}, false),
       [](const Case& c, ChainDraws& d) { bad_chain(c, d).col(c.bad_quantity()).setConstant(1); },
       [](const Case& c, const Behaviour& b) {
         return bad_quantity(c, b).frozen == std::vector<Index>{c.bad_chain()};
       }});
  all.push_back({"drifting", "by 4 deviations (a line) in 400 draws or more",
                 cases({1, 4, 16}, {400, 1000}, true),
                 [](const Case& c, ChainDraws& d) {
                   const double slope = (c.seed % 2 == 0 ? 4 : -4) * unit(c);
                   bad_chain(c, d).col(c.bad_quantity()) += ArrayXd::LinSpaced(c.draws, 0, slope);
                 },
                 [](const Case& c, const Behaviour& b) { return drifts(c, b, false); }});
  all.push_back({"still relaxing", "from 10 deviations away, exp(-4 t / run), 400 draws or more",
                 cases({1, 4, 16}, {400, 1000}, true),
                 [](const Case& c, ChainDraws& d) {
                   bad_chain(c, d).col(c.bad_quantity()) +=
                       10 * unit(c) * (-ArrayXd::LinSpaced(c.draws, 0, 4)).exp();
                 },
                 [](const Case& c, const Behaviour& b) { return drifts(c, b, false); }});
  all.push_back({"spreading", "to eight times the width, in 800 draws or more",
                 cases({1, 4, 16}, {800, 1500}, true),
                 [](const Case& c, ChainDraws& d) {
                   bad_chain(c, d).col(c.bad_quantity()) *= ArrayXd::LinSpaced(c.draws, 1, 8);
                 },
                 [](const Case& c, const Behaviour& b) { return drifts(c, b, true); }});
  all.push_back({"one mode", "modes 6 deviations apart, each chain in one, 200 draws or more",
                 cases({2, 3, 4, 16, 64}, {200, 400}, true),
                 [](const Case& c, ChainDraws& d) {  // one chain, or every other one
                   for (Index m = 0; m < c.chains; ++m) {
                     const bool moved = c.seed % 2 == 0 ? m == c.bad_chain() : m % 2 == 0;
                     d.chains[static_cast<std::size_t>(m)].col(c.bad_quantity()) +=
                         moved ? 6 * unit(c) : 0;
                   }
                 },
                 [](const Case& c, const Behaviour& b) {
                   const auto& apart = bad_quantity(c, b).apart;
                   bool all_named = true;
                   for (Index m = 0; m < c.chains; ++m) {
                     const bool moved = c.seed % 2 == 0 ? m == c.bad_chain() : m % 2 == 0;
                     all_named = all_named && (!moved || names_chain(apart, m));
                   }
                   return all_named;
                 }});
  all.push_back({"one phase of spins",
                 "9 of 10 spins up, or down, in each chain; 200 draws or more",
                 [] {
                   std::vector<Case> spins;
                   for (const Case& c : cases({2, 4, 16}, {200, 400}, false)) {
                     for (Index i = 0; c.law == Law::spins && i < 3; ++i) {
                       spins.push_back(c);
                       spins.back().seed += static_cast<std::uint64_t>(100 * i);
                     }
                   }
                   return spins;
                 }(),
                 [](const Case& c, ChainDraws& d) {
                   const ChainDraws other =
                       made_draws(c.seed + 999, Law::normal, c.chains, c.draws, c.quantities);
                   for (Index m = 0; m < c.chains; ++m) {
                     const auto i = static_cast<std::size_t>(m);
                     d.chains[i] = (other.chains[i] > 1.2816)
                                       .select(-1.0, Eigen::ArrayXXd::Ones(c.draws, c.quantities)) *
                                   (m % 2 == 0 ? 1 : -1);
                   }
                 },
                 [](const Case& c, const Behaviour& b) {
                   return bad_quantity(c, b).apart.size() == static_cast<std::size_t>(c.chains);
                 }});
  all.push_back({"periodic", "period 2 to 9, 1 draw in 50 out of step; 200 draws or more",
                 cases({1, 4, 16}, {200, 1000}, true),
                 [](const Case& c, ChainDraws& d) {
                   const Index period = 2 + static_cast<Index>(c.seed % 8);
                   auto column = bad_chain(c, d).col(c.bad_quantity());
                   for (Index t = 0; t < c.draws; ++t) {
                     const bool in_step = (t * 37 + 11) % 50 != 0;
                     const double side = (2 * (t % period) < period) == in_step ? 1 : -1;
                     column[t] = side * (1 + std::abs(column[t]));
                   }
                 },
                 [](const Case& c, const Behaviour& b) {
                   return names_chain(bad_quantity(c, b).periods, c.bad_chain());
                 }});
  return all;
}

}  // namespace

TEST_CASE("behaviour: every fault that is put into draws is found") {
  const Executor executor(1);
  std::string table = fmt::format("\n{:<20} {:>6} {:>6}  {}\n", "fault", "cases", "found", "range");
  for (const Kind& kind : kinds()) {
    std::size_t found = 0;
    for (const Case& c : kind.cases) {
      ChainDraws draws = c.draw();
      kind.spoil(c, draws);
      found += kind.is_found(c, examine_behaviour(draws, {}, executor)) ? 1 : 0;
    }
    CAPTURE(kind.name);
    CHECK(kind.cases.size() >= 50);
    CHECK(found == kind.cases.size());
    table +=
        fmt::format("{:<20} {:>6} {:>6}  {}\n", kind.name, kind.cases.size(), found, kind.range);
  }
  MESSAGE(table);
}

TEST_CASE("behaviour: planted VE3, VE4, VE8, VE9 are rejected") {
  ChainDraws met = made_draws(1, Law::normal, 4, 100, 2);
  met.chains[3].bottomRows(50) = met.chains[0].bottomRows(50);
  CHECK(find_repeated_states(met, 1e-6).identical.size() == 1);
  CHECK(planted::VE3::find_repeated_states(met, 1e-6).identical.empty());

  ChainDraws stuck = made_draws(2, Law::normal, 4, 100, 2);
  stuck.chains[1].middleRows(30, 40).rowwise() = Eigen::ArrayXXd(stuck.chains[1]).row(30);
  CHECK(find_repeated_states(stuck, 1e-6).stuck.size() == 1);
  CHECK(planted::VE4::find_repeated_states(stuck, 1e-6).stuck.empty());

  // up in two draws of three: the median lies among those that are up
  Eigen::ArrayXXd up = made_draws(5, Law::normal, 1, 400, 1).chains[0];
  for (Index t = 0; t < up.size(); ++t) {
    up(t) += t % 3 == 0 ? 0 : 9;
  }
  REQUIRE(test_ranks(up, 1e-6).periods.size() == 1);
  CHECK(test_ranks(up, 1e-6).periods[0].lag == 3);
  CHECK(planted::VE8::test_ranks(up, 1e-6).periods.empty());

  // two modes that each chain crosses a few times: poor, but no chain in one mode only
  ChainDraws crossing = made_draws(3, Law::normal, 4, 1000, 1);
  for (Index c = 0; c < 4; ++c) {
    for (Index t = 0; t < 1000; ++t) {
      const Index stay = c % 2 == 0 ? 300 : 100;
      crossing.chains[static_cast<std::size_t>(c)](t, 0) += t % 400 < stay ? 8 : 0;
    }
  }
  CHECK(test_ranks(crossing.quantity(0), 1e-6).apart.empty());
  CHECK_FALSE(planted::VE9::test_ranks(crossing.quantity(0), 1e-6).apart.empty());
}

TEST_CASE("behaviour: a chain that rejects now and then is not stuck") {
  // two of three proposals rejected: stretches of 20 draws come by themselves
  ChainDraws made = made_draws(4, Law::normal, 4, 2000, 2);
  for (Index c = 0; c < 4; ++c) {
    auto& chain = made.chains[static_cast<std::size_t>(c)];
    const ChainDraws coin = made_draws(50, Law::normal, 4, 2000, 1);
    for (Index t = 1; t < 2000; ++t) {
      if (coin.chains[static_cast<std::size_t>(c)](t, 0) < 0.43) {
        chain.row(t) = chain.row(t - 1);
      }
    }
  }
  CHECK(find_repeated_states(made, 1e-6).stuck.empty());
}
