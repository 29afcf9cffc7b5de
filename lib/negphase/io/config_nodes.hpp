#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "negphase/io/complaints.hpp"
#include "negphase/io/config_table.hpp"

// What the readers of a configuration's tables share. For io alone: it shows TOML.
namespace negphase {

/// A key of a table, and what stands under it.
struct ConfigEntry {
  const toml::key* key;
  const toml::node* node;
  std::string name() const { return std::string(key->str()); }
  FilePlace place() const { return place_of(key->source()); }
};

/// All of a table, in the order of the lines.
std::vector<ConfigEntry> in_file_order(const toml::table& table);

/// "an integer", as complaints call it.
std::string_view type_word(const toml::node& node);

/// Values of nodes, for a reader to derive from. What is wrong with one goes to the complaints,
/// where `what` names it; what comes back then is legal, or nothing.
class ConfigNodes {
 protected:
  ConfigNodes(std::filesystem::path file, Complaints& complaints)
      : file_(std::move(file)), complaints_(complaints) {}

  void unknown_key(const ConfigEntry& entry, std::string_view where,
                   const std::vector<std::string>& known);
  void wrong_type(const toml::node& node, std::string_view what, std::string_view wanted);
  const toml::table* table(const toml::node& node, std::string_view what);
  std::uint64_t seed(const toml::node& node, std::string_view what);
  std::optional<double> finite(const toml::node& node, std::string_view what);
  std::optional<std::string> word(const toml::node& node, std::string_view what);
  /// A path: relative to the file's folder, or to the current one where it came from the command
  /// line.
  std::filesystem::path resolved(const std::string& path, const toml::node& node) const;

  std::filesystem::path file_;
  Complaints& complaints_;
};

}  // namespace negphase
