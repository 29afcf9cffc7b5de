#ifdef NEGPHASE_TOOL
#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/tool_json.hpp"

// How these tests can fail: y in the model's units, a search called exact, output that depends on
// threads, a refusal that names nothing.

using namespace negphase::test;
using Json = nlohmann::ordered_json;

namespace {

Json inferred(const TemporaryFolder& folder, const std::string& arguments) {
  return json_of_run(folder, "infer " + arguments);
}

void write_mixture(const TemporaryFolder& folder) {
  folder.write("y.csv", "a\n1\n2\n3\n4\n");
  folder.write("mix.toml", R"(seed = 1
[model]
name = "gaussian_mixture"
components = 2
latent = true
params = [0.3, 1.0, -1.0, 0.0, 0.5, 1.5]
[data]
file = "y.csv"
y = "a"
standardize = true
)");
}

}  // namespace

TEST_CASE("infer: M3 on every row of a conditional model, both wells, on any number of threads") {
  const TemporaryFolder folder;
  write_quartic(folder);
  const Json json = inferred(folder, "m.toml --set model.params=[1,-2,0.75,0.125]");
  REQUIRE(json["rows"].size() == 20);
  CHECK(json["sampler"] == "mala");
  for (int r = 0; r < 20; ++r) {
    const Json& row = json["rows"][static_cast<std::size_t>(r)];
    CHECK(row["exact"] == false);
    CHECK(row["method"] == "search");
    const double c = 0.75 * (0.2 * r - 2) + 0.125;
    for (const Json& minimum : row["minima"]) {
      const double y = minimum["y"][0];
      // the slope that is left: 1e-8 (1 + |E|), |E| < 10
      CHECK(std::abs(y * y * y - 2 * y - c) < 2e-7);
      CHECK(minimum["curvature"][0] > 0);
    }
  }
  // ula would diverge as beta rises
  CHECK(inferred(folder, "m.toml --set sampler.name=ula --set infer.rows=1")["sampler"] == "mala");
  const ToolRun one = run_tool(folder, "infer m.toml --set infer.rows=2 --json --threads 1");
  const ToolRun four = run_tool(folder, "infer m.toml --set infer.rows=2 --json --threads 4");
  Json first = Json::parse(one.out), second = Json::parse(four.out);
  drop_timing(first);
  drop_timing(second);
  CHECK(first == second);
  CHECK(first["rows"].size() == 2);
}

TEST_CASE("infer: M3 without x, z summed and z minimised, y in the units of the file") {
  const TemporaryFolder folder;
  write_mixture(folder);
  // y = 1 .. 4: mean 2.5, deviation sqrt(1.25). E_0 = e (y + 1)^2 / 2 - 0.3, E_1 = e^0.5 (y
  // - 1.5)^2 / 2
  const double scale = std::sqrt(1.25), e = std::exp(1.0);
  const Json joint = inferred(folder, "mix.toml --set infer.target=yz");
  const Json& minima = joint["rows"][0]["minima"];
  REQUIRE(minima.size() == 2);
  CHECK(minima[0]["energy"] == doctest::Approx(-0.3));
  CHECK(minima[0]["y"][0] == doctest::Approx(2.5 - scale).epsilon(1e-7));
  CHECK(minima[0]["model_y"][0] == doctest::Approx(-1).epsilon(1e-7));
  CHECK(minima[0]["z"][0] == 0);
  CHECK(minima[1]["z"][0] == 1);
  CHECK(minima[0]["curvature"][0] == doctest::Approx(e).epsilon(1e-6));
  const Json summed = inferred(folder, "mix.toml");
  CHECK(summed["rows"][0]["minima"][0]["z"].is_null());
  CHECK(summed["rows"][0]["minima"][0]["energy"].get<double>() < -0.3);
  CHECK(summed["infer"]["target"] == "y");
}

TEST_CASE("infer: exact where states are counted; tables and files") {
  const TemporaryFolder folder;
  folder.write("b.csv", "vote,other\nyes,no\nno,no\nyes,yes\n");
  folder.write("b.toml", R"(seed = 1
[model]
name = "boltzmann"
params = [0.5, 1.0, -2.0]
[data]
file = "b.csv"
header = true
y = ["vote", "other"]
labels = ["vote", "other"]
)");
  const Json json = inferred(folder, "b.toml");
  const Json& row = json["rows"][0];
  CHECK(row["exact"] == true);
  CHECK(row["method"] == "enumeration");
  CHECK(json["sampler"].is_null());
  // E = -0.5 s0 s1 - s0 + 2 s1; labels sorted: no 0, yes 1
  REQUIRE(row["minima"].size() == 1);
  CHECK(row["minima"][0]["energy"] == -1.0);
  CHECK(row["minima"][0]["y"] == Json({"yes", "no"}));
  const ToolRun run = run_tool(folder, "infer b.toml --out found");
  CHECK(run.exit_code == 0);
  CHECK(contains(run.out, "exact, all states were enumerated"));
  CHECK(folder.read("found/infer.csv") ==
        "row,mode,energy,searches,exact,vote,other\n1,1,-1,0,1,yes,no\n");
  CHECK(Json::parse(folder.read("found/infer.json"))["rows"].size() == 1);
  const ToolRun searched = run_tool(folder, "infer b.toml --set infer.max_states=1");
  CHECK(contains(searched.out, "not proven to be the lowest"));
}

TEST_CASE("infer: what is refused, and what is found wrong") {
  const TemporaryFolder folder;
  write_quartic(folder);
  struct Bad {
    std::string arguments;
    int exit_code;
    std::vector<std::string> message;
  };
  const std::vector<Bad> all{
      {"m.toml --set infer.target=x", 3, {"target", "y, yz"}},
      {"m.toml --set infer.starts=0", 3, {"starts", ">= 1"}},
      {"m.toml --set infer.spread=0", 3, {"spread", "> 0"}},
      {"m.toml --set infer.last_beta_factor=0.5", 3, {"last_beta_factor", ">= 1"}},
      {"m.toml --set infer.stage=1", 3, {"'stage'", "did you mean 'stages'?"}},
      {"m.toml --set sampler.name=block_gibbs", 3, {"block_gibbs"}},
      {"none.toml", 5, {"none.toml"}},
      {"m.toml --set model.params=[-1,0,0,0] --set infer.stages=0", 4, {"falls without end"}},
  };
  for (const Bad& bad : all) {
    CAPTURE(bad.arguments);
    const ToolRun run = run_tool(folder, "infer " + bad.arguments);
    CAPTURE(run.err);
    CHECK(run.exit_code == bad.exit_code);
    CHECK(run.out.empty());
    for (const std::string& part : bad.message) {
      CHECK(contains(run.err, part));
    }
  }
  const ToolRun flat = run_tool(folder, "infer m.toml --set model.params=[0,0,0,0]");
  CHECK(flat.exit_code == 0);
  CHECK(contains(flat.out, "flat along a direction"));
}
#endif
