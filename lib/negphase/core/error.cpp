#include "negphase/core/error.hpp"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>

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

// insertions, deletions, substitutions and exchanges of two neighbours (optimal string alignment)
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      d[i][j] = std::min(
          {d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
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
    // of two that are equally near, the one that begins with the same letter is meant
    const bool same_start = !name.empty() && !candidate.empty() && name[0] == candidate[0];
    const std::size_t d = 2 * edit_distance(name, candidate) + (same_start ? 0 : 1);
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  const std::size_t longest = std::max(name.size(), best.size());
  return best_distance / 2 * 3 <= longest + 2 ? best : "";
}

std::string unknown_name(const std::string& kind, const std::string& name,
                         const std::vector<std::string>& known) {
  const std::string near = nearest_name(name, known);
  return fmt::format("unknown {} '{}'{} (known: {})", kind, name,
                     near.empty() ? "" : fmt::format("; did you mean '{}'?", near),
                     fmt::join(known, ", "));
}

}  // namespace negphase
