#pragma once
#include <filesystem>

#include "negphase/io/complaints.hpp"
#include "negphase/io/config_table.hpp"

namespace negphase {

/// [data] as it is written; no data is looked at. Every complaint goes to `complaints`.
/// @param file  that holds the table
DataSpec read_data_table(const toml::table& table, const std::filesystem::path& file,
                         Complaints& complaints);

}  // namespace negphase
