#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <tuple>
#include <utility>

#include "negphase/io/complaints.hpp"
#include "negphase/io/config_table.hpp"
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

// ---- --set

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

// ---- reading

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

std::vector<std::string> names_of(const std::vector<LegalThing>& things) {
  std::vector<std::string> names;
  for (const auto& thing : things) {
    names.emplace_back(thing.name);
  }
  return names;
}

const LegalThing* find(const std::vector<LegalThing>& things, std::string_view name) {
  const auto at = std::find_if(things.begin(), things.end(),
                               [&](const LegalThing& thing) { return thing.name == name; });
  return at == things.end() ? nullptr : &*at;
}

class Reader {
 public:
  Reader(const std::filesystem::path& file, const LegalNames& legal)
      : Reader(file, legal, {"", {file.string(), 0, 0}, {}}) {}
  Reader(const std::filesystem::path& file, const LegalNames& legal, ConfigPart around)
      : file_(file), legal_(legal), around_(std::move(around)) {}

  RunConfig read(const toml::table& root) {
    RunConfig config;
    config.file = file_;
    const toml::table* model = nullptr;
    const toml::table* data = nullptr;
    const toml::array* compare = nullptr;

    std::vector<std::string> known =
        is_whole_file() ? std::vector<std::string>{"seed"} : around_.keys_around;
    known.insert(known.end(), {"block_width", "model", "data", "sampler", "estimator", "compare"});
    for (const auto& verb : legal_.verbs) {
      known.emplace_back(verb.name);
    }
    for (const Entry& entry : in_file_order(root)) {
      const std::string name = entry.name();
      const toml::node& node = *entry.node;
      if (name == "seed" && is_whole_file()) {
        config.seed = seed(node, "seed");
      } else if (name == "block_width") {
        config.block_width = block_width(node);
      } else if (name == "model") {
        model = table(node, "[model]");
      } else if (name == "data") {
        data = table(node, "[data]");
      } else if (name == "sampler") {
        config.sampler = base_thing(node, "sampler", legal_.samplers);
      } else if (name == "estimator") {
        config.estimator = base_thing(node, "estimator", legal_.estimators);
      } else if (name == "compare") {
        compare = array_of_tables(node);
      } else if (const LegalThing* verb = find(legal_.verbs, name)) {
        if (const toml::table* t = table(node, fmt::format("[{}]", name))) {
          NamedThing thing{name, place_of(*t), given_options(*t, {}, fmt::format("[{}]", name))};
          check_options(fmt::format("[{}]", name), thing, *verb, {});
          config.verbs.emplace(name, std::move(thing));
        }
      } else if (std::find(known.begin(), known.end(), name) == known.end()) {
        unknown_key(entry, is_whole_file() ? "at the top of the file" : around_.where, known);
      }
    }
    if (model != nullptr) {
      read_model(*model, config);
    } else if (!root.contains("model")) {
      complaints_.add(start(), fmt::format("[model] is missing; it has the keys name (known: {}) "
                                           "and params",
                                           joined(names_of(legal_.models))));
    }
    if (data != nullptr) {
      config.data = read_data(*data);
    }
    read_rows(compare, config);
    complaints_.throw_if_any();
    return config;
  }

 private:
  struct Entry {
    const toml::key* key;
    const toml::node* node;
    std::string name() const { return std::string(key->str()); }
    FilePlace place() const { return place_of(key->source()); }
  };

  FilePlace start() const { return around_.place; }
  bool is_whole_file() const { return around_.where.empty(); }

  static std::string joined(const std::vector<std::string>& words) {
    std::string all;
    for (const auto& word : words) {
      all += (all.empty() ? "" : ", ") + word;
    }
    return all;
  }

  // toml++ keeps keys by name; complaints are to come in the order of the lines.
  static std::vector<Entry> in_file_order(const toml::table& t) {
    std::vector<Entry> entries;
    for (auto&& [key, node] : t) {
      entries.push_back({&key, &node});
    }
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      const auto &p = a.key->source().begin, &q = b.key->source().begin;
      return std::tie(p.line, p.column) < std::tie(q.line, q.column);
    });
    return entries;
  }

  void unknown_key(const Entry& entry, std::string_view where,
                   const std::vector<std::string>& known) {
    complaints_.add(entry.place(),
                    fmt::format("{}: {}", where, unknown_name("key", entry.name(), known)));
  }
  void wrong_type(const toml::node& node, std::string_view what, std::string_view wanted) {
    complaints_.add(place_of(node),
                    fmt::format("{} must be {}, got {}", what, wanted, type_word(node)));
  }

  const toml::table* table(const toml::node& node, std::string_view what) {
    if (!node.is_table()) {
      wrong_type(node, what, "a table");
    }
    return node.as_table();
  }
  const toml::array* array_of_tables(const toml::node& node) {
    const toml::array* array = node.as_array();
    if (array == nullptr) {
      wrong_type(node, "compare", "an array of tables: [[compare]]");
    }
    return array;
  }

  std::uint64_t seed(const toml::node& node, std::string_view what) {
    const auto value = node.value_exact<std::int64_t>();
    if (!value) {
      wrong_type(node, what, "an integer from 0 to 9223372036854775807");
    } else if (*value < 0) {
      complaints_.add(place_of(node),
                      fmt::format("{} = {} is out of range (legal: integer >= 0)", what, *value));
    }
    return value ? static_cast<std::uint64_t>(std::max<std::int64_t>(*value, 0)) : 1;
  }
  Index block_width(const toml::node& node) {
    const auto value = node.value_exact<std::int64_t>();
    const auto at = std::find(block_widths.begin(), block_widths.end(), value.value_or(0));
    if (at != block_widths.end()) {
      return *at;
    }
    complaints_.add(place_of(node),
                    fmt::format("block_width must be one of {}", fmt::join(block_widths, ", ")));
    return default_block_width;
  }
  std::optional<double> finite(const toml::node& node, std::string_view what) {
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
  std::optional<std::string> word(const toml::node& node, std::string_view what) {
    if (!node.is_string()) {
      wrong_type(node, what, "a string");
      return {};
    }
    return node.value<std::string>();
  }
  std::filesystem::path resolved(const std::string& path, const toml::node& node) const {
    const bool from_command_line = place_of(node).file.starts_with(command_line_place);
    return from_command_line ? std::filesystem::path(path) : file_.parent_path() / path;
  }

  // All keys of a table but `reserved`, as options.
  std::vector<GivenOption> given_options(const toml::table& t,
                                         const std::vector<std::string>& reserved,
                                         std::string_view where) {
    std::vector<GivenOption> options;
    for (const Entry& entry : in_file_order(t)) {
      const std::string name = entry.name();
      if (std::find(reserved.begin(), reserved.end(), name) != reserved.end()) {
        continue;
      }
      const toml::node& node = *entry.node;
      const FilePlace place = entry.place();
      if (const auto* b = node.as_boolean()) {
        options.push_back({name, b->get(), place});
      } else if (const auto* i = node.as_integer()) {
        options.push_back({name, i->get(), place});
      } else if (const auto* f = node.as_floating_point()) {
        if (!std::isfinite(f->get())) {
          complaints_.add(place, fmt::format("{}: {} = {} must be finite", where, name, f->get()));
        }
        options.push_back({name, f->get(), place});
      } else if (const auto* s = node.as_string()) {
        const bool is_path = name.ends_with("_file") && !s->get().empty();
        options.push_back({name, is_path ? resolved(s->get(), node).string() : s->get(), place});
      } else {
        complaints_.add(
            place, fmt::format("{}: {} must be one value, got {}", where, name, type_word(node)));
      }
    }
    return options;
  }

  // `keys` are legal beside the options and are suggested with them.
  void check_options(const std::string& owner, const NamedThing& thing, const LegalThing& legal,
                     std::vector<std::string> keys) {
    for (const OptionSpec& spec : legal.options) {
      keys.emplace_back(spec.name);
    }
    std::vector<GivenOption> known;
    for (const GivenOption& option : thing.options) {
      if (std::find(keys.begin(), keys.end(), option.name) != keys.end()) {
        known.push_back(option);
      } else {
        complaints_.add(option.place,
                        fmt::format("{}: {}", owner, unknown_name("option", option.name, keys)));
      }
    }
    complaints_.collect(thing.place, [&] { Options::resolve(owner, legal.options, known); });
  }
  // Name and options against the registry.
  void check_thing(const NamedThing& thing, std::string_view kind,
                   const std::vector<LegalThing>& legal, const std::vector<std::string>& keys) {
    if (const LegalThing* found = find(legal, thing.name)) {
      check_options(fmt::format("{} '{}'", kind, thing.name), thing, *found, keys);
    } else if (!thing.name.empty()) {
      complaints_.add(thing.place, unknown_name(std::string(kind), thing.name, names_of(legal)));
    }
  }

  // {name = "...", ...}; the name may be missing.
  NamedThing thing(const toml::table& t, std::string_view where,
                   const std::vector<std::string>& reserved) {
    NamedThing result{"", place_of(t), given_options(t, reserved, where)};
    if (const toml::node* name = t.get("name")) {
      result.name = word(*name, fmt::format("{}: name", where)).value_or("");
      result.place = place_of(*name);
    }
    return result;
  }
  std::optional<NamedThing> base_thing(const toml::node& node, std::string_view kind,
                                       const std::vector<LegalThing>& legal) {
    const std::string where = fmt::format("[{}]", kind);
    const toml::table* t = table(node, where);
    if (t == nullptr) {
      return {};
    }
    NamedThing result = thing(*t, where, {"name"});
    if (!t->contains("name")) {
      complaints_.add(result.place, fmt::format("{} needs the key name (known: {})", where,
                                                joined(names_of(legal))));
    }
    check_thing(result, kind, legal, {"name"});
    return result;
  }

  void read_model(const toml::table& t, RunConfig& config) {
    const std::vector<std::string> keys{"name", "params", "beta"};
    config.model = thing(t, "[model]", keys);
    if (!t.contains("name")) {
      complaints_.add(config.model.place, fmt::format("[model] needs the key name (known: {})",
                                                      joined(names_of(legal_.models))));
    }
    check_thing(config.model, "model", legal_.models, keys);
    if (const toml::node* beta = t.get("beta")) {
      const auto value = finite(*beta, "[model]: beta");
      if (value && *value <= 0) {
        complaints_.add(place_of(*beta),
                        fmt::format("[model]: beta = {} is out of range (legal: number > 0; at 0 "
                                    "every y is as likely as any other, which is not normalisable "
                                    "where y is a real number)",
                                    *value));
      }
      config.beta = value.value_or(1);
    }
    if (const toml::node* params = t.get("params")) {
      config.params = read_params(*params);
    }
  }
  ParamsSource read_params(const toml::node& node) {
    ParamsSource params;
    params.place = place_of(node);
    params.given = true;
    if (const auto* path = node.as_string()) {
      params.file = resolved(path->get(), node);
    } else if (const toml::array* array = node.as_array()) {
      for (std::size_t i = 0; i < array->size(); ++i) {
        params.values.push_back(
            finite((*array)[i], fmt::format("[model]: params, number {}", i + 1)).value_or(0));
      }
    } else {
      wrong_type(node, "[model]: params", "an array of numbers or the name of a .csv or .npy file");
    }
    return params;
  }

  std::vector<ColumnChoice> columns(const toml::node& node, std::string_view what) {
    std::vector<ColumnChoice> all;
    const auto add = [&](const toml::node& one) {
      if (const auto* name = one.as_string()) {
        all.push_back({name->get(), 0, place_of(one)});
      } else if (const auto* number = one.as_integer()) {
        all.push_back({"", number->get(), place_of(one)});
      } else {
        wrong_type(one, what, "a column's name or number (from 1)");
      }
    };
    if (const toml::array* array = node.as_array()) {
      for (const toml::node& one : *array) {
        add(one);
      }
    } else {
      add(node);
    }
    return all;
  }
  // "7", "1..300" or 7.
  std::optional<RowRange> row_range(const toml::node& node, std::string_view what) {
    RowRange range{0, 0, place_of(node)};
    if (const auto* number = node.as_integer()) {
      range.first = range.last = number->get();
    } else if (const auto* text = node.as_string()) {
      if (!read_row_range(text->get(), range)) {
        complaints_.add(range.place, fmt::format("{}: '{}' is no row and no range of rows (legal: "
                                                 "7, \"1..300\")",
                                                 what, text->get()));
        return {};
      }
    } else {
      wrong_type(node, what, "row numbers or ranges, 7 or \"1..300\"");
      return {};
    }
    if (range.first < 1) {
      complaints_.add(range.place, fmt::format("{}: there is no row {}: rows are counted from 1",
                                               what, range.first));
    } else if (range.last < range.first) {
      complaints_.add(range.place, fmt::format("{}: the range '{}..{}' runs backwards", what,
                                               range.first, range.last));
    } else {
      return range;
    }
    return {};
  }
  std::vector<RowRange> row_ranges(const toml::node& node, std::string_view what) {
    std::vector<RowRange> all;
    const toml::array* array = node.as_array();
    for (std::size_t i = 0; i < (array != nullptr ? array->size() : 1); ++i) {
      if (const auto range = row_range(array != nullptr ? (*array)[i] : node, what)) {
        all.push_back(*range);
      }
    }
    if (array != nullptr && array->empty()) {
      complaints_.add(place_of(node), fmt::format("{} names no row", what));
    }
    for (const auto& [row, place] : rows_named_twice(all)) {
      complaints_.add(place, fmt::format("{} names row {} twice", what, row));
    }
    return all;
  }
  // A share, or else rows.
  void read_test(const toml::node& node, DataSpec& data) {
    data.test_place = place_of(node);
    const bool is_zero = node.value<std::int64_t>() == 0;  // meant as a share, not as a row
    if (!node.is_floating_point() && !is_zero) {
      data.test = row_ranges(node, "[data]: test");
      return;
    }
    const double share = node.value_or(0.0);
    if (share > 0 && share < 1) {
      data.test_share = share;
    } else {
      complaints_.add(data.test_place,
                      fmt::format("[data]: test = {} is out of range (legal: a share of the rows, "
                                  "0 < test < 1, or row numbers like \"301..400\"; leave it out "
                                  "to hold no row out)",
                                  share));
    }
  }
  // The word of `words` that stands here; 0 and a complaint where none does.
  std::size_t choice(const toml::node& node, const std::string& what,
                     const std::vector<std::string>& words) {
    const std::string got = word(node, "[data]: " + what).value_or(words[0]);
    const auto at = std::find(words.begin(), words.end(), got);
    if (at == words.end()) {
      complaints_.add(place_of(node), "[data]: " + unknown_name(what, got, words));
      return 0;
    }
    return static_cast<std::size_t>(at - words.begin());
  }

  // Each once; a whole number is the label that its digits are.
  std::vector<std::string> label_order(const toml::node& node, const std::string& what) {
    std::vector<std::string> order;
    const toml::array* array = node.as_array();
    if (array == nullptr || array->empty()) {
      wrong_type(node, what, "an array of labels");
      return order;
    }
    for (const toml::node& one : *array) {
      std::string label;
      if (const auto* number = one.as_integer()) {
        label = fmt::format("{}", number->get());
      } else if (const auto* text = one.as_string()) {
        label = text->get();
      } else {
        wrong_type(one, what, "a string or whole number");
        continue;
      }
      if (std::find(order.begin(), order.end(), label) != order.end()) {
        complaints_.add(place_of(one), fmt::format("{}: '{}' stands twice", what, label));
      } else {
        order.push_back(std::move(label));
      }
    }
    return order;
  }
  std::optional<ImageShape> image_shape(const toml::node& node) {
    constexpr std::int64_t most = 1'000'000;  // so that the product is no overflow
    std::vector<std::int64_t> sizes;
    const toml::array* array = node.as_array();
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
      const auto size = (*array)[i].value_exact<std::int64_t>();
      sizes.push_back(size && *size <= most ? *size : 0);
    }
    if (sizes.size() != 2 || sizes[0] < 1 || sizes[1] < 1) {
      wrong_type(node, "[data]: image",
                 fmt::format("rows and columns of the picture that y is, [8, 8], each from 1 to {}",
                             most));
      return {};
    }
    return ImageShape{sizes[0], sizes[1]};
  }
  // Columns, or a table of columns and the order of their labels.
  std::vector<LabelChoice> labels(const toml::node& node) {
    std::vector<LabelChoice> all;
    const toml::table* t = node.as_table();
    if (t == nullptr) {
      for (ColumnChoice& column : columns(node, "[data]: labels")) {
        all.push_back({std::move(column), {}});
      }
      return all;
    }
    for (const Entry& entry : in_file_order(*t)) {
      all.push_back({{entry.name(), 0, entry.place()},
                     label_order(*entry.node, fmt::format("[data]: labels of {}", entry.name()))});
    }
    return all;
  }

  DataSpec read_data(const toml::table& t) {
    DataSpec data;
    data.place = place_of(t);
    for (const Entry& entry : in_file_order(t)) {
      if (!read_columns_key(entry, data) && !read_rows_key(entry, data)) {
        unknown_key(entry, "[data]", data_keys());
      }
    }
    check_data(t, data);
    return data;
  }
  bool read_columns_key(const Entry& entry, DataSpec& data) {
    const std::string key = entry.name();
    const toml::node& node = *entry.node;
    if (key == "file") {
      if (const auto path = word(node, "[data]: file")) {
        data.file = resolved(*path, node);
        data.place = place_of(node);
      }
    } else if (key == "header") {
      data.header = node.value_exact<bool>();
      if (!data.header) {
        wrong_type(node, "[data]: header", "true or false");
      }
    } else if (key == "x") {
      data.x = columns(node, "[data]: x");
    } else if (key == "y") {
      data.y = columns(node, "[data]: y");
    } else if (key == "labels") {
      data.labels_place = place_of(node);
      data.labels = labels(node);
    } else if (key == "standardize") {
      data.standardize_place = place_of(node);
      if (const auto all = node.value_exact<bool>()) {
        data.standardize_all = *all;
      } else {
        data.standardize = columns(node, "[data]: standardize");
      }
    } else if (key == "threshold") {
      data.threshold = finite(node, "[data]: threshold");
      data.threshold_place = place_of(node);
    } else if (key == "image") {
      data.image = image_shape(node);
      data.image_place = place_of(node);
    } else {
      return false;
    }
    return true;
  }
  bool read_rows_key(const Entry& entry, DataSpec& data) {
    const std::string key = entry.name();
    const toml::node& node = *entry.node;
    if (key == "rows") {
      data.rows = row_ranges(node, "[data]: rows");
    } else if (key == "test") {
      read_test(node, data);
    } else if (key == "split_seed") {
      data.split_seed = seed(node, "[data]: split_seed");
    } else if (key == "part") {
      data.part = choice(node, "part", {"train", "test"}) == 1 ? DataPart::test : DataPart::train;
      data.part_place = place_of(node);
    } else if (key == "missing") {
      data.drop_missing = choice(node, "missing", {"refuse", "drop"}) == 1;
    } else {
      return false;
    }
    return true;
  }
  // What the keys say together.
  void check_data(const toml::table& t, const DataSpec& data) {
    if (!t.contains("file")) {
      complaints_.add(data.place, "[data] needs the key file (a .csv, .csv.gz or .npy file)");
    }
    if (!t.contains("y")) {
      complaints_.add(data.place, "[data] needs the key y (names or numbers of columns)");
    } else if (data.y.empty()) {
      complaints_.add(place_of(*t.get("y")), "[data]: y names no column");
    }
    if (data.part == DataPart::test && !t.contains("test")) {
      complaints_.add(data.part_place,
                      "[data]: part = \"test\" needs the key test (rows, or a share of them)");
    }
    if (t.contains("split_seed") && (!t.contains("test") || !data.test.empty())) {
      complaints_.add(place_of(*t.get("split_seed")),
                      "[data]: split_seed goes with a share that is held out, test = 0.2");
    }
  }

  // `entry`'s table over the base: key by key; another name drops the base's options.
  std::optional<NamedThing> merged(const std::optional<NamedThing>& base, const toml::table& entry,
                                   std::string_view kind, const std::string& where,
                                   const std::vector<LegalThing>& legal) {
    const toml::node* node = entry.get(kind);
    const toml::table* t =
        node == nullptr ? nullptr : table(*node, fmt::format("{}: {}", where, kind));
    if (t == nullptr) {
      return base;
    }
    NamedThing own = thing(*t, fmt::format("{}: {}", where, kind), {"name"});
    if (own.name.empty() && !base) {
      complaints_.add(own.place, fmt::format("{}: {} needs the key name (known: {})", where, kind,
                                             joined(names_of(legal))));
      return {};
    }
    if (base && (own.name.empty() || own.name == base->name)) {
      own.name = base->name;
      for (const GivenOption& option : base->options) {
        const auto same = [&](const GivenOption& o) { return o.name == option.name; };
        if (std::none_of(own.options.begin(), own.options.end(), same)) {
          own.options.push_back(option);
        }
      }
    }
    check_thing(own, kind, legal, {"name"});
    return own;
  }
  void read_rows(const toml::array* compare, RunConfig& config) {
    const auto& sampler = config.sampler;
    const auto& estimator = config.estimator;
    const std::vector<std::string> known{"label", "sampler", "estimator"};
    for (std::size_t i = 0; compare != nullptr && i < compare->size(); ++i) {
      const std::string where = fmt::format("compare.{}", i);
      const toml::table* t = table((*compare)[i], where);
      if (t == nullptr) {
        continue;
      }
      CompareRow row;
      row.place = place_of(*t);
      for (const Entry& entry : in_file_order(*t)) {
        const std::string key = entry.name();
        if (key == "label") {
          row.label = word(*entry.node, where + ": label").value_or("");
        } else if (std::find(known.begin(), known.end(), key) == known.end()) {
          unknown_key(entry, where, known);
        }
      }
      row.sampler = merged(sampler, *t, "sampler", where, legal_.samplers);
      row.estimator = merged(estimator, *t, "estimator", where, legal_.estimators);
      config.rows.push_back(std::move(row));
    }
    if (config.rows.empty() || (sampler && estimator)) {
      const FilePlace place = estimator ? estimator->place : start();
      config.rows.insert(config.rows.begin(), CompareRow{"", place, sampler, estimator});
    }
  }

  std::filesystem::path file_;
  const LegalNames& legal_;
  ConfigPart around_;
  Complaints complaints_;
};

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

RunConfig read_config(const std::filesystem::path& file, const std::vector<std::string>& sets,
                      const LegalNames& legal) {
  return Reader(file, legal).read(read_toml(file, sets));
}

RunConfig read_config_part(const toml::table& table, const std::filesystem::path& file,
                           const LegalNames& legal, const ConfigPart& part) {
  return Reader(file, legal, part).read(table);
}

}  // namespace negphase
