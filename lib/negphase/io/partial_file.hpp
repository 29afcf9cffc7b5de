#pragma once
#include <filesystem>
#include <string>

namespace negphase {

/// What could be read of a file.
struct PartialFile {
  std::string bytes;
  bool is_cut = false;  ///< its gzip stream ends early; `bytes` is what there was
};

/// The bytes of a file, .gz and plain alike, as far as they go. Throws as read_file() (files.hpp)
/// does, but not where a gzip stream ends early.
PartialFile read_partial_file(const std::filesystem::path& file);

}  // namespace negphase
