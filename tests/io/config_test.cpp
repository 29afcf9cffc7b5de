#include "negphase/io/config.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "support/temporary_folder.hpp"

// How these tests can fail: a reader that ignores unknown keys, that stops at the first complaint,
// that keeps a base sampler's options under another name, or that takes a wrong type for another.

using namespace negphase;
using namespace negphase::test;

namespace {

const std::array<OptionSpec, 2> ula_options{{
    {"step_size", 0.1, "h", 0, 10, false},
    {"reflect", false, "at the ends"},
}};
const std::array<OptionSpec, 2> cd_options{{
    {"cd_k", std::int64_t{1}, "steps", 1, 1e9},
    {"start", std::string("data"), "where", -1e300, 1e300, true, "", {"data", "noise"}},
}};
const std::array<OptionSpec, 1> rbm_options{
    {{"num_hidden", std::int64_t{0}, "H", 1, 1e6, true, "", {}, true}}};

LegalNames legal() {
  LegalNames names;
  names.models = {{"quartic", {}}, {"rbm", rbm_options}};
  names.samplers = {{"ula", ula_options}, {"mala", ula_options}};
  names.estimators = {{"long_chains", {}}, {"cd", cd_options}};
  names.verbs = {{"train", cd_options}};
  return names;
}

const std::string whole = R"(seed = 7
[model]
name = "quartic"
params = [1, 2.5, -3, 0]
beta = 0.5
[data]
file = "d.csv"
x = "a"
y = [2, "c..e"]
standardize = ["a"]
[sampler]
name = "mala"
step_size = 0.05
[estimator]
name = "long_chains"
[[compare]]
sampler = { name = "ula" }
[[compare]]
label = "CD-1"
sampler = { step_size = 0.2, reflect = true }
estimator = { name = "cd", cd_k = 3 }
)";

RunConfig read(const TemporaryFolder& folder, const std::string& text,
               const std::vector<std::string>& sets = {}) {
  return read_config(folder.write("m.toml", text), sets, legal());
}
std::string refusal(const std::string& text, const std::vector<std::string>& sets = {}) {
  const TemporaryFolder folder;
  return message_of<ConfigError>([&] { read(folder, text, sets); });
}
const OptionValue* option(const NamedThing& thing, const std::string& name) {
  for (const auto& o : thing.options) {
    if (o.name == name) {
      return &o.value;
    }
  }
  return nullptr;
}
std::string with(const std::string& text, const std::string& old, const std::string& now) {
  const auto at = text.find(old);
  REQUIRE(at != text.npos);
  return text.substr(0, at) + now + text.substr(at + old.size());
}

}  // namespace

TEST_CASE("config: everything that a file may say") {
  const TemporaryFolder folder;
  const RunConfig c = read(folder, whole);
  CHECK(c.seed == 7);
  CHECK(c.beta == 0.5);
  CHECK(c.model.name == "quartic");
  CHECK(c.params.values == std::vector<double>{1, 2.5, -3, 0});
  REQUIRE(c.data);
  CHECK(c.data->file == folder / "d.csv");  // relative to the configuration
  REQUIRE(c.data->y.size() == 2);
  CHECK(c.data->y[0].number == 2);
  CHECK(c.data->y[1].text == "c..e");
  CHECK(c.data->x[0].text == "a");

  REQUIRE(c.rows.size() == 3);
  CHECK(c.rows[0].sampler->name == "mala");
  CHECK(std::get<double>(*option(*c.rows[0].sampler, "step_size")) == 0.05);
  // another name drops the base's options
  CHECK(c.rows[1].sampler->name == "ula");
  CHECK(option(*c.rows[1].sampler, "step_size") == nullptr);
  CHECK(c.rows[1].estimator->name == "long_chains");
  // no name, or the same, is merged key by key
  CHECK(c.rows[2].label == "CD-1");
  CHECK(c.rows[2].sampler->name == "mala");
  CHECK(std::get<double>(*option(*c.rows[2].sampler, "step_size")) == 0.2);
  CHECK(std::get<bool>(*option(*c.rows[2].sampler, "reflect")));
  CHECK(std::get<std::int64_t>(*option(*c.rows[2].estimator, "cd_k")) == 3);
}

TEST_CASE("config: rows of a comparison") {
  const TemporaryFolder folder;
  const std::string head = whole.substr(0, whole.find("[[compare]]"));
  CHECK(read(folder, head).rows.size() == 1);
  const std::string no_sampler = whole.substr(0, whole.find("[sampler]"));
  // no whole base: only what the entries say
  const RunConfig c = read(folder, no_sampler +
                                       "[estimator]\nname = \"cd\"\n[[compare]]\nsampler = {name = "
                                       "\"ula\"}\n[[compare]]\nsampler = {name = \"mala\"}\n");
  REQUIRE(c.rows.size() == 2);
  CHECK(c.rows[1].sampler->name == "mala");
  CHECK(c.rows[1].estimator->name == "cd");
  CHECK_FALSE(read(folder, no_sampler).rows[0].estimator);
}

TEST_CASE("config: byte-order mark and CRLF") {
  const TemporaryFolder folder;
  std::string text = "\xEF\xBB\xBF";
  for (const char ch : whole) {
    text += ch == '\n' ? "\r\n" : std::string(1, ch);
  }
  CHECK(read(folder, text).rows.size() == 3);
}

TEST_CASE("config: unknown keys and names, with the nearest") {
  const auto unknown = [](const std::string& old, const std::string& now) {
    return refusal(with(whole, old, now));
  };
  CHECK(contains(unknown("seed", "sed"),
                 "m.toml:1:1: at the top of the file: unknown key 'sed'; "
                 "did you mean 'seed'?"));
  CHECK(contains(unknown("[sampler]", "[sampelr]"), "did you mean 'sampler'?"));
  CHECK(contains(unknown("beta", "betta"), "m.toml:5:1: model 'quartic'"));
  CHECK(contains(unknown("standardize", "standardise"), "did you mean 'standardize'?"));
  CHECK(contains(
      unknown("step_size = 0.05", "stepsize = 0.05"),
      "m.toml:13:1: sampler 'mala': unknown option 'stepsize'; did you mean 'step_size'?"));
  CHECK(contains(unknown("label", "lable"), "compare.1: unknown key 'lable'"));
  CHECK(contains(unknown("\"mala\"", "\"malla\""),
                 "m.toml:12:8: unknown sampler 'malla'; did you mean 'mala'?"));
  CHECK(contains(unknown("\"quartic\"", "\"quadric\""), "unknown model 'quadric'"));
  CHECK(contains(unknown("\"cd\"", "\"dc\""), "unknown estimator 'dc'"));
}

TEST_CASE("config: the keys of [model] are suggested as well") {
  CHECK(contains(refusal(with(whole, "beta", "betta")), "did you mean 'beta'?"));
}

TEST_CASE("config: wrong types and ranges") {
  const auto wrong = [](const std::string& old, const std::string& now) {
    return refusal(with(whole, old, now));
  };
  CHECK(contains(wrong("seed = 7", "seed = \"7\""), "m.toml:1:8: seed must be an integer"));
  CHECK(contains(wrong("seed = 7", "seed = -7"), "seed = -7 is out of range"));
  CHECK(contains(wrong("seed = 7", "block_width = 12"),
                 "m.toml:1:15: block_width must be one of 1, 8, 16, 32, 64"));
  CHECK(contains(wrong("seed = 7", "block_width = 8.0"), "block_width must be one of"));
  CHECK(contains(wrong("seed = 7", "seed = 7.0"),
                 "seed must be an integer from 0 to 9223372036854775807, got a number"));
  CHECK(contains(wrong("0.05", "\"0.05\""), "'step_size' must be a number"));
  CHECK(contains(wrong("0.05", "0"), "'step_size' = 0 is out of range"));
  CHECK(contains(wrong("0.05", "nan"), "finite"));
  CHECK(contains(wrong("0.05", "inf"), "finite"));
  CHECK(contains(wrong("0.05", "[0.05]"), "must be one value, got an array"));
  CHECK(contains(wrong("cd_k = 3", "cd_k = 0"), "'cd_k' = 0 is out of range"));
  CHECK(contains(wrong("cd_k = 3", "cd_k = 1.5"), "'cd_k' must be an integer"));
  CHECK(contains(wrong("cd_k = 3", "start = \"dta\""), "did you mean 'data'?"));
  CHECK(contains(wrong("beta = 0.5", "beta = 0"), "beta = 0 is out of range"));
  CHECK(contains(wrong("beta = 0.5", "beta = 0"), "not normalisable"));
  CHECK(contains(wrong("beta = 0.5", "beta = nan"), "must be finite"));
  CHECK(contains(wrong("beta = 0.5", "beta = -1"), "out of range"));
  CHECK(contains(wrong("[1, 2.5, -3, 0]", "[1, \"x\", -3, nan]"), "params, number 2 must be"));
  CHECK(contains(wrong("[1, 2.5, -3, 0]", "[1, \"x\", -3, nan]"), "params, number 4 = nan"));
  CHECK(contains(wrong("[1, 2.5, -3, 0]", "3"), "params must be an array"));
  CHECK(contains(wrong("x = \"a\"", "x = 1.5"), "x must be a column's name or number"));
  CHECK(contains(wrong("\"d.csv\"", "5"), "file must be a string"));
  CHECK(contains(wrong("name = \"mala\"", "name = 3"), "[sampler]: name must be a string"));
}

TEST_CASE("config: what is missing") {
  CHECK(contains(refusal("seed = 1\n"), "[model] is missing"));
  CHECK(contains(refusal(with(whole, "name = \"quartic\"\n", "")), "[model] needs the key name"));
  CHECK(contains(refusal(with(whole, "name = \"mala\"\n", "")), "[sampler] needs the key name"));
  CHECK(contains(refusal(with(whole, "file = \"d.csv\"\n", "")), "[data] needs the key file"));
  CHECK(contains(refusal(with(whole, "y = [2, \"c..e\"]\n", "")), "[data] needs the key y"));
  CHECK(contains(refusal("[model]\nname = \"rbm\"\n"),
                 "m.toml:2:8: model 'rbm': option 'num_hidden' must be given"));
}

TEST_CASE("config: rows, held-out rows, missing values") {
  const TemporaryFolder folder;
  const auto data = [&](const std::string& keys) {
    return *read(folder, with(whole, "standardize = [\"a\"]", keys)).data;
  };
  const DataSpec rows = data(R"(rows = [3, "5..9"]
test = "10..12"
part = "test"
missing = "drop")");
  REQUIRE(rows.rows.size() == 2);
  CHECK((rows.rows[0].first == 3 && rows.rows[0].last == 3));
  CHECK((rows.rows[1].first == 5 && rows.rows[1].last == 9));
  REQUIRE(rows.test.size() == 1);
  CHECK((rows.test[0].first == 10 && rows.test[0].last == 12));
  CHECK(rows.part == DataPart::test);
  CHECK(rows.drop_missing);
  CHECK(data("rows = 4").rows[0].last == 4);
  const DataSpec share = data("test = 0.25\nsplit_seed = 9");
  CHECK(*share.test_share == 0.25);
  CHECK(share.split_seed == 9);
  CHECK(share.part == DataPart::train);
  CHECK_FALSE(share.drop_missing);
  CHECK_FALSE(data("").has_test());
}

TEST_CASE("config: labels") {
  const TemporaryFolder folder;
  const auto labels = [&](const std::string& value) {
    return read(folder, with(whole, "standardize = [\"a\"]", "labels = " + value)).data->labels;
  };
  CHECK(labels("\"a\"")[0].columns.text == "a");
  const auto listed = labels("[\"a\", 2]");
  REQUIRE(listed.size() == 2);
  CHECK(listed[1].columns.number == 2);
  CHECK(listed[1].order.empty());
  const auto ordered = labels("{ z = [\"y\", \"n\"], \"b..c\" = [3, 10] }");
  REQUIRE(ordered.size() == 2);
  CHECK(ordered[0].columns.text == "z");  // in the order of the file
  CHECK(ordered[0].order == std::vector<std::string>{"y", "n"});
  CHECK(ordered[1].columns.text == "b..c");
  CHECK(ordered[1].order == std::vector<std::string>{"3", "10"});
}

TEST_CASE("config: what [data] refuses") {
  const auto wrong = [](const std::string& keys) {
    return refusal(with(whole, "standardize = [\"a\"]", keys));
  };
  CHECK(contains(wrong("rows = \"9..3\""), "m.toml:10:8: [data]: rows: the range '9..3' runs"));
  CHECK(contains(wrong("rows = 0"), "there is no row 0: rows are counted from 1"));
  CHECK(contains(wrong("rows = \"1-9\""), "'1-9' is no row and no range of rows"));
  CHECK(contains(wrong("rows = true"), "must be row numbers or ranges"));
  CHECK(contains(wrong("rows = []"), "rows names no row"));
  CHECK(contains(wrong("rows = [\"1..5\", 5]"), "m.toml:10:17: [data]: rows names row 5 twice"));
  CHECK(contains(wrong("test = 1.0"), "test = 1 is out of range (legal: a share of the rows"));
  CHECK(contains(wrong("test = -0.1"), "out of range"));
  CHECK(contains(wrong("test = nan"), "out of range"));
  CHECK(contains(wrong("test = 0"), "leave it out to hold no row out"));
  CHECK(contains(wrong("part = \"test\""), "needs the key test"));
  CHECK(contains(wrong("part = \"tst\"\ntest = 0.2"),
                 "unknown part 'tst'; did you mean 'test'? (known: train, test)"));
  CHECK(contains(wrong("missing = \"dorp\""), "unknown missing 'dorp'; did you mean 'drop'?"));
  CHECK(contains(wrong("missing = true"), "[data]: missing must be a string"));
  CHECK(contains(wrong("split_seed = 2"), "split_seed goes with a share"));
  CHECK(contains(wrong("test = 4\nsplit_seed = 2"), "split_seed goes with a share"));
  CHECK(contains(wrong("test = 0.2\nsplit_seed = -2"), "split_seed = -2 is out of range"));
  CHECK(contains(wrong("labels = { a = [] }"), "labels of a must be an array of labels"));
  CHECK(contains(wrong("labels = { a = [\"u\", \"v\", \"u\"] }"), "'u' stands twice"));
  CHECK(contains(wrong("labels = { a = [1.5] }"), "must be a string or whole number"));
  for (const char* shape : {"8", "[8]", "[8, 8, 1]", "[8, 0]", "[8.0, 8]", "[2000000, 1]"}) {
    CHECK(contains(wrong(std::string("image = ") + shape),
                   "m.toml:10:9: [data]: image must be rows and columns of the picture"));
  }
  CHECK(contains(wrong("row = 3"), "unknown key 'row'; did you mean 'rows'?"));
  const std::string both = wrong("rows = 0\npart = \"tst\"\nlabels = { a = [] }");
  CHECK(std::count(both.begin(), both.end(), '\n') == 2);  // three complaints
}

TEST_CASE("config: all complaints of a file at once, up to 20") {
  const std::string text =
      with(with(with(whole, "seed", "sed"), "0.05", "-1"), "cd_k = 3", "k = 3");
  const std::string all = refusal(text);
  CHECK(contains(all, "unknown key 'sed'"));
  CHECK(contains(all, "'step_size' = -1"));
  CHECK(contains(all, "unknown option 'k'"));
  std::string many;
  for (int i = 0; i < 30; ++i) {
    many += "zz" + std::to_string(i) + " = 1\n";
  }
  const std::string said = refusal(many + whole);
  CHECK(std::count(said.begin(), said.end(), '\n') == 20);  // 20 and how many more
  CHECK(contains(said, "... and 10 more"));
}

TEST_CASE("config: syntax errors and duplicate keys have a place") {
  CHECK(contains(refusal("seed = 1\nseed = 2\n"), "m.toml:2:"));
  CHECK(contains(refusal("seed = \n"), "m.toml:1:"));
  CHECK(contains(refusal("seed = 1\n[model\n"), "m.toml:2:"));
  CHECK_FALSE(refusal(std::string("seed = 1\0", 9) + "\n").empty());
  CHECK_FALSE(refusal("a = " + std::string(100000, '[')).empty());
  CHECK_FALSE(refusal("a = \"\xff\xfe\"\n").empty());
}

TEST_CASE("config: nested deeper than 64 levels") {
  const auto dotted = [](int parts) {
    std::string key = "a";
    for (int i = 1; i < parts; ++i) {
      key += ".a";
    }
    return key;
  };
  const std::string deep = "nested deeper than 64 levels";
  // what goes as deep on the stack would end the program
  CHECK(contains(refusal("b = 1\n[" + dotted(100000) + "]\n"), "m.toml:2: is " + deep));
  CHECK(contains(refusal(dotted(100000) + " = 1\n"), deep));
  CHECK(contains(refusal(dotted(65) + " = 1\n"), deep));
  CHECK_FALSE(contains(refusal(dotted(64) + " = 1\n"), deep));
  CHECK(contains(refusal("a = " + std::string(65, '[') + std::string(65, ']') + "\n"), deep));
  CHECK_FALSE(contains(refusal("a = " + std::string(64, '[') + std::string(64, ']') + "\n"), deep));
  CHECK(contains(refusal(whole, {dotted(65) + "=1"}), deep));
  CHECK(contains(refusal(whole, {"seed=" + std::string(1000, '[')}), deep));
  CHECK(contains(refusal("a = { b = \"\"\"c\"\"\"\", " + dotted(100000) + " = 1 }\n"), deep));
  // text is text
  const std::string dots(100, '.'), brackets(100, '[');
  CHECK(refusal("# " + dots + brackets + "\n" + whole).empty());
  CHECK(contains(refusal("a = \"\\\"" + dots + brackets + "\"\n" + whole), "unknown key 'a'"));
  CHECK(contains(refusal("a = \'\'\'\n" + brackets + "\'\n\'\'\'\n" + whole), "unknown key 'a'"));
}

TEST_CASE("config: a file that is too long") {
  CHECK(contains(refusal("# " + std::string(16 << 20, 'a')), "at most 16777216 (16 MiB)"));
}

TEST_CASE("config: --set") {
  const TemporaryFolder folder;
  const auto set = [&](const std::vector<std::string>& sets) { return read(folder, whole, sets); };
  CHECK(set({"seed=9"}).seed == 9);
  CHECK(std::get<double>(*option(*set({"sampler.step_size=0.3"}).sampler, "step_size")) == 0.3);
  CHECK(set({"sampler.name=ula"}).rows[0].sampler->name == "ula");  // a string needs no quotes
  CHECK(set({"compare.1.label=a=b"}).rows[2].label == "a=b");
  CHECK(std::get<double>(*option(*set({"compare.1.sampler.step_size=0.7"}).rows[2].sampler,
                                 "step_size")) == 0.7);
  CHECK(set({"model.params.2=7"}).params.values == std::vector<double>{1, 2.5, 7, 0});
  CHECK(set({"compare=[]"}).rows.size() == 1);
  CHECK(set({"model.params=[5, 6]"}).params.values == std::vector<double>{5, 6});
  CHECK(std::get<std::int64_t>(*option(set({"train.cd_k=4"}).verbs.at("train"), "cd_k")) == 4);
  CHECK(set({"data.file=other.csv"}).data->file == "other.csv");  // relative to where one is
}

TEST_CASE("config: another name drops the options of the one before") {
  const TemporaryFolder folder;
  for (const std::vector<std::string>& sets :
       {std::vector<std::string>{"sampler.name=ula", "sampler.step_size=0.3"},
        std::vector<std::string>{"sampler.step_size=0.3", "sampler.name=ula"}}) {
    const NamedThing sampler = *read(folder, whole, sets).sampler;
    CHECK(sampler.name == "ula");
    CHECK(sampler.options.size() == 1);
  }
  CHECK(read(folder, whole, {"sampler.name=ula"}).sampler->options.empty());
  const NamedThing before = *read(folder, whole).sampler;
  CHECK(read(folder, whole, {"sampler.name=" + before.name}).sampler->options.size() ==
        before.options.size());
}

TEST_CASE("config: errors of --set name it") {
  const auto wrong = [](const std::string& set) { return refusal(whole, {set}); };
  CHECK(contains(wrong("sampler.stepsize=1"), "--set sampler.stepsize=1: sampler 'mala': unknown"));
  CHECK(contains(wrong("sampler.step_size=-1"), "--set sampler.step_size=-1: "));
  CHECK(contains(wrong("sampler.step_size=big"), "must be a number, got \"big\""));
  CHECK(contains(wrong("smapler.step_size=1"), "--set smapler.step_size=1: "));
  CHECK(contains(wrong("sampler.name=mla"), "--set sampler.name=mla: unknown sampler 'mla'"));
  CHECK(contains(wrong("compare.2.label=x"), "--set compare.2.label=x: '2' counts no entry"));
  CHECK(contains(wrong("compare.x.label=x"), "'x' counts no entry"));
  CHECK(contains(wrong("seed.a=1"), "neither a table nor an array"));
  CHECK(contains(wrong("a..b=1"), "empty part"));
  const TemporaryFolder folder;
  CHECK_THROWS_AS(read(folder, whole, {"nothing"}), UsageError);
  CHECK_THROWS_AS(read(folder, whole, {"=1"}), UsageError);
}

TEST_CASE("config: a missing file") {
  CHECK_THROWS_AS(read_config("/nonexistent/m.toml", {}, legal()), IoError);
}
