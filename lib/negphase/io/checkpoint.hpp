#pragma once
#include <filesystem>

#include "negphase/run/saved_state.hpp"

namespace negphase {

/// Writes a checkpoint atomically (files.hpp): a line that names the format, the length of the
/// state, the state (run/saved_state.hpp), its CRC-32. Bytes are those of this kind of machine.
/// Throws IoError.
void write_checkpoint(const std::filesystem::path& file, const SavedState& state);

/// Throws IoError if it cannot be read, ConfigError with what is wrong if it is no checkpoint, of
/// another format, truncated or damaged.
SavedState read_checkpoint(const std::filesystem::path& file);

}  // namespace negphase
