#ifdef NEGPHASE_TOOL
#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "support/run_tool.hpp"
#include "support/tool_files.hpp"
#include "support/tool_json.hpp"

// How these tests can fail: a sampler that is asked for and not needed, a criterion called an NLL,
// a refusal that leaves files or says nothing of what to do.

using namespace negphase::test;
using Json = nlohmann::ordered_json;

namespace {

// No sampler and no chains in the file.
void write_without_sampler(const TemporaryFolder& folder) {
  write_quartic(folder);
  folder.write("q.toml", R"(seed = 1
[model]
name = "quartic"
params = [0.6, -0.4, 1.1, 0.2]
[data]
file = "d.csv"
x = "x"
y = "y"
)");
}

Json last_line(const std::string& text) {
  std::istringstream lines(text);
  std::string line, last;
  while (std::getline(lines, line)) {
    last = line;
  }
  return Json::parse(last);
}

// Mean NLL on house votes, 16 bits in 232 rows, with weight decay 1e-3.
double votes_nll(const TemporaryFolder& folder, const std::string& loss) {
  write_votes(folder, "1e-3");

  const Json json =
      json_of_run(folder, "train v.toml --quiet --out " + loss + " --set train.loss=" + loss);
  return json["nll"]["after"].get<double>();
}

}  // namespace

TEST_CASE(
    "train: on votes pseudo-likelihood comes within 0.01 nats of the best, ratio matching 0.1" *
    doctest::test_suite("slow")) {
  const TemporaryFolder folder;
  // 6.648, 6.653 and 6.700 were seen. Weight decay weighs more against the NLL, the smallest of the
  // three: with ten times as much pseudo-likelihood would come below it.
  const double best = votes_nll(folder, "nll");
  const double pseudo = votes_nll(folder, "pseudo_likelihood");
  const double ratio = votes_nll(folder, "ratio_matching");
  CHECK(pseudo > best);
  CHECK(pseudo < best + 0.01);
  CHECK(ratio > best);
  CHECK(ratio < best + 0.1);
}

TEST_CASE("train: a criterion needs no sampler and has the exact NLL beside it") {
  const TemporaryFolder folder;
  write_without_sampler(folder);
  const ToolRun run = run_tool(
      folder, "train q.toml --out t --quiet --set train.loss=ranking_nce --set train.updates=20");
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
  CHECK(contains(run.out, "loss = ranking_nce"));
  CHECK_FALSE(contains(run.out, "gradient ="));
  CHECK(contains(run.out, "(exact, by quadrature)"));
  const Json line = last_line(folder.read("t/metrics.jsonl"));
  CHECK(line["loss"].is_number());
  CHECK_FALSE(line.contains("nll"));
  CHECK(line["exact_nll"].is_number());
  const Json json = Json::parse(folder.read("t/train.json"));
  CHECK(json["sampler"].is_null());
  CHECK(json["train"]["loss"] == "ranking_nce");
  CHECK(json["energy_evaluations"] == 20 * 20 * 11);  // updates, rows, a datum and 10 draws
}

TEST_CASE("train: criteria that do not apply are refused before any work") {
  const TemporaryFolder folder;
  write_without_sampler(folder);
  write_rbm(folder);
  struct Line {
    std::string arguments, names;
  };
  for (const Line& line : {
           Line{"q.toml --set train.loss=nce", "ranking_nce needs no log Z"},
           Line{"q.toml --set train.loss=pseudo_likelihood",
                "for a real y there are score_matching"},
           Line{"q.toml --set train.loss=ratio_matching", "column 1 of y is none"},
           Line{"r.toml --set train.loss=score_matching", "column 1 of y is discrete"},
           Line{"r.toml --set train.loss=nce --set train.optimizer=lbfgs", "draws anew"},
           Line{"r.toml --set train.loss=ratio_matching --set train.optimizer=lbfgs "
                "--set train.batch=7",
                "batch >= 30"},
           Line{"q.toml --set train.loss=ranking_nce --set train.noise_samples=0",
                "'noise_samples' = 0"},
           Line{"q.toml --set train.loss=denoising_score_matching --set train.noise_scale=0",
                "'noise_scale' = 0"},
           Line{"q.toml --set train.loss=sliced_score_matching --set train.slices=0",
                "'slices' = 0"},
           Line{"q.toml --set train.loss=score_maching", "did you mean 'score_matching'?"},
           Line{"q.toml --set train.loss=score_matching --set train.nll_chains=16",
                "[sampler] is missing"},
       }) {
    CAPTURE(line.arguments);
    const ToolRun run = run_tool(folder, "train --out t " + line.arguments);
    CHECK(run.exit_code == 3);
    CAPTURE(run.err);
    CHECK(contains(run.err, line.names));
    CHECK_FALSE(std::filesystem::exists(folder / "t"));
  }
}
#endif
