#include "negphase/io/config.hpp"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "negphase/io/complaints.hpp"
#include "negphase/io/config_nodes.hpp"
#include "negphase/io/config_table.hpp"
#include "negphase/io/data_table.hpp"

namespace negphase {

namespace {

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

class Reader : private ConfigNodes {
 public:
  Reader(const std::filesystem::path& file, const LegalNames& legal, ConfigPart around,
         Complaints& complaints)
      : ConfigNodes(file, complaints), legal_(legal), around_(std::move(around)) {}

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
    for (const ConfigEntry& entry : in_file_order(root)) {
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
      config.data = read_data_table(*data, file_, complaints_);
    }
    read_rows(compare, config);
    complaints_.throw_if_any();
    return config;
  }

 private:
  FilePlace start() const { return around_.place; }
  bool is_whole_file() const { return around_.where.empty(); }

  static std::string joined(const std::vector<std::string>& words) {
    std::string all;
    for (const auto& word : words) {
      all += (all.empty() ? "" : ", ") + word;
    }
    return all;
  }

  const toml::array* array_of_tables(const toml::node& node) {
    const toml::array* array = node.as_array();
    if (array == nullptr) {
      wrong_type(node, "compare", "an array of tables: [[compare]]");
    }
    return array;
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

  // All keys of a table but `reserved`, as options.
  std::vector<GivenOption> given_options(const toml::table& t,
                                         const std::vector<std::string>& reserved,
                                         std::string_view where) {
    std::vector<GivenOption> options;
    for (const ConfigEntry& entry : in_file_order(t)) {
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
      for (const ConfigEntry& entry : in_file_order(*t)) {
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

  const LegalNames& legal_;
  ConfigPart around_;
};

}  // namespace

RunConfig read_config(const std::filesystem::path& file, const std::vector<std::string>& sets,
                      const LegalNames& legal) {
  return read_config_part(read_toml(file, sets), file, legal, {"", {file.string(), 0, 0}, {}});
}

RunConfig read_config_part(const toml::table& table, const std::filesystem::path& file,
                           const LegalNames& legal, const ConfigPart& part) {
  Complaints complaints;
  return Reader(file, legal, part, complaints).read(table);
}

}  // namespace negphase
