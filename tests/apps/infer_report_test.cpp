#ifdef NEGPHASE_TOOL
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/tool_json.hpp"

// How these tests can fail: a profile that is not the energy whose minima are marked on it, or that
// stands under another row of x; a page with more than it can show, or without what it says; files
// of an older run that stay; a picture that depends on threads.

using namespace negphase::test;
using Json = nlohmann::ordered_json;

namespace {

void infer(const TemporaryFolder& folder, const std::string& arguments) {
  const ToolRun run = run_tool(folder, "infer " + arguments + " --quiet");
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
}

Json part_of(const TemporaryFolder& folder, const std::string& result) {
  const ToolRun run = run_tool(folder, "report " + result + " --out page.html --force");
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
  const std::string page = folder.read("page.html"), mark = "id=\"report-data\">";
  const std::size_t begin = page.find(mark) + mark.size();
  return Json::parse(page.substr(begin, page.find("</script>", begin) - begin))["parts"][0];
}

}  // namespace

TEST_CASE("infer --out: the energy along y, on the row of its minima, in the units of the file") {
  const TemporaryFolder folder;
  write_quartic(folder);
  const std::string arguments =
      "m.toml --set model.params=[1,-2,0.75,0.125] --set data.standardize=true --set infer.rows=9 ";
  infer(folder, arguments + "--out one --threads 1 --report");
  infer(folder, arguments + "--out four --threads 4");
  CHECK(folder.read("one/pictures.json") == folder.read("four/pictures.json"));
  CHECK(folder.read("one/report.html").size() > 10000);
  const Json rows = read_json(folder, "one/pictures.json")["minima"]["rows"];
  const Json found = read_json(folder, "one/infer.json")["rows"];
  REQUIRE(rows.size() == 6);
  CHECK(rows.front()["result_row"] == 1);
  CHECK(rows.back()["result_row"] == 9);
  // write_quartic(): x = 0.2 r - 2 in row r, counted from 0, and y the same values in another order
  const double mean = -0.1, deviation = 0.2 * std::sqrt(399.0 / 12);
  for (const Json& row : rows) {
    const auto number = row["result_row"].get<std::size_t>();
    CHECK(row["row"] == number);
    const double x = row["x"][0];
    CHECK(x == doctest::Approx(0.2 * static_cast<double>(number) - 2.2).epsilon(1e-12));
    const std::vector<double> y = row["y"], energy = row["energy"];
    REQUIRE(y.size() == 201);
    const auto energy_at = [&](double place) {
      const double u = (place - mean) / deviation, v = (x - mean) / deviation;
      return u * u * u * u / 4 - u * u - 0.75 * v * u - 0.125 * u;
    };
    double off = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      off = std::max(off, std::abs(energy[i] - energy_at(y[i])) / (1 + std::abs(energy[i])));
    }
    CHECK(off < 1e-12);  // some 20 operations, and the rounding of y to the units of the file
    CHECK(row["y_observed"].get<double>() >= y.front());
    CHECK(row["y_observed"].get<double>() <= y.back());
    for (const Json& minimum : found[number - 1]["minima"]) {
      const double place = minimum["y"][0];
      CHECK(place > y.front());
      CHECK(place < y.back());
      // the slope that is left, 1e-8 (1 + |E|), squared
      CHECK(std::abs(minimum["energy"].get<double>() - energy_at(place)) < 1e-12);
    }
  }
}

TEST_CASE("report of infer: few minima and columns of each row, and what is left out") {
  const TemporaryFolder folder;
  write_quartic(folder);
  infer(folder, "m.toml --out i --set model.params=[1,-2,0.75,0.125] --set infer.rows=2");
  Json result = read_json(folder, "i/infer.json");
  for (int j = 1; j < 20; ++j) {
    result["columns"].push_back("more");
  }
  Json& row = result["rows"][1];
  const Json first = row["minima"][0];
  row["minima"] = Json::array();
  for (int i = 0; i < 60; ++i) {
    Json minimum = first;
    minimum["energy"] = i;
    minimum["z"] = {0.5};
    for (int j = 1; j < 20; ++j) {
      minimum["y"].push_back(j);
    }
    row["minima"].push_back(minimum);
  }
  folder.write("i/infer.json", result.dump());
  const Json part = part_of(folder, "i");
  CHECK(part["verb"] == "infer");
  CHECK(part["partial"].is_null());
  const Json& shown = part["result"]["rows"];
  CHECK(shown[1]["minima"].size() == 50);
  CHECK(shown[1]["minima"][49]["energy"] == 49);
  CHECK(shown[1]["minima"][0]["place"].size() == 8);
  CHECK(shown[1]["minima"][0]["place"][7] == 7);
  CHECK(shown[0]["minima"][0]["place"].size() == 1);
  CHECK(shown[0]["minima"][0]["curvature"].is_number());
  CHECK(part["result"]["columns"].size() == 8);
  CHECK(contains(part["notes"].dump(), "at most 50 minima"));
  CHECK(contains(part["notes"].dump(), "Of 20 columns of a minimum the first 8"));
}

TEST_CASE("infer --out: no profile of discrete y, with the reason; --force takes old files away") {
  const TemporaryFolder folder;
  write_rbm(folder);
  infer(folder, "r.toml --out i --report");
  const Json pictures = read_json(folder, "i/pictures.json");
  CHECK(pictures["minima"].is_null());
  CHECK(pictures["why_not"]["minima"] == "y is not one real column");
  CHECK(part_of(folder, "i")["result"]["rows"][0]["exact"] == true);
  const ToolRun other = run_tool(folder, "exact r.toml --out i --force");
  REQUIRE(other.exit_code == 0);
  CHECK_FALSE(std::filesystem::exists(folder / "i/infer.json"));
  CHECK_FALSE(std::filesystem::exists(folder / "i/infer.csv"));
  const ToolRun nowhere = run_tool(folder, "infer r.toml --report");
  CHECK(nowhere.exit_code == 2);
  CHECK(contains(nowhere.err, "--out"));
}
#endif
