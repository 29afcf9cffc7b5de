#ifdef NEGPHASE_TOOL
#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "support/tool_json.hpp"

// How these tests can fail: an option that is not refused in time, a figure that is not in the
// output, a number that depends on the number of threads.

using namespace negphase::test;
using Json = nlohmann::ordered_json;

namespace {

struct Refused {
  const char* arguments;
  int exit_code;
  const char* names;
};

void write_importance(const TemporaryFolder& folder) {
  write_quartic(folder);
  folder.write("w.toml", R"(seed = 1
[model]
name = "quartic"
params = [0.6, -0.4, 1.1, 0.2]
[data]
file = "d.csv"
x = "x"
y = "y"
[estimator]
name = "importance"
draws = 500
)");
}

Json json_of(const TemporaryFolder& folder, const std::string& arguments) {
  Json json = json_of_run(folder, arguments);
  drop_timing(json);
  return json;
}

}  // namespace

TEST_CASE("bad input of the estimators by weighted draws, of buffers and of second derivatives") {
  const TemporaryFolder folder;
  write_importance(folder);
  write_rbm(folder);
  for (const Refused& line : std::initializer_list<Refused>{
           {"gradient w.toml --set estimator.proposal=bx", 3, "'box'"},
           {"gradient w.toml --set estimator.width=0", 3, "> 0"},
           {"gradient w.toml --set estimator.width=nan", 3, "width"},
           {"gradient w.toml --set estimator.draws=0", 3, "draws"},
           {"gradient w.toml --set estimator.draws=1000000000000", 3, "GB"},
           {"gradient w.toml --set estimator.proposal=box --set estimator.lower=0", 3,
            "row 1 of the data"},
           {"gradient w.toml --set estimator.proposal=box --set estimator.lower=11", 3,
            "lower < upper"},
           {"gradient w.toml --set estimator.replicates=1", 3, "replicates"},
           {"gradient m.toml --set estimator.name=replay --set estimator.reinit_rate=1.5", 3,
            "reinit_rate"},
           {"gradient m.toml --set sampler.name=scaled_langevin --set sampler.noise=0", 3, "noise"},
           {"gradient r.toml --set sampler.name=scaled_langevin", 3, "energy_and_grad"},
           {"train r.toml --out t --set train.gradient=replai", 3, "'replay'"},
           {"train r.toml --out t --set train.gradient=replay --set train.reinit_rate=-1", 3,
            "reinit_rate"},
           {"train m.toml --out t --set train.gradient=importance --set train.proposal=box "
            "--set train.box_upper=-100",
            3, "lower < upper"},
           {"exact r.toml --set exact.hessian=2", 3, "hessian"}}) {
    CAPTURE(line.arguments);
    const ToolRun run = run_tool(
        folder, std::string(line.arguments) + (line.arguments[0] == 'g' && line.arguments[9] == 'm'
                                                   ? " --set estimator.few_chains=true"
                                                   : ""));
    CHECK(run.exit_code == line.exit_code);
    CAPTURE(run.err);
    CHECK(contains(run.err, line.names));
  }
}

TEST_CASE("gradient: importance sampling shows the NLL beside the exact one, for any threads") {
  const TemporaryFolder folder;
  write_importance(folder);
  const Json one = json_of(folder, "gradient w.toml --threads 1");
  CHECK(one == json_of(folder, "gradient w.toml --threads 3"));
  const Json& nll = one["rows"][0]["nll"];
  const double exact = json_of(folder, "exact w.toml")["nll"];
  // 5 of its standard errors, on 31 x 20 degrees of freedom
  CHECK(std::abs(nll["mean"].get<double>() - exact) < 5 * nll["standard_error"].get<double>());
  REQUIRE(one["rows"][0]["trace"].size() == 1);
  CHECK(one["rows"][0]["trace"][0]["relative_noise"].get<double>() > 0);
  CHECK(nll["jensen_bias"].get<double>() < 0);
  CHECK(nll["weight_share"].get<double>() > 0);
  const ToolRun text = run_tool(folder, "gradient w.toml");
  CHECK(contains(text.out, "Jensen"));
  CHECK(contains(text.out, "replicates"));
  const ToolRun wide = run_tool(folder, "gradient w.toml --strict --set estimator.width=300");
  CHECK(wide.exit_code == 7);
  CHECK(contains(wide.out, "below 10 %"));
}

TEST_CASE("train: a replay buffer tells how old its chains are, and goes on as it was") {
  const TemporaryFolder folder;
  write_rbm(folder);
  const std::string train =
      "train r.toml --quiet --set train.gradient=replay --set train.updates=12 "
      "--set train.chains=32 --set train.reinit_rate=0.5 --out ";
  CHECK(run_tool(folder, train + "a --threads 1").exit_code == 0);
  CHECK(run_tool(folder, train + "b --threads 2").exit_code == 0);
  CHECK(folder.read("a/metrics.jsonl") == folder.read("b/metrics.jsonl"));
  const std::string lines = folder.read("a/metrics.jsonl");
  const Json last = Json::parse(lines.substr(lines.rfind('\n', lines.size() - 2) + 1));
  CHECK(contains(run_tool(folder, train + "c").out, "a replay buffer is biased"));
  CHECK(last["chain_age_min"] == 1);
  CHECK(last["chain_age_mean"].get<double>() > 1);
  CHECK(last["chain_age_mean"].get<double>() < 4);  // 2 on average, 32 chains
}

TEST_CASE("train: importance sampling needs no sampler") {
  const TemporaryFolder folder;
  write_importance(folder);
  const ToolRun run = run_tool(folder,
                               "train w.toml --quiet --set train.gradient=importance --out t "
                               "--set train.updates=5 --set train.proposal_draws=100 --json");
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
  CHECK(Json::parse(run.out)["sampler"].is_null());
}

TEST_CASE("a sampler with a temperature of its own is reported with it") {
  const TemporaryFolder folder;
  write_quartic(folder);
  folder.write("s.toml", R"(seed = 1
[model]
name = "quartic"
params = [0.6, -0.4, 1.1, 0.2]
[data]
file = "d.csv"
x = "x"
y = "y"
[sampler]
name = "scaled_langevin"
drift = 0.005
noise = 0.05
[estimator]
name = "long_chains"
chains = 4
draws = 5
)");
  for (const char* verb : {"gradient s.toml", "sample s.toml"}) {
    CHECK(contains(run_tool(folder, verb).out, "T = 0.25, that is beta = 4"));
  }
  CHECK(contains(run_tool(folder,
                          "train s.toml --quiet --set train.gradient=cd "
                          "--set train.updates=2 --out t")
                     .out,
                 "T = 0.25, that is beta = 4"));
  CHECK(contains(run_tool(folder, "list samplers").out, "noise^2 / (2 drift)"));
}

TEST_CASE("exact: second derivatives where they are asked for") {
  const TemporaryFolder folder;
  write_importance(folder);
  CHECK_FALSE(json_of(folder, "exact w.toml").contains("hessian"));
  const Json hessian = json_of(folder, "exact w.toml --set exact.hessian=true")["hessian"];
  CHECK(hessian["value"].size() == 4);
  CHECK(hessian["value"][1][2] == hessian["value"][2][1]);
  CHECK(hessian["by_differences"] == false);
  CHECK(hessian["eigenvalues"][0].get<double>() > 0);  // linear in W, no latents: convex
  CHECK(contains(run_tool(folder, "exact w.toml --set exact.hessian=true").out, "eigenvalues"));
}
#endif
