#include "negphase/io/draws_files.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>

#include "negphase/core/error.hpp"
#include "negphase/io/npy.hpp"
#include "planted/DF11.hpp"
#include "planted/DF12.hpp"
#include "planted/DF13.hpp"
#include "support/run_tool.hpp"

// How these tests can fail: chains in the wrong order, columns of one file under another's names, a
// loss that is not said, a file that is written to, laws of several rows taken for one.

using namespace negphase;
using namespace negphase::test;
using Path = std::filesystem::path;

namespace {

const Path data = Path(TEST_DATA_DIR) / "draws";

ChainDraws read(const std::vector<Path>& files) { return read_draws(files); }

std::string refusal(const std::vector<Path>& files) {
  return message_of<ConfigError>([&] { read(files); });
}

bool says(const ChainDraws& draws, const std::string& part) {
  for (const std::string& note : draws.notes) {
    if (contains(note, part)) {
      return true;
    }
  }
  return false;
}

bool is_same(const std::vector<Eigen::ArrayXXd>& a, const std::vector<Eigen::ArrayXXd>& b) {
  bool same = a.size() == b.size();
  for (std::size_t c = 0; same && c < a.size(); ++c) {
    same = a[c].rows() == b[c].rows() && a[c].cols() == b[c].cols() &&
           (a[c] == b[c] || (a[c].isNaN() && b[c].isNaN())).all();
  }
  return same;
}

// What `negphase sample` left in the folder "s".
ChainDraws sampled(const TemporaryFolder& folder, const std::string& arguments) {
  REQUIRE(run_tool(folder, "sample " + arguments + " --out s --quiet").exit_code == 0);
  return read({folder / "s"});
}

// Two chains of three draws with what a sampler said; NaN and infinity among them.
ChainDraws example() {
  ChainDraws draws;
  draws.names = {"mu", "theta[1,1]", "theta[2,1]", "theta[1,2]", "theta[2,2]"};
  draws.sampler_names = {"lp__", "divergent__"};
  for (int c = 0; c < 2; ++c) {
    Eigen::ArrayXXd values(3, 5), said(3, 2);
    for (int i = 0; i < 15; ++i) {
      values(i / 5, i % 5) = (c + 1) * (i + 1) / 7.0;
    }
    said << -1.5, 0, -2.5 - c, 1, -3, 0;
    draws.chains.push_back(values);
    draws.sampler_chains.push_back(said);
  }
  draws.chains[1](2, 0) = NAN;
  draws.chains[0](1, 3) = -HUGE_VAL;
  return draws;
}

}  // namespace

TEST_CASE("draws files: a real file of CmdStan that was cut") {
  const ChainDraws draws = read({data / "bernoulli_cut.csv"});
  CHECK(draws.names == std::vector<std::string>{"theta"});
  CHECK(draws.sampler_names == std::vector<std::string>{"lp__", "accept_stat__", "stepsize__",
                                                        "treedepth__", "n_leapfrog__",
                                                        "divergent__", "energy__"});
  REQUIRE(draws.num_draws() == 11);
  CHECK(draws.chains[0](0, 0) == 0.21115047);
  CHECK(draws.chains[0](10, 0) == 0.11505572);
  CHECK(draws.sampler_statistic("energy__")(10, 0) == 7.5962044);
  CHECK(draws.incomplete);
  CHECK(says(draws, "has 11 of the 100 draws"));
}

TEST_CASE("draws files: reference draws of posteriordb, ten chains in one table") {
  const ChainDraws draws = read({data / "eight_schools.csv.gz"});
  CHECK(draws.names == std::vector<std::string>{"theta.1", "theta.8", "mu", "tau"});
  CHECK(draws.num_chains() == 10);
  CHECK(draws.num_draws() == 25);
  CHECK(draws.chains[0](0, 0) == 10.6802773);
  CHECK(draws.chains[0](1, 3) == 2.15365195);
  CHECK(!draws.incomplete);
  CHECK(draws.notes.empty());
}

TEST_CASE("draws files: arrays that numpy packed and did not pack") {
  const ChainDraws draws = read({data / "centered_eight.npz"});
  CHECK(draws.names == std::vector<std::string>{"mu", "theta[1]", "theta[2]", "theta[3]", "tau"});
  CHECK(draws.sampler_names == std::vector<std::string>{"lp__"});
  REQUIRE(draws.num_chains() == 4);
  REQUIRE(draws.num_draws() == 25);
  // as numpy prints them
  CHECK(draws.chains[0](0, 0) == 7.871796366146925);
  CHECK(draws.chains[3](24, 0) == 9.40811642020434);
  CHECK(draws.chains[1](4, 3) == -2.6152150274235977);
  CHECK(draws.chains[2](7, 4) == 7.84285800332534);
  CHECK(draws.sampler_chains[3](0, 0) == -60.33564654087028);
  const ChainDraws packed = read({data / "centered_eight_packed.npz"});
  CHECK(packed.num_draws() == 5);
  CHECK(packed.chains[1](4, 3) == static_cast<double>(-2.6152150274235977F));
}

TEST_CASE("draws files: several files are chains, in the order given") {
  const TemporaryFolder folder;
  const Path a = folder.write("a.csv", "lp__,x,y,z\n-1,1,2,3\n-2,4,5,6\n");
  const Path b = folder.write("b.csv", "z,y,x\n30,20,10\n60,50,40\n90,80,70\n");
  const Path c = folder.write("c.csv", "x,y\n0.5,0.25\n1.5,1.25\n");
  const ChainDraws draws = read({b, a, c});
  CHECK(draws.names == std::vector<std::string>{"y", "x"});
  REQUIRE(draws.num_chains() == 3);
  CHECK((draws.chains[0].col(1) == Eigen::Array3d(10, 40, 70)).all());
  CHECK((draws.chains[1].col(1) == Eigen::Array2d(1, 4)).all());
  CHECK((draws.chains[2].col(0) == Eigen::Array2d(0.25, 1.25)).all());
  CHECK(draws.num_draws() == 2);
  CHECK(draws.sampler_chains.empty());
  CHECK(draws.incomplete);
  CHECK(says(draws, "left out as not in every file: 'z'"));
  CHECK(says(draws, "chains have 2 to 3 draws, the fewest chain 2"));
  const ChainDraws same = read({a, b});
  CHECK(!says(same, "left out"));

  const Path other = folder.write("other.csv", "u,v\n1,2\n");
  CHECK(contains(refusal({a, other}), "other.csv: does not belong to"));
  CHECK(contains(refusal({a, a}), "given twice"));
  CHECK(contains(refusal({a, folder / "./a.csv"}), "given twice"));
  CHECK(contains(refusal({folder.write("empty.csv", "")}), "empty.csv: is empty"));
  CHECK_THROWS_AS(read({folder / "none.csv"}), IoError);
  CHECK_THROWS_AS(read({}), UsageError);
}

TEST_CASE("draws files: a folder of CmdStan's files, in the order of their numbers") {
  const TemporaryFolder folder;
  for (const int number : {1, 2, 10}) {
    const std::string n = std::to_string(number);
    folder.write("out_" + n + ".csv", "# id = " + n + "\nlp__,a\n0," + n + "\n0,0\n");
  }
  folder.write("metric.csv", "a,b\n1,2\n");
  folder.write("config.json", "{}");
  const ChainDraws draws = read({folder.path()});
  REQUIRE(draws.num_chains() == 3);
  CHECK(draws.chains[1](0, 0) == 2);
  CHECK(draws.chains[2](0, 0) == 10);

  const TemporaryFolder two;
  CHECK(contains(refusal({two.path()}), "it is empty"));
  two.write("a.csv", "a\n1\n");
  CHECK(read({two.path()}).num_draws() == 1);
  two.write("b.csv", "a\n1\n");
  CHECK(contains(refusal({two.path()}), "holds no draws that could be told apart"));
}

TEST_CASE("draws files: what negphase sample wrote, whole and stopped") {
  const TemporaryFolder folder;
  write_rbm(folder);
  const ChainDraws draws = sampled(folder, "r.toml --set sample.chains=12 --set sample.draws=5");
  CHECK(draws.num_chains() == 12);
  CHECK(draws.num_draws() == 5);
  CHECK(draws.names[0] == "y.1");
  CHECK(draws.sampler_names == std::vector<std::string>{"lp__"});
  CHECK(!draws.incomplete);
  const ChainDraws array = read({folder / "s/draws.npy"});
  CHECK(is_same(draws.chains, array.chains));

  std::filesystem::remove(folder / "s/chain_12.csv");  // as for more than 1000 chains
  const ChainDraws named = read({folder / "s"});
  CHECK(named.names == draws.names);
  CHECK(is_same(named.chains, draws.chains));
  CHECK(named.sampler_chains.empty());

  std::filesystem::remove(folder / "s/run.json");
  const ChainDraws stopped = read({folder / "s"});
  CHECK(stopped.incomplete);
  CHECK(says(stopped, "the run did not come to its end"));
}

TEST_CASE("draws files: each row of x has a law of its own") {
  const TemporaryFolder folder;
  write_quartic(folder);
  const ChainDraws draws = sampled(folder, "m.toml --set sample.chains=3 --set sample.draws=4");
  const ChainDraws all = read({folder / "s/draws.npy"});
  REQUIRE(all.num_chains() == 60);
  CHECK(says(draws, "3 chains on each of 20 rows of x"));
  CHECK(draws.num_chains() == 3);
  REQUIRE(draws.num_quantities() == 20);
  CHECK(draws.names[19] == "row 20 y.1");
  // chain c, from 0, is on row c mod 20
  for (const int k : {0, 1, 2}) {
    for (const int r : {0, 7, 19}) {
      CHECK((draws.chains[k].col(r) == all.chains[static_cast<std::size_t>(k * 20 + r)].col(0))
                .all());
    }
  }
}

TEST_CASE("draws files: wrong readers are told apart") {
  // four chains of one draw, on two rows
  const TemporaryFolder folder;
  folder.write("sample.json", R"({"chains": 4, "chains_per_row": 2, "columns": ["y.1"]})");
  folder.write("run.json", "{}");
  for (const int c : {1, 2, 3, 4}) {
    folder.write("chain_" + std::to_string(c) + ".csv", "lp__,y.1\n0," + std::to_string(c) + "\n");
  }
  const Eigen::VectorXd unread = Eigen::VectorXd::Zero(1);
  write_npy(folder / "draws.npy", unread);
  const ChainDraws right = read({folder.path()});
  REQUIRE(right.num_chains() == 2);
  CHECK((right.chains[1].row(0) == Eigen::Array2d(3, 4).transpose()).all());
  const ChainDraws wrong = planted::DF11::read_draws_folder(folder.path(), read_draws);
  CHECK((wrong.chains[1].row(0) != Eigen::Array2d(3, 4).transpose()).any());

  const Path a = folder.write("a.csv", "x,y\n1,2\n");
  const Path b = folder.write("b.csv", "y,x\n3,4\n");
  const std::vector<Path> both{a, b};
  CHECK(read(both).chains[1](0, 0) == 4);
  CHECK(planted::DF12::read_draws(both).chains[1](0, 0) != 4);

  const TemporaryFolder numbered;
  for (const char* number : {"2", "10"}) {
    numbered.write("c_" + std::string(number) + ".csv", "lp__,a\n0," + std::string(number) + "\n");
  }
  CHECK(read({numbered.path()}).chains[0](0, 0) == 2);
  CHECK(planted::DF13::read_draws_folder(numbered.path(), read_draws).chains[0](0, 0) != 2);
}

TEST_CASE("draws files: JSON of posteriordb, plain and zipped") {
  const TemporaryFolder folder;
  const std::string json =
      R"([{"b": [1, 2, 3], "a[1]": [4, 5, null]}, {"a[1]": [7, 8], "b": [9, 0]}])";
  const ChainDraws draws = read({folder.write("d.json", json)});
  CHECK(draws.names == std::vector<std::string>{"b", "a[1]"});
  REQUIRE(draws.num_chains() == 2);
  CHECK((draws.chains[0].col(0) == Eigen::Array3d(1, 2, 3)).all());
  CHECK(std::isnan(draws.chains[0](2, 1)));
  CHECK((draws.chains[1].col(1) == Eigen::Array2d(7, 8)).all());
  CHECK(draws.incomplete);
  for (const auto& [text, part] :
       {std::pair{json.substr(0, 30), "damaged or ends early"},
        {std::string("{}"), "other JSON"},
        {std::string("[[[["), "damaged"},
        {std::string(R"([{"a": [1, "x"]}])"), "draw 2 is no number"},
        {std::string(R"([{"a": [1]}, {"b": [1]}])"), "chain 2 has no array 'a'"},
        {std::string(R"([{"a": [1]}, {"a": [1], "b": [1]}])"), "chain 2 has other quantities"},
        {std::string(R"([{"a": [1, 2], "b": [1]}])"), "has 2 draws, another quantity 1"},
        {std::string(R"([{"a": []}])"), "holds no draw"}}) {
    CAPTURE(text);
    CHECK(contains(refusal({folder.write("bad.json", text)}), part));
  }
}

TEST_CASE("draws files: nothing that is read is touched") {
  const TemporaryFolder folder;
  for (const char* name : {"bernoulli_cut.csv", "eight_schools.csv.gz", "centered_eight.npz",
                           "centered_eight.nc", "centered_eight_packed.npz"}) {
    CAPTURE(name);
    const Path file = folder / name;
    std::filesystem::copy_file(data / name, file);
    const std::string before = folder.read(name);
    const auto time = std::filesystem::last_write_time(file);
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    message_of<ConfigError>([&] { read({file}); });  // netCDF may not be built in
    CHECK(folder.read(name) == before);
    CHECK(std::filesystem::last_write_time(file) == time);
  }
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()),
                      std::filesystem::directory_iterator()) == 5);
}

TEST_CASE("draws files: Stan CSV and .npy that are written read back") {
  const TemporaryFolder folder;
  const ChainDraws draws = example();
  write_draws(draws, folder / "stan");
  const ChainDraws stan = read({folder / "stan"});
  CHECK(stan.names ==
        std::vector<std::string>{"mu", "theta.1.1", "theta.2.1", "theta.1.2", "theta.2.2"});
  CHECK(stan.sampler_names == draws.sampler_names);
  CHECK(is_same(stan.chains, draws.chains));
  CHECK(is_same(stan.sampler_chains, draws.sampler_chains));
  CHECK(!stan.incomplete);

  // without what the sampler said, and in another order
  ChainDraws plain = draws;
  plain.sampler_names.clear();
  plain.sampler_chains.clear();
  write_draws(plain, folder / "plain");
  CHECK(is_same(read({folder / "plain"}).chains, draws.chains));
  CHECK(read({folder / "plain"}).sampler_chains.empty());

  write_draws(draws, folder / "d.npy");
  const ChainDraws array = read({folder / "d.npy"});
  CHECK(is_same(array.chains, draws.chains));
  CHECK(array.names[4] == "x[5]");

  // names that Stan's letters make the same
  ChainDraws alike = draws;
  alike.names = {"a b", "a_b", "a/b", "c", "d"};
  write_draws(alike, folder / "alike");
  CHECK(read({folder / "alike"}).names ==
        std::vector<std::string>{"a_b", "a_b_2", "a_b_3", "c", "d"});
  // differing lengths stay so in Stan CSV
  ChainDraws mixed = draws;
  mixed.chains[0].conservativeResize(2, Eigen::NoChange);
  mixed.sampler_chains[0].conservativeResize(2, Eigen::NoChange);
  write_draws(mixed, folder / "mixed");
  CHECK(is_same(read({folder / "mixed"}).chains, mixed.chains));
  write_draws(mixed, folder / "mixed.npy");
  CHECK(read({folder / "mixed.npy"}).num_draws() == 2);
}

TEST_CASE("draws files: what is there is not written over") {
  const TemporaryFolder folder;
  const ChainDraws draws = example();
  folder.write("d.npy", "mine");
  std::filesystem::create_directory(folder / "stan");
  CHECK_THROWS_AS(write_draws(draws, folder / "d.npy"), IoError);
  CHECK_THROWS_AS(write_draws(draws, folder / "stan"), IoError);
  CHECK(folder.read("d.npy") == "mine");
  CHECK_THROWS_AS(write_draws(draws, folder / "d.txt"), UsageError);
  CHECK_THROWS_AS(write_draws(draws, folder / "no/where"), IoError);
  CHECK(!std::filesystem::exists(folder / "no"));
}

TEST_CASE("draws files: what is there gives way where that is asked for, unless it is no draws") {
  const TemporaryFolder folder;
  const ChainDraws draws = example();
  ChainDraws one = draws;
  one.chains.pop_back();
  one.sampler_chains.pop_back();
  for (const char* name : {"stan", "d.npy"}) {
    CAPTURE(name);
    write_draws(draws, folder / name);
    write_draws(one, folder / name, true);
    CHECK(is_same(read({folder / name}).chains, one.chains));
  }
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()),
                      std::filesystem::directory_iterator()) == 2);
  folder.write("stan/notes.txt", "mine");
  CHECK(contains(message_of<IoError>([&] { write_draws(draws, folder / "stan", true); }),
                 "notes.txt"));
  folder.write("file", "mine");
  CHECK(contains(message_of<IoError>([&] { write_draws(draws, folder / "file", true); }),
                 "is a file"));
  CHECK(folder.read("file") == "mine");
  CHECK(is_same(read({folder / "stan/chain_1.csv"}).chains, one.chains));
}
