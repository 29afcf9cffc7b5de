#pragma once
#include <filesystem>
#include <string_view>

#include "negphase/diagnostics/chain_draws.hpp"

namespace negphase {

/// Draws of a text of comma-separated numbers under a line of names, of the bytes of `file`:
/// - Stan CSV: comment lines (#) anywhere, columns that end in "__" are what the sampler said.
///   Warm-up draws are dropped where the comments say that they were saved; `num_samples` and
///   `thin` say how many draws there should be. A line of names again begins another chain.
/// - columns `chain` and `draw` (also `.chain`, `.iteration`, `.draw`): the chain of each line.
/// - columns `chain1`, `chain2`, .. and no other: each holds a chain of one quantity, which is
///   named after the file.
/// A line that is not whole or holds no number is left out, as is a last line without its end; that
/// is said in `notes` and makes the draws incomplete. NA is NaN.
/// Throws ConfigError, with file and line, where there are no names or no whole draw, and for what
/// another method of Stan's than sampling wrote.
ChainDraws parse_draws_csv(const std::filesystem::path& file, std::string_view bytes);

}  // namespace negphase
