#include "negphase/io/quantity_names.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <utility>

namespace negphase {

namespace {

using Index = Eigen::Index;
using Places = std::vector<std::string>;

bool is_number(const std::string& text) { return index_number(text).has_value(); }

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts{""};
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back().push_back(c);
    }
  }
  return parts;
}

// "theta", {"1", "2"} of theta[1,2] and theta.1.2; no places where there are none.
std::pair<std::string, Places> take_apart(const std::string& name) {
  if (const auto open = name.find('['); open != name.npos && open > 0 && name.back() == ']') {
    Places places = split(name.substr(open + 1, name.size() - open - 2), ',');
    for (std::string& place : places) {
      place.erase(0, place.find_first_not_of(' '));
    }
    return {name.substr(0, open), places};
  }
  Places parts = split(name, '.');
  const auto first = std::find_if_not(parts.rbegin(), parts.rend() - 1, is_number).base();
  Places places(first, parts.end());
  std::string base = parts.front();
  for (auto part = parts.begin() + 1; part != first; ++part) {
    base += "." + *part;
  }
  return {base, places};
}

struct Member {
  Places places;
  Index column;
};

// The labels of each axis, in order of appearance.
std::vector<Places> axes_of(const std::vector<Member>& members) {
  std::vector<Places> labels(members.front().places.size());
  std::vector<std::set<std::string>> seen(labels.size());
  for (const Member& m : members) {
    for (std::size_t k = 0; k < labels.size(); ++k) {
      if (seen[k].insert(m.places[k]).second) {
        labels[k].push_back(m.places[k]);
      }
    }
  }
  return labels;
}

// Of a number of the grid, from 0, the last axis fastest.
Places places_of(const NamedGrid& grid, std::size_t cell) {
  Places places(grid.labels.size());
  for (std::size_t k = places.size(); k-- > 0;) {
    places[k] = grid.labels[k][cell % grid.labels[k].size()];
    cell /= grid.labels[k].size();
  }
  return places;
}

bool counts_from_one(const NamedGrid& grid) {
  return std::all_of(grid.labels.begin(), grid.labels.end(), [](const Places& labels) {
    const auto size = static_cast<long long>(labels.size());
    return std::all_of(labels.begin(), labels.end(), [&](const std::string& label) {
      const auto number = index_number(label);
      return number && *number >= 1 && *number <= size;
    });
  });
}

std::string plain_letters(std::string text) {
  for (char& c : text) {
    const bool is_plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!is_plain) {
      c = '_';
    }
  }
  return text;
}

// The name, or with a number behind it where it is taken or Stan would take it for the sampler's.
std::string free_name(const std::string& name, std::set<std::string>& seen) {
  std::string free = name;
  for (int k = 2; free.ends_with("__") || !seen.insert(free).second; ++k) {
    free = fmt::format("{}_{}", name, k);
  }
  return free;
}

// One grid where the members fill it, else each by itself.
std::vector<NamedGrid> gridded(const std::string& base, const std::vector<Member>& members,
                               const std::vector<std::string>& names) {
  const std::size_t axes = members.front().places.size();
  const bool same = std::all_of(members.begin(), members.end(),
                                [&](const Member& m) { return m.places.size() == axes; });
  NamedGrid grid{base, same ? axes_of(members) : std::vector<Places>{}, {}};
  std::size_t cells = 1;
  for (const Places& labels : grid.labels) {
    cells *= labels.size();
    if (cells > members.size()) {
      break;
    }
  }
  std::map<Places, Index> column_of;
  for (const Member& m : members) {
    column_of[m.places] = m.column;
  }
  if (!same || cells != members.size() || column_of.size() != members.size()) {
    std::vector<NamedGrid> alone;
    for (const Member& m : members) {
      alone.push_back({names[static_cast<std::size_t>(m.column)], {}, {m.column}});
    }
    return alone;
  }
  for (std::size_t cell = 0; cell < cells; ++cell) {
    grid.columns.push_back(column_of.at(places_of(grid, cell)));
  }
  return {grid};
}

}  // namespace

std::optional<long long> index_number(const std::string& place) {
  long long number = 0;
  const auto [end, code] = std::from_chars(place.data(), place.data() + place.size(), number);
  const bool is_plain = place.size() == 1 || (place.size() > 1 && place[0] != '0');
  if (code != std::errc{} || end != place.data() + place.size() || number < 0 || !is_plain) {
    return std::nullopt;
  }
  return number;
}

std::vector<NamedGrid> grids_of(const std::vector<std::string>& names) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<Member>> groups;
  for (std::size_t j = 0; j < names.size(); ++j) {
    auto [base, places] = take_apart(names[j]);
    std::vector<Member>& members = groups[base];
    if (members.empty()) {
      order.push_back(base);
    }
    members.push_back({std::move(places), static_cast<Index>(j)});
  }
  std::vector<NamedGrid> grids;
  for (const std::string& base : order) {
    for (NamedGrid& grid : gridded(base, groups[base], names)) {
      grids.push_back(std::move(grid));
    }
  }
  return grids;
}

std::vector<std::string> stan_names(const std::vector<std::string>& names,
                                    const std::vector<std::string>& taken) {
  std::set<std::string> seen(taken.begin(), taken.end());
  std::vector<std::string> stan(names.size());
  for (const NamedGrid& grid : grids_of(names)) {
    const char* separator = counts_from_one(grid) ? "." : "_";
    for (std::size_t cell = 0; cell < grid.columns.size(); ++cell) {
      std::string name = plain_letters(grid.name);
      for (const std::string& place : places_of(grid, cell)) {
        name += separator + plain_letters(place);
      }
      stan[static_cast<std::size_t>(grid.columns[cell])] = free_name(name, seen);
    }
  }
  return stan;
}

}  // namespace negphase
