#include "negphase/io/data_spec.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "negphase/io/number_text.hpp"

namespace negphase {

const std::vector<std::string>& data_keys() {
  static const std::vector<std::string> keys{
      "file", "header", "x",           "y",         "rows",    "test", "split_seed",
      "part", "labels", "standardize", "threshold", "missing", "image"};
  return keys;
}

bool read_row_range(std::string_view text, RowRange& range) {
  const auto read = [](std::string_view part, std::int64_t& number) {
    const std::string_view digits = trimmed(part);
    const char* end = digits.data() + digits.size();
    const auto result = std::from_chars(digits.data(), end, number);
    return result.ec == std::errc{} && result.ptr == end;
  };
  const auto dots = text.find("..");
  if (dots == std::string_view::npos) {
    const bool is_number = read(text, range.first);
    range.last = range.first;
    return is_number;
  }
  return read(text.substr(0, dots), range.first) && read(text.substr(dots + 2), range.last);
}

std::vector<std::pair<std::int64_t, FilePlace>> rows_named_twice(std::vector<RowRange> ranges) {
  std::stable_sort(ranges.begin(), ranges.end(),
                   [](const RowRange& a, const RowRange& b) { return a.first < b.first; });
  std::vector<std::pair<std::int64_t, FilePlace>> twice;
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].first <= ranges[i - 1].last) {
      twice.emplace_back(ranges[i].first, ranges[i].place);
      ranges[i].last = std::max(ranges[i].last, ranges[i - 1].last);
    }
  }
  return twice;
}

}  // namespace negphase
