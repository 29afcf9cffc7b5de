#include "negphase/io/config_text.hpp"

#include <doctest/doctest.h>

#include <array>

#include "support/temporary_folder.hpp"

// How these tests can fail: a default, a label or a digit that is lost, a path that stays relative,
// a word that is not quoted, a base that comes back as a row of its own.

using namespace negphase;
using namespace negphase::test;

namespace {

const std::array<OptionSpec, 2> mala_options{{
    {"step_size", 0.1, "h", 0, 10, false},
    {"scan", std::string("a"), "how", -1e300, 1e300, true, "", {"a", "b"}},
}};
const std::array<OptionSpec, 3> sample_like{{
    {"draws", std::int64_t{5}, "draws"},
    {"upper", std::numeric_limits<double>::infinity(), "end"},
    {"start_file", std::string(), "start"},
}};

LegalNames legal() {
  LegalNames names;
  names.models = {{"quartic", {}}};
  names.samplers = {{"mala", mala_options}, {"ula", mala_options}};
  names.estimators = {{"cd", sample_like}};
  names.verbs = {{"sample", sample_like}};
  return names;
}

}  // namespace

TEST_CASE("config text: the resolved configuration reads back as itself, from any folder") {
  const TemporaryFolder folder, elsewhere;
  folder.write("c.toml", R"(seed = 9007199254740993
[model]
name = "quartic"
params = [1, 0.1, -3e-300, 12345678901234567890.0]
beta = 0.3
[data]
file = "d \"1\".csv"
x = "a"
y = [2, "c..e"]
standardize = ["a"]
threshold = 1
[sampler]
name = "mala"
[estimator]
name = "cd"
draws = 7
[sample]
start_file = "s.npy"
[[compare]]
label = "slow \\ one"
sampler = { name = "ula", step_size = 0.25, scan = "b" }
)");
  const RunConfig first = read_config(folder / "c.toml", {}, legal());
  const std::string text = to_toml(first, legal());
  elsewhere.write("r.toml", text);
  const RunConfig again = read_config(elsewhere / "r.toml", {}, legal());
  CHECK(to_toml(again, legal()) == text);

  CHECK(again.seed == first.seed);
  CHECK(again.beta == first.beta);
  CHECK(again.params.values == first.params.values);
  CHECK(again.data->file == first.data->file);
  CHECK(again.data->x[0].text == "a");
  CHECK(again.data->y[0].number == 2);
  CHECK(again.data->y[1].text == "c..e");
  CHECK(again.data->standardize[0].text == "a");
  CHECK(*again.data->threshold == 1);
  REQUIRE(again.rows.size() == 2);
  CHECK(again.rows[1].label == "slow \\ one");
  CHECK(again.rows[1].sampler->name == "ula");
  // a default is written out, an infinite one is left out, a path is absolute
  CHECK(contains(text, "name = \"mala\"\nstep_size = 0.1\nscan = \"a\"\n"));
  CHECK_FALSE(contains(text, "upper"));
  CHECK(contains(text, "start_file = \"" + (folder / "s.npy").string() + "\""));
}

TEST_CASE("config text: the keys of [data] come back as they were") {
  const TemporaryFolder folder;
  const auto again = [&](const std::string& keys) {
    folder.write("c.toml",
                 "[model]\nname = \"quartic\"\n[data]\nfile = \"d.csv\"\ny = \"a\"\n" + keys);
    const std::string text = to_toml(read_config(folder / "c.toml", {}, legal()), legal());
    folder.write("r.toml", text);
    RunConfig config = read_config(folder / "r.toml", {}, legal());
    CHECK(to_toml(config, legal()) == text);
    return *config.data;
  };
  const DataSpec rows = again(R"(rows = [3, "5..9"]
test = [1, "10..12"]
part = "test"
missing = "drop"
labels = { "s \"1\"" = ["Größe", "a\\b"], "v1..v9" = ["n", "y"] }
)");
  REQUIRE(rows.rows.size() == 2);
  CHECK((rows.rows[0].first == 3 && rows.rows[0].last == 3 && rows.rows[1].last == 9));
  REQUIRE(rows.test.size() == 2);
  CHECK((rows.test[0].first == 1 && rows.test[1].first == 10 && rows.test[1].last == 12));
  CHECK(rows.part == DataPart::test);
  CHECK(rows.drop_missing);
  REQUIRE(rows.labels.size() == 2);
  CHECK(rows.labels[0].columns.text == "s \"1\"");
  CHECK(rows.labels[0].order == std::vector<std::string>{"Größe", "a\\b"});
  CHECK(rows.labels[1].columns.text == "v1..v9");

  const DataSpec share = again("test = 0.25\nsplit_seed = 7\nlabels = [2, \"b\"]\n");
  CHECK(*share.test_share == 0.25);
  CHECK(share.split_seed == 7);
  CHECK(share.part == DataPart::train);
  REQUIRE(share.labels.size() == 2);
  CHECK(share.labels[0].columns.number == 2);
  CHECK(share.labels[1].columns.text == "b");
  CHECK(share.labels[1].order.empty());
  CHECK_FALSE(again("").has_test());
  CHECK_FALSE(again("").image);
  const DataSpec picture = again("image = [3, 5]\n");
  CHECK((picture.image->rows == 3 && picture.image->columns == 5));
}

TEST_CASE("config text: rows without a base come back as they were") {
  const TemporaryFolder folder;
  folder.write("c.toml", R"([model]
name = "quartic"
[data]
file = "d.csv"
y = "a"
[[compare]]
sampler = { name = "ula" }
estimator = { name = "cd" }
[[compare]]
sampler = { name = "mala" }
estimator = { name = "cd", draws = 2 }
)");
  const RunConfig first = read_config(folder / "c.toml", {}, legal());
  REQUIRE(first.rows.size() == 2);
  folder.write("r.toml", to_toml(first, legal()));
  const RunConfig again = read_config(folder / "r.toml", {}, legal());
  REQUIRE(again.rows.size() == 2);
  CHECK(again.rows[0].sampler->name == "ula");
  CHECK(again.rows[1].sampler->name == "mala");
  CHECK(to_toml(again, legal()) == to_toml(first, legal()));
}
