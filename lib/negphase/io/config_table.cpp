#include "negphase/io/config_table.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "negphase/io/complaints.hpp"
#include "negphase/io/files.hpp"
#include "negphase/io/nesting.hpp"

namespace negphase {

FilePlace place_of(const toml::source_region& source) {
  const std::string file = source.path ? *source.path : std::string();
  if (file.starts_with(command_line_place)) {
    return {file, 0, 0};
  }
  return {file, static_cast<int>(source.begin.line), static_cast<int>(source.begin.column)};
}
FilePlace place_of(const toml::node& node) { return place_of(node.source()); }

namespace {

constexpr std::size_t longest_file = 16 << 20;  // bytes; more numbers than that belong in a .npy

toml::table parse(std::string_view text, const std::string& file) {
  check_nesting(text, file);
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    std::string what(error.description());
    if (what.find("could not determine value type") != what.npos) {  // name = mala
      what += "; text stands in quotes: name = \"mala\"";
    }
    throw ConfigError(place_of(error.source()), what);
  }
}

std::vector<std::string> path_parts(std::string_view path) {
  std::vector<std::string> parts;
  while (true) {
    const auto dot = std::min(path.find('.'), path.size());
    parts.emplace_back(path.substr(0, dot));
    if (dot == path.size()) {
      return parts;
    }
    path.remove_prefix(dot + 1);
  }
}

// The value as a table {v = value}, so that it carries the command line as its place.
toml::table set_value(const std::string& text, const std::string& origin) {
  try {
    check_nesting(text, origin);
    toml::table table = toml::parse("v = " + text, origin);
    if (table.size() == 1 && table.contains("v")) {
      return table;
    }
  } catch (const toml::parse_error&) {
    // Not TOML: a word that needs no quotes on the command line.
  }
  std::string quoted;
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted.push_back('\\');
    }
    quoted.push_back(c);
  }
  return parse(fmt::format("v = \"{}\"", quoted), origin);
}

// The child of an array that `part` counts; complains where it is no number or too large.
toml::node& child_of(toml::array& array, const std::string& part, const FilePlace& place) {
  std::size_t index = 0;
  const auto [end, code] = std::from_chars(part.data(), part.data() + part.size(), index);
  if (code != std::errc{} || end != part.data() + part.size() || index >= array.size()) {
    throw ConfigError(place, fmt::format("'{}' counts no entry of an array with {}: they go from 0",
                                         part, array.size()));
  }
  return array[index];
}

/// "sampler.name", "compare.0.estimator.name": what drops the options of the one before.
bool names_another(const std::vector<std::string>& path) {
  return path.size() > 1 && path.back() == "name" &&
         (path[path.size() - 2] == "sampler" || path[path.size() - 2] == "estimator");
}

void apply_set(toml::table& root, const std::string& set) {
  const auto equals = set.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw UsageError(
        fmt::format("--set {}: wanted is a.b=value, for example "
                    "--set sampler.step_size=0.1",
                    set));
  }
  const std::string origin = command_line_place + set;
  const FilePlace place{origin, 0, 0};
  const std::vector<std::string> parts = path_parts(std::string_view(set).substr(0, equals));
  if (parts.size() > deepest_nesting) {
    refuse_nesting(place);
  }
  // Owned by the value so that each node keeps the place of its own source.
  toml::table value = set_value(set.substr(equals + 1), origin);

  toml::node* node = &root;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string& part = parts[i];
    const bool last = i + 1 == parts.size();
    if (part.empty()) {
      throw ConfigError(place, "the path has an empty part");
    }
    if (toml::array* array = node->as_array()) {
      toml::node& child = child_of(*array, part, place);
      if (last) {
        std::size_t index = 0;
        std::from_chars(part.data(), part.data() + part.size(), index);
        array->replace(array->cbegin() + static_cast<std::ptrdiff_t>(index),
                       std::move(*value.get("v")));
        return;
      }
      node = &child;
    } else if (toml::table* table = node->as_table()) {
      if (last) {
        // The key too is to say that it came from the command line.
        toml::table key = parse(fmt::format("'{}' = 0", part), origin);
        if (names_another(parts) && table->get(part) != nullptr &&
            table->get(part)->value<std::string>() != value.get("v")->value<std::string>()) {
          table->clear();  // as an entry of [[compare]] that gives another name
        }
        table->erase(part);
        table->insert_or_assign(key.begin()->first, std::move(*value.get("v")));
        return;
      }
      toml::node* child = table->get(part);
      if (child == nullptr) {
        toml::table empty = parse(fmt::format("'{}' = {{}}", part), origin);
        table->insert_or_assign(empty.begin()->first, std::move(*empty.begin()->second.as_table()));
        child = table->get(part);
      }
      node = child;
    } else {
      throw ConfigError(place, fmt::format("'{}' is neither a table nor an array", parts[i - 1]));
    }
  }
}

}  // namespace

toml::table read_toml(const std::filesystem::path& file, const std::vector<std::string>& sets) {
  const std::string text = read_file(file);
  if (text.size() > longest_file) {
    throw ConfigError({file.string(), 0, 0},
                      fmt::format("has {} bytes; a configuration has at most {} (16 MiB)",
                                  text.size(), longest_file));
  }
  toml::table root = parse(text, file.string());
  Complaints complaints;
  // names first: options are of the thing that is named, wherever they stand on the line
  std::vector<std::string> ordered = sets;
  std::stable_partition(ordered.begin(), ordered.end(), [](const std::string& set) {
    return names_another(path_parts(std::string_view(set).substr(0, set.find('='))));
  });
  for (const std::string& set : ordered) {
    complaints.collect({}, [&] { apply_set(root, set); });
  }
  complaints.throw_if_any();
  return root;
}

}  // namespace negphase
