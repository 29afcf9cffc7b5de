#include "negphase/io/nesting.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "negphase/io/complaints.hpp"

namespace negphase {

namespace {

// The end of a string of TOML that begins at `at`.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const std::string three(3, quote);
  const bool is_long = text.substr(at, 3) == three;
  for (std::size_t i = at + (is_long ? 3 : 1); i < text.size(); ++i) {
    if (text[i] == '\\' && quote == '"') {
      ++i;
    } else if (is_long && text.substr(i, 3) == three) {
      // up to two quotes may stand before the three that end it
      return std::min(text.find_first_not_of(quote, i), text.size());
    } else if (!is_long && (text[i] == quote || text[i] == '\n')) {
      return i + 1;
    }
  }
  return text.size();
}

}  // namespace

void check_nesting(std::string_view text, const std::string& file) {
  std::size_t dots = 0, brackets = 0;
  int line = 1;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      const std::size_t end = end_of_string(text, i);
      line += static_cast<int>(std::count(text.begin() + static_cast<std::ptrdiff_t>(i),
                                          text.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
      i = end;
      continue;
    }
    if (c == '#') {
      i = std::min(text.find('\n', i), text.size());
      continue;
    }
    const bool opens = c == '[' || c == '{', closes = c == ']' || c == '}';
    if (opens) {
      ++brackets;
    } else if (closes && brackets > 0) {
      --brackets;
    }
    dots += c == '.' ? 1 : 0;
    if (dots >= deepest_nesting || brackets > deepest_nesting) {
      refuse_nesting({file, file.starts_with(command_line_place) ? 0 : line, 0});
    }
    if (opens || closes || c == '\n' || c == '=' || c == ',') {
      dots = 0;
    }
    line += c == '\n' ? 1 : 0;
    ++i;
  }
}

void refuse_nesting(const FilePlace& place) {
  throw ConfigError(place, fmt::format("is nested deeper than {} levels", deepest_nesting));
}

}  // namespace negphase
