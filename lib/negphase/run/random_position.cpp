#include "negphase/run/random_position.hpp"

#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_int_distribution.hpp>

#include "negphase/random/stream_engine.hpp"

namespace negphase {

void random_position(std::span<const Column> columns, std::uint64_t seed, Index chain,
                     std::span<double> position, std::uint64_t time) {
  StreamEngine engine(seed, static_cast<std::uint32_t>(chain), time, Purpose::start);
  for (std::size_t j = 0; j < columns.size(); ++j) {
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
