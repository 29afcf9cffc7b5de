#pragma once
#include <algorithm>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "negphase/core/error.hpp"
#include "negphase/core/random_source.hpp"
#include "negphase/random/scripted_source.hpp"

namespace negphase {

/// Passes every request on to another source and keeps a record. Throws UsageError where one
/// (purpose, index) is asked for twice in a step. For tests and for trying out a new sampler; it
/// allocates.
class TracingSource final : public RandomSource {
 public:
  explicit TracingSource(RandomSource& inner) : RandomSource(inner.chains()), inner_(inner) {}

  /// Forgets the draws of the step before. (The inner source is told of the step by its owner.)
  void next_step() {
    draws_.clear();
    seen_.clear();
  }
  /// All draws since next_step(), in order.
  std::span<const Draw> draws() const { return draws_; }

 private:
  void record(Purpose p, Index first, Index n) {
    for (Index i = first; i < first + n; ++i) {
      draws_.push_back({p, i});
      if (!seen_.emplace(p, i).second) {
        throw UsageError("purpose " + std::to_string(static_cast<int>(p)) + ", index " +
                         std::to_string(i) + " was drawn twice in one step");
      }
    }
  }

  template <class Scalar, class Fill>
  void pass(Purpose p, Index first, Index n, Scalar* out, Fill&& fill) {
    record(p, first, n);
    Block<Scalar> block(chains(), n);
    fill(block);
    std::copy_n(block.data(), block.size(), out);
  }

  void fill_words(Purpose p, Index first, Index n, std::uint64_t* out) override {
    record(p, first, n);
    Lane<std::uint64_t> lane(chains());
    for (Index i = 0; i < n; ++i) {
      inner_.words(p, first + i, lane);
      std::copy_n(lane.data(), lane.size(), out + i * chains());
    }
  }
  void fill_uniforms(Purpose p, Index first, Index n, double* out) override {
    pass(p, first, n, out, [&](auto& block) { inner_.uniforms(p, first, block); });
  }
  void fill_uniforms(Purpose p, Index first, Index n, float* out) override {
    pass(p, first, n, out, [&](auto& block) { inner_.uniforms(p, first, block); });
  }
  void fill_normals(Purpose p, Index first, Index n, double* out) override {
    pass(p, first, n, out, [&](auto& block) { inner_.normals(p, first, block); });
  }
  void fill_normals(Purpose p, Index first, Index n, float* out) override {
    pass(p, first, n, out, [&](auto& block) { inner_.normals(p, first, block); });
  }

  RandomSource& inner_;
  std::vector<Draw> draws_;
  std::set<std::pair<Purpose, Index>> seen_;
};

}  // namespace negphase
