#include "negphase/io/draws_json.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "negphase/core/error.hpp"

namespace negphase {

namespace {

using Index = Eigen::Index;
using Json = nlohmann::ordered_json;

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what) {
  throw ConfigError({file.string(), 0, 0}, what);
}

void read_quantity(const std::filesystem::path& file, const std::string& name, const Json& numbers,
                   Eigen::Ref<Eigen::ArrayXd> column) {
  for (Index d = 0; d < column.size(); ++d) {
    const Json& number = numbers[static_cast<std::size_t>(d)];
    if (!number.is_number() && !number.is_null()) {
      refuse(file, fmt::format("'{}': draw {} is no number", name, d + 1));
    }
    column[d] = number.is_null() ? std::numeric_limits<double>::quiet_NaN() : number.get<double>();
  }
}

// One chain; its quantities in the order of `names`.
Eigen::ArrayXXd read_chain(const std::filesystem::path& file, const Json& chain,
                           const std::vector<std::string>& names, std::size_t number) {
  if (!chain.is_object() || chain.size() != names.size()) {
    refuse(file, fmt::format("chain {} has other quantities than the first", number));
  }
  std::size_t draws = std::numeric_limits<std::size_t>::max();
  for (const std::string& name : names) {
    if (!chain.contains(name) || !chain[name].is_array()) {
      refuse(file, fmt::format("chain {} has no array '{}'", number, name));
    }
    draws = std::min(draws, chain[name].size());
  }
  Eigen::ArrayXXd values(static_cast<Index>(draws), static_cast<Index>(names.size()));
  for (std::size_t j = 0; j < names.size(); ++j) {
    if (chain[names[j]].size() != draws) {
      refuse(file, fmt::format("chain {}: '{}' has {} draws, another quantity {}", number, names[j],
                               chain[names[j]].size(), draws));
    }
    read_quantity(file, names[j], chain[names[j]], values.col(static_cast<Index>(j)));
  }
  return values;
}

}  // namespace

bool is_json(std::string_view bytes) {
  const auto first = bytes.find_first_not_of(" \t\r\n");
  return first != bytes.npos && (bytes[first] == '[' || bytes[first] == '{');
}

ChainDraws parse_draws_json(const std::filesystem::path& file, std::string_view bytes) {
  const Json json = Json::parse(bytes, nullptr, false);
  if (json.is_discarded()) {
    refuse(file, "is damaged or ends early: no draw of JSON is whole before its end");
  }
  if (!json.is_array() || json.empty() || !json[0].is_object() || json[0].empty()) {
    refuse(file,
           "is other JSON than posteriordb's draws: an array with an object a chain, in it an "
           "array of numbers for each quantity");
  }
  ChainDraws draws;
  for (const auto& [name, ignored] : json[0].items()) {
    draws.names.push_back(name);
  }
  for (std::size_t c = 0; c < json.size(); ++c) {
    draws.chains.push_back(read_chain(file, json[c], draws.names, c + 1));
  }
  if (draws.num_draws() == 0) {
    refuse(file, "holds no draw");
  }
  return draws;
}

}  // namespace negphase
