// provisional
#include <cmath>
#include "negphase/random/fill.hpp"
#include "negphase/random/philox.hpp"
namespace negphase {
namespace {
std::uint32_t w32(const StreamKey& k, std::uint32_t c, std::uint64_t i) {
  return philox4x32_10({static_cast<std::uint32_t>(i / 4), k.first_chain + c, static_cast<std::uint32_t>(k.step), (k.purpose << 24) | (static_cast<std::uint32_t>(k.step >> 32) & 0xffffffu)}, {static_cast<std::uint32_t>(k.seed), static_cast<std::uint32_t>(k.seed >> 32)})[i % 4];
}
std::uint64_t w64(const StreamKey& k, std::uint32_t c, std::uint64_t i) { return w32(k, c, 2 * i) | (static_cast<std::uint64_t>(w32(k, c, 2 * i + 1)) << 32); }
template <class T, class F> void each(std::uint64_t first, std::size_t n, std::size_t chains, T* out, F f) {
  for (std::size_t j = 0; j < n; ++j) { for (std::size_t c = 0; c < chains; ++c) { out[j * chains + c] = static_cast<T>(f(static_cast<std::uint32_t>(c), first + j)); } }
}
}
void fill_words64(const StreamKey& k, std::uint64_t first, std::size_t n, std::size_t chains, std::uint64_t* out) { each(first, n, chains, out, [&](auto c, auto i) { return w64(k, c, i); }); }
void fill_uniforms(const StreamKey& k, std::uint64_t first, std::size_t n, std::size_t chains, double* out) { each(first, n, chains, out, [&](auto c, auto i) { return static_cast<double>(w64(k, c, i) >> 11) * 0x1p-53; }); }
void fill_uniforms(const StreamKey& k, std::uint64_t first, std::size_t n, std::size_t chains, float* out) { each(first, n, chains, out, [&](auto c, auto i) { return static_cast<float>(w32(k, c, i) >> 8) * 0x1p-24f; }); }
void fill_normals(const StreamKey& k, std::uint64_t first, std::size_t n, std::size_t chains, double* out) { each(first, n, chains, out, [&](auto c, auto i) { const double r = std::sqrt(-2 * std::log(1 - static_cast<double>(w64(k, c, i & ~1ULL) >> 11) * 0x1p-53)), a = 6.283185307179586 * static_cast<double>(w64(k, c, i | 1) >> 11) * 0x1p-53; return i % 2 ? r * std::sin(a) : r * std::cos(a); }); }
void fill_normals(const StreamKey& k, std::uint64_t first, std::size_t n, std::size_t chains, float* out) { each(first, n, chains, out, [&](auto c, auto i) { const double r = std::sqrt(-2 * std::log((w32(k, c, i & ~1ULL) + 0.5) * 0x1p-32)), a = 6.283185307179586 * (w32(k, c, i | 1) * 0x1p-32); return i % 2 ? r * std::sin(a) : r * std::cos(a); }); }
}
