#pragma once
#include <filesystem>
#include <span>

#include "negphase/diagnostics/chain_draws.hpp"

namespace negphase {

/// Reads draws from Stan CSV (one file a chain), other CSV, .npy, .npz, ArviZ's netCDF, or
/// posteriordb's JSON, by what the files hold and not by their names; several files are chains of
/// one law. A folder stands for the draws in it: those of `negphase sample --out`, else its Stan
/// CSV files in the order of their numbers, else its only other file of draws. Which file is read
/// how: io/README.md.
///
/// All whole draws of a file that ends early are read, and of several files the quantities that all
/// of them have; what was lost, dropped (warm-up) or assumed (axes) stands in `notes`, and what was
/// lost sets `incomplete`. NaN and infinite draws are kept. The files are never written to.
///
/// Throws ConfigError, with file and line, for what is no file of draws, for one without a whole
/// draw, and for files that do not belong together; IoError for what cannot be read.
ChainDraws read_draws(std::span<const std::filesystem::path> files);

/// Writes draws, whole or not at all, in the form that the name ends in:
/// - `.nc`: netCDF-4 as ArviZ writes it (arviz.from_netcdf), with what the sampler said. Names
///   such as `theta[1,2]` and `theta.1.2` become a variable `theta` with axes of its own.
/// - `.npy`: [chains x draws x quantities]; names are not kept.
/// - no ending: a folder of Stan CSV, chain_1.csv .., with what the sampler said (stan_names()).
/// Chains of differing lengths are cut to the shortest but in Stan CSV; NaN stays NaN.
/// @param replaces  what is there already gives way: a file, or a folder with nothing in it but
///                  chain_*.csv
/// Throws UsageError for another ending, ConfigError where .nc is not compiled in, IoError for what
/// is there already and does not give way, or cannot be written.
void write_draws(const ChainDraws& draws, const std::filesystem::path& to, bool replaces = false);

}  // namespace negphase
