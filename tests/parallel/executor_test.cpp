#include "negphase/parallel/executor.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

#include "negphase/core/error.hpp"

using negphase::Executor;
using negphase::Index;

TEST_CASE("every number is worked on exactly once, whatever the number of threads") {
  for (const int threads : {1, 2, 3, 7}) {
    const Executor executor(threads);
    std::vector<std::atomic<int>> visits(100);
    executor.for_each(100, [&](Index i) { ++visits[static_cast<std::size_t>(i)]; });
    for (const auto& v : visits) {
      CHECK(v == 1);
    }
  }
}

TEST_CASE("results stand in the order of their numbers") {
  const Executor executor(3);
  const auto squares = executor.map<Index>(50, [](Index i) { return i * i; });
  for (Index i = 0; i < 50; ++i) {
    CHECK(squares[static_cast<std::size_t>(i)] == i * i);
  }
}

TEST_CASE("the error of the lowest number is raised, and all others still ran") {
  const Executor executor(4);
  std::atomic<int> ran{0};
  std::string message;
  try {
    executor.for_each(64, [&](Index i) {
      ++ran;
      if (i % 10 == 7) {
        throw std::runtime_error(std::to_string(i));
      }
    });
  } catch (const std::runtime_error& e) {
    message = e.what();
  }
  CHECK(message == "7");
  CHECK(ran == 64);
}

TEST_CASE("thread counts are sane") {
  CHECK(negphase::available_threads() >= 1);
  CHECK(Executor(0).threads() == negphase::available_threads());
  CHECK(Executor(1'000'000).threads() <= 64 * negphase::available_threads());
  Executor none(1);
  none.for_each(0, [](Index) { FAIL("nothing to do"); });
}

TEST_CASE("told to stop, an executor leaves the rest and says so") {
  for (const int threads : {1, 3}) {
    negphase::StopToken token;
    Executor executor(threads);
    executor.stop_on(token);
    std::atomic<int> ran{0};
    executor.for_each(10, [&](Index) { ++ran; });
    CHECK(ran == 10);
    CHECK_THROWS_AS(executor.for_each(100'000,
                                      [&](Index) {
                                        ++ran;
                                        token.stop();
                                      }),
                    negphase::Stopped);
    CHECK(ran <= 10 + threads);
    CHECK(ran > 10);
  }
}
