// The fills in portable C++: the reference for the other instruction sets, and what runs where
// there is none of them. sqrt, / and fma are correctly rounded; fma may be a call into libm.
#include "negphase/random/fill_kernels.hpp"
#include "negphase/random/philox.hpp"

#define NEGPHASE_INLINE inline

namespace negphase::fill_scalar {
namespace {

using F = float;
using U = std::uint32_t;
using D = double;
using W = std::uint64_t;

inline F set_f(float x) { return x; }
inline U set_u(std::uint32_t x) { return x; }
inline D set_d(double x) { return x; }
inline W set_w(std::uint64_t x) { return x; }

inline F sub(F a, F b) { return a - b; }
inline F mul(F a, F b) { return a * b; }
inline F fma(F a, F b, F c) { return __builtin_fmaf(a, b, c); }
inline F root(F a) { return __builtin_sqrtf(a); }
inline F neg(F a) { return -a; }
inline U bits(F a) { return __builtin_bit_cast(U, a); }
inline F as_float(U a) { return __builtin_bit_cast(F, a); }
inline F from_int(U a) { return static_cast<F>(static_cast<std::int32_t>(a)); }
// b where the top bit of s is set, a elsewhere
inline F select(U s, F a, F b) { return (s >> 31) != 0 ? b : a; }
inline F flip_sign(F a, U s) { return as_float(bits(a) ^ (s & 0x80000000U)); }

inline U add(U a, U b) { return a + b; }
inline U sub(U a, U b) { return a - b; }
inline U bit_and(U a, U b) { return a & b; }
inline U bit_not(U a) { return ~a; }
inline U min(U a, U b) { return a < b ? a : b; }
template <int shift>
inline U srl(U a) {
  return a >> shift;
}
template <int shift>
inline U sll(U a) {
  return a << shift;
}

inline D add(D a, D b) { return a + b; }
inline D sub(D a, D b) { return a - b; }
inline D mul(D a, D b) { return a * b; }
inline D div(D a, D b) { return a / b; }
inline D fma(D a, D b, D c) { return __builtin_fma(a, b, c); }
inline D root(D a) { return __builtin_sqrt(a); }
inline W bits(D a) { return __builtin_bit_cast(W, a); }
inline D as_double(W a) { return __builtin_bit_cast(D, a); }
inline D from_uint53(W a) { return static_cast<D>(a); }
inline D select(W s, D a, D b) { return (s >> 63) != 0 ? b : a; }
inline D flip_sign(D a, W s) { return as_double(bits(a) ^ (s & 0x8000000000000000U)); }

inline W add(W a, W b) { return a + b; }
inline W bit_and(W a, W b) { return a & b; }
inline W bit_or(W a, W b) { return a | b; }
template <int shift>
inline W srl(W a) {
  return a >> shift;
}
template <int shift>
inline W sll(W a) {
  return a << shift;
}

#include "negphase/random/fill_math.inc"

// What one Philox evaluation gives: `columns` consecutive numbers of a chain.
struct Words32 {
  using Number = std::uint32_t;
  static constexpr unsigned columns = 4;
  static void make(const PhiloxCounter& w, Number* to) {
    for (unsigned r = 0; r < 4; ++r) {
      to[r] = w[r];
    }
  }
};

struct UniformFloat {
  using Number = float;
  static constexpr unsigned columns = 4;
  static void make(const PhiloxCounter& w, Number* to) {
    for (unsigned r = 0; r < 4; ++r) {
      to[r] = uniform_float(w[r]);
    }
  }
};

struct NormalFloat {
  using Number = float;
  static constexpr unsigned columns = 4;
  static void make(const PhiloxCounter& w, Number* to) {
    normal_pair(w[0], w[1], to[0], to[1]);
    normal_pair(w[2], w[3], to[2], to[3]);
  }
};

struct Words64 {
  using Number = std::uint64_t;
  static constexpr unsigned columns = 2;
  static void make(const PhiloxCounter& w, Number* to) {
    to[0] = w[0] | (std::uint64_t{w[1]} << 32);
    to[1] = w[2] | (std::uint64_t{w[3]} << 32);
  }
};

struct UniformDouble {
  using Number = double;
  static constexpr unsigned columns = 2;
  static void make(const PhiloxCounter& w, Number* to) {
    std::uint64_t words[2];
    Words64::make(w, words);
    to[0] = uniform_double(words[0]);
    to[1] = uniform_double(words[1]);
  }
};

struct NormalDouble {
  using Number = double;
  static constexpr unsigned columns = 2;
  static void make(const PhiloxCounter& w, Number* to) {
    std::uint64_t words[2];
    Words64::make(w, words);
    normal_pair(words[0], words[1], to[0], to[1]);
  }
};

template <class Kind>
void fill(const StreamKey& key, std::uint64_t first, std::size_t n, std::size_t chains,
          typename Kind::Number* out) {
  constexpr unsigned columns = Kind::columns;
  const std::uint64_t end = first + n;
  const PhiloxKey philox = philox_key(key.seed);
  for (std::uint64_t counter = first / columns; counter * columns < end; ++counter) {
    for (std::size_t c = 0; c < chains; ++c) {
      const std::uint32_t chain = key.first_chain + static_cast<std::uint32_t>(c);
      typename Kind::Number numbers[columns];
      Kind::make(philox4x32_10(philox_counter(chain, key.step, key.purpose, 4 * counter), philox),
                 numbers);
      for (unsigned r = 0; r < columns; ++r) {
        const std::uint64_t index = counter * columns + r;
        if (index >= first && index < end) {
          out[(index - first) * chains + c] = numbers[r];
        }
      }
    }
  }
}

}  // namespace

const FillKernels kernels = {&fill<Words32>,      &fill<Words64>,      &fill<UniformDouble>,
                             &fill<UniformFloat>, &fill<NormalDouble>, &fill<NormalFloat>};

}  // namespace negphase::fill_scalar
