#include "negphase/io/columns.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace negphase {

using Eigen::Index;

std::vector<Index> ColumnFinder::find(std::span<const ColumnChoice> choices) const {
  std::vector<Index> found;
  for (const ColumnChoice& choice : choices) {
    add(choice, found);
  }
  return found;
}

void ColumnFinder::add(const ColumnChoice& choice, std::vector<Index>& found) const {
  if (choice.text.empty()) {
    if (const auto column = by_number(choice.number, choice.place)) {
      found.push_back(*column);
    }
    return;
  }
  const auto dots = choice.text.find("..");
  if (by_exact_name(choice.text) || dots == std::string::npos) {
    if (const auto column = by_text(choice.text, choice.place)) {
      found.push_back(*column);
    }
    return;
  }
  const auto first = by_text(choice.text.substr(0, dots), choice.place);
  const auto last = by_text(choice.text.substr(dots + 2), choice.place);
  if (!first || !last) {
    return;
  }
  if (*last < *first) {
    complaints_.add(choice.place,
                    fmt::format("the range '{}' runs backwards: {} stands before {}", choice.text,
                                table_.describe_column(*last), table_.describe_column(*first)));
  }
  for (Index c = *first; c <= *last; ++c) {
    found.push_back(c);
  }
}

// A name, or else a number: what stands at an end of a range, or as a key of a table.
std::optional<Index> ColumnFinder::by_text(const std::string& text, const FilePlace& place) const {
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = code == std::errc{} && end == text.data() + text.size();
  return is_number && !by_exact_name(text) ? by_number(number, place) : by_name(text, place);
}

std::optional<Index> ColumnFinder::by_number(std::int64_t number, const FilePlace& place) const {
  if (number < 1 || number > table_.columns()) {
    complaints_.add(place, fmt::format("there is no column {} in {} (legal: 1 to {})", number,
                                       table_.file.string(), table_.columns()));
    return {};
  }
  return number - 1;
}

std::optional<Index> ColumnFinder::by_exact_name(const std::string& name) const {
  const auto at = std::find(table_.names.begin(), table_.names.end(), name);
  return at == table_.names.end() ? std::nullopt : std::optional<Index>(at - table_.names.begin());
}

std::optional<Index> ColumnFinder::by_name(const std::string& name, const FilePlace& place) const {
  const auto found = by_exact_name(name);
  if (!found) {
    complaints_.add(place, table_.names.empty()
                               ? fmt::format("{} has no header line: name columns by number, 1 to "
                                             "{}, not '{}'",
                                             table_.file.string(), table_.columns(), name)
                               : unknown_name("column", name, table_.names));
  }
  return found;
}

namespace {

// Complains about a column that the key names but nobody uses.
void check_used(const ChosenColumns& columns, Index c, std::string_view key, const FilePlace& place,
                const Table& table, Complaints& complaints) {
  if (!std::binary_search(columns.used.begin(), columns.used.end(), c)) {
    complaints.add(place, fmt::format("[data]: {} names {}, which is neither in x nor in y", key,
                                      table.describe_column(c)));
  }
}

void choose_labels(const DataSpec& spec, const Table& table, const ColumnFinder& finder,
                   ChosenColumns& columns, Complaints& complaints) {
  for (const LabelChoice& choice : spec.labels) {
    for (const Index c : finder.find(choice.columns)) {
      check_used(columns, c, "labels", choice.columns.place, table, complaints);
      if (!columns.labels.emplace(c, &choice).second) {
        complaints.add(choice.columns.place,
                       fmt::format("[data]: labels names {} twice", table.describe_column(c)));
      }
    }
  }
}

void choose_standardized(const DataSpec& spec, const Table& table, const ColumnFinder& finder,
                         ChosenColumns& columns, Complaints& complaints) {
  if (spec.standardize_all) {
    for (const Index c : columns.used) {
      if (!columns.labels.contains(c)) {
        columns.standardized.push_back(c);
      }
    }
  } else {
    columns.standardized = finder.find(spec.standardize);
  }
  for (const Index c : columns.standardized) {
    check_used(columns, c, "standardize", spec.standardize_place, table, complaints);
    if (columns.labels.contains(c)) {
      complaints.add(spec.standardize_place,
                     fmt::format("[data]: {} holds labels and cannot be standardized",
                                 table.describe_column(c)));
    }
    if (spec.threshold && std::find(columns.y.begin(), columns.y.end(), c) != columns.y.end()) {
      complaints.add(spec.standardize_place,
                     fmt::format("[data]: {} cannot be standardized and cut at a threshold as well",
                                 table.describe_column(c)));
    }
  }
}

}  // namespace

ChosenColumns choose_columns(const DataSpec& spec, const Table& table, Complaints& complaints) {
  const ColumnFinder finder(table, complaints);
  ChosenColumns columns;
  columns.x = finder.find(spec.x);
  columns.y = finder.find(spec.y);
  columns.used = columns.x;
  columns.used.insert(columns.used.end(), columns.y.begin(), columns.y.end());
  std::sort(columns.used.begin(), columns.used.end());
  for (std::size_t i = 1; i < columns.used.size(); ++i) {
    if (columns.used[i] == columns.used[i - 1]) {
      complaints.add(spec.place, fmt::format("[data]: {} is used twice in x and y",
                                             table.describe_column(columns.used[i])));
    }
  }
  choose_labels(spec, table, finder, columns, complaints);
  choose_standardized(spec, table, finder, columns, complaints);
  return columns;
}

}  // namespace negphase
