#include "negphase/random/fill.hpp"

#include <atomic>
#include <string>

#include "negphase/core/error.hpp"
#include "negphase/random/fill_kernels.hpp"

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define NEGPHASE_FILL_X86 1
#endif

namespace negphase {
namespace {

const FillKernels* kernels_of(Isa isa) {
  switch (isa) {
    case Isa::scalar:
      return &fill_scalar::kernels;
#ifdef NEGPHASE_FILL_X86
    case Isa::avx2:
      if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        return &fill_avx2::kernels;
      }
      return nullptr;
    case Isa::avx512:
      if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
          __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
          __builtin_cpu_supports("avx512cd")) {
        return &fill_avx512::kernels;
      }
      return nullptr;
#else
    default:
      return nullptr;
#endif
  }
  return nullptr;
}

// Filled by the first call rather than by a static initialiser, which could run too late for
// another one. Threads that race here store the same pointer.
constinit std::atomic<const FillKernels*> active_kernels{nullptr};

const FillKernels& active() {
  const FillKernels* kernels = active_kernels.load(std::memory_order_acquire);
  if (kernels == nullptr) {
    for (const Isa isa : {Isa::avx512, Isa::avx2, Isa::scalar}) {
      kernels = kernels_of(isa);
      if (kernels != nullptr) {
        break;
      }
    }
    active_kernels.store(kernels, std::memory_order_release);
  }
  return *kernels;
}

void check(const StreamKey& key, std::uint64_t first, std::size_t n, std::size_t chains,
           std::uint64_t max_index) {
  if (key.step >> 56 != 0) {
    throw UsageError("random fill: step " + std::to_string(key.step) + " is not below 2^56");
  }
  if (key.purpose > 255) {
    throw UsageError("random fill: purpose " + std::to_string(key.purpose) + " is above 255");
  }
  if (chains > (std::uint64_t{1} << 32) - key.first_chain) {
    throw UsageError("random fill: " + std::to_string(chains) + " chains from chain " +
                     std::to_string(key.first_chain) + " pass 2^32");
  }
  if (n > max_index || first > max_index - n) {
    throw UsageError("random fill: " + std::to_string(n) + " numbers from index " +
                     std::to_string(first) + " pass " + std::to_string(max_index));
  }
}

constexpr std::uint64_t max_index32 = std::uint64_t{1} << 34;
constexpr std::uint64_t max_index64 = std::uint64_t{1} << 33;

}  // namespace

void fill_words32(const StreamKey& key, std::uint64_t first, std::size_t n, std::size_t chains,
                  std::uint32_t* out) {
  check(key, first, n, chains, max_index32);
  active().words32(key, first, n, chains, out);
}

void fill_words64(const StreamKey& key, std::uint64_t first, std::size_t n, std::size_t chains,
                  std::uint64_t* out) {
  check(key, first, n, chains, max_index64);
  active().words64(key, first, n, chains, out);
}

void fill_uniforms(const StreamKey& key, std::uint64_t first, std::size_t n, std::size_t chains,
                   double* out) {
  check(key, first, n, chains, max_index64);
  active().uniforms_double(key, first, n, chains, out);
}

void fill_uniforms(const StreamKey& key, std::uint64_t first, std::size_t n, std::size_t chains,
                   float* out) {
  check(key, first, n, chains, max_index32);
  active().uniforms_float(key, first, n, chains, out);
}

void fill_normals(const StreamKey& key, std::uint64_t first, std::size_t n, std::size_t chains,
                  double* out) {
  check(key, first, n, chains, max_index64);
  active().normals_double(key, first, n, chains, out);
}

void fill_normals(const StreamKey& key, std::uint64_t first, std::size_t n, std::size_t chains,
                  float* out) {
  check(key, first, n, chains, max_index32);
  active().normals_float(key, first, n, chains, out);
}

Isa fill_isa() {
  const FillKernels* kernels = &active();
  for (const Isa isa : {Isa::avx512, Isa::avx2}) {
    if (kernels == kernels_of(isa)) {
      return isa;
    }
  }
  return Isa::scalar;
}

bool set_fill_isa(Isa isa) {
  const FillKernels* kernels = kernels_of(isa);
  if (kernels == nullptr) {
    return false;
  }
  active_kernels.store(kernels, std::memory_order_release);
  return true;
}

}  // namespace negphase
