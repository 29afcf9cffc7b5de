#include "negphase/gradient/mixing.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

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

Codes codes_of(const Eigen::ArrayXXd& energies, Index rows = 1) {
  return codes(check_mixing(energies, rows, "negative phase"));
}

/// Chains on rows whose energies have other means and spreads.
Eigen::ArrayXXd on_rows(Eigen::ArrayXXd energies, Index rows) {
  for (Index c = 0; c < energies.cols(); ++c) {
    const auto row = static_cast<double>(c % rows);
    energies.col(c) = 50 * std::sin(row) + (1 + row) * energies.col(c);
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
    for (const Index chains : {4, 16, 128}) {
      const Eigen::ArrayXXd draws = ar1_chains(100, chains, 0, seed);
      CHECK(codes_of(draws).empty());
      CHECK(codes_of((5 * draws).round()).empty());  // few energies
      CHECK(codes_of(on_rows(draws, 4), 4).empty());
      CHECK(codes(check_mixing_in_training(in_training(draws), 1)).empty());
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
    const Mixing mixing = check_mixing(ar1_chains(draws, chains, a, 3), 1, "");
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
  CHECK(codes(check_mixing_in_training(in_training(ar1_chains(64, 64, 0.9, 1)), 1)) ==
        Codes{"rhat"});
  CHECK(codes(check_mixing_in_training(in_training(ar1_chains(64, 64, 0.3, 1)), 1)).empty());
}

TEST_CASE("mixing: chains that stand apart, and a drift that all share") {
  const Eigen::ArrayXXd draws = ar1_chains(100, 32, 0, 7);
  CHECK(codes_of(apart(draws, 1)) == Codes{"rhat", "separated_chains"});
  CHECK(codes_of(apart(draws, 4), 4) == Codes{"rhat"});
  CHECK(codes(check_mixing_in_training(in_training(apart(draws, 1)), 1)) == Codes{"rhat"});
  CHECK(codes(check_mixing_in_training(apart(draws, 4), 4)) == Codes{"rhat"});
  // many chains see a small drift: the first quarter lies 1.5 deviations above the last
  CHECK(codes_of(falling(draws)) == Codes{"rhat", "drifting_chains"});
  CHECK(codes_of(falling(draws) / 2 + draws / 2) == Codes{"drifting_chains"});
  const Mixing mixing = check_mixing(apart(draws, 1), 1, "positive phase");
  CHECK(mixing.warnings.front().text.starts_with("positive phase: R-hat of the energy is"));
}

TEST_CASE("mixing: what cannot be said is not said") {
  CHECK(std::isnan(check_mixing({}, 1, "").rhat));
  CHECK(check_mixing({}, 1, "").chains == 0);
  const Eigen::ArrayXXd draws = ar1_chains(100, 32, 0, 7);
  CHECK(std::isnan(check_mixing(draws.topRows(3), 1, "").rhat));
  CHECK(codes_of(apart(draws.topRows(63), 1)).empty());  // figures, but no check
  CHECK(check_mixing(apart(draws.topRows(63), 1), 1, "").rhat > 1.2);
  CHECK(codes_of(apart(draws.leftCols(3), 1)).empty());
  CHECK(codes_of(Eigen::ArrayXXd::Ones(100, 8)).empty());  // a flat energy
  CHECK(std::isnan(check_mixing(Eigen::ArrayXXd::Ones(100, 8), 1, "").rhat));
  Eigen::ArrayXXd infinite = draws;
  infinite(3, 3) = INFINITY;
  CHECK(std::isnan(check_mixing(infinite, 1, "").rhat));
  // one chain a row keeps no place among others
  CHECK(check_mixing_in_training(draws, 32).chains == 0);
  // tails of rows whose laws differ are not those of chains
  CHECK(std::isnan(check_mixing(draws, 2, "").ess_tail));
}

TEST_CASE("planted MX3: chains on different rows are compared as they are") {
  const Eigen::ArrayXXd draws = on_rows(ar1_chains(100, 64, 0, 1), 8);
  CHECK_FALSE(codes(planted::MX3::check_mixing(draws, 8, "")).empty());
}

TEST_CASE("planted MX4: deviations from the chain's own mean") {
  const Eigen::ArrayXXd draws = apart(ar1_chains(100, 32, 0, 7), 4);
  CHECK(codes(planted::MX4::check_mixing(draws, 4, "")).empty());
}

TEST_CASE("planted MX5: the law of a training stands still") {
  const Eigen::ArrayXXd draws = in_training(ar1_chains(64, 64, 0, 1));
  CHECK_FALSE(codes(planted::MX5::check_mixing_in_training(draws, 1)).empty());
}

TEST_CASE("planted MX6: what is asked of four chains is asked of many") {
  CHECK_FALSE(codes(planted::MX6::check_mixing(ar1_chains(100, 64, 0.6, 1), 1, "")).empty());
}

TEST_CASE("planted MX7: nobody looks at the ranks") {
  const Eigen::ArrayXXd draws = ar1_chains(100, 32, 0, 7);
  CHECK(codes(planted::MX7::check_mixing(falling(draws) / 2 + draws / 2, 1, "")).empty());
}
