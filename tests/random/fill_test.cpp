#include "negphase/random/fill.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/poisson.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "negphase/core/error.hpp"
#include "negphase/random/philox.hpp"

namespace {

using negphase::Isa;
using negphase::PhiloxCounter;
using negphase::PhiloxKey;
using negphase::StreamKey;
using std::size_t;
using std::uint32_t;
using std::uint64_t;

template <class T>
using Fill = std::function<void(const StreamKey&, uint64_t, size_t, size_t, T*)>;

// One implementation of every fill. The checks below take one of these, so that the product passes
// and wrong ones must fail.
struct Fills {
  Fill<uint32_t> words32;
  Fill<uint64_t> words64;
  Fill<double> uniforms_double;
  Fill<float> uniforms_float;
  Fill<double> normals_double;
  Fill<float> normals_float;
};

Fills product() {
  return {
      [](const auto&... a) { negphase::fill_words32(a...); },
      [](const auto&... a) { negphase::fill_words64(a...); },
      [](const auto&... a) { negphase::fill_uniforms(a...); },
      [](const auto&... a) { negphase::fill_uniforms(a...); },
      [](const auto&... a) { negphase::fill_normals(a...); },
      [](const auto&... a) { negphase::fill_normals(a...); },
  };
}

// The product, asked for other streams than it was called for.
Fills misdirected(const std::function<StreamKey(StreamKey)>& wrong) {
  const auto redirect = [wrong](auto fill) {
    return [wrong, fill](const StreamKey& key, uint64_t first, size_t n, size_t chains, auto* out) {
      fill(wrong(key), first, n, chains, out);
    };
  };
  const Fills right = product();
  return {redirect(right.words32),         redirect(right.words64),
          redirect(right.uniforms_double), redirect(right.uniforms_float),
          redirect(right.normals_double),  redirect(right.normals_float)};
}

template <class T>
std::vector<T> draw(const Fill<T>& fill, const StreamKey& key, uint64_t first, size_t n,
                    size_t chains) {
  std::vector<T> out(n * chains);
  fill(key, first, n, chains, out.data());
  return out;
}

const std::vector<Isa> all_isas = {Isa::scalar, Isa::avx2, Isa::avx512};

const char* name_of(Isa isa) {
  return isa == Isa::scalar ? "scalar" : isa == Isa::avx2 ? "avx2" : "avx512";
}

// Runs `body` on every instruction set that this machine has, then puts back the first.
void on_every_isa(const std::function<void()>& body) {
  const Isa before = negphase::fill_isa();
  for (const Isa isa : all_isas) {
    if (!negphase::set_fill_isa(isa)) {
      MESSAGE("this machine lacks " << name_of(isa));
      continue;
    }
    REQUIRE(negphase::fill_isa() == isa);
    const std::string name = name_of(isa);
    INFO("instruction set ", name);
    body();
  }
  REQUIRE(negphase::set_fill_isa(before));
}

// Widths on both sides of every vector length, starts within a group, short and long runs.
const std::vector<size_t> widths = {0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 23, 31, 32, 33, 48, 64, 65};
const std::vector<uint64_t> firsts = {0, 1, 2, 3, 4, 5, 1022, (uint64_t{1} << 33) - 40};
const std::vector<size_t> counts = {0, 1, 2, 3, 4, 5, 6, 9, 17};
const std::vector<StreamKey> keys = {
    {0, 0, 0, 0},
    {0x0123456789ABCDEFU, 1, 64, 2},
    {0xFFFFFFFFFFFFFFFFU, 0xFFFFFFFFU, 0xFFFFFFFFU - 64, 255},
    {42, uint64_t{1} << 32, 1000, 64},
    {42, (uint64_t{1} << 56) - 1, 0x7FFFFFFF, 128},
};

// ---------------------------------------------------------------------------------------------
// Placing chosen words: Philox is a bijection of the counter, and every counter is a stream.

struct Place {
  StreamKey key;
  uint64_t counter;  // index / 4 of 32-bit words
};

uint32_t inverse(uint32_t odd) {
  uint32_t x = odd;  // right in 3 bits; each step doubles them
  for (int i = 0; i < 5; ++i) {
    x *= 2 - odd * x;
  }
  return x;
}

// The stream and the counter where the generator answers `words` under `seed`.
Place place_of(PhiloxCounter words, uint64_t seed) {
  const uint32_t m0 = negphase::philox_multiplier0;
  const uint32_t m1 = negphase::philox_multiplier1;
  PhiloxCounter c = words;
  for (uint32_t round = 10; round-- > 0;) {
    const uint32_t k0 = negphase::philox_key(seed)[0] + round * negphase::philox_weyl0;
    const uint32_t k1 = negphase::philox_key(seed)[1] + round * negphase::philox_weyl1;
    const uint32_t c2 = c[1] * inverse(m1);
    const uint32_t c0 = c[3] * inverse(m0);
    const uint32_t high1 = static_cast<uint32_t>((uint64_t{m1} * c2) >> 32);
    const uint32_t high0 = static_cast<uint32_t>((uint64_t{m0} * c0) >> 32);
    c = {c0, c[0] ^ high1 ^ k0, c2, c[2] ^ high0 ^ k1};
  }
  return {{seed, c[2] | (uint64_t{c[3] & 0xFFFFFFU} << 32), c[1], c[3] >> 24}, c[0]};
}

// Words at which a transform can go wrong: ends, middles, octant borders and their neighbours.
std::vector<uint32_t> edge_words() {
  std::vector<uint32_t> words = {0x3504F333U, 0xB504F333U, 0xB504F334U, 0xB504F300U, 0xB504F380U};
  for (uint32_t eighth = 0; eighth < 8; ++eighth) {
    for (const int offset : {-257, -256, -255, -128, -2, -1, 0, 1, 2, 127, 128, 129, 255, 256}) {
      words.push_back((eighth << 29) + static_cast<uint32_t>(offset));
    }
  }
  for (int bit = 0; bit < 32; ++bit) {
    words.push_back(uint32_t{1} << bit);
    words.push_back(~(uint32_t{1} << bit));
  }
  return words;
}

// ---------------------------------------------------------------------------------------------
// References.

// One pair of normals and its radius in long double, from u and 1 - u (both exact) and v.
struct ReferencePair {
  long double radius, even, odd;
};

ReferencePair reference_pair(long double u, long double one_minus_u, long double v) {
  const long double log_u = u < 0.5L ? std::log(u) : std::log1p(-one_minus_u);
  const long double r = std::sqrt(-2 * log_u);
  const long double angle = 6.283185307179586476925286766559L * v;
  return {r, r * std::cos(angle), r * std::sin(angle)};
}

ReferencePair reference_pair(uint32_t a, uint32_t b) {
  return reference_pair((static_cast<long double>(a) + 0.5L) * 0x1p-32L,
                        (static_cast<long double>(~a) + 0.5L) * 0x1p-32L,
                        static_cast<long double>(b) * 0x1p-32L);
}

ReferencePair reference_pair(uint64_t a, uint64_t b) {
  return reference_pair((static_cast<long double>(a >> 12) + 0.5L) * 0x1p-52L,
                        (static_cast<long double>(~a >> 12) + 0.5L) * 0x1p-52L,
                        static_cast<long double>(b >> 10) * 0x1p-54L);
}

// Bounds of |x - reference| / max(1, R), R = sqrt(-2 log u), in units of h, the largest relative
// error of one rounding (2^-24, 2^-53). |sin|, |cos| <= 1; dX is the error of X.
//
// float. R^2 = -2 log u is put together as -2 e log 2 + (-2 f + f^2 + f^3 q).
//   e < 0, so R >= 0.83: t has two roundings. If u = t, log u is off by 2 h. If u = 1 - t, t <= 1/2
//   is off by h, its difference from 1 by h/2 more, and log u by 1.5 h / u <= 3 h. So R^2 is off by
//   6 h from its argument; the fit adds 1.7e-8 = 0.3 h; f^3 q + f^2 (at most 0.2, 4 roundings),
//   e times the small part of log 2 (same size) and -2 f (result at most 0.9) add at most 2 h; the
//   last sum h R^2. dR <= (8.3 h + h R^2) / (2 R) + h R <= h (5 + 1.5 R).
//   e = 0, R <= 0.84: f = -t is relatively off by 2 h, R^2 = 2 t (1 + ...) by 2.4 h, and 4 h more
//   by its roundings: dR <= (3.2 + 1) h R <= 3.6 h. cos, sin in the octant: y is off by h y, hence
//   cos by 0.6 h, sin by h relatively. Fits: 0.6 h, and 0.5 h relatively. Roundings: 0.9 h for cos
//   (last sum 0.5 h); for sin 2.2 h relatively (last sum and product, the rest enters through z <=
//   1/4). Together 2.1 h; 3.7 h 0.71 = 2.6 h. dx <= dR + R (2.6 + 1) h <= h (5 + 5.1 R) <= 10.1 h
//   max(1, R).
// double. u, f, y are exact, and the errors of the fits are below 0.4 h.
//   R^2: -2 f + (...) at most 0.9 h, f^2 - tail 0.2 h, f^2 0.2 h, tail (at most 0.2; s has 2
//   roundings, the factor 2, the product 1) 1 h; for e < 0 the last sum adds h R^2:
//   dR <= h (2.3 + R^2) / (2 R) + h R <= h (1.4 + 1.5 R). e = 0: R^2 = 2 |f| (1 + ...), and the
//   parts beside -2 f are below |f| / 4 of it: 3 h relatively, dR <= 2.5 h R <= 2.1 h.
//   cos 1.2 h; sin relatively 0.4 + 0.1 + 0.7 + 1 h, times 0.71: 1.6 h.
//   dx <= dR + R (1.6 + 1) h <= h (2.1 + 4.1 R) <= 6.2 h max(1, R).
// long double adds below 0.01 h.
template <class Real>
constexpr long double error_bound = 0;
template <>
constexpr long double error_bound<float> = 10.1L * 0x1p-24L;  // 6.1e-7
template <>
constexpr long double error_bound<double> = 6.2L * 0x1p-53L;  // 6.9e-16

// ---------------------------------------------------------------------------------------------
// Checks: true if the implementation passes.

// Words and uniforms, each by the scalar formula. Nothing is written outside of `out`.
bool follows_layout(const Fills& fills) {
  bool right = true;
  const auto check = [&](const auto& fill, const StreamKey& key, uint64_t first, size_t n,
                         size_t chains, auto sentinel, const auto& formula) {
    using T = decltype(sentinel);
    const size_t margin = 67;  // odd, so that no vector is aligned
    std::vector<T> out(n * chains + 2 * margin, sentinel);
    fill(key, first, n, chains, out.data() + margin);
    for (size_t i = 0; i < margin; ++i) {
      right = right && out[i] == sentinel && out[out.size() - 1 - i] == sentinel;
    }
    for (size_t j = 0; j < n; ++j) {
      for (size_t c = 0; c < chains; ++c) {
        const T expected = formula(key.first_chain + static_cast<uint32_t>(c), first + j);
        right = right && out[margin + j * chains + c] == expected;
      }
    }
  };
  for (const StreamKey& key : keys) {
    for (const size_t chains : widths) {
      // The four shortest firsts and counts go with all widths, the others with a few.
      const bool all = chains == 1 || chains == 33;
      for (const uint64_t first : firsts) {
        for (const size_t n : counts) {
          if (!all && (first > 3 && n != 5)) {
            continue;
          }
          const auto word32 = [&](uint32_t chain, uint64_t index) {
            return negphase::stream_word32(key.seed, chain, key.step, key.purpose, index);
          };
          const auto word64 = [&](uint32_t chain, uint64_t index) {
            return negphase::stream_word64(key.seed, chain, key.step, key.purpose, index);
          };
          check(fills.words32, key, first, n, chains, uint32_t{0xDEADBEEF}, word32);
          check(fills.words64, key, first, n, chains, uint64_t{0xDEADBEEF}, word64);
          check(fills.uniforms_float, key, first, n, chains, -1.0F, [&](auto chain, auto index) {
            return static_cast<float>(word32(chain, index) >> 8) * 0x1p-24F;
          });
          check(fills.uniforms_double, key, first, n, chains, -1.0, [&](auto chain, auto index) {
            return static_cast<double>(word64(chain, index) >> 11) * 0x1p-53;
          });
        }
      }
    }
  }
  return right;
}

// Streams whose names differ in one field only have no word in common at the same place.
bool neighbours_differ(const Fills& fills) {
  const StreamKey base{1234, 5, 10, 3};
  std::vector<StreamKey> others(6, base);
  others[0].first_chain += 1;
  others[1].step += 1;
  others[2].step += uint64_t{1} << 32;
  others[3].purpose += 1;
  others[4].seed += 1;
  others[5].seed += uint64_t{1} << 32;
  const auto words = draw(fills.words32, base, 0, 64, 1);
  bool right = true;
  for (const StreamKey& other : others) {
    const auto their_words = draw(fills.words32, other, 0, 64, 1);
    for (size_t i = 0; i < words.size(); ++i) {
      right = right && words[i] != their_words[i];
    }
  }
  // The same within one block: no two chains alike.
  const auto block = draw(fills.words32, base, 0, 1, 64);
  for (size_t c = 1; c < block.size(); ++c) {
    right = right && block[c] != block[c - 1];
  }
  return right;
}

// At words of all zeros and all ones: 0 and the number next below 1.
bool uniforms_are_half_open(const Fills& fills) {
  bool right = true;
  const PhiloxCounter zeros = {0, 0, 0, 0};
  const PhiloxCounter ones = {0xFFFFFFFFU, 0xFFFFFFFFU, 0xFFFFFFFFU, 0xFFFFFFFFU};
  for (const uint64_t seed : {uint64_t{1}, uint64_t{99}}) {
    for (const bool high : {false, true}) {
      const Place at = place_of(high ? ones : zeros, seed);
      for (const double u : draw(fills.uniforms_double, at.key, 2 * at.counter, 2, 1)) {
        right = right && u == (high ? 1.0 - 0x1p-53 : 0.0) && u < 1;
      }
      for (const float u : draw(fills.uniforms_float, at.key, 4 * at.counter, 4, 1)) {
        right = right && u == (high ? 1.0F - 0x1p-24F : 0.0F) && u < 1;
      }
    }
  }
  return right;
}

// Largest |x - reference| / max(1, R) of the normals over edge words and random words.
template <class Real>
long double normal_error(const Fill<Real>& fill) {
  constexpr bool is_float = std::is_same_v<Real, float>;
  long double worst = 0;
  const auto compare = [&](const StreamKey& key, uint64_t first, size_t n, size_t chains) {
    const auto out = draw(fill, key, first, n, chains);
    for (size_t j = 0; j < n; ++j) {
      for (size_t c = 0; c < chains; ++c) {
        const uint64_t index = first + j;
        const uint32_t chain = key.first_chain + static_cast<uint32_t>(c);
        const auto word = [&](uint64_t i) {
          if constexpr (is_float) {
            return negphase::stream_word32(key.seed, chain, key.step, key.purpose, i);
          } else {
            return negphase::stream_word64(key.seed, chain, key.step, key.purpose, i);
          }
        };
        const ReferencePair pair = reference_pair(word(index & ~uint64_t{1}), word(index | 1));
        const long double x = index % 2 == 0 ? pair.even : pair.odd;
        const long double error = std::abs(out[j * chains + c] - x) / std::max(1.0L, pair.radius);
        // A NaN must not look small.
        worst = error <= worst ? worst : error;
      }
    }
  };
  const auto edges = edge_words();
  for (size_t i = 0; i < edges.size(); ++i) {
    for (size_t j = i % 3; j < edges.size(); j += 3) {
      // Float: radius word, angle word, twice. Double: the edge is in the high halves, and the low
      // ones are all zeros or all ones.
      const uint32_t low = (i + j) % 2 == 0 ? 0 : 0xFFFFFFFFU;
      const PhiloxCounter words = is_float ? PhiloxCounter{edges[i], edges[j], edges[j], edges[i]}
                                           : PhiloxCounter{low, edges[i], ~low, edges[j]};
      const Place at = place_of(words, 7);
      compare(at.key, at.counter * (is_float ? 4 : 2), is_float ? 4 : 2, 1);
    }
  }
  // Double only: the ends and the octant borders in the low halves too.
  for (int bit = 0; bit < 32 && !is_float; ++bit) {
    for (const uint32_t high : {0U, 0x1FFFFFFFU, 0x20000000U, 0x80000000U, 0xFFFFFFFFU}) {
      for (const uint32_t low : {uint32_t{1} << bit, ~(uint32_t{1} << bit)}) {
        const Place at = place_of({low, high, ~low, high}, 7);
        compare(at.key, at.counter * 2, 2, 1);
      }
    }
  }
  compare({5, 6, 7, 1}, 1, 301, 33);
  compare({5, 6, 0, 1}, 0, 200, 64);
  compare({5, 7, 0, 1}, 2, 1, 64);
  return worst;
}

bool normals_are_right(const Fills& fills) {
  return normal_error(fills.normals_double) <= error_bound<double> &&
         normal_error(fills.normals_float) <= error_bound<float>;
}

// A number depends on its chain and its index only, not on what else is asked for.
template <class T>
bool is_pure(const Fill<T>& fill) {
  const StreamKey key{77, 3, 5, 9};
  const size_t n = 11;
  const size_t chains = 37;
  const auto whole = draw(fill, key, 0, n, chains);
  bool right = true;
  for (size_t c = 0; c < chains; ++c) {
    StreamKey one = key;
    one.first_chain += static_cast<uint32_t>(c);
    for (size_t j = 0; j < n; ++j) {
      right = right && draw(fill, one, j, 1, 1)[0] == whole[j * chains + c];
    }
  }
  return right;
}

bool is_pure(const Fills& fills) {
  return is_pure(fills.words32) && is_pure(fills.words64) && is_pure(fills.uniforms_double) &&
         is_pure(fills.uniforms_float) && is_pure(fills.normals_double) &&
         is_pure(fills.normals_float);
}

// ---------------------------------------------------------------------------------------------
// Wrong versions.

// N1: all chains draw from the stream of one.
Fills one_stream_for_all_chains() {
  Fills wrong = product();
  const auto repeat = [](auto fill) {
    return [fill](const StreamKey& key, uint64_t first, size_t n, size_t chains, auto* out) {
      std::remove_reference_t<decltype(*out)> number;
      StreamKey shared = key;
      shared.first_chain = 0;
      for (size_t j = 0; j < n; ++j) {
        fill(shared, first + j, 1, 1, &number);
        std::fill_n(out + j * chains, chains, number);
      }
    };
  };
  return {repeat(wrong.words32),        repeat(wrong.words64),        repeat(wrong.uniforms_double),
          repeat(wrong.uniforms_float), repeat(wrong.normals_double), repeat(wrong.normals_float)};
}

// N3: the step is not in the counter.
Fills no_step() {
  return misdirected([](StreamKey key) {
    key.step = 0;
    return key;
  });
}

// N4: the step wraps at 2^32.
Fills step_wraps() {
  return misdirected([](StreamKey key) {
    key.step &= 0xFFFFFFFFU;
    return key;
  });
}

// N5: the second normal of a pair is kept for the next caller, who may be another chain.
Fills second_normal_shared() {
  Fills wrong = product();
  const auto cached = [](auto fill) {
    return [fill](const StreamKey& key, uint64_t first, size_t n, size_t chains, auto* out) {
      std::remove_reference_t<decltype(*out)> pair[2];
      size_t taken = 0;
      for (size_t j = 0; j < n; ++j) {
        for (size_t c = 0; c < chains; ++c, ++taken) {
          if (taken % 2 == 0) {
            StreamKey own = key;
            own.first_chain += static_cast<uint32_t>(c);
            fill(own, (first + j) & ~uint64_t{1}, 2, 1, pair);
          }
          out[j * chains + c] = pair[taken % 2];
        }
      }
    };
  };
  wrong.normals_double = cached(wrong.normals_double);
  wrong.normals_float = cached(wrong.normals_float);
  return wrong;
}

// N6: u = word / (2^bits - 1), or all bits of the word rounded to the nearest number: both give 1.
Fills closed_uniforms() {
  Fills wrong = product();
  wrong.uniforms_double = [](const StreamKey& key, uint64_t first, size_t n, size_t chains,
                             double* out) {
    const auto words = draw<uint64_t>(product().words64, key, first, n, chains);
    std::transform(words.begin(), words.end(), out,
                   [](uint64_t w) { return static_cast<double>(w) * 0x1p-64; });
  };
  return wrong;
}

Fills closed_float_uniforms() {
  Fills wrong = product();
  wrong.uniforms_float = [](const StreamKey& key, uint64_t first, size_t n, size_t chains,
                            float* out) {
    const auto words = draw<uint32_t>(product().words32, key, first, n, chains);
    std::transform(words.begin(), words.end(), out,
                   [](uint32_t w) { return static_cast<float>(w) * 0x1p-32F; });
  };
  return wrong;
}

}  // namespace

TEST_CASE("fills follow the frozen layout at any width, start and count") {
  on_every_isa([] {
    CHECK(follows_layout(product()));
    CHECK(neighbours_differ(product()));
  });
}

TEST_CASE("every number is a pure function of its stream and index") {
  on_every_isa([] { CHECK(is_pure(product())); });
}

TEST_CASE("uniforms are in [0, 1), never 1") {
  on_every_isa([] { CHECK(uniforms_are_half_open(product())); });
}

TEST_CASE("normals keep to their error bounds") {
  on_every_isa([] {
    const double of_double = static_cast<double>(normal_error<double>(product().normals_double));
    const double of_float = static_cast<double>(normal_error<float>(product().normals_float));
    MESSAGE("largest error / max(1, R): double " << of_double << ", float " << of_float);
    CHECK(of_double <= static_cast<double>(error_bound<double>));
    CHECK(of_float <= static_cast<double>(error_bound<float>));
  });
}

TEST_CASE("the largest normals are those of the smallest u") {
  // u = 2^-53, 2^-33 at words of zeros; v = 0, so that the even normal is the radius.
  const Place at = place_of({0, 0, 0, 0}, 3);
  on_every_isa([&] {
    CHECK(draw<double>(product().normals_double, at.key, 2 * at.counter, 1, 1)[0] ==
          doctest::Approx(std::sqrt(106 * std::log(2.0))).epsilon(1e-15));
    CHECK(draw<float>(product().normals_float, at.key, 4 * at.counter, 1, 1)[0] ==
          doctest::Approx(std::sqrt(66 * std::log(2.0))).epsilon(1e-6));
  });
}

TEST_CASE("every instruction set gives the bits of the scalar reference") {
  struct Case {
    StreamKey key;
    uint64_t first;
    size_t n, chains;
  };
  std::vector<Case> cases;
  for (const StreamKey& key : keys) {
    for (const size_t chains : widths) {
      for (const uint64_t first : firsts) {
        for (const size_t n : counts) {
          cases.push_back({key, first, n, chains});
        }
      }
    }
  }
  cases.push_back({{1, 2, 3, 4}, 0, 700, 64});
  cases.push_back({{1, 2, 3, 4}, 3, 3001, 1});
  const Isa before = negphase::fill_isa();
  const auto same_bits = [&](const auto& fill, Isa isa) {
    for (const Case& c : cases) {
      REQUIRE(negphase::set_fill_isa(Isa::scalar));
      const auto expected = draw(fill, c.key, c.first, c.n, c.chains);
      REQUIRE(negphase::set_fill_isa(isa));
      const auto out = draw(fill, c.key, c.first, c.n, c.chains);
      if (!out.empty() &&
          std::memcmp(out.data(), expected.data(), out.size() * sizeof(out[0])) != 0) {
        return false;
      }
    }
    return true;
  };
  const Fills fills = product();
  for (const Isa isa : {Isa::avx2, Isa::avx512}) {
    if (!negphase::set_fill_isa(isa)) {
      continue;
    }
    const std::string name = name_of(isa);
    INFO("instruction set ", name);
    CHECK(same_bits(fills.words32, isa));
    CHECK(same_bits(fills.words64, isa));
    CHECK(same_bits(fills.uniforms_double, isa));
    CHECK(same_bits(fills.uniforms_float, isa));
    CHECK(same_bits(fills.normals_double, isa));
    CHECK(same_bits(fills.normals_float, isa));
  }
  REQUIRE(negphase::set_fill_isa(before));
}

TEST_CASE("fills refuse what does not fit the counter") {
  const uint64_t limit = uint64_t{1} << 34;
  std::vector<uint32_t> words(8);
  std::vector<double> doubles(8);
  CHECK_THROWS_AS(negphase::fill_words32({0, uint64_t{1} << 56, 0, 0}, 0, 1, 1, words.data()),
                  negphase::UsageError);
  CHECK_THROWS_AS(negphase::fill_words32({0, 0, 0, 256}, 0, 1, 1, words.data()),
                  negphase::UsageError);
  CHECK_THROWS_AS(negphase::fill_words32({0, 0, 0xFFFFFFFFU, 0}, 0, 1, 2, words.data()),
                  negphase::UsageError);
  CHECK_THROWS_AS(negphase::fill_words32({0, 0, 0, 0}, limit - 1, 2, 1, words.data()),
                  negphase::UsageError);
  CHECK_THROWS_AS(negphase::fill_uniforms({0, 0, 0, 0}, limit / 2, 1, 1, doubles.data()),
                  negphase::UsageError);
  CHECK_NOTHROW(negphase::fill_words32({0, 0, 0xFFFFFFFFU, 255}, limit - 2, 2, 1, words.data()));
  CHECK_NOTHROW(negphase::fill_normals({0, 0, 0, 0}, limit / 2 - 1, 1, 1, doubles.data()));
  CHECK(words[1] == negphase::stream_word32(0, 0xFFFFFFFFU, 0, 255, limit - 1));
}

TEST_CASE("planted bug N1, one stream for all chains, is rejected") {
  CHECK_FALSE(follows_layout(one_stream_for_all_chains()));
  CHECK_FALSE(neighbours_differ(one_stream_for_all_chains()));
  CHECK_FALSE(is_pure(misdirected([](StreamKey key) {  // all draw from the block's first chain
    key.first_chain &= ~uint32_t{7};
    return key;
  })));
}

TEST_CASE("planted bug N3, the step not in the counter, is rejected") {
  CHECK_FALSE(follows_layout(no_step()));
  CHECK_FALSE(neighbours_differ(no_step()));
  CHECK_FALSE(normals_are_right(no_step()));
}

TEST_CASE("planted bug N4, the step wraps at 2^32, is rejected") {
  CHECK_FALSE(follows_layout(step_wraps()));
  CHECK_FALSE(neighbours_differ(step_wraps()));
}

TEST_CASE("planted bug N5, the second normal shared by chains, is rejected") {
  CHECK_FALSE(is_pure(second_normal_shared()));
  CHECK_FALSE(normals_are_right(second_normal_shared()));
}

TEST_CASE("planted bug N6, uniforms that can be 1, is rejected") {
  CHECK_FALSE(uniforms_are_half_open(closed_uniforms()));
  CHECK_FALSE(uniforms_are_half_open(closed_float_uniforms()));
}

TEST_SUITE("slow") {
  // Chance that a right program fails, shared equally by the looks of a test.
  constexpr double level = 1.6e-8;

  double two_sided(double below, double above) { return std::min(1.0, 2 * std::min(below, above)); }

  // Smallest p-value over two looks at a pair of streams of 2^20 words: chi2 of the 16 x 16 table
  // of leading bits (255 degrees of freedom), and the correlation of the words as uniforms, whose
  // sum of products has mean 0 and variance N / 144 and is normal to N^-1/2.
  double p_of_pair(const Fills& fills, const StreamKey& a, const StreamKey& b) {
    const size_t n = size_t{1} << 20;
    const auto x = draw(fills.words32, a, 0, n, 1);
    const auto y = draw(fills.words32, b, 0, n, 1);
    std::vector<double> table(256, 0);
    double product_sum = 0;
    for (size_t i = 0; i < n; ++i) {
      table[(x[i] >> 28) * 16 + (y[i] >> 28)] += 1;
      product_sum += (x[i] * 0x1p-32 - 0.5) * (y[i] * 0x1p-32 - 0.5);
    }
    const double expected = static_cast<double>(n) / 256;
    double chi2 = 0;
    for (const double count : table) {
      chi2 += (count - expected) * (count - expected) / expected;
    }
    const boost::math::chi_squared law(255);
    const double p_table = two_sided(boost::math::cdf(law, chi2),
                                     boost::math::cdf(boost::math::complement(law, chi2)));
    const double z = product_sum * 12 / std::sqrt(static_cast<double>(n));
    return std::min(p_table, std::erfc(std::abs(z) / std::sqrt(2.0)));
  }

  // Birthday spacings of the first words of 2^20 chains: 55 bits of each, so that the number of
  // equal spacings is Poisson with mean n^3 / (4 2^55) = 8.
  double p_of_birthdays(const Fills& fills) {
    const size_t n = size_t{1} << 20;
    auto days = draw(fills.words64, {2024, 1, 0, 1}, 0, 1, n);
    for (uint64_t& day : days) {
      day >>= 9;
    }
    std::sort(days.begin(), days.end());
    for (size_t i = n - 1; i > 0; --i) {
      days[i] -= days[i - 1];
    }
    std::sort(days.begin(), days.end());
    double equal = 0;
    for (size_t i = 1; i < n; ++i) {
      equal += days[i] == days[i - 1] ? 1 : 0;
    }
    const boost::math::poisson law(8);
    const double above = equal == 0 ? 1 : boost::math::cdf(boost::math::complement(law, equal - 1));
    return two_sided(boost::math::cdf(law, equal), above);
  }

  struct StreamPair {
    const char* name;
    StreamKey other;
  };

  TEST_CASE("S11: neighbouring streams are independent") {
    const StreamKey base{2024, 100, 8, 1};
    const std::vector<StreamPair> pairs = {
        {"chain", {2024, 100, 9, 1}},
        {"step", {2024, 101, 8, 1}},
        {"step above 2^32", {2024, (uint64_t{1} << 32) + 100, 8, 1}},
        {"purpose", {2024, 100, 8, 2}},
        {"seed", {2025, 100, 8, 1}},
        {"chain and step", {2024, 101, 9, 1}},
    };
    const double threshold = level / (2 * static_cast<double>(pairs.size()) + 1);
    for (const StreamPair& pair : pairs) {
      INFO(pair.name);
      CHECK(p_of_pair(product(), base, pair.other) > threshold);
    }
    CHECK(p_of_birthdays(product()) > threshold);
    // The same test rejects N1, N3 and N4.
    CHECK(p_of_pair(one_stream_for_all_chains(), base, pairs[0].other) < threshold);
    CHECK(p_of_pair(no_step(), base, pairs[1].other) < threshold);
    CHECK(p_of_pair(step_wraps(), base, pairs[2].other) < threshold);
    CHECK(p_of_birthdays(one_stream_for_all_chains()) < threshold);
  }

  // Smallest p-value over four looks. Kolmogorov-Smirnov on 2^20 normals by Massart's bound
  // P(D > d) <= 2 exp(-2 n d^2); binomial counts of |x| > 4 and |x| > 5 among 2^24; correlation of
  // the two normals of a pair, mean 0 and variance 1 / pairs.
  template <class Real>
  double p_of_normals(const Fill<Real>& fill) {
    const size_t chains = 64;
    const size_t n = (size_t{1} << 24) / chains;
    const auto x = draw(fill, {2025, 17, 0, 0}, 0, n, chains);
    std::vector<Real> sorted(x.begin(), x.begin() + (1 << 20));
    std::sort(sorted.begin(), sorted.end());
    const double size = static_cast<double>(sorted.size());
    double distance = 0;
    for (size_t i = 0; i < sorted.size(); ++i) {
      const double cdf = 0.5 * std::erfc(-static_cast<double>(sorted[i]) / std::sqrt(2.0));
      distance = std::max(
          {distance, cdf - static_cast<double>(i) / size, static_cast<double>(i + 1) / size - cdf});
    }
    double p = 2 * std::exp(-2 * size * distance * distance);
    for (const double limit : {4.0, 5.0}) {
      const auto outside = [&](Real value) { return std::abs(value) > limit; };
      const double count = static_cast<double>(std::count_if(x.begin(), x.end(), outside));
      const boost::math::binomial law(static_cast<double>(x.size()),
                                      std::erfc(limit / std::sqrt(2.0)));
      const double above =
          count == 0 ? 1 : boost::math::cdf(boost::math::complement(law, count - 1));
      p = std::min(p, two_sided(boost::math::cdf(law, count), above));
    }
    double product_sum = 0;
    for (size_t j = 0; j < n; j += 2) {
      for (size_t c = 0; c < chains; ++c) {
        product_sum += static_cast<double>(x[j * chains + c]) * x[(j + 1) * chains + c];
      }
    }
    const double z = product_sum / std::sqrt(static_cast<double>(x.size()) / 2);
    return std::min(p, std::erfc(std::abs(z) / std::sqrt(2.0)));
  }

  // A Box-Muller transform from 10 bits of radius, right but for its tail beyond 3.9.
  void short_tailed(const StreamKey& key, uint64_t first, size_t n, size_t chains, double* out) {
    const auto words = draw<uint64_t>(product().words64, key, first, n, chains);
    for (size_t j = 0; j + 1 < n; j += 2) {
      for (size_t c = 0; c < chains; ++c) {
        const double u = (static_cast<double>(words[j * chains + c] >> 54) + 0.5) * 0x1p-10;
        const double angle =
            0x1p-63 * 3.14159265358979 * static_cast<double>(words[(j + 1) * chains + c]);
        out[j * chains + c] = std::sqrt(-2 * std::log(u)) * std::cos(angle);
        out[(j + 1) * chains + c] = std::sqrt(-2 * std::log(u)) * std::sin(angle);
      }
    }
  }

  TEST_CASE("S12: normals are normal, tails included") {
    const double threshold = level / 8;
    CHECK(p_of_normals<double>(product().normals_double) > threshold);
    CHECK(p_of_normals<float>(product().normals_float) > threshold);
    CHECK(p_of_normals<double>(&short_tailed) < threshold);
    CHECK(p_of_normals<double>(second_normal_shared().normals_double) < threshold);
  }
}
