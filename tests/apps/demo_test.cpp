#ifdef NEGPHASE_TOOL
#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support/tool_json.hpp"

// How these tests can fail: a folder of somebody else's that is written into, a step that cannot be
// repeated from its configuration, a command that is printed and does not work, a second run that
// is refused.

using namespace negphase::test;
using Json = nlohmann::ordered_json;

TEST_CASE("demo: only into a folder of its own") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "a");
  folder.write("a/notes.txt", "mine");
  const ToolRun foreign = run_tool(folder, "demo --out a");
  CHECK(foreign.exit_code == 3);
  CHECK(contains(foreign.err, "a: is there already, and no earlier demo made it"));
  CHECK(foreign.out.empty());
  const ToolRun file = run_tool(folder, "demo --out a/notes.txt");
  CHECK(file.exit_code == 5);
  CHECK(contains(file.err, "is a file"));
  CHECK(run_tool(folder, "demo --out no/where").exit_code == 5);
}

// The whole demo takes a minute; here it has a few updates and draws.
TEST_CASE("demo: what it says is what its folders hold" * doctest::test_suite("slow")) {
  const TemporaryFolder folder;
  const std::string small =
      " --quiet --set train.updates=3 --set train.exact_nll=false --set estimator.draws=20 "
      "--set estimator.warmup=20";
  const ToolRun run = run_tool(folder, "demo" + small);
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
  CHECK(run.err.empty());
  const std::string demo = "negphase-demo/";
  for (const char* step : {"yacht-trained", "yacht-gradient", "digits-trained", "digits-gradient",
                           "penguins-trained"}) {
    CHECK(std::filesystem::exists(folder / (demo + step + "/run.json")));
  }
  const std::string report = folder.read(demo + "report.html");
  CHECK(contains(report, "two answers for one weight"));

  // walked through: the number in gradient.json, in the table, and again from config.toml
  const Json gradient = read_json(folder, demo + "digits-gradient/gradient.json");
  REQUIRE(gradient["rows"].size() == 5);
  CHECK(gradient["rows"][1]["label"] == "CD-1");
  const std::size_t line = run.out.find("\n  CD-1 ");
  REQUIRE(line != std::string::npos);
  std::istringstream words(run.out.substr(line));
  std::string label, error;
  words >> label >> error;
  CHECK(std::abs(std::stod(error) - 100 * gradient["rows"][1]["relative_error"].get<double>()) <=
        0.5);
  const ToolRun again =
      run_tool(folder, "gradient " + demo + "digits-gradient/config.toml --json --quiet");
  REQUIRE(again.exit_code == 0);
  CHECK(Json::parse(again.out)["rows"][1]["mean"] == gradient["rows"][1]["mean"]);

  // each command below "What to try next" works as it is printed
  std::istringstream lines(run.out.substr(run.out.find("What to try next:")));
  int commands = 0;
  for (std::string text; std::getline(lines, text);) {
    const std::size_t verb = text.find(NEGPHASE_TOOL " ");
    if (verb == 2) {
      ++commands;
      CAPTURE(text);
      CHECK(run_tool(folder, text.substr(verb + sizeof NEGPHASE_TOOL)).exit_code == 0);
    }
  }
  CHECK(commands == 3);
  CHECK(run_tool(folder, "demo" + small).exit_code == 0);  // replaces its own folders
}

#endif
