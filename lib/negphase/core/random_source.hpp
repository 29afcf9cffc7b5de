#pragma once
#include <cstdint>

#include "negphase/core/block.hpp"

namespace negphase {

/// What a draw is for. Each use within one step has its own purpose, so that adding a draw never
/// shifts another. Frozen numbers: they are part of the counter (random/philox.hpp).
enum class Purpose : std::uint8_t {
  noise = 0,        ///< continuous proposal noise
  accept = 1,       ///< acceptance uniforms
  site = 2,         ///< which site, which direction
  conditional = 3,  ///< draws from conditionals; index = place of the column in the
                    ///< order of the layers
  value = 4,        ///< which value a discrete proposal takes
  start = 5,        ///< initial positions
  data = 6,         ///< order and choice of data rows
  exact = 7,        ///< exact samplers
  swap = 8,         ///< exchanges between replicas
  momentum = 9,     ///< refreshed momenta
  user = 64,        ///< 64 .. 255 are free for samplers outside this project
};

/// Uniform on 0 .. n-1 from a uniform word: the high word of word x n, bias below n 2^-64.
inline Index index_below(std::uint64_t word, Index n) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<Index>((static_cast<Wide>(word) * static_cast<std::uint64_t>(n)) >> 64);
}

/// The randomness of one block of chains in one step: a pure function of (seed, chain, step,
/// purpose, index). One virtual call fills a whole block; `first` is the index of the first column.
///   words     uniform 64-bit words
///   uniforms  [0, 1), never 1: 53 bits in double, 24 in float
///   normals   N(0, 1)
/// Asking twice for one (purpose, index) in a step is an error, and so is a word that may go
/// unused; the scripted source reports both.
class RandomSource {
 public:
  virtual ~RandomSource() = default;
  Index chains() const { return chains_; }
  /// The number of the step that the draws belong to; 0 for a source that has none.
  virtual std::uint64_t step() const { return 0; }

  /// While it lives the source's indices are shifted by part x 2^20, so that a kernel made of
  /// others (cycle, ladder) gives each part, or each visit to one, draws of its own: below 2^20
  /// indices a part and 2^12 parts. Nests by adding, so an outer kernel numbers its parts past the
  /// inner ones'.
  class Part {
   public:
    Part(RandomSource& source, Index part) : source_(source), outer_(source.base_) {
      source_.base_ += part << 20;
    }
    ~Part() { source_.base_ = outer_; }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

   private:
    RandomSource& source_;
    Index outer_;
  };

  void words(Purpose p, Index first, Lane<std::uint64_t>& out) {
    fill_words(p, base_ + first, 1, sized(out));
  }
  void uniforms(Purpose p, Index first, PerChain& out) {
    fill_uniforms(p, base_ + first, 1, sized(out));
  }
  /// Fills every column of `out` [chains x n] with indices first .. first + n - 1.
  template <class Scalar>
  void uniforms(Purpose p, Index first, Block<Scalar>& out) {
    fill_uniforms(p, base_ + first, out.cols(), sized(out));
  }
  template <class Scalar>
  void normals(Purpose p, Index first, Block<Scalar>& out) {
    fill_normals(p, base_ + first, out.cols(), sized(out));
  }
  /// Uniform on 0 .. n-1 for each chain (index_below).
  void sites(Purpose p, Index first, Index n, Sites& out);

 protected:
  explicit RandomSource(Index chains) : chains_(chains) {}
  RandomSource(const RandomSource&) = default;
  RandomSource& operator=(const RandomSource&) = default;

 private:
  virtual void fill_words(Purpose p, Index first, Index n, std::uint64_t* out) = 0;
  virtual void fill_uniforms(Purpose p, Index first, Index n, double* out) = 0;
  virtual void fill_uniforms(Purpose p, Index first, Index n, float* out) = 0;
  virtual void fill_normals(Purpose p, Index first, Index n, double* out) = 0;
  virtual void fill_normals(Purpose p, Index first, Index n, float* out) = 0;

  template <class Array>
  typename Array::Scalar* sized(Array& out) const {
    eigen_assert(out.rows() == chains_);
    return out.data();
  }
  Index chains_;
  Index base_ = 0;
};

inline void RandomSource::sites(Purpose p, Index first, Index n, Sites& out) {
  // a word and a site are both 64 bits: the words are drawn in place
  static_assert(sizeof(Index) == sizeof(std::uint64_t));
  fill_words(p, base_ + first, 1, reinterpret_cast<std::uint64_t*>(sized(out)));
  for (Index c = 0; c < out.size(); ++c) {
    out[c] = index_below(static_cast<std::uint64_t>(out[c]), n);
  }
}

}  // namespace negphase
