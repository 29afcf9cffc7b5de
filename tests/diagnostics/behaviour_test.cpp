#include "negphase/diagnostics/behaviour.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

#include "planted/VE1.hpp"
#include "planted/VE2.hpp"
#include "planted/VE5.hpp"
#include "planted/VE6.hpp"
#include "planted/VE7.hpp"
#include "support/made_draws.hpp"

// The levels are held against counts of all orders of a few draws; alarms are counted in exact
// draws. How these tests can fail: a probability that is too small (false alarms), ties that are
// counted as if they were none, a level that is not shared out.

using namespace negphase;
using namespace negphase::test;
using Eigen::Index;

namespace {

/// Share of all orders of the pool for which `holds`.
template <class Holds>
double share_of_orders(std::vector<int> pool, const Holds& holds) {
  std::sort(pool.begin(), pool.end());
  double hits = 0, all = 0;
  do {  // equal values make equal orders, all as likely as each other
    hits += holds(pool) ? 1 : 0;
    ++all;
  } while (std::next_permutation(pool.begin(), pool.end()));
  return hits / all;
}

std::vector<Index> counts_of(const std::vector<int>& pool) {
  std::map<int, Index> counts;
  for (const int value : pool) {
    ++counts[value];
  }
  std::vector<Index> all;
  for (const auto& [value, count] : counts) {
    all.push_back(count);
  }
  return all;
}

const std::vector<std::vector<int>> pools{{0, 0, 0, 0, 1, 1, 1, 2},
                                          {0, 0, 1, 1, 2, 2, 3, 3},
                                          {0, 0, 0, 0, 0, 0, 0, 1},
                                          {0, 0, 0, 1, 1, 1, 2, 3}};

template <class LogProbability>
double stretch_error(const LogProbability& log_probability) {
  double worst = 0;
  for (const auto& pool : pools) {
    for (Index length = 2; length <= 3; ++length) {
      const double exact = share_of_orders(pool, [&](const std::vector<int>& order) {
        return std::all_of(order.begin(), order.begin() + length,
                           [&](int value) { return value == order.front(); });
      });
      worst = std::max(worst, std::abs(std::exp(log_probability(counts_of(pool), length)) - exact));
    }
  }
  return worst;
}

/// The least of bound / probability that the first L draws are the next L ones.
template <class LogBound>
double least_pair_ratio(const LogBound& log_bound) {
  double least = INFINITY;
  for (const auto& pool : pools) {
    for (Index pairs = 1; pairs <= 3; ++pairs) {
      const double exact = share_of_orders(pool, [&](const std::vector<int>& order) {
        return std::equal(order.begin(), order.begin() + pairs, order.begin() + pairs);
      });
      least = std::min(least,
                       exact > 0 ? std::exp(log_bound(counts_of(pool), pairs)) / exact : INFINITY);
    }
  }
  return least;
}

/// The least of bound / probability of |U - mn/2| >= d, over all d that occur.
template <class Bound>
double least_rank_ratio(const Bound& bound) {
  double least = INFINITY;
  const std::vector<std::vector<int>> values{{0, 1, 2, 3, 4, 5, 6, 7}, {0, 0, 1, 1, 1, 2, 3, 3}};
  for (const auto& pool : values) {
    for (std::ptrdiff_t m = 2; m <= 4; ++m) {
      const auto distance = [&](const std::vector<int>& order) {
        double u = 0;
        for (auto a = order.begin(); a != order.begin() + m; ++a) {
          for (auto b = order.begin() + m; b != order.end(); ++b) {
            u += *a > *b ? 1 : *a == *b ? 0.5 : 0;
          }
        }
        return std::abs(u - static_cast<double>(m * (std::ssize(pool) - m)) / 2);
      };
      for (double d = 1; d <= static_cast<double>(m * (std::ssize(pool) - m)) / 2; d += 2) {
        const double exact = share_of_orders(
            pool, [&](const std::vector<int>& order) { return distance(order) >= d; });
        least = std::min(least, exact > 0 ? bound(d, m, std::ssize(pool) - m) / exact : INFINITY);
      }
    }
  }
  return least;
}

std::size_t count_of(const Behaviour& b) {
  std::size_t count = b.states.frozen.size() + b.states.stuck.size() + b.states.identical.size();
  for (const RankTests& q : b.quantities) {
    count += q.frozen.size() + q.drifts.size() + q.apart.size() + q.periods.size();
  }
  return count;
}

}  // namespace

TEST_CASE("behaviour: a stretch of one state is as probable as it is among all orders") {
  // sums of a few terms of order 1
  CHECK(stretch_error(log_probability_of_stretch) < 1e-14);
  // VE1: with replacement
  CHECK(stretch_error([](const std::vector<Index>& counts, Index length) {
          return planted::VE1::log_probability_of_stretch(counts, length);
        }) > 1e-3);
}

TEST_CASE("behaviour: the bound on identical stretches is one, and not a useless one") {
  CHECK(least_pair_ratio(log_bound_of_pairs) > 1 - 1e-12);
  // VE2: the orders of the pairs are forgotten
  CHECK(least_pair_ratio([](const std::vector<Index>& counts, Index pairs) {
          return planted::VE2::log_bound_of_pairs(counts, pairs);
        }) < 0.9);
  // n different values, each twice: exactly L! 2^L / (2 L)_2L, which t -> infinity reaches
  const std::vector<Index> twice(10, 2);
  CHECK(std::exp(log_bound_of_pairs(twice, 10)) ==
        doctest::Approx(3628800.0 * 1024 / 2432902008176640000.0));
  // spins: about 2^-L; the bound is a coefficient's, and loses no more than sqrt(2 pi L)
  const double spins = std::exp(log_bound_of_pairs({320, 320}, 20));
  CHECK(spins > std::ldexp(1.0, -20) * 0.9);
  CHECK(spins < std::ldexp(1.0, -20) * std::sqrt(2 * 3.1416 * 20));
}

TEST_CASE("behaviour: the bound on ranks holds for all orders, with ties and without") {
  CHECK(least_rank_ratio(bound_of_larger_pairs) >= 1);
  // VE6: a variance without what the draws take from each other
  CHECK(least_rank_ratio([](double d, Index m, Index n) {
          return planted::VE6::bound_of_larger_pairs(d, m, n);
        }) < 0.9);
}

TEST_CASE("behaviour: tails of the hypergeometric law") {
  // 8 pairs, 4 firsts and 5 seconds marked: C(4, a) C(4, 5 - a) / C(8, 5)
  CHECK(std::exp(log_hypergeometric_tail(4, 4, 5, 8)) == doctest::Approx(4.0 / 56));
  CHECK(std::exp(log_hypergeometric_tail(3, 4, 5, 8)) == doctest::Approx((4.0 + 24) / 56));
  CHECK(std::exp(log_hypergeometric_tail(1, 4, 5, 8)) == doctest::Approx(1));
  // all of 40 pairs on their side: 1 / C(40, 20)
  CHECK(log_hypergeometric_tail(20, 20, 20, 40) == doctest::Approx(-std::log(137846528820.0)));
}

TEST_CASE("behaviour: no alarm in exact draws") {
  // By construction an alarm once in 1e6 runs; so many runs have none with a probability of 0.999
  const Executor executor(1);
  std::size_t runs = 0;
  for (const Law law : {Law::normal, Law::cauchy, Law::spins, Law::rare_bits}) {
    for (const Index chains : {1, 2, 3, 4, 8, 16, 64}) {
      for (const Index draws : {2, 5, 20, 100, 400}) {
        for (const Index quantities : {1, 3}) {
          for (std::uint64_t seed = 1; seed <= (chains * draws > 6000 ? 1U : 4U); ++seed, ++runs) {
            const ChainDraws made = made_draws(seed + 17 * runs, law, chains, draws, quantities);
            CAPTURE(static_cast<int>(law));
            CAPTURE(chains);
            CAPTURE(draws);
            CHECK(count_of(examine_behaviour(made, {}, executor)) == 0);
          }
        }
      }
    }
  }
  MESSAGE("exact draws: 0 alarms in ", runs, " runs");
}

TEST_CASE("behaviour: no alarm in chains with memory that is short beside them") {
  const Executor executor(1);
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    // autocorrelation times 3, 19 and 39: 133, 105 and 102 effective draws a chain
    CHECK(count_of(
              examine_behaviour(made_draws(seed, Law::normal, 4, 400, 2, 0.5), {}, executor)) == 0);
    CHECK(count_of(examine_behaviour(made_draws(seed, Law::normal, 4, 2000, 2, 0.9), {},
                                     executor)) == 0);
    CHECK(count_of(examine_behaviour(made_draws(seed, Law::normal, 8, 4000, 1, 0.95), {},
                                     executor)) == 0);
    CHECK(count_of(examine_behaviour(made_draws(seed, Law::normal, 4, 1000, 2, -0.9), {},
                                     executor)) == 0);
  }
}

TEST_CASE("behaviour: ties are no trend") {
  ChainDraws spins = made_draws(3, Law::spins, 4, 4000, 1);
  CHECK(test_ranks(spins.quantity(0), behaviour_level).drifts.empty());
  // VE7: equal draws are ranked in the order in which they came
  CHECK_FALSE(planted::VE7::test_ranks(spins.quantity(0), behaviour_level).drifts.empty());
}

TEST_CASE("behaviour: a drift that only all chains together show") {
  ChainDraws made = made_draws(5, Law::normal, 64, 128, 1);
  for (auto& chain : made.chains) {
    chain.col(0) += Eigen::ArrayXd::LinSpaced(128, 0, 1);
  }
  const RankTests found = test_ranks(made.quantity(0), behaviour_level);
  REQUIRE(found.drifts.size() == 1);
  CHECK(found.drifts.front().chain == -1);
  CHECK_FALSE(found.drifts.front().of_spread);
  CHECK(found.drifts.front().share > 0.6);
  // VE5: the second quarter for the last one
  CHECK(planted::VE5::test_ranks(made.quantity(0), behaviour_level).drifts.empty());
}

TEST_CASE("behaviour: draws that nothing can be said of") {
  const Executor executor(1);
  CHECK(count_of(examine_behaviour({}, {}, executor)) == 0);
  ChainDraws made = made_draws(1, Law::normal, 4, 200, 2);
  made.chains[1](7, 0) = NAN;
  const Behaviour with_nan = examine_behaviour(made, {}, executor);
  CHECK(count_of(with_nan) == 0);
  for (auto& chain : made.chains) {
    chain.setConstant(3);
  }
  const Behaviour constant = examine_behaviour(made, {}, executor);
  CHECK(constant.states.all_equal);
  CHECK(count_of(constant) == 0);
}

TEST_CASE("behaviour: alarms in many exact runs are rarer than the level" *
          doctest::test_suite("slow")) {
  const Executor executor(1);
  const auto runs_with_alarm = [&](int runs, double level) {
    int alarms = 0;
    for (int run = 0; run < runs; ++run) {
      const Law law = static_cast<Law>(run % 4);
      const Index chains = std::array<Index, 4>{1, 2, 5, 16}[static_cast<std::size_t>(run / 4 % 4)];
      const Index draws = std::array<Index, 3>{16, 64, 150}[static_cast<std::size_t>(run / 16 % 3)];
      const ChainDraws made =
          made_draws(1000000 + static_cast<std::uint64_t>(run), law, chains, draws, 1 + run % 2);
      alarms += count_of(examine_behaviour(made, {}, executor, level)) > 0 ? 1 : 0;
    }
    return alarms;
  };
  // at 1e-6, 10,000 runs have one with a probability of at most 0.01; these seeds have none
  CHECK(runs_with_alarm(10000, behaviour_level) == 0);
  // at 0.3, where alarms can be counted: at most 0.3 n, and five standard deviations of n coins
  const int at_large_level = runs_with_alarm(4000, 0.3);
  MESSAGE("alarms at level 0.3 in 4000 runs: ", at_large_level);
  CHECK(at_large_level <= 0.3 * 4000 + 5 * std::sqrt(0.21 * 4000));
}
