#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace negphase {

/// The bytes of a file; .gz and plain alike (told apart by content).
/// Throws IoError: missing, a directory, unreadable, truncated or damaged gzip.
std::string read_file(const std::filesystem::path& file);

/// Writes to a temporary file in the same folder, syncs it and renames it over `file`: whoever
/// looks sees the old content or the whole new one. Throws IoError with the system's reason;
/// nothing is left behind then.
void write_file_atomically(const std::filesystem::path& file, std::string_view bytes);

/// Whether write_file_atomically could start: the folder exists and can be written, `file` is no
/// folder. Throws IoError if not. For checks before long work.
void check_writable(const std::filesystem::path& file);

}  // namespace negphase
