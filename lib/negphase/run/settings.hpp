#pragma once
#include <cstdint>

#include "negphase/core/block.hpp"
#include "negphase/core/progress.hpp"
#include "negphase/parallel/executor.hpp"

namespace negphase {

/// Scalar of the blocks. Energies, acceptances, sums are double in both.
enum class Precision { float32, float64 };

/// How a run is carried out, apart from what is run. None of it but seed, precision and block width
/// changes a number.
struct RunSettings {
  const Executor* executor = nullptr;  ///< required
  std::uint64_t seed = 1;
  Precision precision = Precision::float64;
  Index block_width = default_block_width;
  bool strict = false;              ///< any NaN proposal ends the run
  const StopToken* stop = nullptr;  ///< looked at between steps
  Progress* progress = nullptr;     ///< told of finished block-steps
};

/// How long chains run: `warmup` steps are not observed, then `draws` observations `thin` steps
/// apart.
struct Schedule {
  Index warmup = 0;
  Index draws = 1;
  Index thin = 1;
  Index steps() const { return warmup + draws * thin; }
};

}  // namespace negphase
