#ifdef NEGPHASE_TOOL
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/made_draws.hpp"
#include "support/run_tool.hpp"
#include "support/tool_files.hpp"

// `negphase diagnose` and the verdicts of the other verbs, in the real program. How these tests can
// fail: a frozen chain that a verb does not name, an exit code that is not the verdict's, numbers
// that hang on threads, a bad file that is taken for a good one, an input that is changed.

using namespace negphase;
using namespace negphase::test;
using Json = nlohmann::ordered_json;

namespace {

std::vector<std::string> failed_codes(const Json& json) {
  std::vector<std::string> all;
  for (const Json& warning : json["warnings"]) {
    if (warning["failed_check"].get<bool>()) {
      all.push_back(warning["code"]);
    }
  }
  return all;
}

/// name_1.csv and so on, as Stan writes them.
void write_chains(const TemporaryFolder& folder, const std::string& name, const ChainDraws& draws) {
  for (std::size_t c = 0; c < draws.chains.size(); ++c) {
    std::string text = "lp__";
    for (const std::string& quantity : draws.names) {
      text += "," + quantity;
    }
    text += "\n";
    for (const auto row : draws.chains[c].rowwise()) {
      text += "0";
      for (const double value : row) {
        text += fmt::format(",{}", value);
      }
      text += "\n";
    }
    folder.write(fmt::format("{}_{}.csv", name, c + 1), text);
  }
}

}  // namespace

TEST_CASE(
    "diagnose: the verdict is the exit code, and the numbers those of any number of threads") {
  const TemporaryFolder folder;
  write_chains(folder, "good", made_draws(1, Law::normal, 4, 1000, 2));
  ChainDraws frozen = made_draws(2, Law::normal, 4, 200, 2);
  frozen.chains[2].rowwise() = Eigen::ArrayXXd(frozen.chains[2]).row(0);
  write_chains(folder, "frozen", frozen);

  const std::string before = folder.read("good_1.csv");
  const ToolRun good = run_tool(folder, "diagnose good_*.csv --strict --json --threads 1 --out r");
  REQUIRE(good.exit_code == 0);
  Json json = Json::parse(good.out),
       again = Json::parse(run_tool(folder, "diagnose good_*.csv --json --threads 3").out);
  CHECK(Json::parse(folder.read("r/diagnose.json")) == json);
  CHECK(Json::parse(folder.read("r/run.json"))["data"].size() == 4);
  CHECK(folder.read("good_1.csv") == before);
  CHECK(json["verdict"]["good"] == true);
  CHECK(json["quantities"].size() == 2);
  CHECK(json["quantities"][1]["name"] == "q.2");
  CHECK(json["quantities"][0]["rhat"].get<double>() < 1.01);
  drop_timing(json);
  drop_timing(again);
  CHECK(json == again);

  const ToolRun bad = run_tool(folder, "diagnose frozen_*.csv --strict");
  CHECK(bad.exit_code == 7);
  CHECK(contains(bad.out, "FAILED: 1 of 4 chains never moved: chain 3"));
  CHECK(run_tool(folder, "diagnose frozen_*.csv").exit_code == 0);
  const Json named = Json::parse(run_tool(folder, "diagnose frozen_*.csv --json").out);
  CHECK(named["behaviour"]["states"]["frozen"] == Json::array({3}));

  // other draws, and a copy in another form that says the same
  const ToolRun moved = run_tool(
      folder, "diagnose good_*.csv --convert copy.npy --against frozen_1.csv frozen_2.csv --json");
  REQUIRE(moved.exit_code == 0);
  CHECK_FALSE(Json::parse(moved.out)["to_draws"]["distances"].empty());
  const Json copy = Json::parse(run_tool(folder, "diagnose copy.npy --json").out);
  CHECK(copy["quantities"][0]["rhat"] == json["quantities"][0]["rhat"]);
}

TEST_CASE("diagnose: many quantities, and draws of a model's own law") {
  const TemporaryFolder folder;
  ChainDraws many = made_draws(3, Law::normal, 4, 400, 30);
  many.chains[1].col(16) += 3;
  write_chains(folder, "many", many);
  const ToolRun run = run_tool(folder, "diagnose many_*.csv");
  CHECK(contains(run.out, "(the worst 5 of 30 quantities"));
  CHECK(run.out.find("q.17") < run.out.find("q.1 "));

  write_ising(folder);
  REQUIRE(run_tool(folder, "sample i.toml --set sample.draws=400 --out s").exit_code == 0);
  const ToolRun spins = run_tool(folder, "diagnose s --model i.toml --json --strict");
  REQUIRE(spins.exit_code == 0);
  const Json json = Json::parse(spins.out);
  CHECK(json["chains"] == 16);
  bool has_total_variation = false;
  for (const Json& distance : json["to_model"]["distances"]) {
    has_total_variation |= distance["name"] == "total_variation";
  }
  CHECK(has_total_variation);
  // another temperature is another law
  const Json cold =
      Json::parse(run_tool(folder, "diagnose s --model i.toml --set model.beta=3 --json").out);
  CHECK(failed_codes(cold) == std::vector<std::string>{"another_law"});
}

TEST_CASE("diagnose: chains that a step too large has frozen are named by every verb") {
  const TemporaryFolder folder;
  write_quartic(folder);
  // a datum so far out that every step from it overshoots: chains that start there stay there
  folder.write("d.csv", folder.read("d.csv") + "0,9\n");
  const ToolRun sampled =
      run_tool(folder, "sample m.toml --json --set sample.warmup=0 --set sample.draws=100");
  REQUIRE(sampled.exit_code == 0);
  const auto codes = failed_codes(Json::parse(sampled.out));
  CHECK(std::find(codes.begin(), codes.end(), "constant_draws") != codes.end());
  CHECK(contains(sampled.out, "row 21, whose chains are counted from 1: all draws"));

  const ToolRun gradient = run_tool(folder, "gradient m.toml --json --strict");
  CHECK(gradient.exit_code == 7);
  CHECK(
      contains(gradient.out, "4 of 84 chains never moved: chain 21, chain 42, chain 63, chain 84"));
  const ToolRun trained =
      run_tool(folder,
               "train m.toml --out t --json "
               "--set 'train={gradient=\"pcd\",cd_k=1,chains_per_row=4,updates=30}'");
  REQUIRE(trained.exit_code == 0);
  const auto of_training = failed_codes(Json::parse(trained.out));
  CHECK(std::find(of_training.begin(), of_training.end(), "frozen_chains") != of_training.end());
  folder.write("s.toml", "seeds = 2\n" + quartic_suite_problem("wells"));

  const ToolRun benched = run_tool(folder, "bench s.toml --quiet --strict");
  CHECK(benched.exit_code == 7);
  CHECK(contains(benched.out, "4 of 84 chains never moved"));
  // four updates of steps of which half are refused are no proof
  write_quartic(folder);
  const ToolRun few =
      run_tool(folder,
               "train m.toml --out f --json --set sampler.step_size=0.9 "
               "--set 'train={gradient=\"pcd\",cd_k=1,chains_per_row=4,updates=4}'");
  REQUIRE(few.exit_code == 0);
  const auto of_few = failed_codes(Json::parse(few.out));
  CHECK(std::find(of_few.begin(), of_few.end(), "frozen_chains") == of_few.end());
}

TEST_CASE("bad input: diagnose") {
  const TemporaryFolder folder;
  write_quartic(folder);
  write_chains(folder, "a", made_draws(1, Law::normal, 2, 50, 2));
  write_chains(folder, "b", made_draws(1, Law::normal, 2, 50, 3));
  write_chains(folder, "x", made_draws(1, Law::normal, 1, 40, 2));
  folder.write("empty.csv", "");
  folder.write("words.csv", "lp__,q.1\n0,abc\n");
  std::filesystem::create_directory(folder / "nothing");
  std::filesystem::create_directory(folder / "mine");
  folder.write("mine/notes.txt", "mine");
  folder.write("there.npy", "mine");
  folder.write("one.csv", "lp__,q.1\n0,1.5\n");
  folder.write(
      "nan.csv", "lp__,q.1\n" + [] {
        std::string rows;
        for (int i = 0; i < 20; ++i) {
          rows += i == 7 ? "0,nan\n" : fmt::format("0,{}\n", i * 7 % 20);
        }
        return rows;
      }());
  struct BadInput {
    std::string what, arguments;
    int exit_code;
    std::vector<std::string> message;
  };
  const BadInput all[] = {
      {"diagnose: no file", "diagnose", 2, {"file"}},
      {"diagnose: a missing file", "diagnose none.csv", 5, {"none.csv", "No such file"}},
      {"diagnose: an empty file", "diagnose empty.csv", 3, {"empty.csv"}},
      {"diagnose: words for numbers", "diagnose words.csv", 3, {"words.csv:2", "abc"}},
      {"diagnose: a folder without draws", "diagnose nothing", 3, {"nothing"}},
      {"diagnose: a model's file", "diagnose m.toml", 3, {"m.toml"}},
      {"diagnose: an unknown option", "diagnose a_1.csv --precision float", 2, {"--precision"}},
      {"diagnose: another form to write", "diagnose a_1.csv --convert a.xls", 2, {".npy"}},
      {"diagnose: --convert to what is there",
       "diagnose a_1.csv --convert there.npy",
       3,
       {"there.npy", "--force"}},
      {"diagnose: --convert to what is read",
       "diagnose there.npy --convert there.npy --force",
       3,
       {"there.npy", "read here"}},
      {"diagnose: --convert to a folder of other files",
       "diagnose a_1.csv --convert mine --force",
       5,
       {"mine", "notes.txt"}},
      {"diagnose: --convert in no folder",
       "diagnose a_1.csv --convert no/where",
       5,
       {"no/where", "does not exist"}},
      {"diagnose: a model with x", "diagnose a_1.csv --model m.toml", 3, {"x"}},
      {"diagnose: other quantities", "diagnose a_1.csv --against b_1.csv", 3, {"2", "3"}},
      {"diagnose: one draw", "diagnose one.csv --strict", 7, {"too few"}},
      {"diagnose: a draw that is no number", "diagnose nan.csv --strict", 7, {"finite", "q.1"}},
      {"diagnose: chains of differing lengths", "diagnose a_1.csv x_1.csv", 0, {"incomplete"}},
  };
  std::ifstream file(SOURCE_ROOT "/tests/README.md");
  const std::string documented((std::istreambuf_iterator<char>(file)), {});
  for (const BadInput& bad : all) {
    CAPTURE(bad.what);
    std::string line = fmt::format("| {} | {} | ", bad.what, bad.exit_code);
    for (const std::string& part : bad.message) {
      line += (&part == &bad.message.front() ? "" : ", ") + part;
    }
    CHECK_MESSAGE(contains(documented, line + " |\n"), line);
    const ToolRun run = run_tool(folder, bad.arguments);
    CAPTURE(run.out);
    CAPTURE(run.err);
    CHECK(run.exit_code == bad.exit_code);
    for (const std::string& part : bad.message) {
      CHECK(contains(bad.exit_code == 0 || bad.exit_code == 7 ? run.out : run.err, part));
    }
  }
  CHECK(folder.read("there.npy") == "mine");
  CHECK(folder.read("mine/notes.txt") == "mine");
}
#endif
