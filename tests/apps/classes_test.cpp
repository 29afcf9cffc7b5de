#ifdef NEGPHASE_TOOL
#include <doctest/doctest.h>

#include <string>

#include "support/run_tool.hpp"
#include "support/tool_files.hpp"

// Categories through the real program: columns of labels become states, models of them train and
// are sampled, and what does not fit is refused with its place.

using namespace negphase::test;

namespace {

/// Three overlapping classes on 2 x, and a column "code" with the same classes as numbers.
void write_classes(const TemporaryFolder& folder) {
  const char* kinds[] = {"ash", "birch", "cedar"};
  std::string rows = "kind,code,a,b\n";
  for (int r = 0; r < 30; ++r) {
    rows += std::string(kinds[r % 3]) + "," + std::to_string(r % 3) + "," +
            std::to_string(0.1 * (r * 7 % 11) + 0.3 * (r % 3)) + "," +
            std::to_string(0.1 * (r * 5 % 13) - 0.2 * (r % 3)) + "\n";
  }
  folder.write("d.csv", rows);
  folder.write("m.toml", R"(seed = 1
[model]
name = "classifier"
[data]
file = "d.csv"
x = ["a", "b"]
y = "kind"
labels = ["kind"]
[sampler]
name = "block_gibbs"
[estimator]
name = "long_chains"
chains = 2
draws = 50
[train]
gradient = "exact"
optimizer = "lbfgs"
updates = 50
[sample]
chains = 2
draws = 20
)");
}

/// Two columns of 3 and of 2 labels.
void write_pairs(const TemporaryFolder& folder) {
  std::string rows = "color,size\n";
  const char *colors[] = {"red", "green", "blue"}, *sizes[] = {"small", "large"};
  for (int r = 0; r < 20; ++r) {
    rows += std::string(colors[r * r % 3]) + "," + sizes[r * 3 % 5 % 2] + "\n";
    rows += std::string(colors[r % 3]) + "," + sizes[r % 2] + "\n";
  }
  folder.write("d.csv", rows);
  write_potts_of_labels(folder, "", R"([estimator]
name = "long_chains"
chains = 32
draws = 100
[train]
gradient = "exact"
optimizer = "lbfgs"
updates = 50
l2 = 0.01
)");
}

nlohmann::json gradient_of(const TemporaryFolder& folder, const std::string& arguments) {
  const ToolRun run = run_tool(folder, "gradient " + arguments + " --json");
  REQUIRE_MESSAGE(run.exit_code == 0, run.err);
  return nlohmann::json::parse(run.out);
}

}  // namespace

TEST_CASE("a classifier is trained on labels, and every verb reads what came out") {
  const TemporaryFolder folder;
  write_classes(folder);
  const ToolRun train = run_tool(folder, "train m.toml --out t");
  REQUIRE_MESSAGE(train.exit_code == 0, train.err);
  CHECK(train.out.find("trained classifier, 9 parameters, on 30 rows") != std::string::npos);
  CHECK(train.out.find("exact, by enumeration") != std::string::npos);
  CHECK(run_tool(folder, "exact t/trained.toml").exit_code == 0);
  // a class of probability near 1 is no chain that is stuck
  const ToolRun sampled = run_tool(
      folder, "sample t/trained.toml --strict --set model.beta=20 --set sample.draws=1000");
  CHECK_MESSAGE(sampled.exit_code == 0, sampled.out);
  // codes in place of labels are the same problem
  const std::string codes = " --set data.y=code --set data.labels=[] --set model.classes=3";
  const auto by_labels = gradient_of(folder, "t/trained.toml");
  const auto by_codes = gradient_of(folder, "t/trained.toml" + codes);
  REQUIRE(by_labels["exact"].is_object());
  for (const char* phase : {"mean", "positive", "negative"}) {
    CHECK(by_labels["exact"][phase].is_array());
    CHECK(by_labels["exact"][phase] == by_codes["exact"][phase]);
  }
}

TEST_CASE("a Potts model is trained on labels of different numbers and sampled") {
  const TemporaryFolder folder;
  write_pairs(folder);
  const ToolRun train = run_tool(folder, "train m.toml --out t");
  REQUIRE_MESSAGE(train.exit_code == 0, train.err);
  CHECK(train.out.find("trained potts, 11 parameters") != std::string::npos);
  for (const char* sampler : {"single_flip", "site_gibbs", "block_gibbs"}) {
    CAPTURE(sampler);
    const ToolRun run = run_tool(
        folder, "gradient t/trained.toml --set 'sampler={name=\"" + std::string(sampler) + "\"}'");
    CHECK_MESSAGE(run.exit_code == 0, run.err);
  }
}

TEST_CASE("what does not fit categories is refused with its place") {
  const TemporaryFolder folder, pairs;
  write_classes(folder);
  write_pairs(pairs);
  struct Refused {
    const TemporaryFolder& folder;
    std::string arguments;
    std::string message;
  };
  const std::string elm = " --set 'data.labels={kind = [\"ash\", \"birch\", \"cedar\", \"elm\"]}'";
  const std::string two = " --set 'data.labels={kind = [\"ash\", \"birch\"]}'";
  const std::string by_code = " --set data.y=code --set data.labels=[]";
  const Refused refused[] = {
      {folder, "train m.toml --out t" + elm,
       "column 'kind': no row to train on has label 'elm'; training would make it ever less "
       "probable"},
      {folder, "train m.toml --out t" + two, "unknown label 'cedar'"},
      {folder, "train m.toml --out t" + by_code,
       "column 1 of y holds numbers: name it in [data] labels, or say how many states its codes 0, "
       "1, ... have by the option classes"},
      {folder, "train m.toml --out t" + by_code + " --set model.classes=2",
       "2 is no state of the model's y (legal: 0 to 1)"},
      {folder, "train m.toml --out t" + by_code + " --set model.classes=4",
       "column 'code': no row to train on has state 3 of 4"},
      {folder, "train m.toml --out t --set model.classes=2",
       "classes = 2, but column 1 of y has 3 labels"},
      {folder, "train m.toml --out t --set model.features=cubic", "'cubic'"},
      {folder, "train m.toml --out t --set data.x=[]", "at least 1 x column and 1 y column"},
      {folder, "exact m.toml --set model.params=[1,2]",
       "classifier of 3 classes on 2 x takes 9 (for each class b 1, W 2), got 2"},
      {pairs, "train m.toml --out t --set model.couplings=equal",
       "columns 1 and 2 are in the same state, but they have 3 and 2 states"},
      {pairs, "train m.toml --out t --set model.states=2",
       "states = 2, but column 1 of y has 3 labels"},
      {pairs, "train m.toml --out t --set sampler.name=mala --set train.gradient=pcd",
       "'mala' cannot be used here"},
  };
  for (const Refused& one : refused) {
    CAPTURE(one.arguments);
    const ToolRun run = run_tool(one.folder, one.arguments);
    CHECK(run.exit_code == 3);
    CHECK(run.out.empty());
    CHECK_MESSAGE(run.err.find(one.message) != std::string::npos, run.err);
  }
}

TEST_CASE("an empty class is trained with a penalty, and known without training") {
  const TemporaryFolder folder;
  write_classes(folder);
  const std::string elm = " --set 'data.labels={kind = [\"ash\", \"birch\", \"cedar\", \"elm\"]}'";
  const ToolRun train = run_tool(folder, "train m.toml --out t --set train.l2=0.01" + elm);
  CHECK_MESSAGE(train.exit_code == 0, train.err);
  CHECK(run_tool(folder, "exact t/trained.toml").exit_code == 0);
}
#endif
