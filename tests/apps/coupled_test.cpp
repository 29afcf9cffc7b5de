#ifdef NEGPHASE_TOOL
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "support/run_tool.hpp"

// Coupled chains as a user meets them: what is printed and kept, and what is refused.

using namespace negphase::test;
using Json = nlohmann::ordered_json;

namespace {

void write_spins(const TemporaryFolder& folder) {
  folder.write("s.csv", "a,b,c\n-1,1,1\n1,1,-1\n1,1,1\n-1,-1,1\n");
  folder.write("s.toml", R"(seed = 1
[model]
name = "ising"
graph = "dense"
params = [0.5, -0.25, 0.75, 0.1, -0.2, 0.3]
[data]
file = "s.csv"
y = ["a", "b", "c"]
[sampler]
name = "site_gibbs"
[estimator]
name = "coupled"
)");
}

}  // namespace

TEST_CASE("coupled chains: meeting times and the bound are printed and kept, the caveat is not") {
  const TemporaryFolder folder;
  write_spins(folder);
  const ToolRun text = run_tool(folder, "gradient s.toml");
  CAPTURE(text.err);
  REQUIRE(text.exit_code == 0);
  CHECK(contains(text.out, "32 pairs of chains with a lag of 100 met at step 10"));
  CHECK(contains(text.out, "after 100 steps at most 0.094 of total variation"));  // 3 / 32
  CHECK_FALSE(contains(text.out, "start-up bias"));
  const Json row = Json::parse(run_tool(folder, "gradient s.toml --json").out)["rows"][0];
  CHECK(row["start_up"]["pairs"] == 32);
  CHECK(row["start_up"]["not_met"] == 0);
  CHECK(row["start_up"]["bound"] == 0.0);
  CHECK(row["start_up"]["after"] == 100);
  CHECK(row["start_up"]["median"].get<double>() >= 100);
  CHECK(row["start_up"]["longest"].get<double>() >= row["start_up"]["median"].get<double>());
  CHECK(row["positive_start_up"].is_null());
  CHECK(row["trace"].size() == 1);

  const ToolRun bounded = run_tool(
      folder, "gradient s.toml --set 'estimator={name=\"long_chains\",bound_start_up=true}'");
  CHECK(contains(bounded.out, "512 pairs of chains"));
  CHECK_FALSE(contains(bounded.out, "start-up bias"));
  CHECK(contains(run_tool(folder, "gradient s.toml --set 'estimator={name=\"long_chains\"}'").out,
                 "start-up bias"));
}

TEST_CASE("coupled chains: pairs apart fail a check") {
  const TemporaryFolder folder;
  write_spins(folder);
  const std::string apart =
      " --set 'estimator={name=\"coupled\",chains=4096,warmup=0,draws=1,lag=1,max_steps=2}'";
  const ToolRun strict = run_tool(folder, "gradient s.toml --strict" + apart);
  CHECK(strict.exit_code == 7);
  CHECK(contains(strict.out, "of 4096 pairs of chains had not met"));
  const Json row = Json::parse(run_tool(folder, "gradient s.toml --json" + apart).out)["rows"][0];
  CHECK(row["start_up"]["not_met"].get<int>() > 0);
  CHECK(row["start_up"]["longest"].is_null());
  CHECK(row["start_up"]["bound"].is_null());
  CHECK(row["warnings"][0]["code"] == "pairs_not_met");
}

TEST_CASE("coupled chains: bad input") {
  const TemporaryFolder folder;
  write_spins(folder);
  write_quartic(folder);
  struct Line {
    const char *arguments, *names;
  };
  const std::initializer_list<Line> lines{
      {"gradient s.toml --set estimator.lag=0", "'lag' = 0"},
      {"gradient s.toml --set estimator.lag=-1", "'lag' = -1"},
      {"gradient s.toml --set estimator.warmup=-1", "'warmup' = -1"},
      {"gradient s.toml --set estimator.draws=0", "'draws' = 0"},
      {"gradient s.toml --set estimator.chains=0", "'chains' = 0"},
      {"gradient s.toml --set estimator.chains=8", "few_chains"},
      {"gradient s.toml --set estimator.chains=1000000000", "this machine has"},
      {"gradient s.toml --set estimator.max_steps=0", "'max_steps' = 0"},
      {"gradient s.toml --set estimator.max_steps=199", "max_steps = 199"},
      {"gradient s.toml --set estimator.max_steps=500 --set estimator.lag=500", "lag = 500"},
      {"gradient s.toml --set estimator.lagg=3", "did you mean 'lag'?"},
      {"gradient s.toml --set estimator.thin=2", "'thin'"},
      {"gradient s.toml --set estimator.start='\"cold\"'", "'cold'"},
      {"gradient m.toml --set estimator.name=coupled", "sampler 'mala' cannot be coupled"},
      {"gradient m.toml --set estimator.bound_start_up=true", "sampler 'mala' cannot be coupled"},
      {"gradient m.toml --set estimator.name=coupled --set "
       "'sampler={name=\"metropolis_within_gibbs\"}'",
       "y, column 1"},
  };
  for (const Line& line : lines) {
    const ToolRun run = run_tool(folder, line.arguments);
    CAPTURE(std::string(line.arguments));
    CAPTURE(run.err);
    CHECK(run.exit_code == 3);
    CHECK(contains(run.err, line.names));
    CHECK(run.out.empty());
  }
}
#endif
