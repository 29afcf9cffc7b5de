#include "negphase/run/meetings.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>

#include "planted/CO3.hpp"
#include "planted/CO4.hpp"

namespace {

using namespace negphase;

// five pairs at lag 100: ten digits of another program
template <class M, class Bound>
bool bounds_are_right(Bound&& bound) {
  M meetings;
  meetings.lag = 100;
  meetings.times = {103, 110, 150, 101, 317};
  const std::array<std::pair<Index, double>, 4> expected{
      {{0, 1.4}, {5, 1.0}, {20, 0.6}, {120, 0.2}}};
  bool all = true;
  for (const auto& [t, value] : expected) {
    all = all && std::abs(bound(meetings, t).mean - value) <= 1e-15;
  }
  return all;
}

template <class M, class Summarise>
bool tells_of_pairs_apart(Summarise&& summary) {
  M meetings;
  meetings.lag = 10;
  meetings.times = {12, 15, 0, 13};
  const auto s = summary(meetings, 100);
  return s.not_met == 1 && s.pairs == 4 && std::isinf(s.bound.mean) && std::isinf(s.upper) &&
         std::isinf(s.longest) && s.median == 13;
}

}  // namespace

TEST_CASE("L-lag bound: the vector, and its standard error") {
  CHECK(bounds_are_right<Meetings>([](auto&&... a) { return total_variation_bound(a...); }));
  const Meetings meetings{100, {103, 110, 150, 101, 317}};
  // terms 1, 1, 1, 1, 3 about 1.4: sum of squares 4 x 0.16 + 2.56 = 3.2, over 4 and over 5
  CHECK(total_variation_bound(meetings, 0).standard_error == doctest::Approx(0.4).epsilon(1e-14));
  // a pair counts once more exactly where another lag has begun: ceil
  CHECK(total_variation_bound({10, {21, 21}}, 1).mean == 1);
  CHECK(total_variation_bound({10, {22, 22}}, 1).mean == 2);
  CHECK(total_variation_bound({10, {11, 11}}, 1).mean == 0);
}

TEST_CASE("meeting times are summed up, and pairs that did not meet are not left out") {
  CHECK(tells_of_pairs_apart<Meetings>([](auto&&... a) { return summarise(a...); }));
  Meetings meetings{4, {}};
  for (Index tau = 200; tau >= 4; --tau) {
    meetings.times.push_back(tau);
  }
  const StartUp s = summarise(meetings, 196);
  CHECK(s.median == 102);         // the 99th of 4 .. 200
  CHECK(s.percentile_99 == 199);  // ceil(0.99 x 197) = 196th
  CHECK(s.longest == 200);
  CHECK(s.bound.mean == 0);
  CHECK(s.upper == doctest::Approx(3.0 / 197));  // no pair late says no more than this
  const StartUp late = summarise(meetings, 195);
  CHECK(late.upper == doctest::Approx(1.0 / 197 + 1.645 / 197));  // one of n: SE = 1 / n
}

TEST_CASE("planted CO3, CO4: wrong bounds are rejected") {
  CHECK_FALSE(tells_of_pairs_apart<planted::CO3::Meetings>(
      [](auto&&... a) { return planted::CO3::summarise(a...); }));
  CHECK_FALSE(bounds_are_right<planted::CO4::Meetings>(
      [](auto&&... a) { return planted::CO4::total_variation_bound(a...); }));
}
