#pragma once
#include <filesystem>

#include "negphase/models/registry.hpp"

namespace negphase {

/// Reads the couplings of a pairwise model of `num_sites` sites:
///   edges   .csv (or .csv.gz) with the header i,j or i,j,J: sites, numbered from 0 as in parameter
///           names (J[0,3]), and the coupling; either end first, each pair once
///   matrix  .npy, or .csv without header: num_sites x num_sites, symmetric, diagonal 0; what is
///           not 0 is an edge
/// Throws IoError (cannot be read) and ConfigError with file, line, sites and values, all at once
/// up to 20: empty, not square or of another size, not symmetric, a site coupled to itself, a site
/// out of range, a pair given twice, what is no finite number, another header.
GivenCouplings read_couplings(const std::filesystem::path& file, Index num_sites);

}  // namespace negphase
