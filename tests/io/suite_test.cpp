#include "negphase/io/suite.hpp"

#include <doctest/doctest.h>

#include <array>

#include "support/temporary_folder.hpp"

// How these tests can fail: a key of one problem that another takes, an unknown key that is not
// refused, a place that is not said, a resolved suite that reads back as another.

using namespace negphase;
using namespace negphase::test;

namespace {

const std::array<OptionSpec, 1> step{{{"step_size", 0.1, "h", 0, 10, false}}};
const std::array<OptionSpec, 1> draws{{{"draws", std::int64_t{5}, "draws", 1, 1e9}}};

LegalNames legal() {
  LegalNames names;
  names.models = {{"quartic", {}}};
  names.samplers = {{"mala", step}, {"ula", step}};
  names.estimators = {{"long_chains", draws}};
  names.verbs = {{"train", draws}};
  return names;
}

const std::string whole = R"(seed = 7
seeds = 3
points = 4
[[problem]]
name = "first [1]"
[problem.model]
name = "quartic"
params = [1, 2, 3, 4]
[problem.data]
file = "d.csv"
y = "y"
[problem.sampler]
name = "mala"
[problem.estimator]
name = "long_chains"
[[problem.compare]]
sampler = { step_size = 0.5 }
[[problem]]
name = "second"
add_samplers = true
block_width = 8
[problem.model]
name = "quartic"
beta = 2.0
[problem.data]
file = "e.csv"
y = "y"
[problem.estimator]
name = "long_chains"
draws = 9
)";

std::string with(const std::string& old, const std::string& now) {
  const auto at = whole.find(old);
  REQUIRE(at != whole.npos);
  return whole.substr(0, at) + now + whole.substr(at + old.size());
}
std::string refusal(const std::string& text, const std::vector<std::string>& sets = {}) {
  const TemporaryFolder folder;
  const auto file = folder.write("s.toml", text);
  return message_of<ConfigError>([&] { read_suite(file, sets, legal()); });
}

}  // namespace

TEST_CASE("suite: problems are configurations, each with its own") {
  const TemporaryFolder folder;
  const Suite suite =
      read_suite(folder.write("s.toml", whole), {"problem.1.estimator.draws=11"}, legal());
  CHECK(suite.seed == 7);
  CHECK(suite.seeds == 3);
  CHECK(suite.points == 4);
  REQUIRE(suite.problems.size() == 2);
  const SuiteProblem &a = suite.problems[0], &b = suite.problems[1];
  CHECK(a.name == "first [1]");
  CHECK(a.place.line == 4);
  CHECK_FALSE(a.add_samplers);
  CHECK(a.config.rows.size() == 2);
  CHECK(a.config.rows[1].sampler->name == "mala");
  CHECK(a.config.data->file == folder / "d.csv");
  CHECK(b.add_samplers);
  CHECK(b.config.block_width == 8);
  CHECK(b.config.beta == 2);
  CHECK_FALSE(b.config.sampler);
  CHECK(std::get<std::int64_t>(b.config.estimator->options[0].value) == 11);
  CHECK(
      read_suite(folder.write("t.toml", with("seeds = 3\npoints = 4\n", "")), {}, legal()).seeds ==
      10);
}

TEST_CASE("suite: the resolved one reads back as itself, from any folder") {
  const TemporaryFolder folder, elsewhere;
  const std::string text = to_toml(read_suite(folder.write("s.toml", whole), {}, legal()), legal());
  const Suite again = read_suite(elsewhere.write("config.toml", text), {}, legal());
  CHECK(to_toml(again, legal()) == text);
  REQUIRE(again.problems.size() == 2);
  CHECK(again.problems[0].name == "first [1]");
  CHECK(again.problems[0].config.data->file == folder / "d.csv");
  CHECK(contains(text, "[[problem.compare]]"));
  CHECK(contains(text, "draws = 5"));
}

TEST_CASE("suite: complaints say where") {
  CHECK(
      contains(refusal(with("seeds", "sseds")),
               "s.toml:2:1: at the top of the suite: unknown key 'sseds'; did you mean 'seeds'?"));
  CHECK(contains(refusal(with("block_width", "block_widht")),
                 "s.toml:21:1: problem 'second': unknown key 'block_widht'; did you mean "
                 "'block_width'?"));
  CHECK(contains(refusal(with("add_samplers = true", "seed = 3")),
                 "problem 'second': unknown key 'seed'"));
  CHECK(contains(refusal(with("block_width = 8", "train = { draws = 1 }")),
                 "problem 'second': unknown key 'train'"));
  CHECK(contains(refusal(with("\"mala\"", "\"malla\"")), "s.toml:13:8: unknown sampler 'malla'"));
  CHECK(contains(refusal(with("seeds = 3", "seeds = 0")), "seeds = 0 is out of range"));
  CHECK(contains(refusal(with("points = 4", "points = 1.5")), "points must be an integer"));
  CHECK(contains(refusal(with("seed = 7", "seed = -7")), "seed = -7 is out of range"));
  CHECK(contains(refusal(with("\"second\"", "\"first [1]\"")), "two problems 'first [1]'"));
  CHECK(contains(refusal(with("name = \"second\"", "")), "needs the key name"));
  CHECK(contains(refusal(with("add_samplers = true", "add_samplers = 1")),
                 "s.toml:20:16: add_samplers must be true or false"));
  CHECK(contains(refusal("seed = 1\n"), "s.toml: a suite has one or more tables [[problem]]"));
  CHECK(contains(refusal("[problem]\nname = \"a\"\n"), "s.toml:1:1: a suite has one or more"));
  CHECK(contains(refusal("[[problem]]\nname = \"a\"\n"), "s.toml:1:1: [model] is missing"));
  // of all problems at once
  const std::string both = refusal(whole, {"problem.0.model.nme=1", "problem.1.data.fle=2"});
  CHECK(contains(both, "'nme'"));
  CHECK(contains(both, "'fle'"));
}
