#ifdef NEGPHASE_TOOL
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "negphase/io/npy.hpp"
#include "support/tool_json.hpp"

// How these tests can fail: output that depends on the number of threads, --json that prints more
// than one object, a row that is not merged over the base, help that ends with a code of its own.

using namespace negphase::test;
using Json = nlohmann::ordered_json;

namespace {

Json result(const TemporaryFolder& folder, const std::string& arguments) {
  Json json = json_of_run(folder, arguments);
  drop_timing(json);
  return json;
}

// As the program lists them.
std::vector<std::string> verbs(const TemporaryFolder& folder) {
  const std::string help = run_tool(folder, "--help").out;
  std::istringstream lines(help.substr(help.find("\nSubcommands:\n") + 14));
  std::vector<std::string> all;
  for (std::string line; std::getline(lines, line) && !line.empty();) {
    std::istringstream words(line);
    words >> all.emplace_back();
  }
  return all;
}

}  // namespace

TEST_CASE("cli: help and version") {
  const TemporaryFolder folder;
  for (const char* arguments : {"--help", "gradient --help", "exact --help", "sample --help",
                                "infer --help", "train --help", "bench --help", "report --help",
                                "list --help", "demo --help", "--version"}) {
    CAPTURE(arguments);
    const ToolRun run = run_tool(folder, arguments);
    CHECK(run.exit_code == 0);
    CHECK(run.err.empty());
    CHECK_FALSE(run.out.empty());
  }
}

// How it can fail: a verb or an option that was renamed and lives on in the examples.
TEST_CASE("cli: the verbs and options in the manual's examples exist") {
  const TemporaryFolder folder;
  int examples = 0;
  for (const std::string& verb : verbs(folder)) {
    CAPTURE(verb);
    const std::string help = run_tool(folder, verb + " --help").out;
    CHECK(contains(help, "Exit codes:\n  0         done\n"));
    std::istringstream lines(help.substr(help.find("\nExamples:\n")));
    for (std::string line; std::getline(lines, line) && line != "Exit codes:";) {
      if (!line.starts_with("  negphase ")) {
        continue;
      }
      CAPTURE(line);
      std::istringstream words(line);
      std::string program, named, word;
      words >> program >> named;
      const std::string options = run_tool(folder, named + " --help").out;
      CHECK(contains(options, "Usage: negphase " + named));
      while (words >> word && word != "#") {
        if (word.starts_with("--")) {
          CHECK(contains(options, "\n  " + word));
        }
      }
      ++examples;
    }
  }
  CHECK(examples >= 10);
}

TEST_CASE("cli: list") {
  const TemporaryFolder folder;
  const ToolRun text = run_tool(folder, "list");
  CHECK(text.exit_code == 0);
  for (const char* word : {"quartic", "rbm", "W row by row", "mala", "block_gibbs", "step_size",
                           "default 0.1", "long_chains", "cd_k", "learning_rate"}) {
    CAPTURE(word);
    CHECK(contains(text.out, word));
  }
  const Json samplers = result(folder, "list samplers");
  CHECK(samplers.size() == 1);
  CHECK(samplers["samplers"].size() >= 5);
  const Json models = result(folder, "list models")["models"];
  CHECK(models[0].contains("parameters"));
  CHECK(result(folder, "list").size() == 7);
}

TEST_CASE("cli: the same bytes for any number of threads") {
  const TemporaryFolder folder;
  write_quartic(folder);
  write_rbm(folder);
  for (const char* file : {"m.toml", "r.toml"}) {
    CAPTURE(file);
    const auto run = [&](const std::string& more) {
      return result(folder, std::string("gradient ") + file + more).dump();
    };
    const std::string one = run(" --threads 1");
    for (const char* threads : {"2", "3", "7"}) {
      CAPTURE(threads);
      CHECK(run(std::string(" --threads ") + threads) == one);
    }
    CHECK(run(" --threads 2 --seed 2") != one);
    CHECK(run(" --threads 2 --precision float") != one);
  }
}

TEST_CASE("cli: a comparison has the base and every entry, each as the file says") {
  const TemporaryFolder folder;
  write_rbm(folder);
  folder.write("c.toml",
               folder.read("r.toml") +
                   "[[compare]]\nestimator = { name = \"cd\", cd_k = 3 }\n"
                   "[[compare]]\nlabel = \"flips\"\nsampler = { name = \"single_flip\" }\n");
  const Json json = result(folder, "gradient c.toml");
  REQUIRE(json["rows"].size() == 3);
  CHECK(json["rows"][0]["label"] == "block_gibbs");
  CHECK(json["rows"][1]["label"] == "cd-3 (block_gibbs)");
  CHECK(json["rows"][1]["estimator"]["options"]["cd_k"] == 3);
  CHECK(json["rows"][2]["label"] == "flips");
  CHECK(json["rows"][2]["sampler"]["name"] == "single_flip");
  CHECK(json["rows"][2]["estimator"]["name"] == "long_chains");
  CHECK(json["exact"]["mean"].size() == 14);
  CHECK(json["parameters"].size() == 14);
  for (const Json& row : json["rows"]) {
    CHECK(row["mean"].size() == 14);
    CHECK(row["z"].size() == 14);
    CHECK(row["relative_error"].is_number());
  }
  const std::string text = run_tool(folder, "gradient c.toml").out;
  CHECK(contains(text, "exact gradient by layer_sum"));
  CHECK(contains(text, "cd-3 (block_gibbs)"));
}

TEST_CASE("cli: a row that is exact is exact") {
  const TemporaryFolder folder;
  write_rbm(folder);
  const Json json = result(folder, "gradient r.toml --set 'estimator={name=\"exact\"}'");
  CHECK(json["rows"][0]["relative_error"] == 0);
  CHECK(json["rows"][0]["mean"] == json["exact"]["mean"]);
  CHECK(json["rows"][0]["sampler"].is_null());
}

TEST_CASE("cli: --strict turns a failed check into exit code 7 and keeps the result") {
  const TemporaryFolder folder;
  write_rbm(folder);
  // two draws a chain are too few effective ones
  const ToolRun run = run_tool(folder, "gradient r.toml --strict --set estimator.draws=2");
  CHECK(run.exit_code == 7);
  CHECK(contains(run.out, "block_gibbs"));
  // long chains always warn of a start-up bias that nothing bounds: a caveat, no failed check
  const ToolRun calm = run_tool(folder, "gradient r.toml --strict --set estimator.draws=2000");
  CHECK(contains(calm.out, "start-up bias"));
  CHECK(calm.exit_code == 0);
  CHECK(run_tool(folder, "gradient r.toml --strict --set 'estimator={name=\"exact\"}'").exit_code ==
        0);
}

TEST_CASE("cli: exact agrees with the exact row of gradient") {
  const TemporaryFolder folder;
  write_quartic(folder);
  write_rbm(folder);
  for (const char* file : {"m.toml", "r.toml"}) {
    CAPTURE(file);
    const Json exact = result(folder, std::string("exact ") + file);
    const Json gradient =
        result(folder, std::string("gradient ") + file + " --set 'estimator={name=\"exact\"}'");
    CHECK(exact["mean"] == gradient["exact"]["mean"]);
    CHECK(exact["nll"].is_number());
    CHECK(exact["log_z"].size() == (std::string(file) == "m.toml" ? 20 : 1));
    CHECK(result(folder, std::string("exact --threads 3 ") + file) == exact);
  }
  CHECK(contains(run_tool(folder, "exact m.toml").out, "exact by quadrature"));
}

TEST_CASE("cli: the test part is what training left out, with the scaling of what it saw") {
  const TemporaryFolder folder;
  write_quartic(folder);
  const std::string keys =
      "exact m.toml --set data.rows=1..15 --set data.test=12..20 --set data.standardize=true";
  const Json train = result(folder, keys);
  const Json test = result(folder, keys + " --set data.part=test");
  CHECK(train["log_z"].size() == 11);
  CHECK(test["log_z"].size() == 9);
  for (const Json& json : {train["problem"]["data"], test["problem"]["data"]}) {
    CHECK(json["train_rows"] == 11);
    CHECK(json["test_rows"] == 9);
    CHECK(json["test"] == Json({"12..20"}));
    CHECK(json["dropped_rows"] == 0);
    // x runs from -2 in steps of 0.2: of its first 11 rows the mean is -1, the variance 0.04 x 10;
    // error: 11 roundings of 2 x 2^-53
    CHECK(std::abs(json["x"][0]["mean"].get<double>() + 1) < 3e-15);
    CHECK(std::abs(json["x"][0]["standard_deviation"].get<double>() - std::sqrt(0.4)) < 3e-15);
  }
  CHECK(test["problem"]["data"]["part"] == "test");
  // the rows of one part alone, scaled by hand, have the same log Z
  std::string rows = "x,y\n";
  for (int i = 11; i < 20; ++i) {
    rows += fmt::format("{},1\n", (0.2 * i - 1) / std::sqrt(0.4));
  }
  folder.write("hand.csv", rows);
  const Json hand = result(folder, "exact m.toml --set data.file=hand.csv");
  for (std::size_t r = 0; r < 9; ++r) {
    // x by hand differs by 1e-15; |d log Z / dx| = |w2 E[y]| < 10
    CHECK(std::abs(hand["log_z"][r].get<double>() - test["log_z"][r].get<double>()) < 1e-12);
  }
  CHECK(contains(run_tool(folder, keys).out, "on 11 rows of d.csv (9 held out)"));
  CHECK(contains(run_tool(folder, keys + " --set data.part=test").out, "on 9 held-out rows of"));
}

TEST_CASE("cli: labels, missing values and a share come back from config.toml") {
  const TemporaryFolder folder;
  write_rbm(folder);
  std::string rows = "kind,b1,b2,b3\n";
  for (int i = 0; i < 40; ++i) {
    rows += std::string(i % 3 == 0 ? "no" : "yes") + (i == 7 ? ",,0,1\n" : ",1,0,1\n");
  }
  folder.write("votes.csv", rows);
  const std::string exact =
      "exact r.toml --set data.file=votes.csv --set 'data.y=[\"kind..b3\"]' --set "
      "data.labels=kind --set data.missing=drop";
  const Json first = result(folder, exact + " --set data.test=0.25 --out o");
  const Json again = result(folder, "exact o/config.toml");
  CHECK(again["nll"] == first["nll"]);
  const Json data = first["problem"]["data"];
  CHECK(data["dropped_rows"] == 1);
  CHECK(data["train_rows"].get<int>() + data["test_rows"].get<int>() == 39);
  CHECK(data["y"][0]["labels"] == Json({"no", "yes"}));
  // the rows of a share, given by number, are the same rows
  const Json named = result(folder, exact + " --set 'data.test=" + data["test"].dump() + "'");
  CHECK(named["problem"]["data"]["test_rows"] == data["test_rows"]);
  CHECK(named["nll"] == first["nll"]);
}

TEST_CASE("cli: exact and sample agree on means and deviations of y") {
  const TemporaryFolder folder;
  write_quartic(folder);
  write_rbm(folder);
  for (const std::string file : {"m.toml", "r.toml"}) {
    CAPTURE(file);
    const Json exact = result(folder, "exact " + file);
    const Json drawn = result(folder, "sample " + file + " --set sample.chains=32 " +
                                          "--set sample.warmup=200 --set sample.draws=500");
    for (std::size_t j = 0; j < exact["y_mean"].size(); ++j) {
      const auto of = [j](const Json& all) { return all[j].get<double>(); };
      // five looks; 7 standard errors of 31 degrees of freedom or more: a level of 1e-7 each
      CHECK(std::abs(of(exact["y_mean"]) - of(drawn["mean"])) < 7 * of(drawn["standard_error"]));
      // a variance of n draws: sqrt(2 / n) where the kurtosis is that of a Gaussian or less
      const double ratio = of(drawn["standard_deviation"]) / of(exact["y_standard_deviation"]);
      CHECK(std::abs(ratio * ratio - 1) < 7 * std::sqrt(2 / of(drawn["effective_size"])));
    }
    CHECK(contains(run_tool(folder, "exact " + file).out, "y.1 "));
    // the file's names and unit stand below the table of both
    const std::string y = file == "m.toml" ? "\ny.1 is " : "\ny.1 .. y.";
    CHECK(contains(run_tool(folder, "exact " + file).out, y));
    CHECK(contains(run_tool(folder, "sample " + file + " --set sample.draws=5").out, y));
  }
}

TEST_CASE("cli: couplings from a file are the parameters, and their file is kept track of") {
  const TemporaryFolder folder;
  write_ising(folder);
  const Json json = result(folder, "exact i.toml --out e");
  // log Z of an open chain of three spins without fields
  const double log_z = std::log(8 * std::cosh(0.8 * 0.75) * std::cosh(0.8 * 0.5));
  CHECK(std::abs(json["log_z"][0].get<double>() - log_z) < 1e-14);
  CHECK(json["parameters"][0] == "J[0,1]");
  const Json run = Json::parse(folder.read("e/run.json"));
  CHECK(contains(run["couplings"]["file"].get<std::string>(), "/c.csv"));
  CHECK(run["couplings"]["crc32"].get<std::string>().size() == 8);
  // the resolved configuration stands in another folder
  CHECK(result(folder, "exact e/config.toml")["nll"] == json["nll"]);
  CHECK(result(folder, "exact i.toml --set 'model.params=[0,0,0,0,0]'")["log_z"][0] !=
        json["log_z"][0]);
  CHECK(run_tool(folder, "sample i.toml --set sample.draws=10").exit_code == 0);
  CHECK(run_tool(folder, "train i.toml --out t --set train.updates=5 --set train.gradient=exact")
            .exit_code == 0);
}

TEST_CASE("cli: a lattice of 10,000 sites from a file of edges is sampled by colour") {
  const TemporaryFolder folder;
  write_ising(folder);
  constexpr int side = 100;
  std::string edges = "i,j,J\n";
  for (int site = 0; site < side * side; ++site) {
    const auto add = [&](int other) {
      edges += std::to_string(site) + "," + std::to_string(other) + ",0.3\n";
    };
    if (site % side + 1 < side) {
      add(site + 1);
    }
    if (site + side < side * side) {
      add(site + side);
    }
  }
  folder.write("c.csv", edges);
  Eigen::MatrixXd y = Eigen::MatrixXd::Ones(2, side * side);
  y.row(1) *= -1;
  negphase::write_npy(folder / "y.npy", y);
  const Json json = result(folder,
                           "sample i.toml --set data.file=y.npy --set data.y=1..10000 "
                           "--set sample.chains=8 --set sample.warmup=5 "
                           "--set sample.draws=4");
  CHECK(json["columns"].size() == side * side);
  CHECK(json["problem"]["num_params"] == 2 * side * (side - 1) + side * side);
  // two colours: a sweep is two conditionals, so that a chain took 2 (5 + 4) of them
  CHECK(json["energy_evaluations"] == 8 * 2 * (5 + 4));
}

TEST_CASE("cli: sample writes draws, the same for any threads, and again from config.toml") {
  const TemporaryFolder folder;
  write_rbm(folder);
  const std::string sample = "sample r.toml --set sample.chains=3 --set sample.draws=4 --out ";
  REQUIRE(run_tool(folder, sample + "a --threads 1").exit_code == 0);
  REQUIRE(run_tool(folder, sample + "b --threads 3").exit_code == 0);
  for (const char* file : {"draws.npy", "chain_1.csv", "chain_3.csv", "config.toml"}) {
    CAPTURE(file);
    CHECK_FALSE(folder.read(std::string("a/") + file).empty());
    CHECK(folder.read(std::string("a/") + file) == folder.read(std::string("b/") + file));
  }
  REQUIRE(run_tool(folder, "sample a/config.toml --out c").exit_code == 0);
  CHECK(folder.read("a/draws.npy") == folder.read("c/draws.npy"));
  CHECK(folder.read("a/config.toml") == folder.read("c/config.toml"));
  CHECK(contains(folder.read("a/draws.npy"), "'shape': (3, 4, 6, )"));

  const Json run = Json::parse(folder.read("a/run.json"));
  for (const char* key : {"negphase", "verb", "seed", "block_width", "compiler", "flags", "data",
                          "energy_evaluations", "gradient_evaluations", "warnings", "timing"}) {
    CAPTURE(key);
    CHECK(run.contains(key));
  }
  CHECK(run["data"]["crc32"].get<std::string>().size() == 8);
  const Json summary = Json::parse(folder.read("a/sample.json"));
  CHECK(summary["columns"].size() == 6);
  CHECK(summary["standard_error"][0].is_number());
}

TEST_CASE("cli: sample starts where it is told") {
  const TemporaryFolder folder;
  write_quartic(folder);
  // 20 rows x 2 chains; a step so small that the chain stays within 1e-6 of its start
  negphase::write_npy(folder / "s.npy", Eigen::MatrixXd(Eigen::MatrixXd::Constant(40, 1, 0.625)));
  const std::string sample =
      "sample m.toml --set sample.chains=2 --set sample.warmup=0 --set sample.draws=2 "
      "--set sampler.step_size=1e-15 --set sample.start=given --set sample.start_file=s.npy";
  const Json json = result(folder, sample);
  CHECK(json["mean"][0].get<double>() == doctest::Approx(0.625).epsilon(1e-5));
  bool warned = false;
  for (const Json& w : json["warnings"]) {
    warned = warned || w["code"] == "high_acceptance";
  }
  CHECK(warned);
}

TEST_CASE("cli: a result is never replaced without --force, and a whole one has run.json") {
  const TemporaryFolder folder;
  write_rbm(folder);
  for (const char* verb : {"gradient", "exact", "sample"}) {
    CAPTURE(verb);
    const std::string command = std::string(verb) + " r.toml --out " + verb;
    REQUIRE(run_tool(folder, command).exit_code == 0);
    const std::string before = folder.read(std::string(verb) + "/run.json");
    CHECK_FALSE(before.empty());
    const ToolRun again = run_tool(folder, command + " --seed 3");
    CHECK(again.exit_code == 3);
    CHECK(contains(again.err, "--force"));
    CHECK(folder.read(std::string(verb) + "/run.json") == before);
    CHECK(run_tool(folder, command + " --seed 3 --force").exit_code == 0);
    CHECK(Json::parse(folder.read(std::string(verb) + "/run.json"))["seed"] == 3);
  }
}

TEST_CASE("cli: training writes parameters that gradient reads, the same for any threads") {
  const TemporaryFolder folder;
  write_rbm(folder);
  const std::string train = "train r.toml --quiet --set train.updates=50 --out ";
  const ToolRun run = run_tool(folder, train + "p --threads 1");
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
  CHECK(contains(run.out, "mean NLL "));
  const Json json = result(folder, train + "n --set train.updates=400");
  CHECK(json["nll"]["after"].get<double>() < json["nll"]["before"].get<double>());
  CHECK(json["nll"]["after"] ==
        result(folder, "exact r.toml --set model.params=n/params.npy")["nll"]);
  CHECK(run_tool(folder, train + "q --threads 3").exit_code == 0);
  CHECK(folder.read("p/params.npy") == folder.read("q/params.npy"));
  CHECK(negphase::read_npy(folder / "p/params.npy").rows() == 14);
  CHECK(run_tool(folder, "gradient r.toml --set model.params=p/params.npy").exit_code == 0);
  CHECK(run_tool(folder, train + "p").exit_code == 3);  // it exists
  CHECK(run_tool(folder, train + "p --force").exit_code == 0);
}

TEST_CASE("cli: training says how many proposals were accepted, in all and at each update") {
  const TemporaryFolder folder;
  write_quartic(folder);
  write_rbm(folder);
  const std::string by_mala = " --quiet --set train.updates=5 --out ";
  const ToolRun text = run_tool(folder, "train m.toml" + by_mala + "a");
  CHECK(contains(text.out, "gradient = pcd (mala, acceptance 0."));
  const Json json = result(folder, "train m.toml" + by_mala + "b");
  CHECK(json["sampler"] == Json{{"name", "mala"}, {"options", {{"step_size", 0.1}}}});

  // every update makes the same number of proposals, so that the whole is the mean of the parts
  std::istringstream metrics(folder.read("b/metrics.jsonl"));
  std::string line;
  double sum = 0;
  for (int update = 0; std::getline(metrics, line); ++update) {
    const Json at = Json::parse(line);
    CHECK(at.contains("acceptance") == (update > 0));  // none has been made before the first
    sum += at.value("acceptance", 0.0);
  }
  CHECK(sum / 5 == doctest::Approx(json["acceptance"].get<double>()).epsilon(1e-12));

  // Gibbs rejects nothing: no number where there is none
  CHECK(contains(run_tool(folder, "train r.toml" + by_mala + "c").out, "pcd (block_gibbs), "));
  CHECK_FALSE(contains(folder.read("c/metrics.jsonl"), "acceptance"));
}

// The precision of data that hardly vary grows by about the learning rate at each update of Adam; a
// step of 0.1 is right for precision 1 and rejected nearly always at 100.
TEST_CASE("cli: training says when the acceptance fell, which its mean hides") {
  const TemporaryFolder folder;
  folder.write("n.csv", "y\n0.001\n0.002\n0.003\n0.004\n");
  folder.write("n.toml",
               "[model]\nname = \"gaussian\"\n[data]\nfile = \"n.csv\"\ny = \"y\"\n"
               "[sampler]\nname = \"mala\"\n[train]\noptimizer = \"adam\"\n"
               "schedule = \"constant\"\nupdates = 100\nlearning_rate = 1\n");
  const auto falls = [](const Json& json) {
    for (const Json& warning : json["warnings"]) {
      if (warning["code"] == "falling_acceptance") {
        return warning["failed_check"].get<bool>();
      }
    }
    return false;
  };
  const Json sharp = result(folder, "train n.toml --out s");
  CHECK(falls(sharp));
  CHECK(sharp["last_acceptance"].get<double>() < sharp["acceptance"].get<double>() / 2);
  CHECK_FALSE(falls(result(folder, "train n.toml --out w --set train.learning_rate=0.01")));
}

TEST_CASE("cli: training tells the change of the NLL without log Z, or why not, and trains alike") {
  const TemporaryFolder folder;
  write_rbm(folder);
  const std::string train =
      "train r.toml --set train.updates=40 --set train.learning_rate=1 "
      "--set train.exact_nll_every=20 --out ";
  const Json plain = result(folder, train + "a");
  CHECK_FALSE(plain.contains("nll_change"));
  const Json watched = result(folder, train + "b --set train.nll_chains=512");
  CHECK(folder.read("a/params.npy") == folder.read("b/params.npy"));
  CHECK(plain["energy_evaluations"] == watched["energy_evaluations"]);
  const double change =
      watched["nll"]["after"].get<double>() - watched["nll"]["before"].get<double>();
  const double error = watched["nll_change"]["standard_error"];
  CHECK(error > 0);
  // one look: 5 standard errors, less than once in a million
  CHECK(std::abs(watched["nll_change"]["value"].get<double>() - change) < 5 * error);
  int lines = 0;
  std::istringstream metrics(folder.read("b/metrics.jsonl"));
  for (std::string line; std::getline(metrics, line);) {
    const Json at = Json::parse(line);
    CHECK(at.contains("nll_change") == at.contains("exact_nll"));
    lines += at.contains("nll_change") ? 1 : 0;
  }
  CHECK(lines == 3);

  // from W = 0 to a field of 1000 in one jump
  const ToolRun lost =
      run_tool(folder,
               "train r.toml --set train.updates=1 --set train.learning_rate=1e4 --out c "
               "--set train.nll_chains=64 --set train.nll_steps=1 --strict");
  CHECK(lost.exit_code == 7);
  CHECK(
      contains(lost.out, "FAILED: the change of the NLL is not known without log Z: of 64 chains"));
  CHECK(contains(lost.out, "take more nll_steps"));
  CHECK(contains(folder.read("c/train.json"), "\"value\": null"));
}

TEST_CASE("cli: training without the exact NLL trains alike") {
  const TemporaryFolder folder;
  write_quartic(folder);
  const std::string train = "train m.toml --set train.updates=5 --out ";
  CHECK(result(folder, train + "a")["nll"]["after"].is_number());
  const Json without = result(folder, train + "b --set train.exact_nll=false");
  CHECK(without["nll"] == Json{{"method", nullptr}, {"why_not", "exact_nll = false"}});
  CHECK_FALSE(contains(folder.read("b/metrics.jsonl"), "exact_nll"));
  CHECK(folder.read("a/params.npy") == folder.read("b/params.npy"));
}

TEST_CASE("cli: training a quartic starts where it can be normalised") {
  const TemporaryFolder folder;
  write_quartic(folder);
  const std::string text = folder.read("m.toml"), params = "params = [0.6, -0.4, 1.1, 0.2]\n";
  folder.write("s.toml", std::string(text).replace(text.find(params), params.size(), ""));
  for (const char* seed : {"1", "2", "3"}) {  // the noise on the start has either sign
    CAPTURE(seed);
    const Json json = result(folder, std::string("train s.toml --set train.gradient=exact --set "
                                                 "train.updates=20 --seed ") +
                                         seed + " --out " + seed);
    CHECK(json["nll"]["after"].get<double>() < json["nll"]["before"].get<double>());
  }
}

TEST_CASE("cli: sample says which chains are on which row") {
  const TemporaryFolder folder;
  write_quartic(folder);
  write_rbm(folder);
  // w2 = 40 x pulls y to the side of x: the sign of a draw tells the row of its chain
  const std::string sample =
      "sample m.toml --set 'model.params=[1,1,40,0]' --set data.rows=1..7 --set sample.chains=3 "
      "--set sample.draws=5 --set sample.warmup=200 --set sampler.step_size=0.02 --out ";
  const ToolRun text = run_tool(folder, sample + "t");
  CHECK(contains(text.out, "21 chains (3 on each row) by mala"));
  CHECK(contains(text.out, "Chain c, from 1, is on row (c - 1) mod 7 + 1"));
  const Json json = result(folder, sample + "j --set 'data.rows=[\"1..4\",\"17..19\"]'");
  CHECK(json["chains"] == 21);
  CHECK(json["chains_per_row"] == 3);
  for (int c = 1; c <= 21; ++c) {
    CAPTURE(c);
    std::istringstream chain(folder.read(fmt::format("j/chain_{}.csv", c)));
    std::string line, last;
    while (std::getline(chain, line)) {
      last = line;
    }
    const double y = std::stod(last.substr(last.find(',') + 1));
    CHECK((y > 0) == ((c - 1) % 7 >= 4));  // x is negative in rows 1 to 4, positive in 17 to 19
  }
  CHECK(result(folder, "sample r.toml --set sample.draws=5")["chains_per_row"].is_null());
}

TEST_CASE("cli: a signal ends a long run with 130 or 143 and no result") {
  const TemporaryFolder folder;
  write_rbm(folder);
  // Sent until it is heard: a busy machine may take a while to start the program.
  const auto after = [&](const std::string& signal) {
    return run_tool(folder,
                    "gradient r.toml --set estimator.draws=1000000000 & p=$!; sleep 0.5; "
                    "while kill -" +
                        signal + " $p 2>/dev/null; do sleep 0.5; done; wait $p");
  };
  const ToolRun interrupted = after("INT"), terminated = after("TERM");
  CHECK(interrupted.exit_code == 130);
  CHECK(interrupted.out.empty());
  CHECK(terminated.exit_code == 143);
  CHECK(terminated.out.empty());
}

TEST_CASE("cli: what a run had done when it was stopped is kept, marked as incomplete") {
  const TemporaryFolder folder;
  write_rbm(folder);
  folder.write("two.toml",
               folder.read("r.toml") +
                   "[[compare]]\nestimator = { name = \"long_chains\", draws = 1000000000 }\n");
  const auto interrupted = [&](const std::string& arguments, const std::string& seconds) {
    return run_tool(folder, arguments + " & p=$!; sleep " + seconds +
                                "; while kill -INT $p 2>/dev/null; do sleep 5; done; wait $p");
  };
  const ToolRun gradient = interrupted("gradient two.toml --json --out g --report", "3");
  CHECK(gradient.exit_code == 130);
  CHECK(contains(gradient.err, "stopped on request after 1 of 2 rows"));
  const Json kept = Json::parse(folder.read("g/gradient.json"));
  CHECK(kept["incomplete"] == true);
  CHECK(kept["rows"].size() == 1);
  CHECK(folder.read("g/run.json").empty());
  CHECK(contains(folder.read("g/report.html"), "This run was stopped before its end"));

  const std::string sample = "sample r.toml --set sample.draws=5000000 --set sample.chains=2 ";
  const ToolRun sampled = interrupted(sample + "--out s", "0.7");
  CHECK(sampled.exit_code == 130);
  CHECK(contains(sampled.err, "draws of 2 chains are in s, marked as incomplete"));
  const Json draws = Json::parse(folder.read("s/sample.json"));
  CHECK(draws["incomplete"] == true);
  CHECK(contains(folder.read("s/draws.npy"),
                 "'shape': (2, " + std::to_string(draws["draws"].get<int>()) + ", 6, )"));
  CHECK(folder.read("s/run.json").empty());
}
#endif
