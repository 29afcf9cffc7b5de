#include "negphase/io/figures.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "negphase/core/error.hpp"
#include "negphase/core/version.hpp"
#include "negphase/io/files.hpp"
#include "support/temporary_folder.hpp"

using namespace negphase;
using namespace negphase::test;

TEST_CASE("a page of figures holds what was added, in its order") {
  const TemporaryFolder folder;
  FiguresPage page("One \"two\"");
  page.text("</script> is text");
  page.figure({.name = "bias",
               .title = "Bias",
               .see = "It falls.",
               .panels = {{.title = "",
                           .x = {"k", true},
                           .y = {"bias", true},
                           .series = {{.label = "a", .x = {1, 2}, .y = {3, std::nan("")}},
                                      {.label = "b",
                                       .x = {1},
                                       .y = {0.1},
                                       .low = {0.05},
                                       .high = {0.15},
                                       .style = FigureSeries::Style::points}}}}});
  page.table({.title = "Numbers", .columns = {"k", "bias"}, .rows = {{"1", "3"}}});
  const auto file = page.write(folder.path() / "made" / "here");
  const auto json = nlohmann::json::parse(read_file(file));
  CHECK(json["negphase"] == std::string(version()));
  CHECK(json["verb"] == "figures");
  CHECK(json["title"] == "One \"two\"");
  REQUIRE(json["parts"].size() == 3);
  CHECK(json["parts"][0]["text"] == "</script> is text");
  const auto& series = json["parts"][1]["figure"]["panels"][0]["series"];
  CHECK(series[0]["y"][0] == 3);
  CHECK(series[0]["y"][1].is_null());  // NaN
  CHECK_FALSE(series[0].contains("low"));
  CHECK(series[1]["high"][0] == 0.15);
  CHECK(series[1]["style"] == "points");
  CHECK(json["parts"][2]["table"]["rows"][0][1] == "3");
}

TEST_CASE("figures that do not fit together are refused") {
  FiguresPage page("t");
  const auto figure_of = [](FigureSeries series) {
    return Figure{"n", "t", "s", {{"", {"x"}, {"y"}, {std::move(series)}}}};
  };
  CHECK_THROWS_WITH_AS(page.figure(figure_of({"a", {1, 2}, {1}})),
                       "figures: series 'a' has 2 x, 1 y, 0 low and 0 high: they must be as many",
                       UsageError);
  CHECK_THROWS_AS(page.figure(figure_of({"a", {1}, {1}, {1}, {}})), UsageError);
  CHECK_THROWS_WITH_AS(page.figure({"n", "t", "s", {}}), "figures: 'n' has no panel", UsageError);
  CHECK_THROWS_WITH_AS(page.table({"t", {"a", "b"}, {{"1"}}}),
                       "figures: table 't' has 2 columns and a row of 1", UsageError);
  CHECK_THROWS_AS(page.write("/proc/none"), IoError);
}
