#include "negphase/core/options.hpp"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace negphase {

namespace {

constexpr std::string_view type_words[] = {"true or false", "an integer", "a number", "a string"};

std::string_view type_word(const OptionValue& v) { return type_words[v.index()]; }

bool is_number(const OptionValue& v) { return v.index() == 1 || v.index() == 2; }

double as_number(const OptionValue& v) {
  return v.index() == 1 ? static_cast<double>(std::get<std::int64_t>(v)) : std::get<double>(v);
}

// "" or what is wrong with the value
std::string complaint(const OptionSpec& spec, const OptionValue& v) {
  const bool fits =
      v.index() == spec.fallback.index() || (spec.fallback.index() == 2 && v.index() == 1);
  if (!fits) {
    return fmt::format("must be {}, got {}", type_word(spec.fallback), to_string(v));
  }
  if (is_number(v)) {
    const double x = as_number(v);
    const bool above = spec.low_is_legal ? x >= spec.low : x > spec.low;
    if (!above || !(x <= spec.high) || std::isnan(x)) {
      return fmt::format("= {} is out of range (legal: {})", to_string(v), describe_range(spec));
    }
  }
  if (v.index() == 3 && !spec.choices.empty()) {
    const auto& word = std::get<std::string>(v);
    if (std::find(spec.choices.begin(), spec.choices.end(), word) == spec.choices.end()) {
      return unknown_name("choice", word, {spec.choices.begin(), spec.choices.end()});
    }
  }
  return "";
}

std::string said(std::string_view owner, const FilePlace& place, const std::string& what) {
  const std::string where = to_string(place);
  return fmt::format("{}{}{}: {}", where, where.empty() ? "" : ": ", owner, what);
}

}  // namespace

std::string to_string(const OptionValue& value) {
  switch (value.index()) {
    case 0:
      return std::get<bool>(value) ? "true" : "false";
    case 1:
      return fmt::format("{}", std::get<std::int64_t>(value));
    case 2:
      return fmt::format("{}", std::get<double>(value));
    default:
      return fmt::format("\"{}\"", std::get<std::string>(value));
  }
}

std::string describe_range(const OptionSpec& spec) {
  if (!spec.choices.empty()) {
    return fmt::format("{}", fmt::join(spec.choices, " | "));
  }
  std::string range(type_word(spec.fallback));
  if (std::isfinite(spec.low)) {
    range += fmt::format(" {} {}", spec.low_is_legal ? ">=" : ">", spec.low);
  }
  if (std::isfinite(spec.high)) {
    range += fmt::format("{} <= {}", std::isfinite(spec.low) ? "," : "", spec.high);
  }
  return range;
}

Options Options::resolve(std::string_view owner, std::span<const OptionSpec> specs,
                         std::span<const GivenOption> given) {
  std::vector<std::string> complaints;
  std::vector<std::string> known;
  Options options;
  for (const OptionSpec& spec : specs) {
    known.emplace_back(spec.name);
    options.entries_.push_back({std::string(spec.name), spec.fallback});
  }
  std::vector<bool> seen(specs.size(), false);
  for (const GivenOption& g : given) {
    const auto at = std::find(known.begin(), known.end(), g.name);
    if (at == known.end()) {
      complaints.push_back(said(owner, g.place, unknown_name("option", g.name, known)));
      continue;
    }
    const auto i = static_cast<std::size_t>(at - known.begin());
    if (seen[i]) {
      complaints.push_back(said(owner, g.place, fmt::format("option '{}' is given twice", g.name)));
    }
    seen[i] = true;
    if (const std::string wrong = complaint(specs[i], g.value); !wrong.empty()) {
      complaints.push_back(said(owner, g.place, fmt::format("option '{}' {}", g.name, wrong)));
      continue;
    }
    const bool widen = specs[i].fallback.index() == 2;
    options.entries_[i].value = widen ? OptionValue(as_number(g.value)) : g.value;
  }
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (specs[i].required && !seen[i]) {
      complaints.push_back(said(
          owner, {},
          fmt::format("option '{}' must be given ({})", specs[i].name, describe_range(specs[i]))));
    }
  }
  if (!complaints.empty()) {
    throw ConfigError(complaints);
  }
  return options;
}

const OptionValue& Options::at(std::string_view name) const {
  for (const Entry& e : entries_) {
    if (e.name == name) {
      return e.value;
    }
  }
  throw UsageError(fmt::format("no option '{}' was declared", name));
}

double Options::real(std::string_view name) const { return std::get<double>(at(name)); }
std::int64_t Options::integer(std::string_view name) const {
  return std::get<std::int64_t>(at(name));
}
bool Options::flag(std::string_view name) const { return std::get<bool>(at(name)); }
const std::string& Options::word(std::string_view name) const {
  return std::get<std::string>(at(name));
}

}  // namespace negphase
