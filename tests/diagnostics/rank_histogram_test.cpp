#include "negphase/diagnostics/rank_histogram.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "planted/PI1.hpp"
#include "planted/PI2.hpp"
#include "planted/PI3.hpp"
#include "support/ar1.hpp"

// How these tests can fail: ranks within a chain in place of those among all chains, draws that get
// lost at an edge, ties torn apart, a band that is too narrow or leaves out the chains' memory.

namespace {

using namespace negphase;
using Eigen::ArrayXd;
using Eigen::ArrayXXd;

template <class Histogram>
bool all_inside(const Histogram& h) {
  return (h.counts >= h.low.replicate(1, h.counts.cols())).all() &&
         (h.counts <= h.high.replicate(1, h.counts.cols())).all();
}

/// In how many of `runs` runs some bar leaves the band.
template <class Make>
int alarms(const Make& make, int runs, double a, double time) {
  int count = 0;
  for (int r = 0; r < runs; ++r) {
    const ArrayXXd x = testing::ar1_chains(200, 4, a, static_cast<std::uint64_t>(r) + 1);
    count += all_inside(make(x, time)) ? 0 : 1;
  }
  return count;
}

const auto ours = [](const ArrayXXd& x, double time) { return rank_histogram(x, time); };

ArrayXXd one_below_the_other() {
  ArrayXXd x(4, 2);
  x << 1, 8, 2, 7, 3, 6, 4, 5;
  return x;
}

template <class Histogram>
bool is_right(const Histogram& h) {
  ArrayXXd counts(4, 2);
  counts << 2, 0, 2, 0, 0, 2, 0, 2;
  return (h.counts == counts).all() &&
         (h.edges == ArrayXd::LinSpaced(5, 0, 1)).all();  // quarters are exact
}

}  // namespace

TEST_CASE("rank histogram: two chains, one below the other") {
  const RankHistogram h = rank_histogram(one_below_the_other(), 1, 4);
  CHECK(is_right(h));
  CHECK((h.expected == 1).all());
  // Of 8 ranks 2 are in a bin; a chain has 0, 1 or 2 of them with probabilities above the level of
  // an end, 0.05 / (2 x 8).
  CHECK((h.low == 0).all());
  CHECK((h.high == 2).all());
  CHECK_FALSE(is_right(planted::PI1::rank_histogram(one_below_the_other(), 1, 4)));
}

TEST_CASE("rank histogram: equal draws share a bin, which is as wide as they are many") {
  ArrayXXd spins(8, 2);
  spins << -1, 1, -1, 1, 1, 1, 1, 1, -1, 1, 1, 1, 1, 1, -1, -1;
  const RankHistogram h = rank_histogram(spins);
  ArrayXXd counts(2, 2);
  counts << 4, 1, 4, 7;
  CHECK((h.counts == counts).all());
  CHECK(h.edges[1] == 5.0 / 16);
  CHECK(h.edges[2] == 1);
  CHECK(h.expected[0] == 2.5);
  // every draw is in some bin, whatever the number of them
  for (const Index n : {1, 2, 3, 7, 19, 20, 21, 101}) {
    const RankHistogram any = rank_histogram(testing::ar1_chains(n, 3, 0, 5));
    CAPTURE(n);
    CHECK((any.counts.colwise().sum() == static_cast<double>(n)).all());
    CHECK(any.edges[any.edges.size() - 1] == doctest::Approx(1).epsilon(1e-14));
  }
}

TEST_CASE("rank histogram: independent chains leave the band in 5 % of the runs at most") {
  // By construction; a count of 0.05 x 500 has a standard deviation of 4.9, and 25 + 5 x 4.9 = 50.
  CHECK(alarms(ours, 500, 0, 1) <= 50);
  const auto pointwise = [](const ArrayXXd& x, double time) {
    return planted::PI2::rank_histogram(x, time);
  };
  CHECK(alarms(pointwise, 500, 0, 1) > 50);
}

TEST_CASE("rank histogram: the band has room for the memory of chains") {
  // No function of AR(1) draws is correlated more than the draws are (Gebelein 1941), so that
  // tau = (1 + a) / (1 - a) bounds how much wider than of independent draws a count varies.
  const double a = 0.7, tau = 1.7 / 0.3;
  CHECK(alarms(ours, 500, a, tau) <= 50);
  const auto without = [](const ArrayXXd& x, double time) {
    return planted::PI3::rank_histogram(x, time);
  };
  CHECK(alarms(without, 500, a, tau) > 50);
}

TEST_CASE("rank histogram: chains that are worth less than a draw a bin leave no band") {
  for (const double time : {60.0, 199.0, 200.0, 1e6}) {
    const ArrayXXd x = testing::ar1_chains(200, 4, 0.99, 3);
    const RankHistogram h = rank_histogram(x, time);
    CAPTURE(time);
    CHECK(all_inside(h));
    CHECK((h.low == 0).all());
    // one independent draw of 200 may lie anywhere
    CHECK((time < 150 || (h.high == 200).all()));
  }
}

TEST_CASE("rank histogram: chains of another place or spread leave the band") {
  int moved = 0, wider = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    ArrayXXd x = testing::ar1_chains(200, 4, 0, seed);
    x.col(2) += 1;
    moved += all_inside(rank_histogram(x)) ? 0 : 1;
    x.col(2) = 3 * (x.col(2) - 1);
    wider += all_inside(rank_histogram(x)) ? 0 : 1;
  }
  CHECK(moved == 50);
  CHECK(wider == 50);
}

TEST_CASE("rank histogram: nothing to compare") {
  CHECK(rank_histogram(ArrayXXd(0, 4)).counts.size() == 0);
  CHECK(rank_histogram(testing::ar1_chains(10, 1, 0, 1)).counts.size() == 0);
  ArrayXXd x = testing::ar1_chains(10, 2, 0, 1);
  x(3, 1) = NAN;
  CHECK(rank_histogram(x).counts.size() == 0);
  x(3, 1) = INFINITY;
  CHECK(rank_histogram(x).counts.size() == 0);
  // constant: one bin, and no chain can differ
  CHECK(all_inside(rank_histogram(ArrayXXd::Constant(10, 3, 2.0))));
  // many draws: counts fit
  CHECK(all_inside(rank_histogram(testing::ar1_chains(100000, 2, 0, 1))));
}
