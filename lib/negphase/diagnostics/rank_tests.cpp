#include "negphase/diagnostics/rank_tests.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>

#include "negphase/diagnostics/repeated_states.hpp"

namespace negphase {

namespace {

using Eigen::ArrayXd;
using Eigen::ArrayXXd;
using Eigen::Index;

constexpr Index least_draws = 64, batches = 8, longest_lag = 128;
constexpr double least_errors = 6, least_errors_apart = 4, least_drift = 0.1, least_apart = 0.15,
                 least_correlation = 0.8;

struct Ranks {
  ArrayXd of;                 // from 1; the mean of their places where draws are equal
  std::vector<Index> counts;  // how often each value occurs
};

Ranks ranks_of(const Eigen::Ref<const ArrayXd>& values) {
  std::vector<Index> order(static_cast<std::size_t>(values.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index a, Index b) { return values[a] < values[b]; });
  Ranks ranks{ArrayXd(values.size()), {}};
  for (std::size_t first = 0, next = 0; first < order.size(); first = next) {
    for (next = first; next < order.size() && values[order[next]] == values[order[first]]; ++next) {
    }
    for (std::size_t i = first; i < next; ++i) {
      ranks.of[order[i]] = static_cast<double>(first + next + 1) / 2;
    }
    ranks.counts.push_back(static_cast<Index>(next - first));
  }
  return ranks;
}

double median_of(ArrayXd values) {
  const Index middle = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + middle, values.end());
  return values[middle];
}

// Squared standard error of a mean by the means of batches, without their trend if wanted.
double squared_error(const Eigen::Ref<const ArrayXd>& values, bool without_trend) {
  const Index size = values.size() / batches;
  ArrayXd means(batches);
  for (Index b = 0; b < batches; ++b) {
    means[b] = values.segment(b * size, size).mean();
  }
  means -= means.mean();
  const ArrayXd time = ArrayXd::LinSpaced(batches, -1, 1);
  if (without_trend) {
    means -= (means * time).sum() / time.square().sum() * time;
  }
  const auto freedom = static_cast<double>(batches - (without_trend ? 2 : 1));
  return means.square().sum() / freedom / static_cast<double>(batches);
}

double variance_of_larger_pairs(double m, double n) { return m * n * (m + n + 1) / 12; }

double sub_gaussian_bound(double distance, double variance) {
  return 2 * std::exp(-distance * distance / (2 * variance));
}

// The last quarter of a chain against its first one.
struct QuarterTest {
  double u, expected, variance, share;
  double difference, squared_error;  // of the means of ranks / number of ranks
};

QuarterTest compare_quarters(const Eigen::Ref<const ArrayXd>& chain, bool of_spread) {
  const Index quarter = chain.size() / 4;
  ArrayXd both(2 * quarter);
  both << chain.head(quarter), chain.tail(quarter);
  if (of_spread) {
    both = (both - median_of(both)).abs();
  }
  const ArrayXd ranks = ranks_of(both).of;
  const auto q = static_cast<double>(quarter);
  const auto first = ranks.head(quarter) / (2 * q), last = ranks.tail(quarter) / (2 * q);
  const double u = ranks.tail(quarter).sum() - q * (q + 1) / 2;
  return {u,
          q * q / 2,
          variance_of_larger_pairs(q, q),
          u / (q * q),
          last.mean() - first.mean(),
          squared_error(first, true) + squared_error(last, true)};
}

bool is_drift(const QuarterTest& t, double level) {
  return sub_gaussian_bound(t.u - t.expected, t.variance) < level &&
         std::abs(t.share - 0.5) >= least_drift &&
         t.difference * t.difference >= least_errors * least_errors * t.squared_error;
}

// Each chain by itself, and all of them together, which show less.
void find_drifts(const ArrayXXd& draws, bool of_spread, double level, std::vector<Drift>& found) {
  const Index chains = draws.cols();
  const double each = level / static_cast<double>(chains > 1 ? chains + 1 : 1);
  QuarterTest sum{};
  const std::size_t before = found.size();
  for (Index c = 0; c < chains; ++c) {
    const QuarterTest t = compare_quarters(draws.col(c), of_spread);
    if (is_drift(t, each)) {
      found.push_back({c, of_spread, t.share});
    }
    const auto share = 1 / static_cast<double>(chains);
    sum.u += t.u;
    sum.expected += t.expected;
    sum.variance += t.variance;
    sum.share += share * t.share;
    sum.difference += share * t.difference;
    sum.squared_error += share * share * t.squared_error;
  }
  if (chains > 1 && found.size() == before && is_drift(sum, each)) {
    found.push_back({-1, of_spread, sum.share});
  }
}

void find_apart(const ArrayXXd& ranks, double level, std::vector<Apart>& found) {
  const Index chains = ranks.cols();
  const auto n = static_cast<double>(ranks.rows());
  const double others = n * static_cast<double>(chains - 1), all = n + others;
  for (Index c = 0; c < chains; ++c) {
    const double u = ranks.col(c).sum() - n * (n + 1) / 2;
    const double share = u / (n * others), difference = (share - 0.5) * others / all;
    if (bound_of_larger_pairs(u - n * others / 2, ranks.rows(), ranks.rows() * (chains - 1)) <
            level / static_cast<double>(chains) &&
        std::abs(share - 0.5) >= least_apart &&
        difference * difference >=
            least_errors_apart * least_errors_apart * squared_error(ranks.col(c) / all, false)) {
      found.push_back({c, share});
    }
  }
}

// The draw from which on draws count as up: above the widest gap of the middle eight tenths, which
// parts the places that a periodic chain visits. NaN where these are all equal.
double upper_side(ArrayXd sorted) {
  std::sort(sorted.begin(), sorted.end());
  double widest = 0, from = NAN;
  for (Index i = sorted.size() / 10 + 1; i <= sorted.size() - 1 - sorted.size() / 10; ++i) {
    if (sorted[i] - sorted[i - 1] > widest) {
      widest = sorted[i] - sorted[i - 1];
      from = sorted[i];
    }
  }
  return from;
}

// On which of two sides each draw lies, as bits.
class Sides {
 public:
  explicit Sides(const Eigen::Ref<const ArrayXd>& chain)
      : size_(chain.size()), words_(static_cast<std::size_t>(size_ / 64 + 2), 0) {
    const double from = upper_side(chain);
    for (Index t = 0; t < size_; ++t) {
      const bool is_up = chain[t] >= from;
      words_[static_cast<std::size_t>(t / 64)] |= static_cast<std::uint64_t>(is_up)
                                                  << static_cast<unsigned>(t % 64);
      ups_ += is_up ? 1 : 0;
    }
  }

  bool at(Index t) const {
    return (words_[static_cast<std::size_t>(t / 64)] >> static_cast<unsigned>(t % 64) & 1U) != 0;
  }
  bool all_alike() const { return ups_ == 0 || ups_ == size_; }

  /// Correlation at a lag; sides count +1 and -1.
  double correlation(Index lag) const {
    const Index pairs = size_ - lag;
    Index differing = 0;
    for (Index t = 0; t < pairs; t += 64) {
      std::uint64_t differ = word(t) ^ word(t + lag);
      if (pairs - t < 64) {
        differ &= (std::uint64_t{1} << static_cast<unsigned>(pairs - t)) - 1;
      }
      differing += std::popcount(differ);
    }
    const double mean = 2 * static_cast<double>(ups_) / static_cast<double>(size_) - 1;
    const double product = 1 - 2 * static_cast<double>(differing) / static_cast<double>(pairs);
    return (product - mean * mean) / (1 - mean * mean);
  }

 private:
  std::uint64_t word(Index t) const {  // 64 sides from t on
    const auto i = static_cast<std::size_t>(t / 64);
    const auto shift = static_cast<unsigned>(t % 64);
    return shift == 0 ? words_[i] : words_[i] >> shift | words_[i + 1] << (64 - shift);
  }
  Index size_, ups_ = 0;
  std::vector<std::uint64_t> words_;
};

double log_tail_at_lag(const Sides& sides, Index size, Index lag) {
  Index both = 0, firsts = 0, seconds = 0, pairs = 0;
  for (Index t = 0; t + lag < size; t += t % lag == lag - 1 ? lag + 1 : 1) {
    const bool a = sides.at(t), b = sides.at(t + lag);
    both += a && b ? 1 : 0;
    firsts += a ? 1 : 0;
    seconds += b ? 1 : 0;
    ++pairs;
  }
  return log_hypergeometric_tail(both, firsts, seconds, pairs);
}

std::optional<Period> period_of(const Eigen::Ref<const ArrayXd>& chain, Index c, double level) {
  const Sides sides(chain);
  const Index size = chain.size(), most = std::min(size / 4, longest_lag);
  if (sides.all_alike()) {
    return {};
  }
  double least = sides.correlation(1);
  for (Index lag = 2; lag <= most; ++lag) {
    const double here = sides.correlation(lag);
    if (here >= least_correlation && least < 0.5 &&
        sides.correlation(size / 2 / lag * lag) >= least_correlation &&
        log_tail_at_lag(sides, size, lag) < std::log(level / static_cast<double>(most))) {
      return Period{c, lag, here};
    }
    least = std::min(least, here);
  }
  return {};
}

}  // namespace

double bound_of_larger_pairs(double distance, Index m, Index n) {
  return sub_gaussian_bound(
      distance, variance_of_larger_pairs(static_cast<double>(m), static_cast<double>(n)));
}

double log_hypergeometric_tail(Index a, Index r, Index s, Index m) {
  double log_term = 0;  // of P(A = a) = C(r, a) C(m - r, s - a) / C(m, s)
  const auto add_choose = [&](Index n, Index k, double sign) {
    for (Index i = 0; i < k; ++i) {
      log_term += sign * std::log(static_cast<double>(n - i) / static_cast<double>(i + 1));
    }
  };
  add_choose(r, a, 1);
  add_choose(m - r, s - a, 1);
  add_choose(m, s, -1);
  double sum = 0, term = 1;
  for (Index i = a; i <= std::min(r, s); ++i) {
    sum += term;
    term *=
        static_cast<double>((r - i) * (s - i)) / static_cast<double>((i + 1) * (m - r - s + i + 1));
  }
  return log_term + std::log(sum);
}

RankTests test_ranks(const Eigen::Ref<const ArrayXXd>& draws, double level) {
  RankTests found;
  const Index chains = draws.cols(), size = draws.rows();
  if (size < 2 || chains == 0) {
    return found;
  }
  const ArrayXXd copy = draws;  // its chains lie one after the other
  const Ranks ranks = ranks_of(Eigen::Map<const ArrayXd>(copy.data(), copy.size()));
  if (ranks.counts.size() == 1) {
    return found;  // it is a constant
  }
  const bool may_freeze =
      std::log(static_cast<double>(chains)) + log_probability_of_stretch(ranks.counts, size) <
      std::log(level);
  std::vector<bool> moves(static_cast<std::size_t>(chains));
  for (Index c = 0; c < chains; ++c) {
    moves[static_cast<std::size_t>(c)] = (copy.col(c) != copy(0, c)).any();
    if (!moves[static_cast<std::size_t>(c)] && may_freeze) {
      found.frozen.push_back(c);
    }
  }
  if (size < least_draws) {
    return found;
  }
  find_drifts(copy, false, level / 2, found.drifts);
  find_drifts(copy, true, level / 2, found.drifts);
  if (chains > 1) {
    find_apart(Eigen::Map<const ArrayXXd>(ranks.of.data(), size, chains), level, found.apart);
  }
  for (Index c = 0; c < chains; ++c) {
    if (const auto period = period_of(copy.col(c), c, level / static_cast<double>(chains))) {
      found.periods.push_back(*period);
    }
  }
  return found;
}

}  // namespace negphase
