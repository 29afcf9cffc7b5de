#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace negphase {

/// An axis of a chart.
struct FigureAxis {
  std::string title;
  bool logarithmic = false;  ///< what is not positive is left out
};

/// Points of one chart: y over x; `low` and `high`, where given, are the ends of intervals.
struct FigureSeries {
  std::string label;
  std::vector<double> x, y;
  std::vector<double> low = {}, high = {};
  enum class Style {
    line,      ///< a line with markers
    curve,     ///< a line without
    points,    ///< markers
    observed,  ///< a vertical line from 0 to y at each x: data
  } style = Style::line;
};

/// One chart.
struct FigurePanel {
  std::string title;  ///< may be empty where it is the only one
  FigureAxis x, y;
  std::vector<FigureSeries> series;
};

/// Charts with a title and a sentence that says what to see; the page puts a table of the numbers
/// behind them.
struct Figure {
  std::string name;  ///< of its address: small letters, digits, hyphens
  std::string title, see;
  std::vector<FigurePanel> panels;
};

/// A table of text.
struct FigureTable {
  std::string title;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};

/// A page of a report that a program of one's own fills: paragraphs, figures and tables, in the
/// order in which they were added. `negphase report FOLDER` shows it.
class FiguresPage {
 public:
  explicit FiguresPage(std::string title);
  void text(std::string paragraph);
  /// Throws UsageError where the lists of a series differ in length or there is no panel.
  void figure(Figure figure);
  /// Throws UsageError where a row has not as many fields as there are columns.
  void table(FigureTable table);
  /// FOLDER/figures.json, written whole or not at all; the folder is made where it is missing.
  /// Returns the file. Throws IoError.
  std::filesystem::path write(const std::filesystem::path& folder) const;

 private:
  std::string title_;
  std::vector<std::string> parts_;  ///< JSON of each
};

}  // namespace negphase
