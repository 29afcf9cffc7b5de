#include "negphase/random/philox.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace {

using negphase::philox4x32_10;
using negphase::philox_counter;
using negphase::philox_key;
using negphase::PhiloxCounter;
using negphase::PhiloxKey;
using Generator = std::function<PhiloxCounter(PhiloxCounter, PhiloxKey)>;

struct KnownAnswer {
  PhiloxCounter counter;
  PhiloxKey key;
  PhiloxCounter out;
};

// Rows `philox4x32,10,...` of the file; it has other generators too.
std::vector<KnownAnswer> known_answers() {
  std::ifstream file(std::string(TEST_VECTOR_DIR) + "/philox_known_answers.csv");
  REQUIRE(file.good());
  std::vector<KnownAnswer> answers;
  for (std::string line; std::getline(file, line);) {
    std::istringstream row(line);
    std::vector<std::string> fields;
    for (std::string field; std::getline(row, field, ',');) {
      fields.push_back(field);
    }
    if (fields.size() != 12 || fields[0] != "philox4x32" || fields[1] != "10") {
      continue;
    }
    const auto word = [&](std::size_t i) {
      return static_cast<std::uint32_t>(std::stoul(fields[i], nullptr, 16));
    };
    answers.push_back({{word(2), word(3), word(4), word(5)},
                       {word(6), word(7)},
                       {word(8), word(9), word(10), word(11)}});
  }
  return answers;
}

bool matches_known_answers(const Generator& generator) {
  for (const KnownAnswer& answer : known_answers()) {
    if (generator(answer.counter, answer.key) != answer.out) {
      return false;
    }
  }
  return true;
}

// Philox with a chosen number of rounds, by the book.
PhiloxCounter philox_rounds(PhiloxCounter c, PhiloxKey k, int rounds) {
  for (int r = 0; r < rounds; ++r) {
    const std::uint64_t p0 = 0xD2511F53ULL * c[0];
    const std::uint64_t p1 = 0xCD9E8D57ULL * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<std::uint32_t>(p0)};
    k = {k[0] + 0x9E3779B9U, k[1] + 0xBB67AE85U};
  }
  return c;
}

static_assert(philox4x32_10({0, 0, 0, 0}, {0, 0}) ==
              PhiloxCounter{0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8});

}  // namespace

TEST_CASE("philox4x32_10 gives the known answers") {
  CHECK(known_answers().size() == 12);
  CHECK(matches_known_answers(&philox4x32_10));
  CHECK(
      matches_known_answers([](PhiloxCounter c, PhiloxKey k) { return philox_rounds(c, k, 10); }));
}

TEST_CASE("the known answers reject wrong generators") {
  CHECK_FALSE(
      matches_known_answers([](PhiloxCounter c, PhiloxKey k) { return philox_rounds(c, k, 9); }));
  CHECK_FALSE(matches_known_answers([](PhiloxCounter c, PhiloxKey k) {
    return philox4x32_10(c, PhiloxKey{k[1], k[0]});
  }));
  CHECK_FALSE(matches_known_answers([](PhiloxCounter c, PhiloxKey k) {
    return philox4x32_10({c[1], c[0], c[2], c[3]}, k);
  }));
}

TEST_CASE("the counter has every field in its frozen place") {
  CHECK(philox_counter(0, 0, 0, 0) == PhiloxCounter{0, 0, 0, 0});
  CHECK(philox_counter(7, 0, 0, 0) == PhiloxCounter{0, 7, 0, 0});
  CHECK(philox_counter(0xFFFFFFFFU, 0, 0, 3) == PhiloxCounter{0, 0xFFFFFFFFU, 0, 0});
  CHECK(philox_counter(0, 0, 0, 4) == PhiloxCounter{1, 0, 0, 0});
  CHECK(philox_counter(0, 0, 0, (std::uint64_t{1} << 34) - 1) ==
        PhiloxCounter{0xFFFFFFFFU, 0, 0, 0});
  CHECK(philox_counter(0, 0xFFFFFFFFU, 0, 0) == PhiloxCounter{0, 0, 0xFFFFFFFFU, 0});
  CHECK(philox_counter(0, std::uint64_t{1} << 32, 0, 0) == PhiloxCounter{0, 0, 0, 1});
  CHECK(philox_counter(0, (std::uint64_t{1} << 56) - 1, 0, 0) ==
        PhiloxCounter{0, 0, 0xFFFFFFFFU, 0x00FFFFFFU});
  CHECK(philox_counter(0, 0, 1, 0) == PhiloxCounter{0, 0, 0, 0x01000000U});
  CHECK(philox_counter(0, 0, 255, 0) == PhiloxCounter{0, 0, 0, 0xFF000000U});
  CHECK(philox_counter(3, 0x0012345689ABCDEFU, 0xA5, 0x123456789U) ==
        PhiloxCounter{0x48D159E2U, 3, 0x89ABCDEFU, 0xA5123456U});
  CHECK(philox_key(0x0123456789ABCDEFU) == PhiloxKey{0x89ABCDEFU, 0x01234567U});
}

TEST_CASE("stream words are the elements of the generator's answers in order") {
  // Counter (1, 0, 0, 0) and (0, 0, 0, 0) under key (1, 0) of the known answers: seed 1.
  const std::uint32_t words[8] = {0xE3E80670, 0xE50A0EBC, 0x95F222C0, 0xB615AA27,
                                  0xAC08141B, 0xDFC5CCBE, 0x79C07A47, 0xA7F66093};
  for (std::uint64_t i = 0; i < 8; ++i) {
    CHECK(negphase::stream_word32(1, 0, 0, 0, i) == words[i]);
  }
  for (std::uint64_t i = 0; i < 4; ++i) {
    CHECK(negphase::stream_word64(1, 0, 0, 0, i) ==
          (words[2 * i] | (std::uint64_t{words[2 * i + 1]} << 32)));
  }
  // Counter (5, 7, 0, 0): chain 7, indices 20 to 23.
  CHECK(negphase::stream_word32(1, 7, 0, 0, 20) == 0xFE1F9BE0U);
  CHECK(negphase::stream_word32(1, 7, 0, 0, 23) == 0x88242480U);
  CHECK(negphase::stream_word64(1, 7, 0, 0, 11) == 0x8824248097E862E5U);
}
