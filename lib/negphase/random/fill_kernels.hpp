#pragma once
#include "negphase/random/fill.hpp"

namespace negphase {

/// The fills of one instruction set; arguments as in random/fill.hpp, already checked.
struct FillKernels {
  template <class T>
  using Fill = void (*)(const StreamKey& key, std::uint64_t first, std::size_t n,
                        std::size_t chains, T* out);
  Fill<std::uint32_t> words32;
  Fill<std::uint64_t> words64;
  Fill<double> uniforms_double;
  Fill<float> uniforms_float;
  Fill<double> normals_double;
  Fill<float> normals_float;
};

// One namespace for each instruction set, so that the linker never takes the inline function of one
// for that of another.
namespace fill_scalar {
extern const FillKernels kernels;
}
namespace fill_avx2 {
extern const FillKernels kernels;
}
namespace fill_avx512 {
extern const FillKernels kernels;
}

}  // namespace negphase
