#ifdef NEGPHASE_TOOL
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "negphase/gradient/benchmark_statistics.hpp"
#include "support/run_tool.hpp"
#include "support/tool_files.hpp"

// A tiny suite in the real program. How these tests can fail: a cell that is another run than
// `negphase gradient` by its seed, a resumed cell that is counted twice, numbers that hang on
// threads or on where a run was stopped, a suite that goes on as another one.

using namespace negphase::test;
using Json = nlohmann::ordered_json;

namespace {

void write_suite(const TemporaryFolder& folder) {
  write_quartic(folder);
  write_rbm(folder);
  folder.write("s.toml", "seed = 5\nseeds = 3\npoints = 3\n" +
                             quartic_suite_problem("wells, on rows") + R"([[problem.compare]]
sampler = { name = "ula", step_size = 0.1 }
[[problem]]
name = "bits"
add_samplers = true
[problem.model]
name = "rbm"
hidden = 2
params = [0.1, 0.2, 0.3, 0.4, 0.5, -0.6, 0.7, -0.8, 0, 0, 0, 0, 0, 0]
[problem.data]
file = "b.csv"
y = "b0..b3"
[problem.sampler]
name = "block_gibbs"
[problem.estimator]
name = "long_chains"
chains = 32
warmup = 20
draws = 64
[[problem.compare]]
label = "CD-1"
estimator = { name = "cd", cd_k = 1, draws = 40 }
)");
}

constexpr const char* bench = "bench s.toml --quiet ";
constexpr std::size_t rows = 7, cells = 3 * rows;  // 2; block_gibbs, CD-1 and three that are added

std::vector<std::vector<std::string>> fields_of(const std::string& csv) {
  std::vector<std::vector<std::string>> lines;
  std::istringstream stream(csv);
  for (std::string line; std::getline(stream, line);) {
    lines.emplace_back();
    std::string field;
    bool quoted = false;
    for (const char c : line + ",") {
      quoted ^= c == '"';
      if (c == ',' && !quoted) {
        lines.back().push_back(std::exchange(field, ""));
      } else if (c != '"') {
        field += c;
      }
    }
  }
  return lines;
}

// Everything of a result that holds no time.
struct Result {
  Json json;
  std::vector<std::vector<std::string>> csv;
  std::string config;
  bool operator==(const Result&) const = default;
};

Result result_in(const TemporaryFolder& folder, const std::string& name) {
  Result result{Json::parse(folder.read(name + "/bench.json")),
                fields_of(folder.read(name + "/bench.csv")), folder.read(name + "/config.toml")};
  drop_timing(result.json);
  for (auto& line : result.csv) {
    line.pop_back();  // seconds
  }
  return result;
}

std::set<std::string> files_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}
const std::set<std::string> whole_result{"bench.csv", "bench.json", "config.toml", "run.json"};

bool exists(const TemporaryFolder& folder, const std::string& file) {
  return std::filesystem::exists(folder / file);
}

std::vector<std::string> labels_of(const Json& problem) {
  std::vector<std::string> labels;
  for (const Json& row : problem["rows"]) {
    labels.push_back(row["label"]);
  }
  return labels;
}

}  // namespace

TEST_CASE("bench: rows, points and ranks of a suite") {
  const TemporaryFolder folder;
  write_suite(folder);
  const ToolRun run = run_tool(folder, bench + std::string("--out t"));
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
  CHECK(run.err.empty());
  CHECK(files_in(folder / "t") == whole_result);
  const Json json = Json::parse(folder.read("t/bench.json"));
  CHECK(json["verb"] == "bench");
  CHECK(json["seeds"] == 3);
  REQUIRE(json["problems"].size() == 2);
  const Json &wells = json["problems"][0], &bits = json["problems"][1];
  CHECK(labels_of(wells) == std::vector<std::string>{"mala", "ula"});
  CHECK(labels_of(bits) == std::vector<std::string>{"block_gibbs", "CD-1", "single_flip",
                                                    "site_gibbs", "metropolis_within_gibbs"});
  CHECK(wells["rows"][0]["biased"] == false);
  CHECK(wells["rows"][1]["biased"] == true);
  CHECK(bits["rows"][1]["biased"] == true);
  CHECK(wells["rows"][1]["timing"]["rank"].is_null());
  CHECK(wells["rows"][0]["timing"]["rank"] == "1");
  CHECK(wells["rows"][0]["total_variation"].is_null());
  CHECK(bits["rows"][0]["total_variation"]["floor"] > 0);
  CHECK(bits["rows"][1]["total_variation"].is_null());
  const Json& points = bits["rows"][0]["points"];
  REQUIRE(points.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(points[i]["draws"] == 16 << i);
    // two layers of one conditional each, 32 chains
    CHECK(points[i]["evaluations"] == 32 * 2 * (16 << i));
    CHECK(points[i]["warmup_evaluations"] == 32 * 2 * 20);
  }
  for (const char* word : {"wells, on rows: quartic, 4 parameters", "exact gradient by layer_sum",
                           "CD-1", "biased", "1= is a tie"}) {
    CAPTURE(word);
    CHECK(contains(run.out, word));
  }
}

TEST_CASE(
    "bench: a cell is the run of negphase gradient by its seed; the summary is of the cells") {
  const TemporaryFolder folder;
  write_suite(folder);
  REQUIRE(run_tool(folder, bench + std::string("--out t")).exit_code == 0);
  const Result result = result_in(folder, "t");
  const auto& head = result.csv[0];
  const auto column = [&](const std::string& name) {
    return static_cast<std::size_t>(std::find(head.begin(), head.end(), name) - head.begin());
  };
  std::set<std::string> seeds, lines;
  std::vector<double> errors;
  for (std::size_t i = 1; i < result.csv.size(); ++i) {
    const auto& line = result.csv[i];
    REQUIRE(line.size() == head.size());
    CHECK(lines.insert(line[0] + line[1] + line[4] + "/" + line[6]).second);
    seeds.insert(line[column("seed")]);
    if (line[0] == "wells, on rows" && line[1] == "mala" && line[column("point")] == "3") {
      errors.push_back(std::stod(line[column("relative_error")]));
      const ToolRun run =
          run_tool(folder, "gradient m.toml --json --quiet --set estimator.draws=40 --seed " +
                               line[column("seed")]);
      REQUIRE(run.exit_code == 0);
      CHECK(Json::parse(run.out)["rows"][0]["relative_error"].get<double>() == errors.back());
    }
  }
  CHECK(lines.size() == 3 * cells);
  CHECK(seeds.size() == 3);
  REQUIRE(errors.size() == 3);
  const Json& last = result.json["problems"][0]["rows"][0]["points"][2]["relative_error"];
  const negphase::Quartiles q = negphase::quartiles(errors);
  CHECK(last["median"].get<double>() == q.median);
  CHECK(last["low"].get<double>() == q.low);
  CHECK(last["high"].get<double>() == q.high);
}

TEST_CASE("bench: the same numbers for any number of threads, from config.toml, and on stdout") {
  const TemporaryFolder folder;
  write_suite(folder);
  REQUIRE(run_tool(folder, bench + std::string("--out a --threads 1")).exit_code == 0);
  REQUIRE(run_tool(folder, bench + std::string("--out b --threads 3")).exit_code == 0);
  CHECK(result_in(folder, "a") == result_in(folder, "b"));
  REQUIRE(run_tool(folder, "bench a/config.toml --quiet --out c").exit_code == 0);
  Result again = result_in(folder, "c"), first = result_in(folder, "a");
  for (Result* result : {&first, &again}) {  // as they were written
    result->json["config"] = nullptr;
    for (Json& problem : result->json["problems"]) {
      problem["problem"]["data"]["file"] = nullptr;
    }
  }
  CHECK(again == first);
  const ToolRun run = run_tool(folder, bench + std::string("--json"));
  CHECK(run.exit_code == 0);
  Json printed = Json::parse(run.out);
  drop_timing(printed);
  CHECK(printed == result_in(folder, "a").json);
  const ToolRun other = run_tool(folder, bench + std::string("--json --seed 6"));
  Json differs = Json::parse(other.out);
  CHECK(differs["seed"] == 6);
  CHECK(differs["problems"] != printed["problems"]);
}

TEST_CASE("bench: an interrupted run says how to go on, and a resumed cell is counted once") {
  const TemporaryFolder folder;
  write_suite(folder);
  REQUIRE(run_tool(folder, bench + std::string("--out whole")).exit_code == 0);
  // sent when some cells are done, so that every row has had a seed
  const std::string file = "'" + (folder / "t/cells.jsonl").string() + "'";
  const ToolRun stopped = run_tool(
      folder, bench +
                  std::string("--out t --set problem.0.estimator.warmup=200000 & p=$!; until "
                              "test -f ") +
                  file + " && test $(wc -l < " + file +
                  ") -gt 8; do sleep 0.02; done; kill -INT $p; wait $p");
  CHECK(stopped.exit_code == 130);
  CHECK(
      contains(stopped.err, "of 21 runs, which are kept: the same command with --resume goes on"));
  CHECK(contains(stopped.out, "wells, on rows: quartic"));
  CHECK(files_in(folder / "t") == std::set<std::string>{"bench.json", "cells.jsonl"});
  const Json part = Json::parse(folder.read("t/bench.json"));
  CHECK(part["incomplete"] == true);
  CHECK(part["seeds"] < 3);
  CHECK(part["problems"][1]["rows"].size() == 5);
  const auto refusal = [&](const std::string& arguments) {
    const ToolRun run = run_tool(folder, bench + arguments);
    CHECK(run.exit_code == 3);
    CHECK(exists(folder, "t/cells.jsonl"));
    return run.err;
  };
  CHECK(contains(refusal("--out t"), "holds a benchmark that is not over; --resume goes on"));
  CHECK(contains(refusal("--out t --resume"),
                 "it has `warmup = 200000`, this one has `warmup = 50`"));
  CHECK(contains(refusal("--out t --resume --seed 6 --set problem.0.estimator.warmup=200000"),
                 "it has `seed = 5`, this one has `seed = 6`"));
  CHECK(contains(refusal("--out t --resume --precision float"), "precision = "));
  CHECK(contains(refusal("--out whole --resume"), "holds a run that is over"));

  // the cells of a whole run, one of them twice, one half written
  std::filesystem::remove_all(folder / "t");
  const ToolRun again = run_tool(folder, bench + std::string("--out t & p=$!; until test -f ") +
                                             file + " && test $(wc -l < " + file +
                                             ") -gt 2; do :; done; kill -KILL $p; wait $p");
  if (exists(folder, "t/cells.jsonl")) {  // it may have been faster
    std::vector<std::string> lines;
    std::istringstream text(folder.read("t/cells.jsonl"));
    for (std::string line; std::getline(text, line);) {
      lines.push_back(line + "\n");
    }
    REQUIRE(lines.size() > 2);
    folder.write("t/cells.jsonl",
                 lines[0] + lines[1] + lines[1] + lines[1] + lines[2].substr(0, 50));
    REQUIRE(run_tool(folder, bench + std::string("--out t --resume --threads 2")).exit_code == 0);
  }
  CHECK(result_in(folder, "t") == result_in(folder, "whole"));
  CHECK(files_in(folder / "t") == whole_result);
}

#ifdef NEGPHASE_FAILING_DISK
namespace {

ToolRun with_disk(const TemporaryFolder& folder, const std::string& plan,
                  const std::string& arguments) {
  return run_tool(folder, arguments,
                  "FAILING_DISK=" + plan + " LD_PRELOAD='" NEGPHASE_FAILING_DISK "'");
}

}  // namespace

TEST_CASE("bench: killed, or with a full disk, at any call that changes a file, and resumed") {
  const TemporaryFolder folder;
  write_suite(folder);
  REQUIRE(run_tool(folder, bench + std::string("--out whole")).exit_code == 0);
  const Result whole = result_in(folder, "whole");
  for (const std::string fate : {"kill:", "full:"}) {
    CAPTURE(fate);
    int resumed = 0;
    bool ended_well = false;
    for (int calls = 1; !ended_well; calls += calls < 6 ? 1 : 3) {
      CAPTURE(calls);
      std::filesystem::remove_all(folder / "t");
      const ToolRun run =
          with_disk(folder, fate + std::to_string(calls), bench + std::string("--out t"));
      ended_well = run.exit_code == 0;
      CHECK((ended_well || run.exit_code == (fate == "full:" ? 5 : 128 + 9)));
      CHECK((ended_well || run.out.empty()));
      if (!exists(folder, "t/run.json")) {
        const ToolRun more = run_tool(folder, bench + std::string("--out t --resume --threads ") +
                                                  std::to_string(1 + calls % 3));
        CAPTURE(more.err);
        if (more.exit_code == 3) {
          CHECK(contains(more.err, "nothing to resume"));
          REQUIRE(run_tool(folder, bench + std::string("--out t --force")).exit_code == 0);
        } else {
          REQUIRE(more.exit_code == 0);
          ++resumed;
        }
        CHECK(files_in(folder / "t") == whole_result);
      }
      CHECK(result_in(folder, "t") == whole);
    }
    // a write and an fsync for each of the cells, every third of them
    CHECK(resumed >= static_cast<int>(cells) / 3);
  }
}
#endif
#endif
