#include "negphase/io/npy.hpp"

#include <doctest/doctest.h>

#include <cstring>

#include "negphase/core/error.hpp"
#include "negphase/io/files.hpp"
#include "support/temporary_folder.hpp"

// How these tests can fail: rows and columns exchanged for one of the two orders, a header whose
// claim is believed, float32 read as float64, a file that is left half written.

using namespace negphase;
using namespace negphase::test;

namespace {

// The bytes that numpy.save writes (format 1.0), or those of format 2.0.
template <class Scalar>
std::string npy(const std::string& dictionary, const std::vector<Scalar>& values, int version = 1) {
  std::string bytes("\x93NUMPY", 6);
  bytes += static_cast<char>(version);
  bytes += '\0';
  const std::string header = dictionary + "\n";
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) {
    bytes += static_cast<char>((header.size() >> (8 * i)) & 0xff);
  }
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(values.data()), sizeof(Scalar) * values.size());
  return bytes;
}

std::string dictionary(const std::string& type, const std::string& order,
                       const std::string& shape) {
  return "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }";
}

}  // namespace

TEST_CASE("npy: both orders, both types, formats 1 and 2") {
  const TemporaryFolder folder;
  Eigen::MatrixXd expected(2, 3);
  expected << 1, 2, 3, 4, 5, 6;
  const std::vector<double> by_row{1, 2, 3, 4, 5, 6}, by_column{1, 4, 2, 5, 3, 6};
  const std::vector<float> narrow{1, 2, 3, 4, 5, 6};
  const auto file = [&](const std::string& bytes) { return folder.write("a.npy", bytes); };
  CHECK(read_npy(file(npy(dictionary("<f8", "False", "(2, 3)"), by_row))) == expected);
  CHECK(read_npy(file(npy(dictionary("<f8", "True", "(2, 3)"), by_column))) == expected);
  CHECK(read_npy(file(npy(dictionary("<f4", "False", "(2, 3)"), narrow))) == expected);
  CHECK(read_npy(file(npy(dictionary("<f8", "False", "(2, 3)"), by_row, 2))) == expected);
  const Eigen::MatrixXd flat = read_npy(file(npy(dictionary("<f8", "False", "(6,)"), by_row)));
  CHECK(flat.rows() == 6);
  CHECK(flat.cols() == 1);
  CHECK(flat(4, 0) == 5);
}

TEST_CASE("npy: what is written is what numpy writes, and comes back") {
  const TemporaryFolder folder;
  Eigen::VectorXd v(3);
  v << 0.1, -1e-300, 3;
  write_npy(folder / "v.npy", v);
  CHECK(read_npy(folder / "v.npy").col(0) == v);
  // the first 128 bytes of numpy.save("v.npy", v)
  std::string head = "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }";
  head.resize(117, ' ');
  head += '\n';
  CHECK(folder.read("v.npy").substr(0, 128) == std::string("\x93NUMPY\x01\x00\x76\x00", 10) + head);
  CHECK(folder.read("v.npy").size() == 128 + 24);

  Eigen::MatrixXd m(2, 3);
  m << 1, 2, 3, 4, 5, 6;
  write_npy(folder / "m.npy", m);
  CHECK(read_npy(folder / "m.npy") == m);
  double second = 0;
  std::memcpy(&second, folder.read("m.npy").data() + 128 + 8, 8);
  CHECK(second == 2);  // C order
}

TEST_CASE("npy: refusals") {
  const TemporaryFolder folder;
  const auto refusal = [&](const std::string& bytes) {
    const auto file = folder.write("a.npy", bytes);
    return message_of<ConfigError>([&] { read_npy(file); });
  };
  const std::vector<double> six{1, 2, 3, 4, 5, 6};
  CHECK(contains(refusal("1,2,3\n"), "no .npy file"));
  CHECK(contains(refusal(""), "no .npy file"));
  CHECK(contains(refusal(npy(dictionary("<i8", "False", "(6,)"), six)), "'<i8'"));
  CHECK(contains(refusal(npy(dictionary(">f8", "False", "(6,)"), six)), "'>f8'"));
  CHECK(contains(refusal(npy(dictionary("|O", "False", "(6,)"), six)), "'|O'"));
  CHECK(contains(refusal(npy(dictionary("<f8", "False", "(1, 2, 3)"), six)), "3 axes"));
  CHECK(contains(refusal(npy(dictionary("<f8", "False", "()"), six)), "0 axes"));
  CHECK(contains(refusal(npy(dictionary("<f8", "False", "(7,)"), six)), "claims 7 x 1"));
  CHECK(contains(refusal(npy(dictionary("<f8", "False", "(5,)"), six)), "claims 5 x 1"));
  CHECK(contains(refusal(npy(dictionary("<f8", "False", "(0,)"), std::vector<double>{})),
                 "no number"));
  // 7 x this is 6 modulo 2^64: right where sizes are multiplied and wrap around
  CHECK(contains(refusal(npy(dictionary("<f8", "False", "(7, 10540996613548315210)"), six)),
                 "claims"));
  CHECK(contains(refusal(npy(dictionary("<f8", "False", "(1099511627776,)"), six)), "claims"));
  CHECK(contains(refusal(npy("{'shape': (6,)}", six)), "damaged"));
  std::string longer = npy(dictionary("<f8", "False", "(6,)"), six);
  longer[9] = '\x7f';
  CHECK(contains(refusal(longer), "longer than the file"));
}

TEST_CASE("files: an atomic write replaces, leaves nothing behind, says what is in the way") {
  const TemporaryFolder folder;
  folder.write("a.txt", "old");
  write_file_atomically(folder / "a.txt", "new");
  CHECK(folder.read("a.txt") == "new");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
  const auto refusal = [](const std::filesystem::path& file) {
    return message_of<IoError>([&] { write_file_atomically(file, "x"); });
  };
  CHECK(contains(refusal(folder.path()), "is a folder"));
  CHECK(contains(refusal(folder / "none/a.txt"), "does not exist"));
  CHECK(contains(refusal(folder / std::string(300, 'a')), "cannot be written"));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}
