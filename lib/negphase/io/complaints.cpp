#include "negphase/io/complaints.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace negphase {

void Complaints::add(const FilePlace& place, const std::string& what) {
  const std::string where = to_string(place);
  std::string line = where.empty() ? what : where + ": " + what;
  if (std::find(lines_.begin(), lines_.end(), line) == lines_.end()) {
    lines_.push_back(std::move(line));
  }
}

void Complaints::add_lines(const FilePlace& place, const std::string& text) {
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    const bool has_place = line.starts_with(command_line_place) ||
                           (!place.file.empty() && line.starts_with(place.file + ":"));
    add(has_place ? FilePlace{} : place, line);
  }
}

void Complaints::throw_if_any() const {
  if (lines_.empty()) {
    return;
  }
  std::vector<std::string> said(lines_.begin(), lines_.begin() + std::min(lines_.size(), limit));
  if (lines_.size() > limit) {
    said.push_back(fmt::format("... and {} more", lines_.size() - limit));
  }
  throw ConfigError(said);
}

}  // namespace negphase
