#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "negphase/core/random_source.hpp"

namespace negphase {

/// What was asked of a source: one number for each chain.
struct Draw {
  Purpose purpose = Purpose::user;
  Index index = 0;
  bool operator==(const Draw&) const = default;
};

/// Thrown by ScriptedSource where its tape ends. Not an Error: it is how the kernel probe learns
/// that a kernel wants to know more.
struct NeedMoreWords {};

/// A RandomSource that reads its words from a tape, in the order of the requests (within one
/// request column by column, the chains of a column one after the other). For tests of a kernel's
/// own arithmetic: with the words given, a step is an ordinary function.
///   words     one word of the tape each
///   uniforms  its top 53 bits as u = k 2^-53 (double), its top 24 bits as u = k 2^-24 (float): the
///             share of words that lead to an event is the event's exact probability
///   normals   from a list of their own, as given; no words are used
class ScriptedSource final : public RandomSource {
 public:
  explicit ScriptedSource(Index chains = 1) : RandomSource(chains) {}

  /// Starts a step: rewinds, forgets what was asked, and reads from these (kept by the caller).
  void script(std::span<const std::uint64_t> words, std::span<const double> normals = {});
  /// What stands on the tape after its end, given the number of the word; none: NeedMoreWords.
  void set_tail(std::function<std::uint64_t(std::size_t)> tail) { tail_ = std::move(tail); }

  /// All draws since script(), in order.
  std::span<const Draw> draws() const { return draws_; }
  /// Those that were asked for more than once since script(): each is an error of the kernel.
  std::vector<Draw> repeated() const;
  std::size_t num_words() const { return next_word_; }
  std::size_t num_normals() const { return next_normal_; }

 private:
  void fill_words(Purpose p, Index first, Index n, std::uint64_t* out) override;
  void fill_uniforms(Purpose p, Index first, Index n, double* out) override;
  void fill_uniforms(Purpose p, Index first, Index n, float* out) override;
  void fill_normals(Purpose p, Index first, Index n, double* out) override;
  void fill_normals(Purpose p, Index first, Index n, float* out) override;

  void record(Purpose p, Index first, Index n);
  std::uint64_t word();
  double normal();

  std::span<const std::uint64_t> words_;
  std::span<const double> normals_;
  std::size_t next_word_ = 0, next_normal_ = 0;
  std::function<std::uint64_t(std::size_t)> tail_;
  std::vector<Draw> draws_;
};

}  // namespace negphase
