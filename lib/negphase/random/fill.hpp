#pragma once
// provisional: replaced by the vectorised fills
#include <cstddef>
#include <cstdint>
namespace negphase {
struct StreamKey {
  std::uint64_t seed;
  std::uint64_t step;
  std::uint32_t first_chain;
  std::uint32_t purpose;
};
void fill_words64(const StreamKey&, std::uint64_t first, std::size_t n, std::size_t chains, std::uint64_t* out);
void fill_uniforms(const StreamKey&, std::uint64_t first, std::size_t n, std::size_t chains, double* out);
void fill_uniforms(const StreamKey&, std::uint64_t first, std::size_t n, std::size_t chains, float* out);
void fill_normals(const StreamKey&, std::uint64_t first, std::size_t n, std::size_t chains, double* out);
void fill_normals(const StreamKey&, std::uint64_t first, std::size_t n, std::size_t chains, float* out);
}
