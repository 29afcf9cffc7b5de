#include "negphase/diagnostics/effective_size.hpp"

#include <algorithm>
#include <cmath>

#include "negphase/diagnostics/autocovariance.hpp"

namespace negphase {

EffectiveSize effective_size(Index num_draws, Index num_chains, double between,
                             const std::function<double(Index)>& autocovariance) {
  const double n = static_cast<double>(num_draws), total = n * static_cast<double>(num_chains);
  const double start = autocovariance(0), total_variance = start + between;
  if (!(total_variance > 0)) {
    return {};
  }
  const double within = start * n / (n - 1);
  const auto rho = [&](Index lag) { return 1 - (within - autocovariance(lag)) / total_variance; };

  double even = 1, odd = rho(1);
  double pair = even + odd;  // no larger than any before it
  double sum = 0;            // of the pairs before the last one
  Index lag = 0;
  while (lag < num_draws - 5 && even + odd > 0) {
    sum += pair;
    lag += 2;
    even = rho(lag);
    odd = rho(lag + 1);
    pair = std::clamp(even + odd, 0.0, pair);
  }
  // A last pair that is kept is kept whole, whatever the sign of its first half.
  const double last = even > 0 || even + odd >= 0 ? even : 0;
  const double time = -1 + 2 * sum + last, least = 1 / std::log10(total);
  EffectiveSize result;
  result.capped = time < least;
  result.time = std::max(time, least);
  result.size = total / result.time;
  return result;
}

EffectiveSize effective_size(const CentredChains& chains) {
  ChainAutocovariance autocovariance(chains.centred());
  return effective_size(chains.num_draws(), chains.num_chains(), chains.between(),
                        [&](Index lag) { return autocovariance(lag); });
}

}  // namespace negphase
