#pragma once
#include <cstdint>
#include <string_view>

#include "negphase/core/random_source.hpp"
#include "negphase/random/fill.hpp"

namespace negphase {

/// The product's RandomSource: Philox4x32-10 in the frozen layout (random/philox.hpp), for chains
/// first_chain .. first_chain + chains - 1. No state but the step number: any draw can be made
/// again.
class PhiloxSource final : public RandomSource {
 public:
  PhiloxSource(std::uint64_t seed, std::uint32_t first_chain, Index chains)
      : RandomSource(chains), key_{seed, 0, first_chain, 0} {}
  /// @param step  below 2^56
  void set_step(std::uint64_t step) { key_.step = step; }
  std::uint64_t step() const override { return key_.step; }

 private:
  StreamKey key(Purpose p) const {
    StreamKey k = key_;
    k.purpose = static_cast<std::uint32_t>(p);
    return k;
  }
  std::size_t width() const { return static_cast<std::size_t>(chains()); }

  void fill_words(Purpose p, Index first, Index n, std::uint64_t* out) override {
    fill_words64(key(p), static_cast<std::uint64_t>(first), static_cast<std::size_t>(n), width(),
                 out);
  }
  void fill_uniforms(Purpose p, Index first, Index n, double* out) override {
    negphase::fill_uniforms(key(p), static_cast<std::uint64_t>(first), static_cast<std::size_t>(n),
                            width(), out);
  }
  void fill_uniforms(Purpose p, Index first, Index n, float* out) override {
    negphase::fill_uniforms(key(p), static_cast<std::uint64_t>(first), static_cast<std::size_t>(n),
                            width(), out);
  }
  void fill_normals(Purpose p, Index first, Index n, double* out) override {
    negphase::fill_normals(key(p), static_cast<std::uint64_t>(first), static_cast<std::size_t>(n),
                           width(), out);
  }
  void fill_normals(Purpose p, Index first, Index n, float* out) override {
    negphase::fill_normals(key(p), static_cast<std::uint64_t>(first), static_cast<std::size_t>(n),
                           width(), out);
  }

  StreamKey key_;  ///< its purpose is filled in for each draw
};

/// A seed for one role of a run ("positive phase", "negative phase", "data order"), so that no two
/// roles share a stream: words 0 and 1 of Philox at counter FNV-1a(role), key = seed.
std::uint64_t derive_seed(std::uint64_t seed, std::string_view role);

}  // namespace negphase
