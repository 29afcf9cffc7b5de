#include "negphase/io/trial_run.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>

// How this test can fail: a fault that ends this process too, an exception taken for one, work that
// changes what this process holds.

using namespace negphase;

TEST_CASE("trial run: work without end is given up" * doctest::test_suite("slow")) {
  volatile bool goes_on = true;
  CHECK(breaks_down(
      [&] {
        while (goes_on) {
        }
      },
      1));
}

TEST_CASE("trial run: a fault ends the child alone") {
  CHECK(breaks_down([] { std::raise(SIGSEGV); }, 60));
  CHECK(breaks_down([] { std::abort(); }, 60));
  CHECK(breaks_down([] { std::_Exit(1); }, 60));
  int seen = 0;
  CHECK(!breaks_down([&] { seen = 1; }, 60));
  CHECK(seen == 0);
  CHECK(!breaks_down([] { throw std::runtime_error("no fault"); }, 60));
}
