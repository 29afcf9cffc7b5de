#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace negphase {

/// The first bytes of a .npy file.
inline constexpr std::string_view npy_magic{"\x93NUMPY", 6};

/// What a .npy file says of the numbers in it.
struct NpyHeader {
  std::string type;  ///< "<f8"; "a structure" where it is none of numpy's simple ones
  bool fortran_order = false;
  std::vector<std::uint64_t> shape;
  std::size_t data = 0;  ///< where the numbers begin, in bytes
};

/// Reads the header of the bytes of a .npy file, format 1.0 to 3.0. Throws ConfigError, in the name
/// of `file`, for another one and where it is damaged or longer than the bytes.
NpyHeader parse_npy_header(const std::filesystem::path& file, std::string_view bytes);

}  // namespace negphase
