#ifdef NEGPHASE_TOOL
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "negphase/io/figures.hpp"
#include "negphase/io/npy.hpp"
#include "support/run_tool.hpp"

// How these tests can fail: a page that asks the network or another file for something, text of a
// result that becomes markup, a partial result that is not marked, figures that are not those of
// the result, a chart or table that is not made, bytes that depend on more than the results.

using namespace negphase;
using namespace negphase::test;
using Json = nlohmann::ordered_json;

namespace {

constexpr const char* before_data = "<script type=\"application/json\" id=\"report-data\">";

// The JSON that a page was made of.
Json data_of(const std::string& page) {
  const std::size_t begin = page.find(before_data);
  REQUIRE(begin != page.npos);
  const std::size_t from = begin + std::string(before_data).size();
  return Json::parse(page.substr(from, page.find("</script>", from) - from));
}

int count_of(const std::string& text, const std::string& part) {
  int count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) {
    ++count;
  }
  return count;
}

std::string report(const TemporaryFolder& folder, const std::string& arguments) {
  const ToolRun run = run_tool(folder, "report --out page.html --force " + arguments);
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
  CHECK(contains(run.out, "written: page.html"));
  return folder.read("page.html");
}

void run_well(const TemporaryFolder& folder, const std::string& arguments) {
  const ToolRun run = run_tool(folder, arguments + " --quiet");
  CAPTURE(arguments);
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
}

// r.toml with more hidden units: 4 h + 4 + h parameters, w_i = sin(i) / 10.
void write_wide_rbm(const TemporaryFolder& folder, int hidden) {
  write_rbm(folder);
  std::string params;
  for (int i = 0; i < 4 * hidden + 4 + hidden; ++i) {
    params += fmt::format("{:.6f}\n", 0.1 * std::sin(i));
  }
  folder.write("w.csv", params);
  std::string text = folder.read("r.toml");
  text.replace(text.find("hidden = 2"), 10, fmt::format("hidden = {}", hidden));
  const std::size_t begin = text.find("params = ");
  text.replace(begin, text.find('\n', begin) - begin, "params = \"w.csv\"");
  folder.write("wide.toml", text);
}

// A file like the one that gradient and train write for what can be drawn: two rows of x, and
// pictures of 2 x 2 pixels.
void write_pictures(const std::filesystem::path& file) {
  Json row{{"row", 3}, {"x", {0.5}}, {"y_observed", 0.2}};
  for (int i = 0; i <= 40; ++i) {
    const double y = 0.2 * i - 4;
    row["y"].push_back(y);
    row["free_energy"].push_back(y * y / 2);
    row["density"].push_back(std::exp(-y * y / 2) / std::sqrt(2 * M_PI));
    row["negatives"].push_back(i < 40 ? 0.05 * i - 1 : 60);
  }
  row["regression"] = {{"mean", 0.1}, {"standard_deviation", 1.1}};
  Json other = row;
  other["regression"] = nullptr;
  const Json images{{"height", 2},
                    {"width", 2},
                    {"low", 0},
                    {"high", 1},
                    {"data", {{0, 1, 1, 0}, {1, 1, 0, 0}}},
                    {"negatives", {{0, 0, 1, 1}}},
                    {"how", "1 chain"}};
  const Json profiles{
      {"y", "y"}, {"x", {"x"}}, {"sampler", "mala"}, {"beta", 1}, {"rows", {row, other}}};
  std::ofstream(file) << Json{{"profiles", profiles}, {"images", images}}.dump();
}

Json quartiles(double median) {
  return {{"median", median}, {"low", median / 1.2}, {"high", median * 1.2}};
}

// A result of the benchmark, small: one exact method and one that is biased.
void write_bench(const TemporaryFolder& folder, const std::string& version) {
  Json rows = Json::array();
  for (const double bias : {0.0, 0.5}) {
    Json row{{"label", bias > 0 ? "CD-1" : "gibbs"},
             {"sampler", nullptr},
             {"estimator", nullptr},
             {"biased", bias > 0}};
    for (int k = 0; k < 4; ++k) {
      const double noise = std::pow(2.0, -0.5 * k);
      row["points"].push_back({{"draws", 10 << k},
                               {"evaluations", 100 << k},
                               {"relative_error", quartiles(std::hypot(noise, bias))},
                               {"relative_noise", quartiles(noise)},
                               {"worst_z", quartiles(2)},
                               {"coverage", {{"mean", 0.95}, {"standard_error", 0.01}}},
                               {"timing", {{"seconds", quartiles(0.01 * (1 << k))}}}});
    }
    row["slope"] = {{"mean", -0.5}, {"standard_error", 0.01}};
    row["floor"] = bias > 0 ? Json{{"relative_error", bias}, {"standard_error", 0.01}} : Json();
    row["effective_size_per_evaluation"] = quartiles(0.1);
    row["total_variation"] = nullptr;
    row["acceptance"] = nullptr;
    row["warnings"] = Json::array();
    row["timing"] = {{"effective_size_per_second", quartiles(1e4)}, {"rank", "1="}};
    rows.push_back(std::move(row));
  }
  const Json problem{{"name", "bits"},   {"description", "4 bits"}, {"exact_method", "layer_sum"},
                     {"num_params", 14}, {"gradient_norm", 0.5},    {"rows", rows}};
  std::filesystem::create_directory(folder / "bench");
  folder.write(
      "bench/bench.json",
      Json{{"negphase", version}, {"verb", "bench"}, {"seeds", 3}, {"problems", {problem}}}.dump());
}

// A folder of every verb, with everything that a page can show.
void write_all(const TemporaryFolder& folder) {
  write_quartic(folder);
  write_rbm(folder);
  folder.write("two.toml",
               folder.read("r.toml") + "[[compare]]\nestimator = { name = \"cd\", cd_k = 1 }\n");
  run_well(folder, "gradient two.toml --out gradient --report");
  run_well(folder, "gradient m.toml --out profiles");
  write_pictures(folder / "profiles/pictures.json");
  run_well(folder, "train r.toml --out train --set train.updates=30 --report");
  write_pictures(folder / "train/pictures.json");
  run_well(folder, "sample r.toml --out sample --set sample.draws=20");
  run_well(folder, "exact m.toml --out exact");
  run_well(folder, "infer m.toml --out infer --set model.params=[1,-2,0.75,0.125]");
  run_well(folder, "diagnose sample/draws.npy --out diagnose");
  write_bench(folder, Json::parse(folder.read("exact/exact.json"))["negphase"]);
}

constexpr const char* all_folders = "gradient profiles train sample exact bench infer diagnose";

}  // namespace

TEST_CASE("report: one file, with everything in it and nothing from elsewhere") {
  const TemporaryFolder folder;
  write_all(folder);
  for (const std::string& page : {folder.read("gradient/report.html"),
                                  folder.read("train/report.html"), report(folder, all_folders)}) {
    REQUIRE(page.starts_with("<!doctype html>"));
    CHECK(page.ends_with("</html>\n"));
    for (const char* wanted : {"<style>\n:root", "id=\"report-script\"", "function figure("}) {
      CAPTURE(wanted);
      CHECK(contains(page, wanted));
    }
    // The library's own text names its home, which fetches nothing; a page fetches by these.
    const std::regex fetches(
        "<(link|img|iframe|object|embed|base|video|audio|source)[ >]|<script[^>]* src|"
        "(src|href|action|data)=[\"']?(https?:|//)|@import|url\\(|sourceMappingURL|fetch\\(|"
        "XMLHttpRequest|WebSocket|EventSource|import\\(");
    std::smatch found;
    const bool any = std::regex_search(page, found, fetches);
    CAPTURE(found.str());
    CHECK_FALSE(any);
    CHECK(page.size() < 1500000);
  }
  const Json data = data_of(report(folder, all_folders));
  REQUIRE(data["parts"].size() == 8);
  for (const Json& part : data["parts"]) {
    CHECK(part["partial"].is_null() == (part["verb"] != "bench"));  // it has no run.json
  }
  CHECK(data["parts"][0]["config"] == folder.read("gradient/config.toml"));
  CHECK(data["parts"][0]["run"]["compiler"].is_string());
  CHECK(data["parts"][2]["metrics"]["updates"] == 30);
  CHECK(data["parts"][2]["params"]["values"].size() == 14);
  CHECK(data["parts"][2]["pictures"]["images"]["width"] == 2);
}

TEST_CASE("report: the same bytes for the same results; --out and --force") {
  const TemporaryFolder folder;
  write_rbm(folder);
  run_well(folder, "gradient r.toml --out g --report");
  const std::string page = folder.read("g/report.html");
  CHECK(data_of(page)["parts"][0]["partial"].is_null());
  CHECK(report(folder, "g") == page);
  const ToolRun refused = run_tool(folder, "report g");
  CHECK(refused.exit_code == 3);
  CHECK(contains(refused.err, "g/report.html"));
  CHECK(contains(refused.err, "--force"));
  CHECK(run_tool(folder, "report g --force").exit_code == 0);
  CHECK(folder.read("g/report.html") == page);
  CHECK(run_tool(folder, "report g g").exit_code == 0);  // several: in the current folder
  CHECK(data_of(folder.read("report.html"))["parts"].size() == 2);
  // a new result takes the old one's page away
  run_well(folder, "gradient r.toml --out g --force");
  CHECK(folder.read("g/report.html").empty());
}

TEST_CASE("report: text of a result stays text") {
  const TemporaryFolder folder;
  write_quartic(folder);
  const std::string name = "</script><script>document.title='bad'</script><!--<script>";
  folder.write("d.csv", "\"" + name + "\",y\n" + folder.read("d.csv").substr(4));
  run_well(folder, "gradient m.toml --out g --set 'data.x=[1]'");
  const std::string page = report(folder, "g");
  CHECK(data_of(page)["parts"][0]["result"]["problem"]["data"]["x"][0]["name"] == name);
  CHECK(count_of(page, "</script") == 3);  // data, library, script
  CHECK_FALSE(contains(page, "<!--"));
}

TEST_CASE("report: what is no whole result is marked") {
  const TemporaryFolder folder;
  write_rbm(folder);
  run_well(folder, "train r.toml --out t --set train.updates=30");
  const auto partial = [&] {
    const Json part = data_of(report(folder, "t"))["parts"][0]["partial"];
    return part.is_null() ? "" : part.get<std::string>();
  };
  CHECK(partial().empty());
  std::filesystem::remove(folder / "t/run.json");
  CHECK(contains(partial(), "no run.json"));
  // a training that goes on: its last line is not written to the end
  std::filesystem::remove(folder / "t/train.json");
  folder.write("t/metrics.jsonl", folder.read("t/metrics.jsonl") + "{\"update\":31,\"gra");
  CHECK(contains(partial(), "30 updates so far"));
  folder.write("t/metrics.jsonl", "");
  CHECK(contains(partial(), "0 updates so far"));
  Json exact{{"negphase", data_of(folder.read("page.html"))["negphase"]},
             {"verb", "sample"},
             {"incomplete", true}};
  folder.write("t/sample.json", exact.dump());
  CHECK(contains(partial(), "stopped before its end"));
}

TEST_CASE("report: the figures are those of the result, the largest components first to stay") {
  const TemporaryFolder folder;
  write_wide_rbm(folder, 100);  // 504 parameters
  run_well(folder, "gradient wide.toml --out g");
  const Json result = Json::parse(folder.read("g/gradient.json"));
  const Json part = data_of(report(folder, "g"))["parts"][0];
  const Json& components = part["result"]["components"];
  const Json& row = part["result"]["rows"][0];
  CHECK(components["count"] == 504);
  REQUIRE(components["exact"].size() == 300);
  CHECK(row["z"].size() == 504);
  CHECK(contains(part["notes"].dump(), "Of 504 components of the gradient the 300 largest"));
  double least = INFINITY;
  // numbers with 6 digits: half a unit of the last is at most 5e-6 of the number
  const auto close = [](const Json& a, const Json& b) {
    return std::abs(a.get<double>() - b.get<double>()) <= 5.001e-6 * std::abs(b.get<double>());
  };
  const Json& whole = result["rows"][0];
  for (std::size_t k = 0, i = 0; k < 300; ++k, ++i) {
    while (result["parameters"][i] != components["names"][k]) {
      ++i;
      REQUIRE(i < 504);
    }
    CHECK(close(components["exact"][k], result["exact"]["mean"][i]));
    CHECK(close(row["mean"][k], whole["mean"][i]));
    CHECK(close(row["standard_error"][k], whole["standard_error"][i]));
    least = std::min(least, std::abs(components["exact"][k].get<double>()));
    // Student's t at 97.5 % lies between its values at 31 and at infinitely many degrees
    const double ratio = row["interval"][k].get<double>() / row["standard_error"][k].get<double>();
    CHECK(ratio > 1.9599);
    CHECK(ratio < 2.0396);
  }
  int larger = 0;
  for (const Json& value : result["exact"]["mean"]) {
    larger += std::abs(value.get<double>()) > least * (1 + 1e-5) ? 1 : 0;
  }
  CHECK(larger <= 299);
}

TEST_CASE("report: long trainings are thinned, with the first, the last and the exact NLL") {
  const TemporaryFolder folder;
  write_rbm(folder);
  run_well(folder,
           "train r.toml --out t --set train.updates=3000 --set train.exact_nll_every=100 "
           "--set train.nll_chains=64 --set train.nll_steps=100");
  const Json part = data_of(report(folder, "t"))["parts"][0];
  const Json& update = part["metrics"]["columns"]["update"];
  CHECK(part["metrics"]["updates"] == 3000);
  CHECK(update.front() == 0);
  CHECK(update.back() == 3000);
  CHECK(update.size() <= 1000);
  CHECK(update.size() > 500);
  int exact = 0;
  for (const Json& nll : part["metrics"]["columns"]["exact_nll"]) {
    exact += nll.is_number() ? 1 : 0;
  }
  CHECK(exact == 31);  // at 0, 100, .. 3000
  for (const char* key : {"nll_change", "nll_change_se", "nll_change_ess"}) {
    CHECK(std::count_if(part["metrics"]["columns"][key].begin(),
                        part["metrics"]["columns"][key].end(),
                        [](const Json& value) { return value.is_number(); }) == 31);
  }
  CHECK(contains(part["notes"].dump(), "Of 3000 updates"));
}

TEST_CASE("report: what would be too long is cut, and said") {
  const TemporaryFolder folder;
  write_rbm(folder);
  run_well(folder, "train r.toml --out t --set train.updates=2");
  run_well(folder, "gradient r.toml --out g");
  run_well(folder, "sample r.toml --out s --set sample.draws=5");
  negphase::write_npy(folder / "t/params.npy",
                      Eigen::VectorXd(Eigen::VectorXd::LinSpaced(100001, 0, 100000)));
  Json gradient = Json::parse(folder.read("g/gradient.json"));
  for (int i = 0; i < 6000; ++i) {
    gradient["rows"][0]["z"].push_back(i);
  }
  folder.write("g/gradient.json", gradient.dump());
  Json sample = Json::parse(folder.read("s/sample.json"));
  for (const char* key :
       {"columns", "mean", "standard_error", "standard_deviation", "effective_size"}) {
    for (int i = 0; i < 1500; ++i) {
      sample[key].push_back(sample[key][0]);
    }
  }
  folder.write("s/sample.json", sample.dump());
  const Json parts = data_of(report(folder, "t g s"))["parts"];
  const Json& params = parts[0]["params"];
  CHECK(params["count"] == 100001);
  CHECK(params["every"] == 3);  // 2 would leave 50001
  CHECK(params["values"].size() == 33334);
  CHECK(params["values"][33333] == 99999);
  CHECK(contains(parts[0]["notes"].dump(), "One in 3 of the 100001 parameters"));
  const Json& z = parts[1]["result"]["rows"][0]["z"];
  CHECK(z.size() == 5000);
  CHECK(z.back() == 5999);
  CHECK(contains(parts[1]["notes"].dump(), "z-scores of block_gibbs"));
  CHECK(parts[2]["result"]["mean"].size() == 1000);
  CHECK(contains(parts[2]["notes"].dump(), "entries of columns the first 1000"));
}

namespace {

constexpr const char* browser =
    "$(command -v chromium || command -v chromium-browser || command -v google-chrome)";

bool has_browser() {
  return std::system(("test -n \"" + std::string(browser) + "\"").c_str()) == 0;
}

// The page as the browser has made it.
std::string shown(const TemporaryFolder& folder, const std::string& page) {
  const TemporaryFolder work;
  const std::string command =
      "cd '" + work.path().string() + "' && HOME=. \"" + browser +
      "\" --headless=new --no-sandbox --disable-gpu --user-data-dir=profile "
      "--window-size=1280,900 --dump-dom 'file://" +
      (folder / page).string() + "' >dom 2>said";
  const int status = std::system(command.c_str());
  CAPTURE(work.read("said"));
  CHECK(status == 0);
  return work.read("dom");
}

std::string attribute(const std::string& dom, const std::string& name) {
  const std::string before = name + "=\"";
  const std::size_t begin = dom.find(before);
  return begin == dom.npos
             ? "missing"
             : dom.substr(begin + before.size(),
                          dom.find('"', begin + before.size()) - begin - before.size());
}

// Without the text of scripts, which has the same words.
std::string markup_of(const std::string& dom) {
  const std::size_t begin = dom.find("<main"), end = dom.find("</main>");
  return begin == dom.npos || end == dom.npos ? "" : dom.substr(begin, end - begin);
}

}  // namespace

TEST_CASE("report: in a browser every chart and table is made") {
  if (!has_browser()) {
    MESSAGE("no Chromium here: the page was not looked at");
    return;
  }
  const TemporaryFolder folder;
  write_all(folder);
  // a name that would become an element if it were taken for markup
  folder.write("d.csv", "\"<img src=x onerror=alert(1)>\",y\n" + folder.read("d.csv").substr(4));
  run_well(folder, "gradient m.toml --out profiles --force --set 'data.x=[1]'");
  write_pictures(folder / "profiles/pictures.json");
  Json gradient = Json::parse(folder.read("gradient/gradient.json"));
  Json& cd = gradient["rows"][1];  // as if it were clearly biased
  cd["relative_error"] = 8;
  cd["rms_z"] = 5;
  folder.write("gradient/gradient.json", gradient.dump());
  const std::string page = report(folder, all_folders);
  const std::string dom = shown(folder, "page.html");
  CHECK(attribute(dom, "data-problems") == "");
  const std::string markup = markup_of(dom);
  CHECK(count_of(markup, "<section id=\"part-") == 8);
  CHECK_FALSE(contains(markup, "<img"));
  CHECK(contains(markup, "&lt;img src=x"));
  CHECK(contains(markup, "Partial result."));
  CHECK(contains(markup, "CD-1: bias 0.500"));
  CHECK(count_of(markup, ">1 of 41 draws outside<") == (contains(page, "Chart.js v") ? 4 : 0));
  // bias^2 = error^2 - noise^2
  double exact = 0, noise = 0;
  for (std::size_t i = 0; i < cd["mean"].size(); ++i) {
    exact += std::pow(gradient["exact"]["mean"][i].get<double>(), 2);
    noise += std::pow(cd["standard_error"][i].get<double>(), 2);
  }
  const double bias = std::sqrt(64 - noise / exact);
  REQUIRE(bias > 1);  // written with two decimals then
  CHECK(contains(markup, fmt::format("cd-1 (block_gibbs): bias {:.2f}", bias)));
  const bool charts = contains(page, "Chart.js v");
  // gradient: error, 2 x components, 2 x z; profiles: error, components, z, 2 x (energy, density);
  // train: NLL, gradient, rate, 4 of its health (energies, contrast, distance, age), profiles as
  // before; benchmark: 1; minima: 6 rows, energies, basins. Groups of parameters are too small for
  // a histogram. sample: 4 quantities and lp__ in each of traces, ranks, autocorrelation, running
  // means and effective draws; a histogram and a pair. diagnose: the same without lp__.
  CHECK(attribute(dom, "data-drawn") == (charts ? "80" : "0"));
  CHECK(count_of(markup, "<canvas role=\"img\" aria-label=\"") == (charts ? 80 : 0));
  CHECK(count_of(markup, "<figure") == count_of(markup, "<details class=\"numbers\""));
  CHECK(count_of(markup, "<table") > 20);
  if (charts) {
    CHECK(std::stoi(attribute(dom, "data-fewest-ticks")) >= 3);
  }

  // figures alone: one whole, one chart of another
  const std::string some =
      shown(folder, "page.html#only=part-1-error,part-1-components-cd-1-block_gibbs");
  CHECK(attribute(some, "data-problems") == "");
  CHECK(attribute(some, "data-drawn") == (charts ? "2" : "0"));
  const std::string alone = markup_of(some);
  CHECK(count_of(alone, "<figure") == 2);
  CHECK(count_of(alone, "<section") == 0);
  CHECK(contains(alone, "id=\"part-1-error\""));
  CHECK(contains(alone, "id=\"part-1-components\""));
  CHECK(contains(alone, "id=\"part-1-components-cd-1-block_gibbs\"") == charts);
  const std::string none = shown(folder, "page.html#only=part-9-error");
  CHECK(attribute(none, "data-problems") == "no figure part-9-error here");

  // the same page from a build without Chart.js
  const std::string mark = "<script id=\"chart-library\">";
  const std::size_t begin = page.find(mark) + mark.size();
  folder.write("bare.html", page.substr(0, begin) + page.substr(page.find("</script>", begin)));
  const std::string bare = markup_of(shown(folder, "bare.html"));
  CHECK(contains(bare, "without Chart.js"));
  CHECK(count_of(bare, "<canvas role") == 0);
  CHECK(count_of(bare, "<figure") == count_of(markup, "<figure"));
  CHECK(count_of(bare, "<details class=\"numbers\" open=") == count_of(bare, "<figure"));
}

TEST_CASE("report: a page of figures of one's own") {
  const TemporaryFolder folder;
  FiguresPage page("A page of one's own");
  page.text("<b>text</b>");
  const auto panel = [](const std::string& title, FigureSeries::Style style) {
    return FigurePanel{title,
                       {"x", true},
                       {"y"},
                       {{"a", {1, 2, 300}, {1, NAN, 3}, {0.5, NAN, 2}, {1.5, NAN, 4}, style},
                        {"data", {2}, {1}, {}, {}, FigureSeries::Style::observed}}};
  };
  page.figure({"one", "One", "See.", {panel("", FigureSeries::Style::line)}});
  page.figure(
      {"two",
       "Two",
       "See.",
       {panel("left", FigureSeries::Style::curve), panel("right", FigureSeries::Style::points)}});
  page.table({"Numbers", {"k", "bias"}, {{"1", "<i>"}}});
  page.write(folder / "own");
  const std::string made = report(folder, "own");
  CHECK(data_of(made)["parts"][0]["partial"].is_null());
  if (!has_browser()) {
    MESSAGE("no Chromium here: the page was not looked at");
    return;
  }
  const std::string dom = shown(folder, "page.html"), markup = markup_of(dom);
  CHECK(attribute(dom, "data-problems") == "");
  CHECK(attribute(dom, "data-drawn") == (contains(made, "Chart.js v") ? "3" : "0"));
  CHECK(contains(markup, "A page of one's own"));
  CHECK(contains(markup, "&lt;b&gt;text"));
  CHECK(contains(markup, "&lt;i&gt;"));
  CHECK(count_of(markup, "<figure") == 2);
  CHECK(contains(markup, "1.00 (0.500 to 1.50)"));
}
#endif
