#pragma once
#include <filesystem>
#include <span>

#include "negphase/diagnostics/chain_draws.hpp"

namespace negphase {

/// Reads draws from Stan CSV (one file a chain), .npy, .npz, or ArviZ's netCDF, by what the files
/// hold and not by their names alone; a folder stands for the draws in it. All whole draws of a
/// file that ends early are read; what was lost stands in `notes` and sets `incomplete`. The files
/// are never written to. Throws ConfigError with file and line for what is no such file or for
/// files that do not belong together, IoError for what cannot be read.
ChainDraws read_draws(std::span<const std::filesystem::path> files);

}  // namespace negphase
