#include "negphase/io/draws_netcdf.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>

#include "negphase/core/error.hpp"
#include "negphase/io/draws_files.hpp"
#include "negphase/io/files.hpp"
#include "support/temporary_folder.hpp"

// How these tests can fail: axes exchanged, names of places lost, ArviZ's statistics under other
// names than Stan's. Where the build has no netCDF the message is all that can be looked at.

using namespace negphase;
using namespace negphase::test;
using Path = std::filesystem::path;

namespace {

const Path example = Path(TEST_DATA_DIR) / "draws/centered_eight.nc";

ChainDraws read(const Path& file) { return read_draws(std::vector{file}); }

bool is_left_out() {
  if (!has_netcdf()) {
    MESSAGE("no netCDF in this build: not looked at");
  }
  return !has_netcdf();
}

}  // namespace

TEST_CASE("draws netcdf: a build without it says what to install") {
  if (!has_netcdf()) {
    const TemporaryFolder folder;
    CHECK(contains(message_of<ConfigError>([&] { read(example); }), "libnetcdf-dev"));
    ChainDraws draws;
    CHECK(contains(message_of<ConfigError>([&] { write_draws(draws, folder / "d.nc"); }),
                   "libnetcdf-dev"));
    CHECK(!std::filesystem::exists(folder / "d.nc"));
  }
}

TEST_CASE("draws netcdf: what ArviZ wrote") {
  if (is_left_out()) {
    return;
  }
  const ChainDraws draws = read(example);
  CHECK(draws.names == std::vector<std::string>{"mu", "theta[Choate]", "theta[Deerfield]",
                                                "theta[Phillips Andover]", "tau"});
  REQUIRE(draws.num_chains() == 4);
  REQUIRE(draws.num_draws() == 25);
  // as xarray prints them
  CHECK(draws.chains[0](0, 0) == 7.871796366146925);
  CHECK(draws.chains[1](4, 3) == -2.6152150274235977);
  CHECK(draws.chains[2](7, 4) == 7.84285800332534);
  CHECK(draws.sampler_statistic("lp__")(0, 3) == -60.33564654087028);
  CHECK(draws.sampler_statistic("energy__")(24, 3) == 68.81306884403521);
  CHECK(draws.sampler_statistic("accept_stat__")(3, 2) == 0.8282853736288256);
  CHECK(draws.sampler_statistic("treedepth__")(2, 1) == 3);
  CHECK(draws.sampler_statistic("divergent__").cols() == 4);
  CHECK(!draws.incomplete);
  CHECK(draws.notes.empty());
  // the same draws by numpy
  const ChainDraws arrays = read(Path(TEST_DATA_DIR) / "draws/centered_eight.npz");
  for (std::size_t c = 0; c < 4; ++c) {
    CHECK((draws.chains[c] == arrays.chains[c]).all());
  }
}

TEST_CASE("draws netcdf: what is written reads back, and is the same twice") {
  if (is_left_out()) {
    return;
  }
  const TemporaryFolder folder;
  ChainDraws draws;
  draws.names = {"mu", "Z.1.1", "Z.2.1", "Z.1.2", "Z.2.2", "odd/name", "chain", "u[a b]", "u[c]"};
  draws.sampler_names = {"lp__", "divergent__", "n_leapfrog__", "own__"};
  for (int c = 0; c < 3; ++c) {
    draws.chains.push_back(
        Eigen::ArrayXXd::NullaryExpr(2 + c % 2, 9, [c](Eigen::Index d, Eigen::Index j) {
          return static_cast<double>(c) + 0.1 * static_cast<double>(d) +
                 10. * static_cast<double>(j);
        }));
    draws.sampler_chains.push_back(Eigen::ArrayXXd::NullaryExpr(
        2 + c % 2, 4, [c](Eigen::Index d, Eigen::Index) { return (c + d) % 2 == 0 ? 1. : 0.; }));
  }
  draws.chains[2](1, 0) = NAN;
  draws.sampler_chains[1](0, 0) = -7.25;
  write_draws(draws, folder / "a.nc");
  const ChainDraws back = read(folder / "a.nc");
  // by rows, the last place fastest
  CHECK(back.names == std::vector<std::string>{"mu", "Z[1,1]", "Z[1,2]", "Z[2,1]", "Z[2,2]",
                                               "odd_name", "chain_", "u[a b]", "u[c]"});
  CHECK(back.sampler_names == draws.sampler_names);
  REQUIRE(back.num_chains() == 3);
  REQUIRE(back.num_draws() == 2);  // of the shortest
  const std::vector<int> columns{0, 1, 3, 2, 4, 5, 6, 7, 8};
  for (std::size_t c = 0; c < 3; ++c) {
    for (int j = 0; j < 9; ++j) {
      for (int d = 0; d < 2; ++d) {
        const double wanted = draws.chains[c](d, columns[static_cast<std::size_t>(j)]);
        const double found = back.chains[c](d, j);
        CHECK((found == wanted || (std::isnan(found) && std::isnan(wanted))));
      }
    }
    CHECK((back.sampler_chains[c] == draws.sampler_chains[c].topRows(2)).all());
  }
  write_draws(draws, folder / "b.nc");
  CHECK(folder.read("a.nc") == folder.read("b.nc"));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()),
                      std::filesystem::directory_iterator()) == 2);
}

TEST_CASE("draws netcdf: what is damaged, cut or something else") {
  if (is_left_out()) {
    return;
  }
  const TemporaryFolder folder;
  const std::string bytes = read_file(example);
  for (const std::size_t size : {8UL, 100UL, bytes.size() / 2, bytes.size() - 1}) {
    CAPTURE(size);
    const Path cut = folder.write("cut.nc", bytes.substr(0, size));
    CHECK(contains(message_of<ConfigError>([&] { read(cut); }), "damaged or ends early"));
  }
  CHECK(contains(message_of<ConfigError>([&] { read(folder.write("c.nc", "CDF\x01")); }),
                 "damaged or ends early"));
}
