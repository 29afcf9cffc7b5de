#pragma once
#include <functional>
#include <string>
#include <vector>

namespace negphase::tool {

// Tables and texts as a terminal shows them.

/// "0.123"; "-" where it is not finite.
std::string number(double value, int digits = 3);
/// "1.23 M": for counts that nobody reads to the last digit.
std::string count(double value);
/// Two decimals.
std::string seconds(double value);
/// Lines of at most 100 letters, broken at blanks; all but the first are set in.
std::string paragraph(const std::string& text);

/// One column of a table: two lines of heading and the cell of row i.
struct TextColumn {
  const char* upper;
  const char* lower;
  std::function<std::string(std::size_t)> cell;
};

/// The first column stands at the left, all others at the right.
std::string text_table(const std::vector<TextColumn>& columns, std::size_t rows);

}  // namespace negphase::tool
