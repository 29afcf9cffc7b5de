#include "negphase/random/stream_engine.hpp"

#include <doctest/doctest.h>

#include <boost/random/gamma_distribution.hpp>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <cmath>
#include <random>
#include <set>
#include <vector>

#include "negphase/core/error.hpp"
#include "negphase/random/philox_source.hpp"

namespace {

using namespace negphase;

static_assert(std::uniform_random_bit_generator<StreamEngine>);

}  // namespace

TEST_CASE("the engine gives the words of its stream, in order") {
  const std::uint64_t seed = 0x123456789abcdefULL, step = 77;
  StreamEngine engine(seed, 5, step, Purpose::start);
  PhiloxSource source(seed, 5, 1);
  source.set_step(step);
  Lane<std::uint64_t> word(1);
  for (Index i = 0; i < 100; ++i) {
    source.words(Purpose::start, i, word);
    const std::uint64_t low = engine(), high = engine();
    CHECK(word[0] == (low | (high << 32)));
  }
}

TEST_CASE("discard goes where drawing would, also over the edge of a counter") {
  for (const std::uint64_t n : {1U, 3U, 4U, 7U, 1000U}) {
    StreamEngine drawn(1, 2, 3, Purpose::data), jumped(1, 2, 3, Purpose::data);
    for (std::uint64_t i = 0; i < n; ++i) {
      drawn();
    }
    jumped.discard(n);
    CHECK(drawn() == jumped());
  }
}

TEST_CASE("a stream ends with an error, not with a repeat") {
  StreamEngine engine(1, 2, 3, Purpose::data);
  engine.discard((std::uint64_t{1} << 34) - 1);
  CHECK_NOTHROW(engine());
  CHECK_THROWS_AS(engine(), UsageError);
}

TEST_CASE("streams of other seeds, chains, steps and purposes differ") {
  std::set<std::uint32_t> first;
  for (const std::uint64_t seed : {1ULL, 2ULL, 1ULL << 32}) {
    for (const std::uint32_t chain : {0U, 1U}) {
      for (const std::uint64_t step : {0ULL, 1ULL, 1ULL << 32}) {
        for (const Purpose p : {Purpose::start, Purpose::data}) {
          first.insert(StreamEngine(seed, chain, step, p)());
        }
      }
    }
  }
  CHECK(first.size() == 3 * 2 * 3 * 2);
}

TEST_CASE("Boost's distributions draw from it") {
  StreamEngine engine(3, 0, 0, Purpose::user);
  boost::random::normal_distribution<double> normal;
  boost::random::gamma_distribution<double> gamma(2.5);
  boost::random::uniform_int_distribution<int> die(1, 6);
  double sum = 0, square = 0, gammas = 0, dots = 0;
  constexpr int n = 100'000;
  for (int i = 0; i < n; ++i) {
    const double x = normal(engine);
    sum += x;
    square += x * x;
    gammas += gamma(engine);
    dots += die(engine);
  }
  // 5 standard errors of each mean: 6e-7 a look
  CHECK(std::abs(sum / n) < 5 / std::sqrt(n));
  CHECK(std::abs(square / n - 1) < 5 * std::sqrt(2.0 / n));
  CHECK(std::abs(gammas / n - 2.5) < 5 * std::sqrt(2.5 / n));
  CHECK(std::abs(dots / n - 3.5) < 5 * std::sqrt(35.0 / 12 / n));
}

TEST_CASE("roles have seeds of their own") {
  CHECK(derive_seed(1, "positive phase") != derive_seed(1, "negative phase"));
  CHECK(derive_seed(1, "positive phase") != derive_seed(2, "positive phase"));
  CHECK(derive_seed(1, "positive phase") == derive_seed(1, "positive phase"));
}

TEST_CASE("parts of a composed kernel draw from indices of their own") {
  PhiloxSource source(1, 0, 8);
  PerChain plain(8), first(8), second(8), far(8);
  source.uniforms(Purpose::accept, 0, plain);
  {
    const RandomSource::Part part(source, 0);
    source.uniforms(Purpose::accept, 0, first);
  }
  {
    const RandomSource::Part part(source, 1);
    source.uniforms(Purpose::accept, 0, second);
  }
  source.uniforms(Purpose::accept, Index{1} << 20, far);
  CHECK((plain == first).all());
  CHECK((plain != second).all());
  CHECK((second == far).all());
}
