#pragma once
#include <algorithm>
#include <functional>
#include <utility>

#include "negphase/core/random_source.hpp"

namespace negphase::testing {

/// A lying source: each word of another source, changed. Uniforms are made of the changed words;
/// normals pass unchanged.
class AlteredSource final : public RandomSource {
 public:
  using Alter = std::function<std::uint64_t(Purpose, Index, std::uint64_t)>;
  AlteredSource(RandomSource& inner, Alter alter)
      : RandomSource(inner.chains()), inner_(inner), alter_(std::move(alter)) {}

 private:
  template <class Value, class Make>
  void fill(Purpose p, Index first, Index n, Value* out, Make&& make) {
    Lane<std::uint64_t> lane(chains());
    for (Index i = 0; i < n; ++i) {
      inner_.words(p, first + i, lane);
      for (Index c = 0; c < chains(); ++c) {
        *out++ = make(alter_(p, first + i, lane[c]));
      }
    }
  }
  template <class Scalar>
  void pass_normals(Purpose p, Index first, Index n, Scalar* out) {
    Block<Scalar> block(chains(), n);
    inner_.normals(p, first, block);
    std::copy_n(block.data(), block.size(), out);
  }

  void fill_words(Purpose p, Index first, Index n, std::uint64_t* out) override {
    fill(p, first, n, out, [](std::uint64_t w) { return w; });
  }
  void fill_uniforms(Purpose p, Index first, Index n, double* out) override {
    fill(p, first, n, out, [](std::uint64_t w) { return static_cast<double>(w >> 11) * 0x1p-53; });
  }
  void fill_uniforms(Purpose p, Index first, Index n, float* out) override {
    fill(p, first, n, out, [](std::uint64_t w) { return static_cast<float>(w >> 40) * 0x1p-24f; });
  }
  void fill_normals(Purpose p, Index first, Index n, double* out) override {
    pass_normals(p, first, n, out);
  }
  void fill_normals(Purpose p, Index first, Index n, float* out) override {
    pass_normals(p, first, n, out);
  }

  RandomSource& inner_;
  Alter alter_;
};

}  // namespace negphase::testing
