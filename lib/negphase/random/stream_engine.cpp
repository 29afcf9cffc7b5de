#include "negphase/random/stream_engine.hpp"

#include "negphase/core/error.hpp"
#include "negphase/random/philox.hpp"

namespace negphase {

StreamEngine::result_type StreamEngine::operator()() {
  const std::uint64_t counter = index_ / 4;
  if (counter > 0xffffffffULL) {
    throw UsageError(
        "StreamEngine: a stream has 2^34 words and all are used; open another chain, "
        "step or purpose");
  }
  if (counter != cached_) {
    words_ = philox4x32_10(
        {static_cast<std::uint32_t>(counter), chain_, static_cast<std::uint32_t>(step_),
         static_cast<std::uint32_t>(purpose_) << 24 |
             (static_cast<std::uint32_t>(step_ >> 32) & 0xffffffU)},
        {static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)});
    cached_ = counter;
  }
  return words_[index_++ % 4];
}

}  // namespace negphase
