#include "negphase/core/memory.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>

#include "negphase/core/error.hpp"

// How these tests can fail: a need that is not held against memory, a message without the figures,
// or a limit of the process that is not seen.

using namespace negphase;

TEST_CASE("memory: a need above what there is is refused with both figures") {
  CHECK_NOTHROW(check_memory(1e6, "1 chain takes"));
  CHECK_NOTHROW(check_memory(usable_memory(), "all of it takes"));
  CHECK_THROWS_WITH_AS(check_memory(1e18, "5 chains take"),
                       doctest::Contains("5 chains take 1e+09 GB; this machine has "), ConfigError);
  CHECK_THROWS_AS(check_memory(INFINITY, "more than any number of chains take"), ConfigError);
}

TEST_CASE("memory: no more than the machine has, and no more than the process may take") {
  const double machine = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) *
                         static_cast<double>(::sysconf(_SC_PAGE_SIZE));
  CHECK(usable_memory() > 0);
  CHECK(usable_memory() <= machine);
#ifndef __SANITIZE_ADDRESS__  // which claims more addresses than the machine has
  struct ::rlimit before {};
  REQUIRE(::getrlimit(RLIMIT_AS, &before) == 0);
  struct ::rlimit low = before;
  low.rlim_cur = static_cast<::rlim_t>(usable_memory() / 2);
  REQUIRE(::setrlimit(RLIMIT_AS, &low) == 0);
  const double limited = usable_memory();
  REQUIRE(::setrlimit(RLIMIT_AS, &before) == 0);
  CHECK(limited == static_cast<double>(low.rlim_cur));
#endif
}
