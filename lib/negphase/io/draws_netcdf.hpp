#pragma once
#include <filesystem>
#include <string_view>

#include "negphase/diagnostics/chain_draws.hpp"

namespace negphase {

/// Whether this build can read and write netCDF: whether libnetcdf was there when it was
/// configured.
bool has_netcdf();

/// Whether the bytes begin as netCDF does, of the old form or the new (HDF5).
bool is_netcdf(std::string_view bytes);

/// Draws of ArviZ's netCDF, of the bytes of `file`: the variables of the group `posterior` (or of
/// a file without groups) that have the axes `chain` and `draw`, in any order, and `sample_stats`
/// under Stan's names. Further axes become `theta[1,2]`, with the file's own coordinates. Text is
/// left out, which is said. Throws ConfigError, in the name of `file`, for what is no such file or
/// is damaged (of a file that ends early nothing can be read), where sizes exceed the memory, and
/// where has_netcdf() is false.
ChainDraws parse_draws_netcdf(const std::filesystem::path& file, std::string_view bytes);

/// The .nc of write_draws() (draws_files.hpp).
void write_draws_netcdf(const ChainDraws& draws, const std::filesystem::path& file);

}  // namespace negphase
