#include "negphase/random/scripted_source.hpp"

#include <doctest/doctest.h>

#include "negphase/core/error.hpp"
#include "negphase/random/tracing_source.hpp"
#include "support/altered_source.hpp"

using namespace negphase;

namespace {
constexpr std::uint64_t ones = ~std::uint64_t{0};
}

TEST_CASE("a tape is read in the order of the requests, chains first") {
  ScriptedSource source(2);
  const std::vector<std::uint64_t> tape{1, 2, 3, 4, 5, 6};
  const std::vector<double> noise{0.5, -1.5};
  source.script(tape, noise);
  Lane<std::uint64_t> words(2);
  source.words(Purpose::value, 9, words);
  CHECK(words[0] == 1);
  CHECK(words[1] == 2);
  Block<double> uniforms(2, 2);
  source.uniforms(Purpose::accept, 4, uniforms);
  CHECK(source.num_words() == 6);
  Block<float> normals(2, 1);
  source.normals(Purpose::noise, 0, normals);
  CHECK(normals(0, 0) == 0.5f);
  CHECK(normals(1, 0) == -1.5f);
  CHECK(source.num_normals() == 2);
  const std::vector<Draw> expected{
      {Purpose::value, 9}, {Purpose::accept, 4}, {Purpose::accept, 5}, {Purpose::noise, 0}};
  CHECK(std::vector<Draw>(source.draws().begin(), source.draws().end()) == expected);
  CHECK(source.repeated().empty());
}

TEST_CASE("uniforms take the top bits of a word and are never 1") {
  ScriptedSource source(1);
  const std::vector<std::uint64_t> tape{0, ones, std::uint64_t{1} << 63, std::uint64_t{1} << 11};
  source.script(tape);
  Block<double> u(1, 4);
  source.uniforms(Purpose::accept, 0, u);
  CHECK(u(0, 0) == 0);
  CHECK(u(0, 1) == 1 - 0x1p-53);
  CHECK(u(0, 2) == 0.5);
  CHECK(u(0, 3) == 0x1p-53);
  const std::vector<std::uint64_t> same{0, ones, std::uint64_t{1} << 63, std::uint64_t{1} << 40};
  source.script(same);
  Block<float> v(1, 4);
  source.uniforms(Purpose::accept, 0, v);
  CHECK(v(0, 0) == 0);
  CHECK(v(0, 1) == 1 - 0x1p-24f);
  CHECK(v(0, 2) == 0.5f);
  CHECK(v(0, 3) == 0x1p-24f);
}

TEST_CASE("sites: word x n / 2^64") {
  ScriptedSource source(1);
  const std::vector<std::uint64_t> tape{0, 0x5555555555555555, 0x5555555555555556, ones};
  source.script(tape);
  Sites sites(1);
  for (const Index expected : {0, 0, 1, 2}) {
    source.sites(Purpose::site, expected, 3, sites);
    CHECK(sites[0] == expected);
  }
}

TEST_CASE("the end of the tape asks for more words, or goes on with the tail") {
  ScriptedSource source(1);
  const std::vector<std::uint64_t> tape{7};
  source.script(tape);
  Block<double> two(1, 2);
  CHECK_THROWS_AS(source.uniforms(Purpose::accept, 0, two), NeedMoreWords);
  CHECK_THROWS_AS(source.normals(Purpose::noise, 0, two), NeedMoreWords);
  source.script(tape);
  source.set_tail([](std::size_t i) { return 100 + static_cast<std::uint64_t>(i); });
  Lane<std::uint64_t> word(1);
  for (const std::uint64_t expected : {7, 101, 102}) {
    source.words(Purpose::value, static_cast<Index>(expected), word);
    CHECK(word[0] == expected);
  }
}

TEST_CASE("a draw that is asked for twice is reported, whatever its type") {
  ScriptedSource source(1);
  source.set_tail([](std::size_t) { return 0; });
  Block<double> wide(1, 3);
  Block<float> narrow(1, 2);
  source.script({});
  source.uniforms(Purpose::accept, 0, wide);
  source.uniforms(Purpose::conditional, 0, narrow);
  CHECK(source.repeated().empty());
  source.uniforms(Purpose::accept, 2, narrow);
  CHECK(source.repeated() == std::vector<Draw>{{Purpose::accept, 2}});
  source.script({});
  CHECK(source.draws().empty());
}

TEST_CASE("the tracing source passes on what it is given and refuses a second draw") {
  ScriptedSource inner(2);
  const std::vector<std::uint64_t> tape{ones, 0, 1, 2};
  inner.script(tape);
  TracingSource source(inner);
  Block<double> u(2, 1);
  source.uniforms(Purpose::accept, 5, u);
  CHECK(u(0, 0) == 1 - 0x1p-53);
  CHECK(u(1, 0) == 0);
  CHECK(source.draws().size() == 1);
  CHECK(inner.draws()[0] == Draw{Purpose::accept, 5});
  CHECK_THROWS_AS(source.uniforms(Purpose::accept, 5, u), UsageError);
  source.next_step();
  CHECK_NOTHROW(source.uniforms(Purpose::accept, 5, u));
}

TEST_CASE("planted N6: a uniform that can be 1 is rejected") {
  // the map k / (2^53 - 1) in place of k 2^-53
  const double wrong = static_cast<double>(ones >> 11) / static_cast<double>(ones >> 11);
  const auto legal = [](double u) { return u >= 0 && u < 1; };
  CHECK_FALSE(legal(wrong));
  ScriptedSource source(1);
  source.script({&ones, 1});
  Block<double> u(1, 1);
  source.uniforms(Purpose::accept, 0, u);
  CHECK(legal(u(0, 0)));
}
