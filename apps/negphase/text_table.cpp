#include "text_table.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace negphase::tool {

std::string number(double value, int digits) {
  return std::isfinite(value) ? fmt::format("{:.{}g}", value, digits) : "-";
}

std::string count(double value) {
  if (!std::isfinite(value)) {
    return "-";
  }
  constexpr const char* units[] = {"", " k", " M", " G", " T"};
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < std::size(units)) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.3g}{}", value, units[unit]);
}

std::string seconds(double value) { return fmt::format("{:.2f}", value); }

std::string paragraph(const std::string& text) {
  constexpr std::size_t width = 100;
  std::string lines, line;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    begin = end + 1;
    if (!line.empty() && line.size() + 1 + word.size() > width) {
      lines += line + "\n";
      line = "   ";
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return lines + line + "\n";
}

std::string text_table(const std::vector<TextColumn>& columns, std::size_t rows) {
  std::vector<std::string> lines(rows + 2);
  for (std::size_t k = 0; k < columns.size(); ++k) {
    std::vector<std::string> cells{columns[k].upper, columns[k].lower};
    for (std::size_t i = 0; i < rows; ++i) {
      cells.push_back(columns[k].cell(i));
    }
    std::size_t width = 0;
    for (const auto& cell : cells) {
      width = std::max(width, cell.size());
    }
    for (std::size_t i = 0; i < cells.size(); ++i) {
      lines[i] += k == 0 ? fmt::format("  {:<{}}", cells[i], width)
                         : fmt::format("  {:>{}}", cells[i], width);
    }
  }
  std::string text;
  for (const auto& line : lines) {
    text += line + "\n";
  }
  return text;
}

}  // namespace negphase::tool
