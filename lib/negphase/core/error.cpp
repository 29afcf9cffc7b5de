#include "negphase/core/error.hpp"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace negphase {

std::string to_string(const FilePlace& p) {
  if (p.line <= 0) {
    return p.file;
  }
  return p.column > 0 ? fmt::format("{}:{}:{}", p.file, p.line, p.column)
                      : fmt::format("{}:{}", p.file, p.line);
}

namespace {

std::string with_place(const FilePlace& place, const std::string& what) {
  const std::string where = to_string(place);
  return where.empty() ? what : where + ": " + what;
}

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

ConfigError::ConfigError(const FilePlace& place, const std::string& what)
    : Error(with_place(place, what)) {}

ConfigError::ConfigError(const std::vector<std::string>& complaints)
    : Error(fmt::format("{}", fmt::join(complaints, "\n"))) {}

std::string nearest_name(const std::string& name, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = std::string::npos;
  for (const auto& candidate : candidates) {
    const std::size_t d = edit_distance(name, candidate);
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  const std::size_t longest = std::max(name.size(), best.size());
  return best_distance * 3 <= longest + 2 ? best : "";
}

std::string unknown_name(const std::string& kind, const std::string& name,
                         const std::vector<std::string>& known) {
  const std::string near = nearest_name(name, known);
  return fmt::format("unknown {} '{}'{} (known: {})", kind, name,
                     near.empty() ? "" : fmt::format("; did you mean '{}'?", near),
                     fmt::join(known, ", "));
}

}  // namespace negphase
