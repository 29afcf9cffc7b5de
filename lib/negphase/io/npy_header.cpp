#include "negphase/io/npy_header.hpp"

#include <fmt/core.h>

#include <charconv>
#include <cstring>

#include "negphase/core/error.hpp"

namespace negphase {

namespace {

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what) {
  throw ConfigError({file.string(), 0, 0}, what);
}

// What follows "'key':" in the Python dictionary of the header.
std::string_view value_of(std::string_view text, std::string_view key) {
  const auto quoted = text.find(fmt::format("'{}'", key));
  if (quoted == text.npos) {
    return {};
  }
  const auto colon = text.find(':', quoted);
  const auto first = colon == text.npos ? colon : text.find_first_not_of(' ', colon + 1);
  return first == text.npos ? std::string_view{} : text.substr(first);
}

NpyHeader parse_dictionary(const std::filesystem::path& file, std::string_view text) {
  NpyHeader header;
  const std::string_view type = value_of(text, "descr");
  const std::string_view order = value_of(text, "fortran_order");
  std::string_view shape = value_of(text, "shape");
  if (type.empty() || order.empty() || !shape.starts_with('(') || shape.find(')') == shape.npos) {
    refuse(file, "the .npy header is damaged");
  }
  header.type = type.front() == '\'' ? type.substr(1, type.find('\'', 1) - 1) : "a structure";
  header.fortran_order = order.starts_with("True");
  shape = shape.substr(1, shape.find(')') - 1);
  while (!shape.empty()) {
    if (shape.front() == ' ' || shape.front() == ',') {
      shape.remove_prefix(1);
      continue;
    }
    std::uint64_t size = 0;
    const auto read = std::from_chars(shape.data(), shape.data() + shape.size(), size);
    if (read.ec != std::errc{}) {
      refuse(file, "the shape in the .npy header is damaged");
    }
    header.shape.push_back(size);
    shape.remove_prefix(static_cast<std::size_t>(read.ptr - shape.data()));
  }
  return header;
}

}  // namespace

NpyHeader parse_npy_header(const std::filesystem::path& file, std::string_view bytes) {
  if (!bytes.starts_with(npy_magic) || bytes.size() < 12) {
    refuse(file, "is no .npy file (its first bytes are not '\\x93NUMPY')");
  }
  const int version = static_cast<unsigned char>(bytes[6]);
  if (version < 1 || version > 3) {
    refuse(file, fmt::format(".npy format {} is unknown; 1 to 3 are read", version));
  }
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + 8, length_bytes);
  const std::size_t start = 8 + length_bytes + length;
  if (start > bytes.size()) {
    refuse(file, "the .npy header is longer than the file");
  }
  NpyHeader header = parse_dictionary(file, bytes.substr(8 + length_bytes, length));
  header.data = start;
  return header;
}

}  // namespace negphase
