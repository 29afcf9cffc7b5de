#pragma once
#include <filesystem>
#include <string_view>

#include "negphase/diagnostics/chain_draws.hpp"

namespace negphase {

/// Draws of posteriordb's JSON, of the bytes of `file`: an array with an object a chain, in it an
/// array of numbers under the name of each quantity. Throws ConfigError, in the name of `file`, for
/// other JSON, and for a text that ends early: no draw is whole there.
ChainDraws parse_draws_json(const std::filesystem::path& file, std::string_view bytes);

/// Whether a text begins as JSON does.
bool is_json(std::string_view bytes);

}  // namespace negphase
