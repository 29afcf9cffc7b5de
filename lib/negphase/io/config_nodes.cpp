#include "negphase/io/config_nodes.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <tuple>

namespace negphase {

std::vector<ConfigEntry> in_file_order(const toml::table& t) {
  // toml++ keeps keys by name
  std::vector<ConfigEntry> entries;
  for (auto&& [key, node] : t) {
    entries.push_back({&key, &node});
  }
  std::stable_sort(entries.begin(), entries.end(), [](const ConfigEntry& a, const ConfigEntry& b) {
    const auto &p = a.key->source().begin, &q = b.key->source().begin;
    return std::tie(p.line, p.column) < std::tie(q.line, q.column);
  });
  return entries;
}

void ConfigNodes::unknown_key(const ConfigEntry& entry, std::string_view where,
                              const std::vector<std::string>& known) {
  complaints_.add(entry.place(),
                  fmt::format("{}: {}", where, unknown_name("key", entry.name(), known)));
}

void ConfigNodes::wrong_type(const toml::node& node, std::string_view what,
                             std::string_view wanted) {
  complaints_.add(place_of(node),
                  fmt::format("{} must be {}, got {}", what, wanted, type_word(node)));
}

const toml::table* ConfigNodes::table(const toml::node& node, std::string_view what) {
  if (!node.is_table()) {
    wrong_type(node, what, "a table");
  }
  return node.as_table();
}

std::uint64_t ConfigNodes::seed(const toml::node& node, std::string_view what) {
  const auto value = node.value_exact<std::int64_t>();
  if (!value) {
    wrong_type(node, what, "an integer from 0 to 9223372036854775807");
  } else if (*value < 0) {
    complaints_.add(place_of(node),
                    fmt::format("{} = {} is out of range (legal: integer >= 0)", what, *value));
  }
  return value ? static_cast<std::uint64_t>(std::max<std::int64_t>(*value, 0)) : 1;
}

std::optional<double> ConfigNodes::finite(const toml::node& node, std::string_view what) {
  if (!node.is_number()) {
    wrong_type(node, what, "a number");
    return {};
  }
  const double value = *node.value<double>();
  if (!std::isfinite(value)) {
    complaints_.add(place_of(node), fmt::format("{} = {} must be finite", what, value));
    return {};
  }
  return value;
}

std::optional<std::string> ConfigNodes::word(const toml::node& node, std::string_view what) {
  if (!node.is_string()) {
    wrong_type(node, what, "a string");
    return {};
  }
  return node.value<std::string>();
}

std::filesystem::path ConfigNodes::resolved(const std::string& path, const toml::node& node) const {
  const bool from_command_line = place_of(node).file.starts_with(command_line_place);
  return from_command_line ? std::filesystem::path(path) : file_.parent_path() / path;
}

std::string_view type_word(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a number";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

}  // namespace negphase
