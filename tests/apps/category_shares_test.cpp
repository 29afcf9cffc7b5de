#ifdef NEGPHASE_TOOL
#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/run_tool.hpp"
#include "support/tool_files.hpp"
#include "support/tool_json.hpp"

// How these tests can fail: a mean of codes is printed of categories, shares are those of another
// column or state or not weighed by beta, an error bar does not hold, a share is printed as exact
// that is not.

using namespace negphase::test;
using Json = nlohmann::ordered_json;

namespace {

constexpr double coupling[3][2] = {{0.5, -0.25}, {0.125, 0.375}, {-0.75, 0.625}};
constexpr double bias_of_color[3] = {0.25, -0.125, 0.375}, bias_of_size[2] = {0.5, -0.25};

// y.1 a category of 3, y.2 of 2: E = -J(y1, y2) - b1(y1) - b2(y2)
void write_pairs(const TemporaryFolder& folder) {
  folder.write("d.csv", "color,size\nred,large\nblue,small\ngreen,large\nred,small\n");
  write_potts_of_labels(folder, R"(beta = 2
params = [0.5, -0.25, 0.125, 0.375, -0.75, 0.625, 0.25, -0.125, 0.375, 0.5, -0.25]
)",
                        R"([sample]
chains = 64
draws = 500
)");
}

// p(y1, y2) at beta = 2
std::vector<std::vector<double>> law() {
  std::vector<std::vector<double>> p(3, std::vector<double>(2));
  double z = 0;
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = 0; b < 2; ++b) {
      z += p[a][b] = std::exp(2 * (coupling[a][b] + bias_of_color[a] + bias_of_size[b]));
    }
  }
  for (auto& row : p) {
    for (double& one : row) {
      one /= z;
    }
  }
  return p;
}

}  // namespace

TEST_CASE("exact: shares of the states of categories, and no mean of their codes") {
  const TemporaryFolder folder;
  write_pairs(folder);
  const Json json = json_of_run(folder, "exact m.toml");
  CHECK(json["y_mean"] == Json::array({nullptr, nullptr}));
  CHECK(json["y_standard_deviation"] == Json::array({nullptr, nullptr}));
  const auto p = law();
  const Json& color = json["shares"]["y.1"];
  const Json& size = json["shares"]["y.2"];
  CHECK(color["standard_error"].is_null());
  CHECK(color["states"].size() == 3);
  CHECK(size["states"].size() == 2);
  for (std::size_t a = 0; a < 3; ++a) {  // sums of six terms of order 1
    CHECK(color["share"][a].get<double>() == doctest::Approx(p[a][0] + p[a][1]).epsilon(1e-14));
  }
  for (std::size_t b = 0; b < 2; ++b) {
    CHECK(size["share"][b].get<double>() ==
          doctest::Approx(p[0][b] + p[1][b] + p[2][b]).epsilon(1e-14));
  }
  CHECK(contains(run_tool(folder, "exact m.toml").out, "shares of the states"));
}

TEST_CASE("sample: shares of the states of categories, with error bars that hold") {
  const TemporaryFolder folder;
  write_pairs(folder);
  const Json json = json_of_run(folder, "sample m.toml --quiet");
  CHECK(json["mean"] == Json::array({nullptr, nullptr}));
  CHECK(json["standard_deviation"] == Json::array({nullptr, nullptr}));
  CHECK(json["effective_size"][0].is_number());
  const auto p = law();
  for (std::size_t a = 0; a < 3; ++a) {
    const double share = json["shares"]["y.1"]["share"][a];
    const double error = json["shares"]["y.1"]["standard_error"][a];
    // Student's t of 31 degrees of freedom lies beyond 6 once in 800 thousand. Independent draws
    // would have an error of sqrt(p q / 32000) < 0.003
    CHECK(std::abs(share - p[a][0] - p[a][1]) < 6 * error);
    CHECK(error < 0.02);
    CHECK(error > 5e-4);
  }
  const ToolRun text = run_tool(folder, "sample m.toml --quiet");
  CHECK(contains(text.out, "shares of the states of categories\ny.1"));
  CHECK(contains(text.out, " blue 0."));
  CHECK(contains(text.out, " +- 0."));
}

TEST_CASE("exact: shares given x are means over its rows") {
  const TemporaryFolder folder;
  folder.write("d.csv", "x,kind\n-1,0\n0.5,1\n2,1\n0.25,0\n");
  folder.write("c.toml", R"(seed = 1
[model]
name = "classifier"
classes = 2
params = [0.5, -0.25, 1.5, 0.75]
[data]
file = "d.csv"
x = ["x"]
y = "kind"
)");
  const Json json = json_of_run(folder, "exact c.toml");
  const Json& share = json["shares"]["y.1"]["share"];
  // E_p[dE/db_k] is minus the share of class k, found by another sum (M6)
  double found = 0;
  for (std::size_t i = 0; i < json["parameters"].size(); ++i) {
    const double negative = -json["negative"][i].get<double>();
    found += std::abs(negative - share[0].get<double>()) < 1e-13 ? 1 : 0;
    found += std::abs(negative - share[1].get<double>()) < 1e-13 ? 1 : 0;
  }
  CHECK(found == 2);
  CHECK(share[0].get<double>() + share[1].get<double>() == doctest::Approx(1).epsilon(1e-14));
}
#endif
