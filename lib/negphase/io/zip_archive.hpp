#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace negphase {

struct ZipEntry {
  std::string name;
  std::string bytes;  ///< unpacked
};

/// What could be read of a zip archive.
struct ZipArchive {
  std::vector<ZipEntry> entries;  ///< those that are there whole
  bool is_cut = false;            ///< the archive ends early
};

/// Unpacks the bytes of a zip archive, entries stored or deflated, each held against its CRC-32. Of
/// one that ends early, the entries that are there whole. Entries of 4 GB and more are read, an
/// archive of more than 65534 entries or with its table of contents beyond 4 GB is not. Throws
/// ConfigError, in the name of `file`, for what is no archive, encrypted, packed otherwise or
/// damaged, and for more than half of the memory that there is to use.
ZipArchive read_zip(const std::filesystem::path& file, std::string_view bytes);

/// Whether the bytes begin as a zip archive does.
bool is_zip(std::string_view bytes);

}  // namespace negphase
