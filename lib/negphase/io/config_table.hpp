#pragma once
#include <toml++/toml.h>

#include "negphase/io/config.hpp"

// What files that hold one configuration, or several, are read with. For io alone: it shows TOML.
namespace negphase {

/// Where a node or a key stands.
FilePlace place_of(const toml::source_region& source);
FilePlace place_of(const toml::node& node);

/// The table of a TOML file with the replacements of the command line in it. Throws as
/// read_config().
toml::table read_toml(const std::filesystem::path& file, const std::vector<std::string>& sets);

/// A configuration that is one table of several in a file.
struct ConfigPart {
  std::string where;                     ///< what it is called in complaints of a key
  FilePlace place;                       ///< where it begins
  std::vector<std::string> keys_around;  ///< legal keys of the table that are not its own
};

/// The configuration in `table`, checked as read_config() does; it has no seed of its own.
RunConfig read_config_part(const toml::table& table, const std::filesystem::path& file,
                           const LegalNames& legal, const ConfigPart& part);

}  // namespace negphase
