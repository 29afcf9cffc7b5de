#include "negphase/io/quantity_names.hpp"

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
    Places places(axes);
    std::size_t rest = cell;
    for (std::size_t k = axes; k-- > 0;) {
      places[k] = grid.labels[k][rest % grid.labels[k].size()];
      rest /= grid.labels[k].size();
    }
    grid.columns.push_back(column_of.at(places));
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

std::string stan_name(const std::string& name) {
  auto [stan, places] = take_apart(name);
  for (const std::string& place : places) {
    stan += "." + place;
  }
  for (char& c : stan) {
    const bool is_legal = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '_' || c == '.';
    if (!is_legal) {
      c = '_';
    }
  }
  return stan;
}

}  // namespace negphase
