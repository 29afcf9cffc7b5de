#ifdef NEGPHASE_TOOL
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "support/tool_json.hpp"

// Where outputs go. How these tests can fail: --force that is not heard, an old result of which a
// part is left, a slash at the end that makes another name, a refusal in words of its own.

using namespace negphase::test;

TEST_CASE("diagnose: --force lets --convert replace draws") {
  const TemporaryFolder folder;
  folder.write("a.csv", "lp__,q\n0,1\n0,2\n0,3\n0,4\n");
  folder.write("b.csv", "lp__,q\n0,5\n0,6\n0,7\n0,8\n");
  for (const std::string to : {"copy.npy", "copy"}) {
    CAPTURE(to);
    REQUIRE(run_tool(folder, "diagnose a.csv b.csv --convert " + to).exit_code == 0);
    const ToolRun refused = run_tool(folder, "diagnose b.csv --convert " + to);
    CHECK(refused.exit_code == 3);
    CHECK(refused.out.empty());
    CHECK(json_of_run(folder, "diagnose " + to)["chains"] == 2);
    REQUIRE(run_tool(folder, "diagnose b.csv --force --convert " + to).exit_code == 0);
    CHECK(json_of_run(folder, "diagnose " + to)["chains"] == 1);
    CHECK(json_of_run(folder, "diagnose " + to)["quantities"][0]["mean"] == 6.5);
  }
  // of a folder of results no file is taken away, and nothing that is read
  const ToolRun own = run_tool(folder, "diagnose copy/chain_1.csv --force --convert copy");
  CHECK(own.exit_code == 3);
  CHECK(contains(own.err, "never written to"));
  CHECK(json_of_run(folder, "diagnose copy")["chains"] == 1);
}

TEST_CASE("outputs: a slash at the end of a folder's name means nothing") {
  const TemporaryFolder folder;
  folder.write("a.csv", "lp__,q\n0,1\n0,2\n0,3\n0,4\n");
  REQUIRE(run_tool(folder, "diagnose a.csv --out r/ --convert c/").exit_code == 0);
  CHECK(std::filesystem::exists(folder / "r/diagnose.json"));
  CHECK(std::filesystem::exists(folder / "c/chain_1.csv"));
}

TEST_CASE("outputs: a folder in no folder is refused in the same words by all verbs") {
  const TemporaryFolder folder;
  write_quartic(folder);
  folder.write("a.csv", "lp__,q\n0,1\n0,2\n0,3\n0,4\n");
  for (const char* arguments :
       {"gradient m.toml --out no/where", "exact m.toml --out no/where",
        "sample m.toml --out no/where", "infer m.toml --out no/where",
        "train m.toml --out no/where", "demo --out no/where", "diagnose a.csv --out no/where",
        "diagnose a.csv --convert no/where", "diagnose a.csv --convert no/where.npy"}) {
    CAPTURE(arguments);
    const ToolRun run = run_tool(folder, arguments);
    CHECK(run.exit_code == 5);
    CHECK(contains(run.err, ": the folder 'no' does not exist"));
  }
  CHECK_FALSE(std::filesystem::exists(folder / "no"));
}
#endif
