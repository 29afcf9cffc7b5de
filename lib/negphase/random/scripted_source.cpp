#include "negphase/random/scripted_source.hpp"

#include <algorithm>

namespace negphase {

void ScriptedSource::script(std::span<const std::uint64_t> words, std::span<const double> normals) {
  words_ = words;
  normals_ = normals;
  next_word_ = next_normal_ = 0;
  draws_.clear();
}

std::vector<Draw> ScriptedSource::repeated() const {
  std::vector<Draw> repeats;
  for (std::size_t i = 0; i < draws_.size(); ++i) {
    const auto before = draws_.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(draws_.begin(), before, draws_[i]) != before) {
      repeats.push_back(draws_[i]);
    }
  }
  return repeats;
}

void ScriptedSource::record(Purpose p, Index first, Index n) {
  for (Index i = 0; i < n; ++i) {
    draws_.push_back({p, first + i});
  }
}

std::uint64_t ScriptedSource::word() {
  if (next_word_ < words_.size()) {
    return words_[next_word_++];
  }
  if (!tail_) {
    throw NeedMoreWords{};
  }
  return tail_(next_word_++);
}

double ScriptedSource::normal() {
  if (next_normal_ == normals_.size()) {
    throw NeedMoreWords{};
  }
  return normals_[next_normal_++];
}

void ScriptedSource::fill_words(Purpose p, Index first, Index n, std::uint64_t* out) {
  record(p, first, n);
  std::generate_n(out, n * chains(), [&] { return word(); });
}

void ScriptedSource::fill_uniforms(Purpose p, Index first, Index n, double* out) {
  record(p, first, n);
  std::generate_n(out, n * chains(), [&] { return static_cast<double>(word() >> 11) * 0x1p-53; });
}

void ScriptedSource::fill_uniforms(Purpose p, Index first, Index n, float* out) {
  record(p, first, n);
  std::generate_n(out, n * chains(), [&] { return static_cast<float>(word() >> 40) * 0x1p-24f; });
}

void ScriptedSource::fill_normals(Purpose p, Index first, Index n, double* out) {
  record(p, first, n);
  std::generate_n(out, n * chains(), [&] { return normal(); });
}

void ScriptedSource::fill_normals(Purpose p, Index first, Index n, float* out) {
  record(p, first, n);
  std::generate_n(out, n * chains(), [&] { return static_cast<float>(normal()); });
}

}  // namespace negphase
