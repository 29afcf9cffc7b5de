#include <doctest/doctest.h>

#include <filesystem>

#include "negphase/core/error.hpp"
#include "negphase/io/draws_files.hpp"
#include "negphase/io/draws_netcdf.hpp"
#include "negphase/io/files.hpp"
#include "support/temporary_folder.hpp"

// How these tests can fail: a file that ends anywhere, or of which a byte is another, ends the
// program, gives a draw that the whole file does not have, or gives fewer draws without saying so.

using namespace negphase;
using namespace negphase::test;
using Path = std::filesystem::path;

namespace {

std::string raw(const Path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// A file that is cut short and written again waits for the disk; a new one does not.
Path write_anew(const TemporaryFolder& folder, const std::string& bytes) {
  std::filesystem::remove(folder / "damaged");
  return folder.write("damaged", bytes);
}

ChainDraws read(const Path& file) { return read_draws(std::vector{file}); }

// Whether each chain begins as the chain of the same number does.
bool begins_as(const std::vector<Eigen::ArrayXXd>& part,
               const std::vector<Eigen::ArrayXXd>& whole) {
  bool same = part.size() <= whole.size();
  for (std::size_t c = 0; same && c < part.size(); ++c) {
    same = part[c].rows() <= whole[c].rows() &&
           (part[c] == whole[c].topLeftCorner(part[c].rows(), part[c].cols())).all();
  }
  return same;
}

Eigen::Index numbers_of(const ChainDraws& draws) {
  Eigen::Index numbers = 0;
  for (const Eigen::ArrayXXd& chain : draws.chains) {
    numbers += chain.size();
  }
  return numbers;
}

// @param step  every so many bytes
void cut_everywhere(const std::string& name, const std::string& bytes, std::size_t step) {
  const TemporaryFolder folder;
  const ChainDraws whole = read(folder.write("whole", bytes));
  Eigen::Index most = 0;
  for (std::size_t size = 0; size < bytes.size(); size += step) {
    CAPTURE(name);
    CAPTURE(size);
    try {
      const ChainDraws draws = read(write_anew(folder, bytes.substr(0, size)));
      REQUIRE(begins_as(draws.chains, whole.chains));
      REQUIRE(numbers_of(draws) <= numbers_of(whole));
      REQUIRE((draws.incomplete || numbers_of(draws) == numbers_of(whole)));
      most = std::max(most, numbers_of(draws));
    } catch (const Error& error) {
      REQUIRE(std::string(error.what()).size() > 20);
    }
  }
  // the test would pass if every file were refused
  CHECK((most > 0 || is_netcdf(bytes)));
}

const Path data = Path(TEST_DATA_DIR) / "draws";

}  // namespace

TEST_CASE("draws damage: files that end at any byte") {
  cut_everywhere("Stan CSV", raw(data / "bernoulli_cut.csv"), 1);
  const std::string text =
      "# num_samples = 3\n# save_warmup = 1\n# num_warmup = 2\nlp__,a,b\n1,2,3\n4,5,6\n"
      "# Adaptation terminated\n# Step size = 0.5\n-1.5,2.25,3e10\n-2.5,1.125,0.1\n0.1,0.2,12\n"
      "# \n#  Elapsed Time: 1 seconds\n";
  cut_everywhere("Stan CSV with warm-up", text, 1);
  cut_everywhere("gzip", raw(data / "eight_schools.csv.gz"), 7);
  cut_everywhere("npz, packed", raw(data / "centered_eight_packed.npz"), 1);
  cut_everywhere("npz", raw(data / "centered_eight.npz"), 13);
  const TemporaryFolder folder;
  write_draws(read(data / "centered_eight_packed.npz"), folder / "d.npy");
  cut_everywhere("npy", raw(folder / "d.npy"), 1);
  if (has_netcdf()) {
    cut_everywhere("netCDF", raw(data / "centered_eight.nc"), 499);
  }
}

TEST_CASE("draws damage: every byte cut, the larger files" * doctest::test_suite("slow")) {
  cut_everywhere("gzip", raw(data / "eight_schools.csv.gz"), 1);
  cut_everywhere("npz", raw(data / "centered_eight.npz"), 1);
  if (has_netcdf()) {
    cut_everywhere("netCDF", raw(data / "centered_eight.nc"), 31);
  }
}

namespace {

// @param step  every so many bytes a bit is the other
void flip_everywhere(const Path& file, std::size_t step) {
  const TemporaryFolder folder;
  const std::string bytes = raw(file);
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    std::string other = bytes;
    other[at] = static_cast<char>(other[at] ^ (1 << (at / step) % 8));
    CAPTURE(file.string());
    CAPTURE(at);
    try {
      read(write_anew(folder, other));
    } catch (const Error& error) {
      REQUIRE(std::string(error.what()).size() > 20);
    }
  }
}

}  // namespace

TEST_CASE("draws damage: a byte that is another") {
  const TemporaryFolder folder;
  write_draws(read(data / "centered_eight_packed.npz"), folder / "d.npy");
  flip_everywhere(data / "centered_eight_packed.npz", 3);
  flip_everywhere(folder / "d.npy", 3);
  flip_everywhere(data / "bernoulli_cut.csv", 7);
  if (has_netcdf()) {
    flip_everywhere(data / "centered_eight.nc", 602);
    // here HDF5 1.10.8 reads out of bounds
    std::string other = raw(data / "centered_eight.nc");
    other[2122] ^= 32;
    const std::string said = message_of<ConfigError>([&] { read(write_anew(folder, other)); });
    CHECK((said.empty() || contains(said, "damaged")));
  }
}

TEST_CASE("draws damage: a byte of netCDF that is another" * doctest::test_suite("slow")) {
  if (has_netcdf()) {
    flip_everywhere(data / "centered_eight.nc", 41);
  }
}
