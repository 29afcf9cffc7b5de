#include "negphase/io/draws_array.hpp"

#include <doctest/doctest.h>

#include <cstring>

#include "negphase/core/error.hpp"
#include "negphase/io/draws_files.hpp"
#include "planted/DF5.hpp"
#include "planted/DF6.hpp"
#include "planted/DF7.hpp"
#include "support/temporary_folder.hpp"

// How these tests can fail: chains and draws exchanged, an own axis run through the wrong way, a
// claimed size that is believed, a draw that is cut and counted, an integer read as a float.

using namespace negphase;
using namespace negphase::test;

namespace {

template <class Number>
std::string npy(const std::string& type, const std::string& shape,
                const std::vector<Number>& values, const std::string& order = "False") {
  std::string header =
      "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
  std::string bytes("\x93NUMPY\x01\0", 8);
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(values.data()), sizeof(Number) * values.size());
  return bytes;
}

std::vector<double> counting(int size) {
  std::vector<double> values;
  for (int i = 0; i < size; ++i) {
    values.push_back(i);
  }
  return values;
}

ChainDraws read_bytes(const std::string& bytes) {
  const TemporaryFolder folder;
  const std::vector<std::filesystem::path> files{folder.write("a.npy", bytes)};
  return read_draws(files);
}

std::string refusal(const std::string& bytes) {
  return message_of<ConfigError>([&] { read_bytes(bytes); });
}

bool says(const ChainDraws& draws, const std::string& part) {
  for (const std::string& note : draws.notes) {
    if (contains(note, part)) {
      return true;
    }
  }
  return false;
}

}  // namespace

TEST_CASE("draws array: one, two, three and four axes, both orders") {
  const ChainDraws one = read_bytes(npy("<f8", "(3,)", counting(3)));
  CHECK(one.names == std::vector<std::string>{"x"});
  REQUIRE(one.num_chains() == 1);
  CHECK((one.chains[0].col(0) == Eigen::Array3d(0, 1, 2)).all());
  CHECK(says(one, "3 read as draws of one chain"));

  const ChainDraws two = read_bytes(npy("<f8", "(2, 3)", counting(6)));
  REQUIRE(two.num_chains() == 2);
  CHECK((two.chains[1].col(0) == Eigen::Array3d(3, 4, 5)).all());
  CHECK(says(two, "2 x 3 read as [chains x draws]"));
  CHECK(!says(two, "swapaxes"));
  CHECK(says(read_bytes(npy("<f8", "(3, 2)", counting(6))), "more chains than draws"));
  const ChainDraws fortran = read_bytes(npy("<f8", "(2, 3)", counting(6), "True"));
  CHECK((fortran.chains[1].col(0) == Eigen::Array3d(1, 3, 5)).all());

  // element (c, d, i, j) of (2, 3, 2, 2) in C order is 12 c + 4 d + 2 i + j
  const ChainDraws four = read_bytes(npy("<f8", "(2, 3, 2, 2)", counting(24)));
  CHECK(four.names == std::vector<std::string>{"x[1,1]", "x[1,2]", "x[2,1]", "x[2,2]"});
  REQUIRE(four.num_chains() == 2);
  CHECK((four.chains[1].row(2) == Eigen::Array4d(20, 21, 22, 23).transpose()).all());
  // and c + 2 d + 6 i + 12 j in the other
  const ChainDraws other = read_bytes(npy("<f8", "(2, 3, 2, 2)", counting(24), "True"));
  CHECK((other.chains[1].row(2) == Eigen::Array4d(5, 17, 11, 23).transpose()).all());
  CHECK(!four.incomplete);
}

TEST_CASE("draws array: types of numbers") {
  const auto check = [](const std::string& bytes) {
    CHECK((read_bytes(bytes).chains[0].col(0) == Eigen::Array2d(1, 0)).all());
  };
  check(npy<double>("<f8", "(1, 2)", {1, 0}));
  check(npy<float>("<f4", "(1, 2)", {1, 0}));
  check(npy<std::int64_t>("<i8", "(1, 2)", {1, 0}));
  check(npy<std::int32_t>("<i4", "(1, 2)", {1, 0}));
  check(npy<std::int16_t>("<i2", "(1, 2)", {1, 0}));
  check(npy<std::int8_t>("|i1", "(1, 2)", {1, 0}));
  check(npy<std::uint8_t>("|u1", "(1, 2)", {1, 0}));
  check(npy<std::uint8_t>("|b1", "(1, 2)", {1, 0}));
  CHECK(read_bytes(npy<std::int8_t>("|i1", "(1, 2)", {-1, 0})).chains[0](0, 0) == -1);
  CHECK(contains(refusal(npy<double>(">f8", "(1, 2)", {1, 0})), "holds '>f8'"));
  CHECK(contains(refusal(npy<double>("<U2", "(1, 2)", {1, 0})), "holds '<U2'"));
}

TEST_CASE("draws array: of a file that is cut, every whole draw of every chain") {
  // (2 chains, 3 draws, 2 quantities): numbers that are there -> draws of the two chains
  const std::string bytes = npy("<f8", "(2, 3, 2)", counting(12));
  const std::size_t data = bytes.size() - 12 * sizeof(double);
  for (std::size_t there = 0; there < 12; ++there) {
    CAPTURE(there);
    const std::string cut = bytes.substr(0, data + there * sizeof(double) + 3);
    if (there < 2) {
      CHECK(contains(refusal(cut), "ends before its first whole draw"));
      continue;
    }
    const ChainDraws draws = read_bytes(cut);
    CHECK(draws.incomplete);
    CHECK(says(draws, "of 2 chains of 3 draws there are"));
    const std::size_t second = there / 2 - std::min<std::size_t>(3, there / 2);
    // 3 draws of one chain are more than twice the one of both
    const bool is_kept = 3 <= 2 * second;
    REQUIRE(draws.num_chains() == (is_kept ? 2 : 1));
    CHECK(draws.chains[0].rows() == static_cast<Eigen::Index>(std::min<std::size_t>(3, there / 2)));
    CHECK(draws.num_draws() <= 3);
    if (is_kept) {
      CHECK(draws.chains[1].rows() == static_cast<Eigen::Index>(second));
      CHECK(draws.chains[1](1, 1) == 9);
    }
  }
  // chains side by side: element (c, d) of (2, 3) is c + 2 d
  const std::string fortran = npy("<f8", "(2, 3)", counting(6), "True");
  const ChainDraws draws = read_bytes(fortran.substr(0, fortran.size() - sizeof(double)));
  REQUIRE(draws.num_chains() == 2);
  CHECK(draws.chains[0].rows() == 3);
  CHECK(draws.chains[1].rows() == 2);
}

TEST_CASE("draws array: claims of the header take no memory") {
  CHECK(contains(refusal(npy("<f8", "(4611686018427387904, 4)", counting(4))), "cannot hold"));
  CHECK(contains(refusal(npy("<f8", "(18446744073709551615, 2)", counting(4))), "cannot hold"));
  CHECK(contains(refusal(npy("<f8", "(4294967296, 4294967296, 4)", counting(4))), "cannot hold"));
  // 2^40 draws of which two are there
  const ChainDraws draws = read_bytes(npy("<f8", "(4, 1099511627776, 2)", counting(4)));
  CHECK(draws.incomplete);
  CHECK(draws.num_draws() == 2);
  CHECK(contains(refusal(npy("<f8", "(0, 3)", counting(0))), "holds no number"));
  CHECK(contains(refusal(npy("<f8", "()", counting(1))), "a single number"));
  CHECK(contains(refusal(npy("<f8", "(1, 2)", counting(3))), "the file holds more"));
}

TEST_CASE("draws array: wrong readers are told apart") {
  const auto last_draw = [](const auto& parse, const auto& put_together, auto axes) {
    const std::vector all{parse("a.npy", npy("<f8", "(2, 3, 2, 2)", counting(24)), axes)};
    return Eigen::Array4d(
        put_together("a.npy", all, std::decay_t<decltype(all)>{}).chains[1].row(2));
  };
  const Eigen::Array4d right(20, 21, 22, 23);
  CHECK((last_draw(parse_draws_array, chain_draws_of, FirstAxes::chain_draw) == right).all());
  using namespace planted;
  CHECK(
      (last_draw(DF5::parse_draws_array, DF5::chain_draws_of, DF5::FirstAxes::chain_draw) != right)
          .any());
  CHECK(
      (last_draw(DF7::parse_draws_array, DF7::chain_draws_of, DF7::FirstAxes::chain_draw) != right)
          .any());
  // 7 numbers: the fourth draw of two has its first only
  const std::string bytes = npy("<f8", "(1, 5, 2)", counting(10));
  const std::string cut = bytes.substr(0, bytes.size() - 3 * sizeof(double));
  CHECK(parse_draws_array("a.npy", cut, FirstAxes::chain_draw).whole_draws(0) == 3);
  CHECK(DF6::parse_draws_array("a.npy", cut, DF6::FirstAxes::chain_draw).whole_draws(0) != 3);
}
