#ifdef NEGPHASE_TOOL
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "support/tool_files.hpp"
#include "support/tool_json.hpp"

// The verdict on chains inside gradient, train and bench. How these tests can fail: chains that
// creep and are called good, chains that mix and are not, a verdict that --strict does not heed,
// figures of rows that have no chains.

using namespace negphase::test;
using Json = nlohmann::ordered_json;

namespace {

bool has(const Json& warnings, const std::string& code) {
  return std::any_of(warnings.begin(), warnings.end(),
                     [&](const Json& w) { return w["code"] == code && w["failed_check"] == true; });
}

constexpr const char* long_enough =
    " --set estimator.draws=200 --set estimator.chains=16 --set estimator.warmup=200";
constexpr const char* mixing = " --set sampler.step_size=0.8";
constexpr const char* creeping = " --set sampler.step_size=0.01";

}  // namespace

TEST_CASE("verdict on runs: gradient") {
  const TemporaryFolder folder;
  write_quartic(folder);
  const std::string run = std::string("gradient m.toml --quiet") + long_enough;
  const Json good = json_of_run(folder, run + mixing)["rows"][0];
  CHECK(good["verdict"]["good"] == true);
  CHECK(good["verdict"]["summary"].get<std::string>().starts_with(
      "Good, as far as chains can tell: R-hat of the energy 1.0"));
  CHECK(good["mixing"]["chains"] == 320);
  CHECK(good["mixing"]["draws"] == 66);
  CHECK(good["mixing"]["ess_tail"].is_null());  // rows of x
  CHECK(good["positive_mixing"].is_null());
  CHECK(run_tool(folder, run + mixing + " --strict").exit_code == 0);
  const Json bad = json_of_run(folder, run + creeping)["rows"][0];
  CHECK(bad["verdict"]["good"] == false);
  CHECK(has(bad["warnings"], "rhat"));
  const ToolRun text = run_tool(folder, run + creeping + " --strict");
  CHECK(text.exit_code == 7);
  CHECK(text.out.find("mala: Not good: ") != text.out.npos);
  CHECK(text.out.find("FAILED (mala): negative phase: R-hat of the energy is") != text.out.npos);
}

TEST_CASE("verdict on runs: no chains that go on have no figures, a bias is not called good") {
  const TemporaryFolder folder;
  write_rbm(folder);
  const Json cd = json_of_run(
      folder,
      "gradient r.toml --quiet --set estimator.name=cd --set estimator.chains=4")["rows"][0];
  CHECK(cd["mixing"].is_null());
  CHECK(cd["verdict"] ==
        Json{{"good", true}, {"summary", "No check failed, but the method is biased."}});
  const ToolRun exact = run_tool(folder, "gradient r.toml --quiet --set estimator.name=exact");
  CHECK(exact.exit_code == 0);
  CHECK(exact.out.find("Good") == exact.out.npos);
}

TEST_CASE("verdict on runs: train") {
  const TemporaryFolder folder;
  write_quartic(folder);
  const std::string run =
      "train m.toml --quiet --force --out t --set train.updates=200 --set train.chains_per_row=4 "
      "--set train.learning_rate=0.001 --set train.cd_k=4";
  const Json good = json_of_run(folder, run + mixing);
  CHECK(good["mixing"]["chains"] == 80);
  CHECK(good["mixing"]["draws"] == 100);  // the second half of 200
  CHECK_FALSE(has(good["warnings"], "rhat"));
  const Json bad = json_of_run(folder, run + creeping);
  CHECK(bad["verdict"]["good"] == false);
  CHECK(has(bad["warnings"], "rhat"));
  const ToolRun text = run_tool(folder, run + creeping + " --strict");
  CHECK(text.exit_code == 7);
  CHECK(text.out.find("FAILED: the persistent chains follow the parameters but hardly mix") !=
        text.out.npos);
  CHECK(json_of_run(folder, run + " --set train.gradient=exact")["mixing"].is_null());
}

TEST_CASE("verdict on runs: bench") {
  const TemporaryFolder folder;
  write_quartic(folder);
  const std::string problem = quartic_suite_problem("wells");
  folder.write("s.toml", "seeds = 2\npoints = 2\n" + problem + R"([[problem.compare]]
label = "creeping"
sampler = { name = "mala", step_size = 0.01 }
estimator = { name = "long_chains", chains = 16, warmup = 200, draws = 200 }
)");
  const Json rows = json_of_run(folder, "bench s.toml --quiet")["problems"][0]["rows"];
  CHECK(rows[1]["label"] == "creeping");
  CHECK(rows[1]["verdict"] ==
        Json{{"good", false}, {"summary", "Not good: a check failed in 2 of 2 seeds."}});
  CHECK(has(rows[1]["warnings"], "rhat"));
  CHECK(run_tool(folder, "bench s.toml --quiet --strict").exit_code == 7);

  folder.write("g.toml", "seeds = 2\npoints = 2\n" + problem + R"([[problem.compare]]
label = "mixing"
sampler = { name = "mala", step_size = 0.8 }
estimator = { name = "long_chains", chains = 16, warmup = 200, draws = 200 }
)");
  const ToolRun text = run_tool(folder, "bench g.toml --quiet");
  CHECK(text.out.find("good, as far as chains") == text.out.npos);  // mala of 40 draws fails
  const Json good = json_of_run(folder, "bench g.toml --quiet")["problems"][0]["rows"][1];
  CHECK(good["verdict"]["good"] == true);
  CHECK(good["verdict"]["summary"] ==
        "Good, as far as chains can tell: no check failed in 2 seeds.");
}
#endif
