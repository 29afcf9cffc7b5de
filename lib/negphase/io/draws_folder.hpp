#pragma once
#include <filesystem>
#include <functional>
#include <span>

#include "negphase/diagnostics/chain_draws.hpp"

namespace negphase {

/// The draws of a folder (read_draws(), draws_files.hpp).
/// @param read  reads files, which are chains of one law
ChainDraws read_draws_folder(
    const std::filesystem::path& folder,
    const std::function<ChainDraws(std::span<const std::filesystem::path>)>& read);

}  // namespace negphase
