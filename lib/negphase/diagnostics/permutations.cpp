#include "negphase/diagnostics/permutations.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "negphase/random/philox_source.hpp"
#include "negphase/random/stream_engine.hpp"

namespace negphase {

std::vector<Index> random_subset(std::uint64_t seed, std::uint32_t number, Index m, Index n) {
  StreamEngine engine(derive_seed(seed, "permutations"), number, 0, Purpose::data);
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  for (Index i = 0; i < m; ++i) {
    const std::uint64_t low = engine();
    const std::uint64_t word = low | static_cast<std::uint64_t>(engine()) << 32;
    std::swap(order[static_cast<std::size_t>(i)],
              order[static_cast<std::size_t>(i + index_below(word, n - i))]);
  }
  order.resize(static_cast<std::size_t>(m));
  return order;
}

double permutation_p_value(Index permutations, std::uint64_t seed, Index m, Index n,
                           double observed, double tolerance,
                           const std::function<double(std::span<const Index> chosen)>& statistic,
                           const Executor& executor) {
  constexpr Index batch_size = 16;
  const auto counts =
      executor.map<Index>((permutations + batch_size - 1) / batch_size, [&](Index batch) {
        Index larger = 0;
        const Index end = std::min(permutations, (batch + 1) * batch_size);
        for (Index b = batch * batch_size; b < end; ++b) {
          const auto chosen = random_subset(seed, static_cast<std::uint32_t>(b), m, m + n);
          larger += statistic(chosen) >= observed - tolerance ? 1 : 0;
        }
        return larger;
      });
  const Index larger = std::accumulate(counts.begin(), counts.end(), Index{0});
  return static_cast<double>(larger + 1) / static_cast<double>(permutations + 1);
}

}  // namespace negphase
