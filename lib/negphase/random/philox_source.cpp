#include "negphase/random/philox_source.hpp"

#include "negphase/random/philox.hpp"

namespace negphase {

std::uint64_t derive_seed(std::uint64_t seed, std::string_view role) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : role) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  const auto w = philox4x32_10(
      {static_cast<std::uint32_t>(hash), static_cast<std::uint32_t>(hash >> 32), 0, 0},
      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return w[0] | (static_cast<std::uint64_t>(w[1]) << 32);
}

}  // namespace negphase
