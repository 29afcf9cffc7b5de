#include "negphase/gradient/mixing.hpp"

#include <doctest/doctest.h>

#include <boost/random/bernoulli_distribution.hpp>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "negphase/random/stream_engine.hpp"
#include "planted/MX10.hpp"
#include "planted/MX11.hpp"
#include "planted/MX3.hpp"
#include "planted/MX4.hpp"
#include "planted/MX5.hpp"
#include "planted/MX6.hpp"
#include "planted/MX7.hpp"
#include "support/ar1.hpp"

// Energies whose mixing is known. How these tests can fail: chains that hardly mix, stand apart or
// drift and are not named; an alarm in exact draws, in many short chains that do well, in rows
// whose laws differ, or in a law that training moves.

using namespace negphase;
using negphase::testing::ar1_chains;
using Codes = std::vector<std::string>;

namespace {

template <class AnyMixing>  // planted ones have a type of their own
Codes codes(const AnyMixing& mixing) {
  Codes all;
  for (const Warning& w : mixing.warnings) {
    CHECK(w.is_failed_check);
    all.push_back(w.code);
  }
  return all;
}

Mixing mixing_of(const Eigen::ArrayXXd& energies, Index rows = 1) {
  return check_mixing({energies, rows}, "negative phase");
}
Codes codes_of(const Eigen::ArrayXXd& energies, Index rows = 1) {
  return codes(mixing_of(energies, rows));
}
Mixing training_of(const Eigen::ArrayXXd& energies, Index rows) {
  return check_mixing_in_training({energies, rows});
}

/// Independent draws on rows whose energies are 0 or 1, the latter with a probability from 1/2 down
/// to 1/1000.
Eigen::ArrayXXd two_values(Index draws, Index chains, Index rows, std::uint64_t seed) {
  Eigen::ArrayXXd energies(draws, chains);
  for (Index c = 0; c < chains; ++c) {
    StreamEngine engine(seed, static_cast<std::uint32_t>(c), 0, Purpose::user);
    const double share = static_cast<double>(c % rows) / static_cast<double>(rows - 1);
    boost::random::bernoulli_distribution<double> one(0.5 * std::pow(0.002, share));
    for (Index d = 0; d < draws; ++d) {
      energies(d, c) = one(engine) ? 1 : 0;
    }
  }
  return energies;
}

/// Chains on rows whose energies have other means and spreads.
Eigen::ArrayXXd on_rows(Eigen::ArrayXXd energies, Index rows) {
  for (Index c = 0; c < energies.cols(); ++c) {
    const auto row = static_cast<double>(c % rows);
    energies.col(c) = 50 * std::sin(row) + (1 + row) * energies.col(c);
  }
  return energies;
}

/// Rows of energies that never change. The mean of equal numbers, added in order, may differ from
/// them by a rounding.
Eigen::ArrayXXd flat_rows() {
  Eigen::ArrayXXd energies(66, 264);
  for (Index c = 0; c < energies.cols(); ++c) {
    energies.col(c) = 0.1 * static_cast<double>(c % 66 + 1);
  }
  return energies;
}

/// What training does to the energies of all chains.
Eigen::ArrayXXd in_training(Eigen::ArrayXXd energies) {
  for (Index look = 0; look < energies.rows(); ++look) {
    const auto time = static_cast<double>(look);
    energies.row(look) = (1 + time / 20) * energies.row(look) - 3 * time;
  }
  return energies;
}

/// Half of the chains of each row stand 2 above the others.
Eigen::ArrayXXd apart(Eigen::ArrayXXd energies, Index rows) {
  for (Index c = 0; c < energies.cols(); ++c) {
    energies.col(c) += c / rows % 2 == 0 ? 2 : 0;
  }
  return energies;
}

/// All chains fall by two deviations while they are looked at.
Eigen::ArrayXXd falling(Eigen::ArrayXXd energies) {
  energies.colwise() -= Eigen::ArrayXd::LinSpaced(energies.rows(), 0, 2);
  return energies;
}

}  // namespace

TEST_CASE("mixing: no alarm in exact draws, of one law, of rows, of a law that moves") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    for (const Index chains : {8, 16, 128}) {
      const Eigen::ArrayXXd draws = ar1_chains(100, chains, 0, seed);
      CHECK(codes_of(draws).empty());
      CHECK(codes_of((5 * draws).round()).empty());  // few energies
      CHECK(codes_of(on_rows(draws, 4), 4).empty());
      CHECK(codes(training_of(in_training(draws), 1)).empty());
    }
  }
}

TEST_CASE("mixing: R-hat is that of so many effective draws a chain") {
  // AR(1) with time t = (1 + a) / (1 - a): halves of n draws have variance of means t / n about, to
  // first order in t / n, and R-hat^2 = 1 + (t - 1) / n. 64 chains: its excess scatters by
  // sqrt(2 / 127) = 13 %, five times over; the second order is below t / n = 16 %.
  const Index draws = 100, chains = 64;
  for (const double a : {0.3, 0.6}) {
    const double time = (1 + a) / (1 - a);
    const Mixing mixing = mixing_of(ar1_chains(draws, chains, a, 3));
    const double excess = mixing.rhat * mixing.rhat - 1, expected = (time - 1) / (draws / 2);
    CHECK(std::abs(excess / expected - 1) < 5 * 0.13 + 0.16);
    // and sizes of so many draws: 6400 / t, whose own scatter is a few per cent
    CHECK(std::abs(mixing.ess_bulk * time / (draws * chains) - 1) < 0.25);
    CHECK(mixing.chains == chains);
    CHECK(mixing.draws == draws);
  }
}

TEST_CASE("mixing: chains that forget too seldom are named, short ones that do well are not") {
  // 100 draws of a = 0.9 are worth 5.3, of 0.6 25 a chain
  CHECK(codes_of(ar1_chains(100, 64, 0.9, 1)).front() == "rhat");
  CHECK(codes_of(on_rows(ar1_chains(100, 64, 0.9, 1), 8), 8) == Codes{"rhat"});
  CHECK(codes_of(ar1_chains(100, 64, 0.6, 1)).empty());
  CHECK(codes(training_of(in_training(ar1_chains(64, 64, 0.9, 1)), 1)) == Codes{"rhat"});
  CHECK(codes(training_of(in_training(ar1_chains(64, 64, 0.3, 1)), 1)).empty());
}

TEST_CASE("mixing: chains that stand apart, and a drift that all share") {
  const Eigen::ArrayXXd draws = ar1_chains(100, 32, 0, 7);
  CHECK(codes_of(apart(draws, 1)) == Codes{"rhat", "separated_chains"});
  CHECK(codes_of(apart(draws, 4), 4) == Codes{"rhat"});
  CHECK(codes(training_of(in_training(apart(draws, 1)), 1)) == Codes{"rhat"});
  CHECK(codes(training_of(apart(draws, 4), 4)) == Codes{"rhat"});
  // many chains see a small drift: the first quarter lies 1.5 deviations above the last
  CHECK(codes_of(falling(draws)) == Codes{"rhat", "drifting_chains"});
  CHECK(codes_of(falling(draws) / 2 + draws / 2) == Codes{"drifting_chains"});
  const Mixing mixing = check_mixing({apart(draws, 1), 1}, "positive phase");
  CHECK(mixing.warnings.front().text.starts_with("positive phase: R-hat of the energy is"));
}

TEST_CASE("mixing: rows whose laws differ in shape, and rows that never change, are no fault") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    for (const Index a_row : {1, 2, 4, 16}) {
      const Eigen::ArrayXXd energies = two_values(100, 30 * a_row, 30, seed);
      CHECK(codes_of(energies, 30).empty());
      if (a_row > 1) {
        CHECK(codes(training_of(energies, 30)).empty());
      }
    }
  }
  CHECK(codes_of(flat_rows(), 66).empty());
  CHECK(codes(training_of(flat_rows(), 66)).empty());
}

TEST_CASE("planted MX10, MX11: rows ranked together, and what rounding leaves of a row") {
  const Eigen::ArrayXXd energies = two_values(100, 120, 30, 1);
  CHECK_FALSE(codes(planted::MX10::check_mixing({energies, 30}, "")).empty());
  CHECK_FALSE(codes(planted::MX11::check_mixing({flat_rows(), 66}, "")).empty());
}

namespace {

/// P(R-hat above the limit) where energies have two values, one of them with probability p: 16
/// halves of 32 draws with counts k, B / n = var(k) / 32^2, W = mean of k (32 - k) / (32 31).
double chance_of_alarm(double p) {
  constexpr int halves = 16, n = 32, most = 96;
  std::vector<double> of_count;
  for (int k = 0; k <= n; ++k) {
    of_count.push_back(std::exp(std::lgamma(n + 1.0) - std::lgamma(k + 1.0) -
                                std::lgamma(n - k + 1.0) + k * std::log(p) +
                                (n - k) * std::log1p(-p)));
  }
  std::map<std::pair<int, int>, double> sums{{{0, 0}, 1.0}};  // of k and k^2
  for (int half = 0; half < halves; ++half) {
    std::map<std::pair<int, int>, double> next;
    for (const auto& [at, probability] : sums) {
      for (int k = 0; k <= std::min(n, most - at.first); ++k) {
        if (of_count[static_cast<std::size_t>(k)] * probability > 1e-30) {
          next[{at.first + k, at.second + k * k}] +=
              of_count[static_cast<std::size_t>(k)] * probability;
        }
      }
    }
    sums = std::move(next);
  }
  double chance = 0;
  for (const auto& [at, probability] : sums) {
    const double sum = at.first, squares = at.second;
    const double within = (n * sum - squares) / halves / (n * (n - 1.0));
    const double between = (squares - sum * sum / halves) / (halves - 1) / (n * n);
    const double limit = largest_rhat_of_many * largest_rhat_of_many;
    chance += within > 0 && (n - 1.0) / n + between / within > limit ? probability : 0;
  }
  return chance;
}

}  // namespace

TEST_CASE("mixing: the level for 8 chains of 64 draws of two energies, summed over all counts") {
  // what lies beyond 96 ones of 512, at 12 expected ones, is below 1e-40; from there on counts are
  // near normal, and F > 7.4 with 15 and 496 degrees of freedom has a probability below 1e-13
  double worst = 0;
  for (const double expected : {0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0}) {
    worst = std::max(worst, chance_of_alarm(expected / 512));
  }
  MESSAGE("largest probability of an alarm: ", worst);
  CHECK(worst < 1e-7);
  CHECK(worst > 1e-12);  // the sum is over something
}

TEST_CASE("mixing: what cannot be said is not said") {
  CHECK(std::isnan(mixing_of({}).rhat));
  CHECK(mixing_of({}).chains == 0);
  const Eigen::ArrayXXd draws = ar1_chains(100, 32, 0, 7);
  CHECK(mixing_of(draws).is_checked);
  CHECK(std::isnan(mixing_of(draws.topRows(3)).rhat));
  CHECK(codes_of(apart(draws.topRows(63), 1)).empty());  // figures, but no check
  CHECK(mixing_of(apart(draws.topRows(63), 1)).rhat > 1.2);
  CHECK_FALSE(mixing_of(apart(draws.topRows(63), 1)).is_checked);
  CHECK(codes_of(apart(draws.leftCols(7), 1)).empty());
  CHECK(codes_of(Eigen::ArrayXXd::Ones(100, 8)).empty());  // a flat energy
  CHECK(std::isnan(mixing_of(Eigen::ArrayXXd::Ones(100, 8)).rhat));
  Eigen::ArrayXXd infinite = draws;
  infinite(3, 3) = INFINITY;
  CHECK(std::isnan(mixing_of(infinite).rhat));
  // tails of rows whose laws differ are not those of chains
  CHECK(std::isnan(mixing_of(draws, 2).ess_tail));
  // one chain a row keeps no place among others, which is said
  const Mixing alone = training_of(draws, 32);
  CHECK(alone.chains == 0);
  REQUIRE(alone.warnings.size() == 1);
  CHECK(alone.warnings[0].code == "chains_not_compared");
  CHECK_FALSE(alone.warnings[0].is_failed_check);
}

TEST_CASE("planted MX3: chains on different rows are compared as they are") {
  const Eigen::ArrayXXd draws = on_rows(ar1_chains(100, 64, 0, 1), 8);
  CHECK_FALSE(codes(planted::MX3::check_mixing({draws, 8}, "")).empty());
}

TEST_CASE("planted MX4: deviations from the chain's own mean") {
  const Eigen::ArrayXXd draws = apart(ar1_chains(100, 32, 0, 7), 4);
  CHECK(codes(planted::MX4::check_mixing({draws, 4}, "")).empty());
}

TEST_CASE("planted MX5: the law of a training stands still") {
  const Eigen::ArrayXXd draws = in_training(ar1_chains(64, 64, 0, 1));
  CHECK_FALSE(codes(planted::MX5::check_mixing_in_training({draws, 1})).empty());
}

TEST_CASE("planted MX6: what is asked of four chains is asked of many") {
  CHECK_FALSE(codes(planted::MX6::check_mixing({ar1_chains(100, 64, 0.6, 1), 1}, "")).empty());
}

TEST_CASE("planted MX7: nobody looks at the ranks") {
  const Eigen::ArrayXXd draws = ar1_chains(100, 32, 0, 7);
  CHECK(codes(planted::MX7::check_mixing({falling(draws) / 2 + draws / 2, 1}, "")).empty());
}
