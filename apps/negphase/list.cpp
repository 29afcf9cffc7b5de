#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "exact_options.hpp"
#include "negphase/core/error.hpp"
#include "negphase/gradient/registry.hpp"
#include "negphase/gradient/training.hpp"
#include "negphase/inference/infer_options.hpp"
#include "negphase/models/registry.hpp"
#include "negphase/registry/registry.hpp"
#include "negphase/run/sampling.hpp"
#include "output.hpp"
#include "verbs.hpp"

namespace negphase::tool {

namespace {

using Json = nlohmann::ordered_json;

// What a list says of one model, sampler or estimator.
struct Listed {
  std::string_view name, doc;
  std::span<const OptionSpec> options;
  std::vector<std::pair<std::string, std::string>> facts;  // "parameters": "W row by row, ..."
};

std::vector<Listed> listed(const std::string& kind) {
  std::vector<Listed> all;
  if (kind == "models") {
    for (const ModelRow& row : model_registry()) {
      all.push_back(
          {row.name, row.doc, row.options, {{"parameters", std::string(row.param_order)}}});
    }
  } else if (kind == "samplers") {
    for (const SamplerRow& row : sampler_registry()) {
      all.push_back({row.name, row.doc, row.options, {{"family", std::string(row.family)}}});
    }
  } else if (kind == "estimators") {
    for (const EstimatorRow& row : estimator_registry()) {
      all.push_back({row.name, row.doc, row.options, {}});
    }
  } else if (kind == "train") {
    all.push_back({"train", "training: the table [train]", train_options(), {}});
  } else if (kind == "sample") {
    all.push_back({"sample", "draws: the table [sample]", sample_options(), {}});
  } else if (kind == "infer") {
    all.push_back({"infer", "lowest places: the table [infer]", infer_options(), {}});
  } else {
    all.push_back({"exact", "limits of exact methods: the table [exact]", exact_options(), {}});
  }
  return all;
}

bool is_finite(const OptionValue& value) {
  return !std::holds_alternative<double>(value) || std::isfinite(std::get<double>(value));
}

std::string option_text(const OptionSpec& spec) {
  std::string text = fmt::format("      {:<18} {}", spec.name, describe_range(spec));
  text += spec.required              ? ", must be given"
          : is_finite(spec.fallback) ? fmt::format(", default {}", to_string(spec.fallback))
                                     : ", default: no limit";
  if (!spec.unit.empty()) {
    text += fmt::format(" [{}]", spec.unit);
  }
  return text + fmt::format("\n      {:<18} {}\n", "", spec.doc);
}

std::string text_of(const std::string& kind) {
  std::string text = kind + "\n";
  for (const Listed& thing : listed(kind)) {
    text += fmt::format("\n  {}\n    {}\n", thing.name, thing.doc);
    for (const auto& [what, fact] : thing.facts) {
      text += fmt::format("    {}: {}\n", what, fact);
    }
    for (const OptionSpec& spec : thing.options) {
      text += option_text(spec);
    }
  }
  return text;
}

Json json_of(const OptionSpec& spec) {
  constexpr const char* types[] = {"boolean", "integer", "number", "string"};
  Json json{{"name", spec.name}, {"type", types[spec.fallback.index()]}, {"doc", spec.doc}};
  json["default"] = std::visit([](const auto& v) { return Json(v); }, spec.fallback);
  json["required"] = spec.required;
  json["low"] = spec.low;
  json["low_is_legal"] = spec.low_is_legal;
  json["high"] = spec.high;
  json["unit"] = spec.unit;
  if (!spec.choices.empty()) {
    json["choices"] = spec.choices;
  }
  return json;
}

Json json_of(const std::string& kind) {
  Json all = Json::array();
  for (const Listed& thing : listed(kind)) {
    Json json{{"name", thing.name}, {"doc", thing.doc}};
    for (const auto& [what, fact] : thing.facts) {
      json[what] = fact;
    }
    json["options"] = Json::array();
    for (const OptionSpec& spec : thing.options) {
      json["options"].push_back(json_of(spec));
    }
    all.push_back(std::move(json));
  }
  return all;
}

const std::vector<std::string>& list_kinds() {
  static const std::vector<std::string> kinds{"models", "samplers", "estimators", "train",
                                              "sample", "infer",    "exact"};
  return kinds;
}

}  // namespace

int run_list(const std::string& kind, bool json) {
  const auto& known = list_kinds();
  if (!kind.empty() && std::find(known.begin(), known.end(), kind) == known.end()) {
    throw UsageError(unknown_name("kind of list", kind, known));
  }
  const std::vector<std::string> kinds = kind.empty() ? list_kinds() : std::vector{kind};
  Json all = Json::object();
  std::string text;
  for (const std::string& one : kinds) {
    if (json) {
      all[one] = json_of(one);
    } else {
      text += text.empty() ? "" : "\n";
      text += text_of(one);
    }
  }
  print(json ? all.dump(2) + "\n" : text);
  return 0;
}

}  // namespace negphase::tool
