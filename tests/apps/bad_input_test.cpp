#ifdef NEGPHASE_TOOL
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "negphase/io/npy.hpp"
#include "support/run_tool.hpp"

// Each bad input of tests/README.md's list runs the real program and must end with its exit code, a
// message that names the place, and no output. How these tests can fail: a program that accepts or
// repairs the input in silence, ends with another code, or writes before it has checked.

using namespace negphase::test;

namespace {

struct BadInput {
  std::string what;
  std::string arguments;
  int exit_code;
  std::vector<std::string> message;  // parts that stderr must have
  std::string before = "";           // shell words before the program
};

// Files of the folder before and after must be the same: a refused run leaves nothing behind.
std::set<std::string> files_in(const TemporaryFolder& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

// The line of tests/README.md's table. NEGPHASE_TABLE names a file to append it to.
std::string table_line(const BadInput& bad) {
  std::string says;
  for (const std::string& part : bad.message) {
    says += (says.empty() ? "" : ", ") + part;
  }
  for (std::size_t at = 0; (at = says.find('|', at)) != says.npos; at += 2) {
    says.insert(at, "\\");
  }
  const std::string line =
      "| " + bad.what + " | " + std::to_string(bad.exit_code) + " | " + says + " |\n";
  if (const char* table = std::getenv("NEGPHASE_TABLE")) {
    std::ofstream(table, std::ios::app) << line;
  }
  return line;
}

std::string readme() {
  std::ifstream file(SOURCE_ROOT "/tests/README.md");
  return {std::istreambuf_iterator<char>(file), {}};
}

void check(const TemporaryFolder& folder, const BadInput& bad) {
  CAPTURE(bad.what);
  static const std::string documented = readme();
  CHECK(contains(documented, table_line(bad)));
  CAPTURE(bad.arguments);
  const auto before = files_in(folder);
  const ToolRun run = run_tool(folder, bad.arguments, bad.before);
  CAPTURE(run.err);
  CHECK(run.exit_code == bad.exit_code);
  const bool ran = bad.exit_code == 0 || bad.exit_code == 7;  // with a warning in what it prints
  CHECK(run.out.empty() != ran);
  for (const std::string& part : bad.message) {
    CAPTURE(part);
    CHECK(contains(ran ? run.out : run.err, part));
  }
  CHECK_FALSE(contains(run.err, "bug in negphase"));
  CHECK((ran || files_in(folder) == before));
}

std::string replaced(std::string text, const std::string& old, const std::string& now) {
  const auto at = text.find(old);
  REQUIRE(at != text.npos);
  return text.replace(at, old.size(), now);
}

// Writes m.toml anew with one thing changed.
void change(const TemporaryFolder& folder, const std::string& name, const std::string& old,
            const std::string& now) {
  folder.write(name, replaced(folder.read("m.toml"), old, now));
}

}  // namespace

TEST_CASE("bad input: the files that the others change are good") {
  const TemporaryFolder folder;
  write_quartic(folder);
  write_rbm(folder);
  CHECK(run_tool(folder, "gradient m.toml").exit_code == 0);
  CHECK(run_tool(folder, "gradient r.toml").exit_code == 0);
}

TEST_CASE("bad input: the command line") {
  const TemporaryFolder folder;
  write_quartic(folder);
  const BadInput all[] = {
      {"no verb", "", 2, {"subcommand"}},
      {"unknown verb", "gradint m.toml", 2, {"unknown verb 'gradint'", "did you mean 'gradient'?"}},
      {"unknown option", "gradient m.toml --jsn", 2, {"'--jsn'", "did you mean '--json'?"}},
      {"no file", "gradient", 2, {"file"}},
      {"two files", "gradient m.toml m.toml", 2, {"m.toml"}},
      {"seed is no number", "gradient m.toml --seed one", 2, {"--seed"}},
      {"negative seed", "gradient m.toml --seed -1", 2, {"--seed", "'-1'"}},
      {"a seed of 2^63",
       "gradient m.toml --seed 9223372036854775808",
       2,
       {"'9223372036854775808'", "0 to 9223372036854775807"}},
      {"half a thread", "gradient m.toml --threads 0.5", 2, {"--threads", "'0.5'"}},
      {"--out without a name", "gradient m.toml --out ''", 2, {"--out", "name of a folder"}},
      {"--out of 300 letters",
       "gradient m.toml --out " + std::string(300, 'a'),
       5,
       {"aaa", "File name too long"}},
      {"--out is a device", "exact m.toml --out /dev/null", 5, {"/dev/null", "is a file"}},
      {"negative threads", "gradient m.toml --threads -1", 2, {"--threads"}},
      {"unknown precision", "gradient m.toml --precision half", 2, {"--precision", "float"}},
      {"set without value", "gradient m.toml --set seed", 2, {"--set seed", "a.b=value"}},
      {"unknown list", "list sampler", 2, {"did you mean 'samplers'?"}},
      {"train without --out", "train m.toml", 2, {"--out"}},
      {"--out is a file", "sample m.toml --out d.csv", 5, {"d.csv", "is a file"}},
      {"--resume and --force", "train m.toml --out t --resume --force", 2, {"--resume", "--force"}},
      {"--resume without a run", "train m.toml --out t --resume", 3, {"t: ", "nothing to resume"}},
      {"--out in no folder", "exact m.toml --out no/where", 5, {"no/where", "does not exist"}},
  };
  for (const BadInput& bad : all) {
    check(folder, bad);
  }
}

TEST_CASE("bad input: the configuration") {
  const TemporaryFolder folder;
  write_quartic(folder);
  write_rbm(folder);
  change(folder, "unknown.toml", "step_size", "stepsize");
  change(folder, "type.toml", "0.1", "\"0.1\"");
  change(folder, "range.toml", "step_size = 0.1", "step_size = -0.1");
  change(folder, "sampler.toml", "\"mala\"", "\"malla\"");
  change(folder, "missing.toml", "file = \"d.csv\"\n", "");
  change(folder, "duplicate.toml", "seed = 1", "seed = 1\nseed = 2");
  change(folder, "syntax.toml", "[data]", "[data");
  change(folder, "bare.toml", "\"mala\"", "mala");
  change(folder, "several.toml", "seed = 1\n[model]", "sed = 1\n[model]\nbetta = 1");
  folder.write("nothing.toml", "");
  folder.write("alone.toml", folder.read("m.toml").substr(0, folder.read("m.toml").find("[estim")));
  std::string many = folder.read("m.toml");
  for (int i = 1; i <= 30; ++i) {
    many += "bad" + std::to_string(i) + " = 1\n";
  }
  folder.write("many.toml", many);
  const BadInput all[] = {
      {"missing file", "gradient none.toml", 5, {"none.toml", "No such file"}},
      {"a folder", "gradient .", 5, {"is a folder"}},
      {"empty file", "gradient nothing.toml", 3, {"nothing.toml", "[model] is missing"}},
      {"unknown key",
       "gradient unknown.toml",
       3,
       {"unknown.toml:11:1", "'stepsize'", "did you mean 'step_size'?"}},
      {"wrong type", "gradient type.toml", 3, {"type.toml:11:1", "must be a number", "\"0.1\""}},
      {"out of range", "gradient range.toml", 3, {"range.toml:11:1", "-0.1", "> 0"}},
      {"unknown sampler",
       "gradient sampler.toml",
       3,
       {"sampler.toml:10:8", "'malla'", "did you mean 'mala'?"}},
      {"missing key", "gradient missing.toml", 3, {"missing.toml:5:1", "file"}},
      {"duplicate key", "gradient duplicate.toml", 3, {"duplicate.toml:2:", "seed"}},
      {"syntax", "gradient syntax.toml", 3, {"syntax.toml:"}},
      {"text without quotes", "gradient bare.toml", 3, {"bare.toml:10:", "text stands in quotes"}},
      {"all complaints at once", "gradient several.toml", 3, {"'sed'", "'betta'"}},
      {"20 complaints, and how many more",
       "gradient many.toml",
       3,
       {"many.toml:17:1", "'bad1'", "'bad20'", "... and 10 more"}},
      {"block width 3", "gradient m.toml --set block_width=3", 3, {"1, 8, 16, 32, 64"}},
      {"seed: 2^63 in the file",
       "gradient m.toml --set seed=9223372036854775808",
       3,
       {"integer from 0 to 9223372036854775807"}},
      {"beta: NaN", "exact r.toml --set model.beta=nan", 3, {"beta = nan must be finite"}},
      {"beta: negative", "exact r.toml --set model.beta=-1", 3, {"beta = -1 is out of range"}},
      {"warmup < 0", "sample r.toml --set sample.warmup=-1", 3, {"'warmup' = -1"}},
      {"cd without a step",
       "gradient r.toml --set 'estimator={name=\"cd\",cd_k=0}'",
       3,
       {"'cd_k' = 0"}},
      {"pcd without an update",
       "gradient r.toml --set 'estimator={name=\"pcd\",updates=0}'",
       3,
       {"'updates' = 0"}},
      {"set: unknown",
       "gradient m.toml --set sampler.stepsize=1",
       3,
       {"--set sampler.stepsize=1: ", "did you mean 'step_size'?"}},
      {"set: range",
       "gradient m.toml --set sampler.step_size=0",
       3,
       {"--set sampler.step_size=0: ", "> 0"}},
      {"set: no such entry",
       "gradient m.toml --set compare.0.label=a",
       3,
       {"--set compare.0.label=a"}},
      {"0 chains", "gradient m.toml --set estimator.chains=0", 3, {"'chains' = 0", ">= 1"}},
      {"0 draws", "gradient m.toml --set estimator.draws=0", 3, {"'draws' = 0"}},
      {"too few replicates",
       "gradient r.toml --set estimator.chains=15",
       3,
       {"r.toml:12:8", "16", "few_chains"}},
      {"beta = 0", "gradient m.toml --set model.beta=0", 3, {"beta = 0", "not normalisable"}},
      {"no sampler", "gradient r.toml --set 'sampler={}'", 3, {"[sampler] needs the key name"}},
      {"no estimator",
       "gradient alone.toml",
       3,
       {"negphase: alone.toml: [estimator] is missing", "--set estimator.name=long_chains"}},
      {"a sampler that does not fit",
       "gradient r.toml --set sampler.name=mala",
       3,
       {"--set sampler.name=mala", "energy_and_grad", "block_gibbs"}},
      {"Gibbs on a real y",
       "gradient m.toml --set 'sampler={name=\"site_gibbs\"}'",
       3,
       {"conditional(y, columns, delta)", "metropolis_within_gibbs"}},
      {"a word that is no choice",
       "gradient r.toml --set 'sampler={name=\"metropolis_within_gibbs\",discrete=\"gibs\"}'",
       3,
       {"'gibs'", "did you mean 'gibbs'?"}},
  };
  for (const BadInput& bad : all) {
    check(folder, bad);
  }
}

TEST_CASE("bad input: the data") {
  const TemporaryFolder folder;
  write_quartic(folder);
  write_rbm(folder);
  folder.write("ragged.csv", "x,y\n1,2\n3\n5,6\n");
  folder.write("word.csv", "x,y\n1,2\n3,four\n5,6\n");
  folder.write("nan.csv", "x,y\n1,2\n3,nan\n5,6\n");
  folder.write("inf.csv", "x,y\n1,2\n-inf,2\n5,6\n");
  folder.write("one.csv", "x,y\n1,2\n");
  folder.write("header.csv", "x,y\n");
  folder.write("empty.csv", "");
  folder.write("flat.csv", "x,y\n1,2\n1,3\n");
  folder.write("cut.csv.gz", std::string("\x1f\x8b\x08\0\0\0\0\0\0\3", 10));
  folder.write("spins.csv", "b0,b1,b2,b3\n1,-1,1,1\n-1,-1,1,1\n");
  write_ising(folder);
  folder.write("bits.csv", "a,b,c\n1,0,1\n0,0,1\n");
  folder.write("grey.csv", "b0,b1,b2,b3\n1,0,1,16\n0,0,1,1\n");
  const auto with = [](const std::string& file) {
    return "gradient m.toml --set data.file=" + file;
  };
  const auto bits = [](const std::string& file) {
    return "gradient r.toml --set data.file=" + file;
  };
  const BadInput all[] = {
      {"missing", with("none.csv"), 5, {"none.csv", "No such file"}},
      {"ragged row", with("ragged.csv"), 3, {"ragged.csv:3: row 2 has 1 field"}},
      {"no number", with("word.csv"), 3, {"word.csv:3: row 2, column 2 ('y'): 'four'"}},
      {"NaN",
       with("nan.csv"),
       3,
       {"nan.csv:3: row 2, column 2 ('y'): 'nan' is a missing value", "missing = \"drop\""}},
      {"infinity", with("inf.csv"), 3, {"inf.csv:3: row 2, column 1 ('x'): '-inf'"}},
      {"no row", with("header.csv"), 3, {"header.csv", "no row"}},
      {"empty", with("empty.csv"), 3, {"empty.csv", "empty"}},
      {"truncated gzip", with("cut.csv.gz"), 5, {"cut.csv.gz", "truncated"}},
      {"unknown column",
       "gradient m.toml --set data.y=yy",
       3,
       {"--set data.y=yy: unknown column 'yy'", "did you mean 'y'?"}},
      {"column number 0", "gradient m.toml --set data.y=0", 3, {"no column 0", "1 to 2"}},
      {"constant column",
       with("flat.csv") + " --set data.standardize=true",
       3,
       {"column 1 ('x') is 1 in every row"}},
      {"bits coded -1/+1",
       bits("spins.csv"),
       3,
       {"spins.csv:2: row 1, column 2 ('b1'): -1", "bits coded -1/+1?"}},
      {"spins coded 0/1",
       "gradient i.toml --set data.file=bits.csv",
       3,
       {"bits.csv:2: row 1, column 2 ('b'): 0", "spins coded 0/1?"}},
      {"no bit", bits("grey.csv"), 3, {"grey.csv:2: row 1, column 4 ('b3'): 16", "threshold"}},
      {"threshold on real y", "gradient m.toml --set data.threshold=1", 3, {"threshold"}},
      {"one row, few chains", with("one.csv"), 3, {"degrees of freedom", "16"}},
      {"wrong number of columns", "gradient m.toml --set 'data.x=[]'", 3, {"quartic"}},
  };
  for (const BadInput& bad : all) {
    check(folder, bad);
  }
}

TEST_CASE("bad input: rows, labels, missing values") {
  const TemporaryFolder folder;
  write_quartic(folder);
  write_rbm(folder);
  folder.write("kinds.csv", "x,y,kind\n1,2,Adelie\n3,4,Adeli\n5,6,Gentoo\n");
  folder.write("votes.csv", "b0,b1,b2,b3\ny,1,0,1\nn,0,1,0\n?,1,0,1\n");
  folder.write("words.csv", "x,y\nlow,high\nlow,low\n");
  folder.write("latin.csv", "x,y,name\n1,2,caf\xE9\n");
  folder.write("nul.csv", std::string("x,y\n1,\0\n", 8));
  folder.write("long.csv", "x,y\n1," + std::string((1 << 20) + 1, '2') + "\n");
  folder.write("large.csv", "x,y\n1,1e400\n");
  folder.write("hex.csv", "x,y\n1,0x1p3\n");
  folder.write("comma.csv", "x,y\n1,\"1,5\"\n");
  folder.write("semicolon.csv", "x;y\n1;2\n");
  folder.write("deep.toml", std::string(100000, '[') + "\n");
  folder.write(
      "dots.toml", "[a" + [] {
        std::string parts;
        for (int i = 0; i < 100000; ++i) {
          parts += ".a";
        }
        return parts;
      }() + "]\n");
  negphase::write_npy(folder / "d.npy", Eigen::MatrixXd(Eigen::MatrixXd::Ones(3, 2)));
  const auto quartic = [](const std::string& set) { return "gradient m.toml --set " + set; };
  const auto with = [](const std::string& file) {
    return "gradient m.toml --set data.file=" + file;
  };
  const std::string votes = "gradient r.toml --set data.file=votes.csv --set data.labels=b0";
  const BadInput all[] = {
      {"rows beyond the end", quartic("data.rows=1..21"), 3, {"no row 21 in", "legal: 1 to 20"}},
      {"rows that run backwards", quartic("data.rows=9..3"), 3, {"'9..3' runs backwards"}},
      {"rows named twice", quartic("'data.rows=[\"1..5\",5]'"), 3, {"names row 5 twice"}},
      {"row 0", quartic("data.rows=0"), 3, {"no row 0", "counted from 1"}},
      {"every row held out", quartic("data.test=1..20"), 3, {"none is left to train on"}},
      {"a share of 1", quartic("data.test=1.0"), 3, {"test = 1 is out of range", "0 < test < 1"}},
      {"a share of 0", quartic("data.test=0"), 3, {"test = 0 is out of range", "leave it out"}},
      {"the test part without one", quartic("data.part=test"), 3, {"part", "needs the key test"}},
      {"training on the test part",
       "train m.toml --out p --set data.test=0.2 --set data.part=test",
       3,
       {"--set data.part=test", "training takes the rows that are not held out"}},
      {"a label without labels",
       with("kinds.csv") + " --set data.x=kind",
       3,
       {"kinds.csv:2: row 1, column 3 ('kind'): 'Adelie' is not a number", "labels = [\"kind\"]"}},
      {"unknown label",
       with("kinds.csv") + " --set data.x=kind --set "
                           "'data.labels={kind=[\"Adelie\",\"Gentoo\"]}'",
       3,
       {"kinds.csv:3: row 2, column 3 ('kind'): unknown label 'Adeli'", "did you mean 'Adelie'?"}},
      {"labels of a column that is not used",
       with("kinds.csv") + " --set data.labels=kind",
       3,
       {"column 3 ('kind')", "neither in x nor in y"}},
      {"3 labels for 2 states",
       "gradient r.toml --set data.file=votes.csv --set "
       "'data.labels={b0=[\"n\",\"y\",\"?\"]}'",
       3,
       {"column 1 ('b0') has 3 labels (n, y, ?)", "2 states"}},
      {"a missing label",
       votes,
       3,
       {"votes.csv:4: row 3, column 1 ('b0'): '?' is a missing value", "missing = \"drop\""}},
      {"labels in a .npy",
       with("d.npy") + " --set data.x=1 --set data.y=2 --set data.labels=2",
       3,
       {"labels are read from .csv files"}},
      {"a picture of another size",
       "gradient r.toml --set data.image=[2,3]",
       3,
       {"--set data.image=[2,3]", "6 pixels, but y has 4 columns"}},
      {"header or not", with("words.csv"), 3, {"words.csv:1: neither", "header = true or false"}},
      {"no UTF-8", with("latin.csv"), 3, {"latin.csv:2: byte 8 is not UTF-8", "iconv"}},
      {"a NUL byte", with("nul.csv"), 3, {"nul.csv:2: byte 3 is NUL"}},
      {"a line above 1 MiB", with("long.csv"), 3, {"long.csv:2: the line has", "1 MiB"}},
      {"beyond a double", with("large.csv"), 3, {"'1e400' is out of the range of a double"}},
      {"a hexadecimal number", with("hex.csv"), 3, {"'0x1p3' is not a number"}},
      {"a decimal comma", with("comma.csv"), 3, {"'1,5' is not a number", "wanted is 1.5"}},
      {"semicolons", with("semicolon.csv"), 3, {"separated by semicolons"}},
      {"nested arrays without end", "gradient deep.toml", 3, {"deep.toml:1: ", "64 levels"}},
      {"nested tables without end", "gradient dots.toml", 3, {"dots.toml:1: ", "64 levels"}},
  };
  for (const BadInput& bad : all) {
    check(folder, bad);
  }
}

TEST_CASE("bad input: parameters") {
  const TemporaryFolder folder;
  write_quartic(folder);
  write_rbm(folder);
  folder.write("g.toml", R"([model]
name = "gaussian_mixture"
params = [0, 0, 0]
[data]
file = "d.csv"
y = "y"
[sampler]
name = "mala"
[estimator]
name = "long_chains"
)");
  folder.write("three.csv", "1,2,3\n");
  folder.write("nan.csv", "1,2\nnan,3\n");
  folder.write("text.npy", "1,2,3,4\n");
  const auto with = [](const std::string& value) {
    return "gradient m.toml --set 'model.params=" + value + "'";
  };
  const BadInput all[] = {
      {"wrong length", with("[1, 2, 3]"), 3, {"wrong length", "takes 4", "got 3"}},
      {"wrong length in a file", with("three.csv"), 3, {"takes 4", "got 3"}},
      {"wrong length of an RBM",
       "gradient r.toml --set model.hidden=3",
       3,
       {"r.toml:5:10", "takes 19", "got 14"}},
      {"a mixture of no given number", "gradient g.toml", 3, {"g.toml:2:8", "components"}},
      {"a precision that is none",
       "gradient g.toml --set model.components=1 --set 'model.params=[0, 800, 0]'",
       3,
       {"--set model.params=", "log_precision[0] = 800", "finite number > 0"}},
      {"a latent mixture for Langevin",
       "gradient g.toml --set model.components=1 --set model.latent=true",
       3,
       {"'mala' cannot be used here", "column 1 is not real"}},
      {"NaN", with("nan.csv"), 3, {"nan.csv:2: field 1: 'nan'"}},
      {"not finite", with("[1, inf, 0, 0]"), 3, {"number 2", "finite"}},
      {"no .npy", with("text.npy"), 3, {"text.npy", "no .npy file"}},
      {"missing file", with("none.npy"), 5, {"none.npy"}},
      {"none", "gradient r.toml --set 'model={name=\"rbm\",hidden=2}'", 3, {"params"}},
  };
  for (const BadInput& bad : all) {
    check(folder, bad);
  }
}

TEST_CASE("bad input: more than memory holds, known before any of it is taken") {
  const TemporaryFolder folder;
  write_quartic(folder);
  write_rbm(folder);
  write_ising(folder);
  std::string names, zeros;
  for (int i = 0; i < 50000; ++i) {
    names += (i == 0 ? "c" : ",c") + std::to_string(i);
    zeros += i == 0 ? "0" : ",0";
  }
  folder.write("wide.csv", names + "\n" + zeros + "\n");
  const std::string wide =
      "[data]\nfile = \"wide.csv\"\ny = \"1..50000\"\n[train]\ngradient = \"exact\"\n";
  folder.write("g.toml", "[model]\nname = \"gaussian\"\n" + wide);
  folder.write("z.toml", "[model]\nname = \"boltzmann\"\n" + wide);
  const std::string gb = "GB; this machine has";
  const BadInput all[] = {
      {"memory: long_chains",
       "gradient m.toml --set estimator.chains=1000000000",
       3,
       {"m.toml:13:8", "20000000000 chains of 1 columns", gb}},
      {"memory: cd",
       "gradient r.toml --set 'estimator={name=\"cd\",chains=1000000000}'",
       3,
       {"30000000000 chains of 6 columns", gb}},
      {"memory: pcd",
       "gradient r.toml --set 'estimator={name=\"pcd\",chains=1000000000}'",
       3,
       {"1000000000 chains of 6 columns", gb}},
      {"memory: sums of a chain each over many parameters",
       "gradient r.toml --set 'model={name=\"rbm\",hidden=1000,params=\"p.npy\"}' --set "
       "'estimator={name=\"cd\",chains=10000}'",
       3,
       {"300000 chains of 1004 columns", "5004 parameters", gb}},
      {"memory: sample",
       "sample r.toml --out s --set sample.chains=1000000000 --set sample.draws=1",
       3,
       {"1 draws of 1000000000 chains", "draws.npy", gb}},
      {"memory: train by pcd",
       "train r.toml --out t --set train.chains=1000000000",
       3,
       {"1000000000 chains of 6 columns", gb}},
      {"memory: train by long_chains",
       "train r.toml --out t --set train.gradient=long_chains --set "
       "train.chains=1000000000",
       3,
       {"1000000000 chains of 6 columns", gb}},
      {"memory: a Gaussian of 50000 y",
       "train g.toml --out t",
       3,
       {"g.toml:4:8", "gaussian of 50000 y has 1250075000 parameters", gb}},
      {"memory: 50000 bits, all coupled",
       "train z.toml --out t",
       3,
       {"boltzmann of 50000 sites, all coupled, has 1250025000 parameters", gb}},
      {"memory: an RBM of 10^6 hidden units on 50000 bits",
       "train z.toml --out t --set 'model={name=\"rbm\",hidden=1000000}'",
       3,
       {"rbm 50000 x 1000000", gb}},
      {"memory: rows of x times hidden units",
       "train m.toml --out t --set 'model={name=\"mlp\",hidden=1000000}' --set "
       "data.file=rows.csv",
       3,
       {"its first layer on 200000 rows of x takes", gb}},
  };
  negphase::write_npy(folder / "p.npy", Eigen::VectorXd(Eigen::VectorXd::Zero(5004)));
  std::string rows = "x,y\n";
  for (int i = 0; i < 200000; ++i) {
    rows += std::to_string(i) + ",1\n";
  }
  folder.write("rows.csv", rows);
  for (BadInput bad : all) {
#ifndef __SANITIZE_ADDRESS__               // which claims more addresses than that for itself
    bad.before = "ulimit -v 8000000 && ";  // the answer does not depend on the machine
#endif
    check(folder, bad);
  }
#ifndef __SANITIZE_ADDRESS__
  check(folder, {"memory: a file without end",
                 "gradient m.toml --set data.file=/dev/zero",
                 3,
                 {"/dev/zero: holds more than 0.256 GB"},
                 "ulimit -v 500000 && "});
#endif
}

TEST_CASE("bad input: a multilayer perceptron") {
  const TemporaryFolder folder;
  write_quartic(folder);
  const auto with = [](const std::string& options) {
    return "gradient m.toml --set model.name=mlp" + options;
  };
  const BadInput all[] = {
      {"mlp: unknown activation",
       with(" --set model.activation=slu"),
       3,
       {"--set model.activation=slu", "did you mean 'silu'?"}},
      {"mlp: 5 layers", with(" --set model.layers=5"), 3, {"'layers' = 5", "<= 4"}},
      {"mlp: no confinement", with(" --set model.confinement=0"), 3, {"'confinement' = 0", "> 0"}},
      {"mlp: more parameters than memory",
       with(" --set model.hidden=1000000 --set model.layers=4"),
       3,
       {"3000007000000 parameters", "GB; this machine has"}},
      {"mlp: wrong length", with(""), 3, {"m.toml:4:10", "takes 128", "got 4"}},
  };
  for (const BadInput& bad : all) {
    check(folder, bad);
  }
}

TEST_CASE("bad input: a model that misbehaves") {
  const TemporaryFolder folder;
  write_quartic(folder);
  const BadInput all[] = {
      {"not normalisable: exact",
       "gradient m.toml --set 'model.params=[-1, 2, 3, 1]'",
       4,
       {"not normalisable"}},
      {"not normalisable: flat",
       "gradient m.toml --set 'model.params=[0, 0, 0, 1]'",
       4,
       {"not normalisable"}},
      {"the chains diverge",
       "gradient m.toml --set sampler.name=ula --set sampler.step_size=5",
       4,
       {"ula", "step_size = 5", "try step_size ="}},
      {"sample: E falls without end",
       "sample m.toml --set 'model.params=[-1, 2, 3, 1]' --set "
       "'sampler={name=\"random_walk\",proposal_scale=1e6}'",
       4,
       {"random_walk", "at step", "diverged: it came to y = [", "not normalisable"}},
      {"sample: E is flat",
       "sample m.toml --set 'model.params=[0, 0, 0, 0]' --set "
       "'sampler={name=\"random_walk\",proposal_scale=1e7}'",
       4,
       {"diverged: it came to y = [", "not normalisable"}},
      {"sample: E falls without end, by ULA",
       "sample m.toml --set 'model.params=[0, -1, 0, 0]' --set sampler.name=ula",
       4,
       {"diverged: it came to y = [", "not normalisable"}},
  };
  for (const BadInput& bad : all) {
    check(folder, bad);
  }
}

TEST_CASE("bad input: too many states to enumerate") {
  const TemporaryFolder folder;
  write_rbm(folder);
  // the smaller layer has 30 units: 2^30 states
  std::string columns, zeros, params;
  for (int i = 0; i < 30; ++i) {
    columns += (i == 0 ? "b" : ",b") + std::to_string(i);
    zeros += i == 0 ? "0" : ",0";
  }
  for (int i = 0; i < 30 * 30 + 60; ++i) {
    params += i == 0 ? "0" : ",0";
  }
  folder.write("wide.csv", columns + "\n" + zeros + "\n");
  folder.write("p.csv", params + "\n");
  check(folder,
        {"too many states",
         "gradient r.toml --set data.file=wide.csv --set data.y=1..30 --set model.hidden=30 "
         "--set model.params=p.csv --set 'estimator={name=\"exact\"}'",
         3,
         {"states", "33554432"}});
}

TEST_CASE("bad input: exact and sample") {
  const TemporaryFolder folder;
  write_quartic(folder);
  write_rbm(folder);
  folder.write("bare.toml",
               replaced(folder.read("r.toml"), "[sampler]\nname = \"block_gibbs\"\n", ""));
  folder.write("text.npy", "1,2,3,4\n");
  negphase::write_npy(folder / "swapped.npy", Eigen::MatrixXd(Eigen::MatrixXd::Zero(4, 16)));
  negphase::write_npy(folder / "short.npy", Eigen::MatrixXd(Eigen::MatrixXd::Zero(3, 4)));
  negphase::write_npy(folder / "half.npy", Eigen::MatrixXd(Eigen::MatrixXd::Constant(16, 4, 0.5)));
  const auto given = [](const std::string& file) {
    return "sample r.toml --set sample.start=given --set sample.start_file=" + file;
  };
  const BadInput all[] = {
      {"exact: more states than the limit",
       "exact r.toml --set exact.max_states=3",
       3,
       {"r.toml", "no exact method", "states"}},
      {"exact: not normalisable",
       "exact m.toml --set 'model.params=[-1,0,0,0]'",
       4,
       {"not normalisable"}},
      {"exact: option out of range",
       "exact m.toml --set exact.max_states=0",
       3,
       {"'max_states' = 0"}},
      {"sample: no sampler", "sample bare.toml", 3, {"bare.toml", "[sampler] is missing"}},
      {"sample: 0 chains", "sample r.toml --set sample.chains=0", 3, {"'chains' = 0"}},
      {"sample: 0 draws", "sample r.toml --set sample.draws=0", 3, {"'draws' = 0"}},
      {"sample: thin 0", "sample r.toml --set sample.thin=0", 3, {"'thin' = 0"}},
      {"sample: more draws than memory",
       "sample r.toml --set sample.draws=1000000000000",
       3,
       {"GB", "this machine has"}},
      {"sample: start without a file", "sample r.toml --set sample.start=given", 3, {"start_file"}},
      {"sample: start file missing", given("none.npy"), 5, {"none.npy"}},
      {"sample: start file is no .npy", given("text.npy"), 3, {"text.npy", "no .npy file"}},
      {"sample: start file with rows and columns swapped",
       given("swapped.npy"),
       3,
       {"4 x 16", "16 x 4", "swapped"}},
      {"sample: start file of another size", given("short.npy"), 3, {"3 x 4", "16 x 4"}},
      {"sample: start that is no state", given("half.npy"), 3, {"row 1, column 1: 0.5"}},
      {"sample: a sampler that does not fit",
       "sample r.toml --set sampler.name=mala",
       3,
       {"energy_and_grad", "block_gibbs"}},
      {"sample: the chains diverge",
       "sample m.toml --set sampler.name=ula --set sampler.step_size=5",
       4,
       {"ula", "step_size = 5", "try step_size ="}},
  };
  for (const BadInput& bad : all) {
    check(folder, bad);
  }
}

TEST_CASE("bad input: couplings") {
  const TemporaryFolder folder;
  write_ising(folder);
  folder.write("skew.csv", "0,1,0\n1,0,2\n0,3,0\n");
  folder.write("own.csv", "i,j\n0,1\n2,2\n");
  folder.write("far.csv", "i,j\n0,1\n1,3\n");
  folder.write("twice.csv", "i,j\n0,1\n1,0\n");
  folder.write("nan.csv", "i,j,J\n0,1,nan\n");
  folder.write("flat.csv", "0,1,2\n1,0,3\n");
  folder.write("large.csv", "0,1,0,0\n1,0,0,0\n0,0,0,0\n0,0,0,0\n");
  folder.write("empty.csv", "");
  folder.write("bare.csv", "i,j\n0,1\n");
  const auto with = [](const std::string& file) {
    return "exact i.toml --set model.couplings_file=" + file;
  };
  const BadInput all[] = {
      {"couplings: missing file", with("none.csv"), 5, {"none.csv", "No such file"}},
      {"couplings: empty file", with("empty.csv"), 3, {"empty.csv", "empty"}},
      {"couplings: not symmetric",
       with("skew.csv"),
       3,
       {"skew.csv:2: ", "[1,2] is 2", "[2,1] is 3"}},
      {"couplings: not square", with("flat.csv"), 3, {"flat.csv", "2 x 3", "i,j,J"}},
      {"couplings: another number of sites",
       with("large.csv"),
       3,
       {"large.csv", "4 x 4", "y has 3 columns"}},
      {"couplings: a site with itself", with("own.csv"), 3, {"own.csv:3: ", "2 - 2"}},
      {"couplings: no such site", with("far.csv"), 3, {"far.csv:3: ", "3 is no site", "0 to 2"}},
      {"couplings: an edge twice", with("twice.csv"), 3, {"twice.csv:3: ", "0 - 1", "line 2"}},
      {"couplings: NaN", with("nan.csv"), 3, {"nan.csv:2: ", "'J'", "'nan'"}},
      {"couplings: no file named", with("''"), 3, {"couplings_file"}},
      {"couplings: a file for another graph",
       "exact i.toml --set model.graph=dense",
       3,
       {"couplings_file", "graph = \"file\""}},
      {"couplings: neither values nor params", with("bare.csv"), 3, {"i.toml:3:8: ", "params"}},
  };
  for (const BadInput& bad : all) {
    check(folder, bad);
  }
}

TEST_CASE("bad input: output that cannot be written") {
  const TemporaryFolder folder;
  write_quartic(folder);
  write_rbm(folder);
  folder.write("there.npy", "old");
  folder.write("bare.toml", replaced(folder.read("m.toml"),
                                     "[sampler]\nname = \"mala\"\nstep_size = 0.1\n", ""));
  for (const char* arguments : {"gradient m.toml", "gradient m.toml --json", "list", "--help"}) {
    check(folder, {"a full disk", std::string(arguments) + " >/dev/full", 5, {"No space left"}});
  }
  check(folder, {"standard output closed", "gradient m.toml --json >&-", 5, {"Bad file"}});
  const BadInput all[] = {
      {"no such folder", "train m.toml --out none/p", 5, {"none", "does not exist"}},
      {"no update", "train m.toml --out p --set train.updates=0", 3, {"'updates' = 0"}},
      {"train: a rate of 0", "train m.toml --out p --set train.learning_rate=0", 3, {"> 0"}},
      {"train: no step of the chains",
       "train m.toml --out p --set train.cd_k=0",
       3,
       {"'cd_k' = 0"}},
      {"train: no sampler",
       "train bare.toml --out p",
       3,
       {"bare.toml", "[sampler] is missing", "gradient = \"exact\""}},
      {"train: lbfgs on a noisy gradient",
       "train m.toml --out p --set train.optimizer=lbfgs",
       3,
       {"--set train.optimizer=lbfgs: [train]", "noisy gradient", "batch >= 20"}},
      {"train: too few chains for an NLL without log Z",
       "train r.toml --out p --set train.nll_chains=15",
       3,
       {"[train]", "nll_chains = 15", "at least 16"}},
      {"train: an NLL without log Z, but no sampler",
       "train r.toml --out p --set train.gradient=exact --set train.nll_chains=64",
       3,
       {"[train]", "nll_chains needs a sampler"}},
      {"train: too many states for an exact gradient",
       "train r.toml --out p --set train.gradient=exact --set train.max_states=3",
       3,
       {"4 states", "the limit is 3"}},
      {"a file", "train m.toml --out there.npy --force", 5, {"there.npy", "is a file"}},
  };
  for (const BadInput& bad : all) {
    check(folder, bad);
  }
  CHECK(folder.read("there.npy") == "old");
}

TEST_CASE("bad input: reports") {
  const TemporaryFolder folder;
  write_rbm(folder);
  REQUIRE(run_tool(folder, "gradient r.toml --out g").exit_code == 0);
  REQUIRE(run_tool(folder, "train r.toml --out t --set train.updates=3").exit_code == 0);
  std::filesystem::create_directory(folder / "empty");
  // a folder with one file of g changed
  const auto changed = [&](const std::string& name, const std::string& file,
                           const std::string& text) {
    std::filesystem::create_directory(folder / name);
    folder.write(name + "/" + file, text);
  };
  const std::string gradient = folder.read("g/gradient.json");
  changed("cut", "gradient.json", gradient.substr(0, gradient.size() / 2));
  changed("list", "gradient.json", "[1, 2]\n");
  changed("other", "gradient.json", folder.read("t/train.json"));
  changed("old", "gradient.json",
          std::regex_replace(gradient, std::regex("\"negphase\": \"[^\"]*\""),
                             "\"negphase\": \"0.0.1\""));
  changed("short", "gradient.json", replaced(gradient, "\"rows\": [", "\"lines\": ["));
  changed("deep", "gradient.json", std::string(100000, '['));
  changed("large", "gradient.json", "{\"negphase\": 1e999}");
  changed("lines", "metrics.jsonl", "{\"update\": 0}\nno JSON\n");
  folder.write("page.html", "old");
  std::filesystem::create_directory(folder / "there.html");
  const BadInput all[] = {
      {"report: no folder", "report", 2, {"folders"}},
      {"report: --out without a name", "report g --out ''", 2, {"--out", "name of a file"}},
      {"--report without --out", "gradient r.toml --report", 2, {"--report", "--out"}},
      {"report: no such folder", "report none", 5, {"none: no such folder"}},
      {"report: a file", "report r.toml", 5, {"r.toml: is no folder"}},
      {"report: nothing in the folder", "report g empty", 3, {"empty: holds no result"}},
      {"report: a file that was cut", "report cut", 3, {"cut/gradient.json:", "is damaged"}},
      {"report: no object", "report list", 3, {"list/gradient.json: is damaged"}},
      {"report: another verb", "report other", 3, {"other/gradient.json: is no result"}},
      {"report: another version", "report old", 3, {"old/gradient.json: was written by", "0.0.1"}},
      {"report: a key that is missing", "report short", 3, {"short: ", "gradient", "rows"}},
      {"report: brackets without end", "report deep", 3, {"deep/gradient.json", "64 levels"}},
      {"report: a number beyond a double", "report large", 3, {"large/gradient.json", "too large"}},
      {"report: a line that is no JSON", "report lines", 3, {"lines: ", "damaged"}},
      {"report: a page that is there", "report g --out page.html", 3, {"page.html", "--force"}},
      {"report: --out is a folder", "report g --out there.html --force", 5, {"there.html"}},
      {"report: --out in no folder", "report g --out no/page.html", 5, {"no", "does not exist"}},
      {"report: --out is a device",
       "report g --out /dev/null --force",
       5,
       {"/dev/null", "is a device or a pipe"}},
  };
  for (const BadInput& bad : all) {
    check(folder, bad);
  }
  CHECK(folder.read("page.html") == "old");
}

TEST_CASE("bad input: training that runs away ends with what to change, and no result") {
  const TemporaryFolder folder;
  write_rbm(folder);
  const ToolRun run = run_tool(
      folder,
      "train r.toml --out t --set train.learning_rate=1e6 --set train.learning_rate_end=1e6 "
      "--set train.l2=1e6");
  CAPTURE(run.err);
  CHECK(run.exit_code == 4);
  CHECK(contains(run.err, "no longer finite after update"));
  CHECK(contains(run.err, "smaller learning_rate than 1000000"));
  CHECK_FALSE(std::filesystem::exists(folder / "t/run.json"));
  // a precision that is not positive definite any more
  folder.write("g.csv", "a,b\n1,2\n0,1\n-1,0\n2,0.5\n");
  folder.write("g.toml",
               "[model]\nname = \"gaussian\"\n[data]\nfile = \"g.csv\"\ny = \"1..2\"\n[train]\n"
               "gradient = \"exact\"\nlearning_rate = 50.0\ninit_scale = 0.0\n");
  const ToolRun gauss = run_tool(folder, "train g.toml --out g");
  CAPTURE(gauss.err);
  CHECK(gauss.exit_code == 4);
  CHECK(contains(gauss.err, "left the legal parameters"));
}

TEST_CASE("bad input: a suite") {
  const TemporaryFolder folder;
  write_quartic(folder);
  write_rbm(folder);
  const std::string head = "seeds = 2\npoints = 2\n[[problem]]\nname = \"a\"\n";
  std::string wells = folder.read("m.toml");
  wells = replaced(wells, "seed = 1\n", "");
  for (const char* table : {"model", "data", "sampler", "estimator"}) {
    wells = replaced(wells, std::string("[") + table, std::string("[problem.") + table);
  }
  folder.write("s.toml", head + wells);
  folder.write("wide.toml", head + R"([problem.model]
name = "gaussian_mixture"
components = 1
params = [0, 0, 0, 0, 0, 0]
[problem.data]
file = "b.csv"
y = "b0..b3"
[problem.sampler]
name = "mala"
[problem.estimator]
name = "long_chains"
)");
  REQUIRE(run_tool(folder, "bench s.toml --quiet").exit_code == 0);
  const BadInput all[] = {
      {"bench: missing file", "bench none.toml", 5, {"none.toml", "No such file"}},
      {"bench: --resume without --out", "bench s.toml --resume", 2, {"--resume", "--out"}},
      {"bench: --resume without a run",
       "bench s.toml --resume --out t",
       3,
       {"t: has no cells.jsonl", "nothing to resume"}},
      {"bench: a configuration is no suite",
       "bench m.toml",
       3,
       {"m.toml:2:2: at the top of the suite: unknown key 'model'", "[[problem]]"}},
      {"bench: unknown key of a problem",
       "bench s.toml --set problem.0.add_sampler=true",
       3,
       {"problem 'a'", "'add_sampler'", "did you mean 'add_samplers'?"}},
      {"bench: no seed at all", "bench s.toml --set seeds=0", 3, {"seeds = 0", "1 to 10000"}},
      {"bench: one point", "bench s.toml --set points=1", 3, {"points = 1", "2 to 40"}},
      {"bench: unknown sampler",
       "bench s.toml --set problem.0.sampler.name=malla",
       3,
       {"'malla'", "did you mean 'mala'?"}},
      {"bench: a sampler that does not fit",
       "bench s.toml --set 'problem.0.sampler={name=\"block_gibbs\"}'",
       3,
       {"'block_gibbs' cannot be used here", "mala"}},
      {"bench: no estimator for the samplers that are added",
       "bench s.toml --set 'problem.0={name=\"a\",add_samplers=true,model={name=\"quartic\","
       "params=[1,0,0,0]},data={file=\"d.csv\",x=\"x\",y=\"y\"}}'",
       3,
       {"add_samplers = true needs [problem.estimator]"}},
      {"bench: a row that draws nothing",
       "bench s.toml --set problem.0.estimator='{name=\"exact\"}'",
       3,
       {"s.toml:3:1", "problem 'a': the row 'exact' draws nothing"}},
      {"bench: no exact gradient",
       "bench wide.toml",
       3,
       {"wide.toml:3:1", "problem 'a'", "exact gradient is not to be had", "quadrature"}},
      {"bench: missing data", "bench s.toml --set problem.0.data.file=none.csv", 5, {"none.csv"}},
      {"bench: the chains diverge",
       "bench s.toml --set 'problem.0.sampler={name=\"ula\",step_size=5}'",
       4,
       {"problem 'a', row 'ula', seed", "try step_size = "}},
  };
  for (const BadInput& bad : all) {
    check(folder, bad);
  }
}

TEST_CASE("bad input: what runs, and is warned of") {
  const TemporaryFolder folder;
  write_quartic(folder);
  write_rbm(folder);
  const std::string walk = " --strict --set 'sampler={name=\"random_walk\",proposal_scale=";
  const BadInput all[] = {
      {"sample: E falls without end, in small steps",
       "sample m.toml --set 'model.params=[-1, 2, 3, 1]'" + walk + "0.5}'",
       7,
       {"FAILED: column y.1 still grows", "not normalisable"}},
      {"sample: E is flat, in small steps",
       "sample m.toml --set 'model.params=[0, 0, 0, 0]'" + walk + "0.5}'",
       7,
       {"FAILED: column y.1 still grows"}},
      {"sample: beta = 1e-300 on a real y",
       "sample m.toml --set model.beta=1e-300" + walk + "0.5}'",
       7,
       {"FAILED: column y.1 still grows"}},
      {"sample: beta = 1e6",
       "sample r.toml --strict --set model.beta=1e6",
       7,
       {"FAILED: 16 of 16 chains never moved"}},
      {"sample: steps that are never accepted",
       "sample m.toml" + walk + "1e9}'",
       7,
       {"FAILED: every row: all draws of all chains are the same"}},
      {"acceptance below 0.01", "gradient m.toml" + walk + "1e9}'", 7, {"the chains hardly move"}},
      {"acceptance above 0.99",
       "gradient m.toml --set sampler.step_size=1e-6",
       0,
       {"so small that the chains creep"}},
      {"train: a model that is not normalisable",
       "train m.toml --out t --strict --set train.updates=2 --set 'model.params=[-1, 2, 3, 1]'",
       7,
       {"FAILED: the trained parameters make a model that is not normalisable"}},
  };
  for (const BadInput& bad : all) {
    check(folder, bad);
  }
  // the same samplers on what is in order
  CHECK(run_tool(folder, "sample m.toml" + walk + "2}' --set sample.thin=20").exit_code == 0);
}

TEST_CASE("bad input: odd surroundings change no number, and end quietly") {
  const TemporaryFolder folder;
  write_rbm(folder);
  const auto sample = [&](const std::string& environment, const std::string& more) {
    std::filesystem::remove_all(folder / "t");
    const ToolRun run =
        run_tool(folder, "sample r.toml --quiet --out t --set sample.draws=5 " + more, environment);
    CAPTURE(environment);
    CAPTURE(more);
    CHECK(run.err == "");
    const std::string draws = folder.read("t/draws.npy");
    CHECK(std::filesystem::exists(folder / "t/run.json"));
    return draws;
  };
  const std::string draws = sample("", "");
  CHECK_FALSE(draws.empty());
  CHECK(sample("LC_ALL=de_DE.UTF-8 TZ=No/Where", "") == draws);
  CHECK(sample("env -i", "") == draws);
  CHECK(sample("", "<&-") == draws);
  CHECK(sample("", "--threads 1000000") == draws);
  // a reader that goes away: the files are whole all the same
  std::filesystem::remove_all(folder / "t");
  run_tool(folder, "--version; '" NEGPHASE_TOOL
                   "' sample r.toml --quiet --out t --set sample.draws=5 --json 2>said | true");
  CHECK(folder.read("said") == "");
  CHECK(folder.read("t/draws.npy") == draws);
  CHECK(std::filesystem::exists(folder / "t/run.json"));
}

TEST_CASE("bad input: what looks bad and is accepted") {
  const TemporaryFolder folder;
  write_quartic(folder);
  std::string crlf = "\xEF\xBB\xBF", rows = "\xEF\xBB\xBF";
  for (const char c : folder.read("m.toml")) {
    crlf += c == '\n' ? "\r\n" : std::string(1, c);
  }
  for (const char c : folder.read("d.csv")) {
    rows += c == '\n' ? "\r\n" : std::string(1, c);
  }
  folder.write("crlf.toml", crlf);
  folder.write("crlf.csv", rows);
  const std::string plain = run_tool(folder, "gradient m.toml --quiet --json").out;
  const ToolRun run = run_tool(folder, "gradient crlf.toml --quiet --set data.file=crlf.csv");
  CHECK(run.exit_code == 0);
  folder.write("one.csv", "x,y\n1,2\n");
  CHECK(run_tool(folder, "gradient m.toml --set data.file=one.csv --set estimator.chains=16")
            .exit_code == 0);
}
#endif
