#ifdef NEGPHASE_TOOL
#include <doctest/doctest.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "support/run_tool.hpp"

// negphase train by losses other than the NLL, and what it refuses of them.

using namespace negphase::test;
using Json = nlohmann::ordered_json;

namespace {

/// p.csv and p.toml: three spins, with a wrong answer beside each row.
void write_spins(const TemporaryFolder& folder) {
  folder.write("p.csv",
               "a,b,c,na,nb,nc\n1,1,-1,-1,1,-1\n-1,-1,1,1,-1,1\n1,1,1,1,-1,1\n1,-1,-1,1,1,-1\n");
  folder.write("p.toml", R"(seed = 1
[model]
name = "ising"
[data]
file = "p.csv"
y = "a..c"
[sampler]
name = "single_flip"
[train]
updates = 20
negative_columns = "na..nc"
)");
}

std::vector<Json> metrics(const TemporaryFolder& folder) {
  std::vector<Json> lines;
  std::istringstream text(folder.read("out/metrics.jsonl"));
  for (std::string line; std::getline(text, line);) {
    lines.push_back(Json::parse(line));
  }
  return lines;
}

struct Refused {
  std::string arguments;
  std::vector<std::string> message;
};

}  // namespace

TEST_CASE("train by losses: value and energies in metrics and train.json, the NLL beside them") {
  const TemporaryFolder folder;
  write_spins(folder);
  for (const char* sets : {"loss=energy", "loss=hinge --set train.negative=given",
                           "loss=log --set train.negative=offending", "loss=perceptron",

                           "loss=minimum_classification_error", "loss=minimum_empirical_error"}) {
    CAPTURE(sets);
    const ToolRun run =
        run_tool(folder, std::string("train p.toml --out out --force --json --set train.") + sets);
    CAPTURE(run.err);
    REQUIRE(run.exit_code == 0);
    const Json result = Json::parse(run.out);
    CHECK(result["nll"]["after"].is_number());
    const std::vector<Json> lines = metrics(folder);
    REQUIRE(lines.size() == 21);
    CHECK_FALSE(lines[0].contains("loss"));
    for (std::size_t i = 1; i < lines.size(); ++i) {
      CHECK(lines[i]["loss"].is_number());
      CHECK(lines[i]["data_energy"].is_number());
      CHECK_FALSE(lines[i].contains("nll"));
    }
    CHECK(result["loss"]["value"] == lines.back()["loss"]);
    CHECK(result["loss"]["data_energy"] == lines.back()["data_energy"]);
    const bool alone =
        std::string(sets).ends_with("energy") || std::string(sets).ends_with("error");
    const bool has_negative = !alone || std::string(sets) == "loss=minimum_classification_error";
    CHECK(result["loss"]["negative_energy"].is_number() == has_negative);
  }
  const ToolRun text = run_tool(folder, "train p.toml --out out --force --set train.loss=hinge");
  CHECK(contains(text.out, "loss = hinge, negative = sampler, gradient = pcd (single_flip"));
  CHECK(contains(text.out, "in the last update: mean loss "));
}

TEST_CASE("train by losses: a checkpoint of another loss is refused") {
  const TemporaryFolder folder;
  write_spins(folder);
  // a run that is stopped leaves its checkpoint; the path is whole, as the shell's folder is
  // another
  const std::string lines = "'" + (folder / "out/metrics.jsonl").string() + "'";
  const ToolRun cut =
      run_tool(folder,
               "train p.toml --out out --set train.loss=hinge --set train.updates=2000000 & p=$!; "
               "for i in $(seq 1000); do test -s " +
                   lines + " && break; sleep 0.02; done; kill -INT $p; wait $p");
  REQUIRE(cut.exit_code == 130);
  const ToolRun other = run_tool(
      folder, "train p.toml --out out --resume --set train.loss=log --set train.updates=2000000");
  CAPTURE(other.err);
  CHECK(other.exit_code == 3);
  CHECK(contains(other.err, "loss"));
}

TEST_CASE("train by losses: bad input is refused before any work, with the reason") {
  const TemporaryFolder folder;
  write_spins(folder);
  write_quartic(folder);
  folder.write("one.toml", R"(seed = 1
[model]
name = "gaussian_mixture"
components = 2
[data]
file = "d.csv"
y = "y"
[train]
loss = "hinge"
negative = "offending"
)");
  const std::string spins = "train p.toml --out out --set train.loss=";
  const std::string wells = "train m.toml --out out --set train.loss=";
  const Refused all[] = {
      {spins + "hinges", {"'hinges'", "did you mean 'hinge'?"}},
      {spins + "hinge --set train.margin=0", {"margin", "> 0"}},
      {spins + "hinge --set train.margin=-1", {"margin", "> 0"}},
      {spins + "hinge --set train.margin=nan", {"margin"}},
      {spins + "square_exponential --set train.gamma=0", {"gamma", "> 0"}},
      {spins + "hinge --set model.beta=0", {"beta = 0 is out of range"}},
      {spins + "hinge --set train.gradient=exact", {"[train]", "negative = \"offending\""}},
      {spins + "hinge --set train.negative=wrong", {"'wrong'"}},
      {spins + "hinge --set train.optimizer=lbfgs", {"[train]", "noisy gradient"}},
      {spins + "hinge --set train.optimizer=lbfgs --set train.negative=given", {"kinks"}},
      {spins + "log --set train.optimizer=lbfgs --set train.negative=offending",
       {"lowest of other answers"}},
      {spins + "log --set train.negative=given --set train.negative_columns=",
       {"negative_columns"}},
      {spins + "log --set train.negative=given --set train.negative_columns=na,nb",
       {"names 2 columns, y has 3"}},
      {spins + "log --set train.negative=given --set train.negative_columns=na,nb,nd",
       {"unknown column 'nd'"}},
      {spins + "minimum_empirical_error --set train.latent=min", {"latent = \"min\""}},
      {spins + "minimum_empirical_error --set train.max_states=7", {"8 states"}},
      {wells + "minimum_empirical_error", {"[train]", "not finite"}},
      {wells + "hinge --set train.negative=offending", {"negative_radius = 0 must be > 0"}},
      {"train one.toml --out out", {"negative_radius = 0 must be > 0"}},
  };
  for (const Refused& bad : all) {
    CAPTURE(bad.arguments);
    const ToolRun run = run_tool(folder, bad.arguments);
    CAPTURE(run.err);
    CHECK(run.exit_code == 3);
    CHECK(run.out.empty());
    for (const std::string& part : bad.message) {
      CAPTURE(part);
      CHECK(contains(run.err, part));
    }
    CHECK_FALSE(std::filesystem::exists(folder / "out"));
  }
}

#endif
