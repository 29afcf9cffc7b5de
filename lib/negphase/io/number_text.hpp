#pragma once
#include <charconv>
#include <string_view>
#include <system_error>

namespace negphase {

/// `text` without blanks around it.
inline std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// What a field of a table holds; missing: nothing, NA, ? or NaN.
enum class NumberText { number, missing, not_finite, too_large, not_a_number };

/// Reads a whole field as a double, whatever the locale. `value` is set for `number` only.
inline NumberText read_number(std::string_view field, double& value) {
  std::string_view text = trimmed(field);
  if (text.empty() || text == "NA" || text == "?") {
    return NumberText::missing;
  }
  if (text.front() == '+' && text.size() > 1 && text[1] != '-') {
    text.remove_prefix(1);
  }
  double read = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), read);
  if (end != text.data() + text.size() || code == std::errc::invalid_argument) {
    return NumberText::not_a_number;
  }
  if (code == std::errc::result_out_of_range) {
    return NumberText::too_large;
  }
  if (!(read - read == 0)) {
    return read == read ? NumberText::not_finite : NumberText::missing;
  }
  value = read;
  return NumberText::number;
}

/// "is not a number", ...: how a message goes on after the quoted field.
inline std::string_view complaint_of(NumberText kind) {
  switch (kind) {
    case NumberText::number:
      return "is a number";
    case NumberText::missing:
      return "is a missing value";
    case NumberText::not_finite:
      return "is not a finite number";
    case NumberText::too_large:
      return "is out of the range of a double";
    case NumberText::not_a_number:
      break;
  }
  return "is not a number";
}

}  // namespace negphase
