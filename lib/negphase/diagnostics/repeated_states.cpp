#include "negphase/diagnostics/repeated_states.hpp"

#include <algorithm>
#include <bit>
#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <numeric>

namespace negphase {

namespace {

using Eigen::Index;
using States = std::vector<std::uint64_t>;
using Multiplicities = std::map<Index, Index>;  // k -> number of states drawn k times
constexpr double infinity = std::numeric_limits<double>::infinity();

// A number a draw, equal where the draws are. Two of 1e7 different states share one with a
// probability of 3e-6, and then only make a stretch or a pair look more probable than it is.
States states_of(const Eigen::ArrayXXd& chain, Index draws) {
  States states(static_cast<std::size_t>(draws), 0x9e3779b97f4a7c15U);
  for (Index j = 0; j < chain.cols(); ++j) {
    const double* column = chain.col(j).data();
    for (std::uint64_t& state : states) {
      state = (state ^ std::bit_cast<std::uint64_t>(*column++ + 0.0)) * 0xbf58476d1ce4e5b9U;
      state ^= state >> 29U;
    }
  }
  return states;
}

Multiplicities multiplicities_of(const std::vector<Index>& counts) {
  Multiplicities all;
  for (const Index k : counts) {
    ++all[k];
  }
  return all;
}

Multiplicities multiplicities_of(const std::vector<States>& chains) {
  States all;
  for (const States& chain : chains) {
    all.insert(all.end(), chain.begin(), chain.end());
  }
  std::sort(all.begin(), all.end());
  Multiplicities multiplicities;
  for (auto first = all.begin(); first != all.end();) {
    const auto next = std::upper_bound(first, all.end(), *first);
    ++multiplicities[next - first];
    first = next;
  }
  return multiplicities;
}

Index total(const Multiplicities& all) {
  Index sum = 0;
  for (const auto& [k, states] : all) {
    sum += k * states;
  }
  return sum;
}

// log of (k)_L / (n)_L, -inf where k < L
double log_falling_ratio(Index k, Index n, Index length) {
  if (k < length) {
    return -infinity;
  }
  double log_ratio = 0;
  for (Index i = 0; i < length; ++i) {
    log_ratio += std::log(static_cast<double>(k - i) / static_cast<double>(n - i));
  }
  return log_ratio;
}

double log_stretch(const Multiplicities& all, Index length) {
  const Index n = total(all);
  double sum = 0;
  for (auto it = all.lower_bound(length); it != all.end(); ++it) {
    sum += static_cast<double>(it->second) * std::exp(log_falling_ratio(it->first, n, length));
  }
  return std::log(sum);
}

// log of sum over m of (k)_2m t^m / m!
double log_pair_sum(Index k, Index most, double log_t) {
  double sum = 1, term = 1, log_scale = 0;
  const double t = std::exp(log_t);
  for (Index m = 0; m < most && 2 * m + 1 < k; ++m) {
    term *= static_cast<double>((k - 2 * m) * (k - 2 * m - 1)) / static_cast<double>(m + 1) * t;
    sum += term;
    if (sum > 1e200) {
      sum *= 1e-200;
      term *= 1e-200;
      log_scale += 200 * std::log(10.0);
    }
  }
  return std::log(sum) + log_scale;
}

double log_pairs(const Multiplicities& all, Index pairs) {
  const Index n = total(all);
  double log_orders = 0;  // L! / (N)_2L
  for (Index i = 0; i < 2 * pairs; ++i) {
    log_orders -= std::log(static_cast<double>(n - i));
  }
  for (Index i = 1; i <= pairs; ++i) {
    log_orders += std::log(static_cast<double>(i));
  }
  const auto bound = [&](double log_t) {
    double log_product = -static_cast<double>(pairs) * log_t;
    for (const auto& [k, states] : all) {
      log_product += static_cast<double>(states) * log_pair_sum(k, pairs, log_t);
    }
    return log_product;
  };
  // (k)_2m t^m <= N^2m t^m: below N^-2 the terms vanish; any t gives a bound, the least is wanted
  const double low = -2 * std::log(static_cast<double>(n)) - 10;
  return std::min(0.0,
                  log_orders + boost::math::tools::brent_find_minima(bound, low, 40.0, 20).second);
}

RepeatedStates::Stretch longest_stretch(const States& states, Index chain) {
  RepeatedStates::Stretch longest{chain, 0, 0};
  for (std::size_t first = 0, next = 0; first < states.size(); first = next) {
    for (next = first + 1; next < states.size() && states[next] == states[first];) {
      ++next;
    }
    const auto length = static_cast<Index>(next - first);
    if (length > longest.length) {
      longest = {chain, static_cast<Index>(first), length};
    }
  }
  return longest;
}

Index stays(const States& states) {
  Index count = 0;
  for (std::size_t t = 1; t < states.size(); ++t) {
    count += states[t] == states[t - 1] ? 1 : 0;
  }
  return count;
}

// Counts the states of all draws when they are first asked for: most runs have nothing to ask.
class StateCounts {
 public:
  explicit StateCounts(const std::vector<States>& chains) : chains_(chains) {}
  const Multiplicities& get() {
    if (counts_.empty()) {
      counts_ = multiplicities_of(chains_);
    }
    return counts_;
  }

 private:
  const std::vector<States>& chains_;
  Multiplicities counts_;
};

void find_stretches(const std::vector<States>& chains, double level, StateCounts& counts,
                    RepeatedStates& found) {
  const auto num_chains = static_cast<double>(chains.size());
  const auto draws = static_cast<Index>(chains.front().size());
  const Index moves = static_cast<Index>(chains.size()) * (draws - 1);
  Index all_stays = 0;
  for (const States& chain : chains) {
    all_stays += stays(chain);
  }
  for (std::size_t c = 0; c < chains.size(); ++c) {
    const auto longest = longest_stretch(chains[c], static_cast<Index>(c));
    const double log_places = std::log(num_chains * static_cast<double>(draws));
    if (longest.length == draws) {
      if (is_beyond_rejections(std::ssize(chains), draws, all_stays, moves) &&
          std::log(num_chains) + log_stretch(counts.get(), draws) < std::log(level)) {
        found.frozen.push_back(longest.chain);
      }
    } else if (log_places + log_falling_ratio(all_stays, moves, longest.length - 1) <
                   std::log(level) &&
               log_places + log_stretch(counts.get(), longest.length) < std::log(level)) {
      found.stuck.push_back(longest);
    }
  }
}

Index common_end(const States& a, const States& b) {
  return std::mismatch(a.rbegin(), a.rend(), b.rbegin()).first - a.rbegin();
}

// Sorted from their last draws backwards, chains stand beside those that they agree with longest.
void find_identical(const std::vector<States>& chains, double level, StateCounts& counts,
                    RepeatedStates& found) {
  std::vector<Index> order;
  for (Index c = 0; c < std::ssize(chains); ++c) {
    if (longest_stretch(chains[static_cast<std::size_t>(c)], c).length <
        std::ssize(chains[static_cast<std::size_t>(c)])) {
      order.push_back(c);
    }
  }
  const auto chain = [&](Index c) -> const States& { return chains[static_cast<std::size_t>(c)]; };
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
    return std::lexicographical_compare(chain(a).rbegin(), chain(a).rend(), chain(b).rbegin(),
                                        chain(b).rend());
  });
  const auto num_chains = static_cast<double>(chains.size());
  for (std::size_t i = 1; i < order.size(); ++i) {
    const Index length = common_end(chain(order[i - 1]), chain(order[i]));
    if (length >= 2 &&
        std::log(num_chains * (num_chains - 1) / 2) + log_pairs(counts.get(), length) <
            std::log(level)) {
      found.identical.push_back({std::min(order[i - 1], order[i]), std::max(order[i - 1], order[i]),
                                 std::ssize(chain(order[i])) - length});
    }
  }
  std::sort(found.identical.begin(), found.identical.end(), [](const auto& a, const auto& b) {
    return std::pair(a.earlier, a.later) < std::pair(b.earlier, b.later);
  });
}

}  // namespace

bool is_beyond_rejections(Index chains, Index draws, Index stays, Index moves) {
  constexpr double chance = 1e-3;
  const double log_share = std::log(static_cast<double>(stays) / static_cast<double>(moves));
  return stays == moves ||
         std::log(static_cast<double>(chains)) + static_cast<double>(draws - 1) * log_share <
             std::log(chance);
}

double log_probability_of_stretch(const std::vector<Index>& counts, Index length) {
  return log_stretch(multiplicities_of(counts), length);
}

double log_bound_of_pairs(const std::vector<Index>& counts, Index pairs) {
  return log_pairs(multiplicities_of(counts), pairs);
}

RepeatedStates find_repeated_states(const ChainDraws& draws, double level) {
  RepeatedStates found;
  const Index num_draws = draws.num_draws();
  if (num_draws < 2 || draws.num_quantities() == 0) {
    return found;
  }
  std::vector<States> chains;
  for (const Eigen::ArrayXXd& chain : draws.chains) {
    chains.push_back(states_of(chain, num_draws));
  }
  const std::uint64_t first = chains.front().front();
  found.all_equal = std::all_of(chains.begin(), chains.end(), [&](const States& states) {
    return std::all_of(states.begin(), states.end(), [&](auto state) { return state == first; });
  });
  StateCounts counts(chains);
  find_stretches(chains, level, counts, found);
  find_identical(chains, level, counts, found);
  return found;
}

}  // namespace negphase
