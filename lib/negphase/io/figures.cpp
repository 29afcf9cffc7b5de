#include "negphase/io/figures.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "negphase/core/error.hpp"
#include "negphase/core/version.hpp"
#include "negphase/io/files.hpp"

namespace negphase {

namespace {

using Json = nlohmann::ordered_json;

const char* word(FigureSeries::Style style) {
  switch (style) {
    case FigureSeries::Style::curve:
      return "curve";
    case FigureSeries::Style::points:
      return "points";
    case FigureSeries::Style::observed:
      return "observed";
    default:
      return "line";
  }
}

Json json_of(const FigureAxis& axis) {
  return {{"title", axis.title}, {"logarithmic", axis.logarithmic}};
}

Json json_of(const FigureSeries& series) {
  const std::size_t size = series.x.size();
  const bool has_intervals = !series.low.empty() || !series.high.empty();
  if (series.y.size() != size ||
      (has_intervals && (series.low.size() != size || series.high.size() != size))) {
    throw UsageError(
        fmt::format("figures: series '{}' has {} x, {} y, {} low and {} high: they must be as many",
                    series.label, size, series.y.size(), series.low.size(), series.high.size()));
  }
  Json json{
      {"label", series.label}, {"style", word(series.style)}, {"x", series.x}, {"y", series.y}};
  if (has_intervals) {
    json["low"] = series.low;
    json["high"] = series.high;
  }
  return json;
}

Json json_of(const FigurePanel& panel) {
  Json json{{"title", panel.title}, {"x", json_of(panel.x)}, {"y", json_of(panel.y)}};
  json["series"] = Json::array();
  for (const FigureSeries& series : panel.series) {
    json["series"].push_back(json_of(series));
  }
  return json;
}

}  // namespace

FiguresPage::FiguresPage(std::string title) : title_(std::move(title)) {}

void FiguresPage::text(std::string paragraph) {
  parts_.push_back(Json{{"text", std::move(paragraph)}}.dump());
}

void FiguresPage::figure(Figure figure) {
  if (figure.panels.empty()) {
    throw UsageError(fmt::format("figures: '{}' has no panel", figure.name));
  }
  Json json{{"name", figure.name}, {"title", figure.title}, {"see", figure.see}};
  json["panels"] = Json::array();
  for (const FigurePanel& panel : figure.panels) {
    json["panels"].push_back(json_of(panel));
  }
  parts_.push_back(Json{{"figure", std::move(json)}}.dump());
}

void FiguresPage::table(FigureTable table) {
  for (const auto& row : table.rows) {
    if (row.size() != table.columns.size()) {
      throw UsageError(fmt::format("figures: table '{}' has {} columns and a row of {}",
                                   table.title, table.columns.size(), row.size()));
    }
  }
  parts_.push_back(
      Json{{"table", {{"title", table.title}, {"columns", table.columns}, {"rows", table.rows}}}}
          .dump());
}

std::filesystem::path FiguresPage::write(const std::filesystem::path& folder) const {
  Json page{{"negphase", version()}, {"verb", "figures"}, {"title", title_}};
  page["parts"] = Json::array();
  for (const std::string& part : parts_) {
    page["parts"].push_back(Json::parse(part));
  }
  std::error_code reason;
  std::filesystem::create_directories(folder, reason);
  if (reason) {
    throw IoError(folder.string() + ": cannot be made: " + reason.message());
  }
  const std::filesystem::path file = folder / "figures.json";
  write_file_atomically(file, page.dump(1) + "\n");
  return file;
}

}  // namespace negphase
