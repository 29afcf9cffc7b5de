#ifdef NEGPHASE_TOOL
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <vector>

#include "support/run_tool.hpp"

// How these tests can fail: pictures of other draws than those that were written, of chains of
// different laws together, that depend on the number of threads, or that a report does not show.

using namespace negphase;
using namespace negphase::test;
using Json = nlohmann::ordered_json;

namespace {

Json chains_of(const TemporaryFolder& folder, const std::string& arguments,
               const std::string& out) {
  const ToolRun run = run_tool(folder, "sample " + arguments + " --quiet --out " + out);
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
  return Json::parse(folder.read(out + "/pictures.json"))["chains"];
}

// Behind the header of a .npy file of version 1, whose length stands in its bytes 9 and 10.
std::vector<double> numbers_of(const std::string& npy) {
  const std::size_t begin = 10 + static_cast<unsigned char>(npy.at(8)) +
                            256 * static_cast<std::size_t>(static_cast<unsigned char>(npy.at(9)));
  std::vector<double> numbers((npy.size() - begin) / sizeof(double));
  std::memcpy(numbers.data(), npy.data() + begin, numbers.size() * sizeof(double));
  return numbers;
}

}  // namespace

TEST_CASE("pictures of chains: sample --out writes those of its draws, whatever the threads") {
  const TemporaryFolder folder;
  write_rbm(folder);
  const std::string few = "r.toml --set sample.draws=40 --set sample.chains=6";
  const Json chains = chains_of(folder, few + " --threads 1", "one");
  CHECK(chains == chains_of(folder, few + " --threads 2", "two"));
  CHECK(chains["num_chains"] == 6);
  CHECK(chains["num_draws"] == 40);
  CHECK(chains["num_quantities"] == 6);
  CHECK(chains["on_row"].is_null());
  REQUIRE(chains["quantities"].size() == 5);
  CHECK(chains["quantities"].back()["name"] == "lp__");
  CHECK(chains["energy"]["name"] == "lp__");
  const Json sample = Json::parse(folder.read("one/sample.json"));
  const std::vector<double> draws = numbers_of(folder.read("one/draws.npy"));
  for (const Json& quantity : chains["quantities"]) {
    for (const Json& counts : quantity["ranks"]["counts"]) {
      double sum = 0;
      for (const Json& count : counts) {
        sum += count.get<double>();
      }
      CHECK(sum == 40);
    }
    CHECK(quantity["trace"]["every"] == 1);
    const auto column =
        std::find(sample["columns"].begin(), sample["columns"].end(), quantity["name"]) -
        sample["columns"].begin();
    for (std::size_t c = 0; c < 6 && quantity["name"] != "lp__"; ++c) {
      for (std::size_t i = 0; i < 40; ++i) {  // draws.npy: [chains x draws x columns]
        const double value = draws[(c * 40 + i) * 6 + static_cast<std::size_t>(column)];
        CHECK(quantity["trace"]["chains"][c][i] == value);
      }
    }
  }
}

TEST_CASE("pictures of chains: with x those of the row that looks worst, and only those") {
  const TemporaryFolder folder;
  write_quartic(folder);
  const Json chains = chains_of(
      folder, "m.toml --set 'data.rows=1..3' --set sample.chains=5 --set sample.draws=30", "s");
  CHECK(chains["num_chains"] == 5);
  CHECK(chains["rows"] == 3);
  CHECK(chains["on_row"] >= 1);
  CHECK(chains["on_row"] <= 3);
}

TEST_CASE("pictures of chains: diagnose --out writes those of the draws that it read") {
  const TemporaryFolder folder;
  for (int c = 1; c <= 3; ++c) {
    std::string text = "lp__,divergent__,energy__,a,b\n";
    for (int i = 0; i < 30; ++i) {
      text += fmt::format("{},{},{},{},{}\n", -i % 5, (i + c) % 10 == 0 ? 1 : 0, (i * 7 + c) % 11,
                          (i * 13 + c) % 17, (i * 5 + 3 * c) % 19);
    }
    folder.write(fmt::format("c{}.csv", c), text);
  }
  const ToolRun run = run_tool(folder, "diagnose c1.csv c2.csv c3.csv --quiet --out d");
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
  const Json chains = Json::parse(folder.read("d/pictures.json"))["chains"];
  CHECK(chains["num_chains"] == 3);
  CHECK(chains["num_quantities"] == 2);
  CHECK(chains["quantities"].size() == 3);
  CHECK(chains["energy"]["name"] == "energy__");
  CHECK(chains["energy"]["changes"].size() == 40);
  CHECK(chains["pair"]["num_diverged"] == 9);
  REQUIRE(run_tool(folder, "report d").exit_code == 0);
  CHECK(contains(folder.read("d/report.html"), "\"verb\":\"diagnose\""));
}

TEST_CASE("pictures of chains: a chain that stands still, and one draw a chain") {
  const TemporaryFolder folder;
  write_rbm(folder);
  const Json one = chains_of(folder, "r.toml --set sample.draws=1 --set sample.chains=3", "one");
  CHECK(one["num_draws"] == 1);
  CHECK(one["quantities"][0]["autocorrelation"].is_null());
  CHECK(one["quantities"][0]["growth"]["draws"] == Json{1});
  const ToolRun run = run_tool(folder, "report one");
  CHECK(run.exit_code == 0);
}
#endif
