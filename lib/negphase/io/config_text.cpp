#include "negphase/io/config_text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <variant>

namespace negphase {

std::string toml_string(std::string_view text) {
  std::string all = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      all += '\\';
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      all += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      all += c;
    }
  }
  return all + "\"";
}

namespace {

// The shortest text that reads back to the same double, and that TOML takes for a float.
std::string text_of(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos) {
    text += ".0";
  }
  return text;
}

std::string text_of(const OptionValue& value) {
  struct Visitor {
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t i) const { return fmt::format("{}", i); }
    std::string operator()(double d) const { return text_of(d); }
    std::string operator()(const std::string& s) const { return toml_string(s); }
  };
  return std::visit(Visitor{}, value);
}

std::string absolute_path(const std::filesystem::path& path) {
  return toml_string(std::filesystem::absolute(path).lexically_normal().string());
}

// "key = value" for every option, defaults included; infinite defaults cannot be written, and mean
// the same left out.
std::vector<std::string> lines_of(const NamedThing& thing, const std::vector<LegalThing>& legal) {
  std::vector<std::string> lines;
  const auto at = std::find_if(legal.begin(), legal.end(),
                               [&](const LegalThing& l) { return l.name == thing.name; });
  if (at == legal.end()) {
    return lines;
  }
  const Options options = Options::resolve(thing.name, at->options, thing.options);
  for (const auto& entry : options.entries()) {
    const double* number = std::get_if<double>(&entry.value);
    const std::string* word = std::get_if<std::string>(&entry.value);
    if (word != nullptr && !word->empty() && entry.name.ends_with("_file")) {
      lines.push_back(entry.name + " = " + absolute_path(*word));
    } else if (number == nullptr || std::isfinite(*number)) {
      lines.push_back(entry.name + " = " + text_of(entry.value));
    }
  }
  return lines;
}

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string all;
  for (const std::string& part : parts) {
    all += (all.empty() ? "" : std::string(between)) + part;
  }
  return all;
}

std::string inline_table(const NamedThing& thing, const std::vector<LegalThing>& legal) {
  std::vector<std::string> parts{"name = " + toml_string(thing.name)};
  for (std::string& line : lines_of(thing, legal)) {
    parts.push_back(std::move(line));
  }
  return "{ " + joined(parts, ", ") + " }";
}

std::string text_of(const std::vector<ColumnChoice>& columns) {
  std::vector<std::string> parts;
  for (const ColumnChoice& c : columns) {
    parts.push_back(c.text.empty() ? fmt::format("{}", c.number) : toml_string(c.text));
  }
  return "[" + joined(parts, ", ") + "]";
}

std::string text_of(const std::vector<RowRange>& rows) {
  std::vector<std::string> parts;
  for (const RowRange& r : rows) {
    parts.push_back(r.first == r.last ? fmt::format("{}", r.first)
                                      : fmt::format("\"{}..{}\"", r.first, r.last));
  }
  return "[" + joined(parts, ", ") + "]";
}

// An array where the labels are those of the data, a table where their order is given.
std::string text_of(const std::vector<LabelChoice>& labels) {
  std::vector<ColumnChoice> columns;
  std::vector<std::string> entries;
  for (const LabelChoice& choice : labels) {
    columns.push_back(choice.columns);
    std::vector<std::string> order;
    for (const std::string& label : choice.order) {
      order.push_back(toml_string(label));
    }
    entries.push_back(toml_string(choice.columns.text) + " = [" + joined(order, ", ") + "]");
  }
  return labels[0].order.empty() ? text_of(columns) : "{ " + joined(entries, ", ") + " }";
}

std::string rows_of(const DataSpec& data) {
  std::string text;
  if (!data.rows.empty()) {
    text += "rows = " + text_of(data.rows) + "\n";
  }
  if (data.test_share) {
    text += fmt::format("test = {}\nsplit_seed = {}\n", text_of(*data.test_share), data.split_seed);
  } else if (data.has_test()) {
    text += "test = " + text_of(data.test) + "\n";
  }
  if (data.has_test()) {
    text += fmt::format("part = \"{}\"\n", data.part == DataPart::test ? "test" : "train");
  }
  return text + fmt::format("missing = \"{}\"\n", data.drop_missing ? "drop" : "refuse");
}

std::string data_table(const DataSpec& data) {
  std::string text = "\n[data]\nfile = " + absolute_path(data.file) + "\n";
  if (data.header) {
    text += fmt::format("header = {}\n", *data.header);
  }
  if (!data.x.empty()) {
    text += "x = " + text_of(data.x) + "\n";
  }
  text += "y = " + text_of(data.y) + "\n";
  text += rows_of(data);
  if (!data.labels.empty()) {
    text += "labels = " + text_of(data.labels) + "\n";
  }
  if (data.standardize_all) {
    text += "standardize = true\n";
  } else if (!data.standardize.empty()) {
    text += "standardize = " + text_of(data.standardize) + "\n";
  }
  if (data.threshold) {
    text += "threshold = " + text_of(*data.threshold) + "\n";
  }
  if (data.image) {
    text += fmt::format("image = [{}, {}]\n", data.image->rows, data.image->columns);
  }
  return text;
}

std::string model_table(const RunConfig& config, const LegalNames& legal,
                        const std::string& params_file) {
  std::string text = "\n[model]\nname = " + toml_string(config.model.name) + "\n";
  for (const std::string& line : lines_of(config.model, legal.models)) {
    text += line + "\n";
  }
  text += "beta = " + text_of(config.beta) + "\n";
  if (!params_file.empty()) {
    text += "params = " + toml_string(params_file) + "\n";
  } else if (config.params.given && !config.params.file.empty()) {
    text += "params = " + absolute_path(config.params.file) + "\n";
  } else if (config.params.given) {
    std::vector<std::string> numbers;
    for (const double value : config.params.values) {
      numbers.push_back(text_of(value));
    }
    text += "params = [" + joined(numbers, ", ") + "]\n";
  }
  return text;
}

}  // namespace

std::string to_toml(const RunConfig& config, const LegalNames& legal,
                    const std::string& params_file) {
  std::string text = fmt::format("seed = {}\nblock_width = {}\n", config.seed, config.block_width);
  text += model_table(config, legal, params_file);
  if (config.data) {
    text += data_table(*config.data);
  }
  // the base is in the rows already where it is complete; verbs other than gradient look at it
  const bool base_is_row = config.sampler && config.estimator;
  if (config.sampler) {
    text += "\n[sampler]\nname = " + toml_string(config.sampler->name) + "\n";
    for (const std::string& line : lines_of(*config.sampler, legal.samplers)) {
      text += line + "\n";
    }
  }
  if (config.estimator) {
    text += "\n[estimator]\nname = " + toml_string(config.estimator->name) + "\n";
    for (const std::string& line : lines_of(*config.estimator, legal.estimators)) {
      text += line + "\n";
    }
  }
  for (const auto& [name, verb] : config.verbs) {
    text += "\n[" + name + "]\n";
    for (const std::string& line : lines_of(verb, legal.verbs)) {
      text += line + "\n";
    }
  }
  const bool only_base = config.rows.size() == 1 && (base_is_row || config.rows[0].label.empty());
  for (std::size_t i = only_base || base_is_row ? 1 : 0; i < config.rows.size(); ++i) {
    const CompareRow& row = config.rows[i];
    text += "\n[[compare]]\n";
    if (!row.label.empty()) {
      text += "label = " + toml_string(row.label) + "\n";
    }
    if (row.sampler) {
      text += "sampler = " + inline_table(*row.sampler, legal.samplers) + "\n";
    }
    if (row.estimator) {
      text += "estimator = " + inline_table(*row.estimator, legal.estimators) + "\n";
    }
  }
  return text;
}

}  // namespace negphase
