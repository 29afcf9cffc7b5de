#include "negphase/run/random_position.hpp"

#include <algorithm>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_int_distribution.hpp>

#include "negphase/random/philox.hpp"
#include "negphase/random/stream_engine.hpp"

namespace negphase {

namespace {

// Columns of two states at the front, the bulk of many models: as uniform_int_distribution has it,
// a state is the top bit of its word, here without its cost. Returns how many they are.
Index set_leading_bits(std::span<const Column> columns, std::uint64_t seed, std::uint32_t chain,
                       std::uint64_t time, std::span<double> position) {
  const auto more = std::find_if(columns.begin(), columns.end(),
                                 [](const Column& c) { return c.num_states != 2; });
  const Index count = more - columns.begin();
  const PhiloxKey key = philox_key(seed);
  for (Index j = 0; j < count; j += 4) {
    const PhiloxCounter words =
        philox4x32_10(philox_counter(chain, time, static_cast<std::uint32_t>(Purpose::start),
                                     static_cast<std::uint64_t>(j)),
                      key);
    for (Index i = j; i < std::min(j + 4, count); ++i) {
      const auto at = static_cast<std::size_t>(i);
      position[at] = state_code(columns[at], words[static_cast<std::size_t>(i - j)] >> 31U);
    }
  }
  return count;
}

}  // namespace

void random_position(std::span<const Column> columns, std::uint64_t seed, Index chain,
                     std::span<double> position, std::uint64_t time) {
  const auto id = static_cast<std::uint32_t>(chain);
  const Index bits = set_leading_bits(columns, seed, id, time, position);
  StreamEngine engine(seed, id, time, Purpose::start);
  engine.discard(static_cast<std::uint64_t>(bits));
  for (auto j = static_cast<std::size_t>(bits); j < columns.size(); ++j) {
    if (columns[j].num_states > 0) {
      boost::random::uniform_int_distribution<Index> state(0, columns[j].num_states - 1);
      position[j] = state_code(columns[j], state(engine));
    } else {
      boost::random::normal_distribution<double> normal;
      position[j] = normal(engine);
    }
  }
}

}  // namespace negphase
