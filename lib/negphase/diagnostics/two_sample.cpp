#include "negphase/diagnostics/two_sample.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "negphase/core/error.hpp"
#include "negphase/diagnostics/permutations.hpp"

namespace negphase {
namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

void check_samples(Index m, Index n) {
  if (m < 1 || n < 1) {
    throw UsageError("two samples of at least one draw each are to be compared");
  }
}

struct Pooled {
  Eigen::ArrayXd values;     // ascending
  std::vector<Index> place;  // of each draw, x before y, in `values`
};

Pooled pool(const Eigen::ArrayXd& x, const Eigen::ArrayXd& y) {
  Eigen::ArrayXd all(x.size() + y.size());
  all << x, y;
  std::vector<Index> order(static_cast<std::size_t>(all.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index i, Index j) { return all[i] < all[j]; });
  Pooled pooled{Eigen::ArrayXd(all.size()), std::vector<Index>(order.size())};
  for (Index k = 0; k < all.size(); ++k) {
    const Index draw = order[static_cast<std::size_t>(k)];
    pooled.values[k] = all[draw];
    pooled.place[static_cast<std::size_t>(draw)] = k;
  }
  return pooled;
}

std::vector<char> chosen_places(const Pooled& pooled, std::span<const Index> chosen) {
  std::vector<char> is_chosen(pooled.place.size(), 0);
  for (const Index draw : chosen) {
    is_chosen[static_cast<std::size_t>(pooled.place[static_cast<std::size_t>(draw)])] = 1;
  }
  return is_chosen;
}

std::vector<Index> first_numbers(Index m) {
  std::vector<Index> numbers(static_cast<std::size_t>(m));
  std::iota(numbers.begin(), numbers.end(), Index{0});
  return numbers;
}

// P(max |i n - j m| >= limit over the looks) for a random path of m steps in i and n in j;
// looks[i + j]: whether the pooled value changes after i + j draws
double crossing_probability(Index m, Index n, Index limit, const std::vector<char>& looks) {
  std::vector<double> crossed(static_cast<std::size_t>(n + 1), 0);  // of paths to (i, j)
  for (Index i = 0; i <= m; ++i) {
    for (Index j = 0; j <= n; ++j) {
      double& here = crossed[static_cast<std::size_t>(j)];
      if (looks[static_cast<std::size_t>(i + j)] != 0 && std::abs(i * n - j * m) >= limit) {
        here = 1;
      } else if (j > 0 && i > 0) {
        const auto steps = static_cast<double>(i + j);
        here = static_cast<double>(i) / steps * here +
               static_cast<double>(j) / steps * crossed[static_cast<std::size_t>(j - 1)];
      } else if (j > 0) {
        here = crossed[static_cast<std::size_t>(j - 1)];
      }
    }
  }
  return crossed.back();
}

double kolmogorov_limit(double d, double m, double n) {
  const double t2 = d * d * m * n / (m + n);
  if (t2 < 0.04) {
    return 1;  // the limit is 1 to 13 digits
  }
  double sum = 0;
  for (int j = 1; j <= 100; ++j) {
    const double term = std::exp(-2 * j * j * t2);
    sum += j % 2 == 1 ? term : -term;
    if (term < epsilon * sum) {
      break;
    }
  }
  return std::min(1.0, 2 * sum);
}

double chi_squared_of(std::span<const double> first, std::span<const double> all, double m,
                      double n) {
  double sum = 0;
  for (std::size_t k = 0; k < all.size(); ++k) {
    if (all[k] > 0) {
      // n a - m b = (m + n) a - m (a + b), in whole numbers
      const double difference = (m + n) * first[k] - m * all[k];
      sum += difference * difference / (m * n * all[k]);
    }
  }
  return sum;
}

}  // namespace

TwoSampleResult kolmogorov_smirnov(const Eigen::ArrayXd& x, const Eigen::ArrayXd& y) {
  const Index m = x.size();
  const Index n = y.size();
  check_samples(m, n);
  const Pooled pooled = pool(x, y);
  const auto is_x = chosen_places(pooled, first_numbers(m));
  std::vector<char> looks(static_cast<std::size_t>(m + n + 1), 0);
  Index largest = 0;
  Index i = 0;
  for (Index k = 0; k < m + n; ++k) {
    i += is_x[static_cast<std::size_t>(k)];
    if (k + 1 == m + n || pooled.values[k] != pooled.values[k + 1]) {
      looks[static_cast<std::size_t>(k + 1)] = 1;
      largest = std::max(largest, std::abs(i * n - (k + 1 - i) * m));
    }
  }
  const auto pairs = static_cast<double>(m) * static_cast<double>(n);
  TwoSampleResult result{static_cast<double>(largest) / pairs, 1, pairs <= 1e7};
  result.p_value = result.is_exact ? crossing_probability(m, n, largest, looks)
                                   : kolmogorov_limit(result.value, static_cast<double>(m),
                                                      static_cast<double>(n));
  return result;
}

TwoSampleResult wasserstein_1(const Eigen::ArrayXd& x, const Eigen::ArrayXd& y, Index permutations,
                              std::uint64_t seed, const Executor& executor) {
  const Index m = x.size();
  const Index n = y.size();
  check_samples(m, n);
  const Pooled pooled = pool(x, y);
  const auto statistic = [&](std::span<const Index> chosen) {
    const auto is_x = chosen_places(pooled, chosen);
    double sum = 0;
    Index i = 0;
    for (Index k = 0; k + 1 < m + n; ++k) {
      i += is_x[static_cast<std::size_t>(k)];
      sum += static_cast<double>(std::abs(i * n - (k + 1 - i) * m)) *
             (pooled.values[k + 1] - pooled.values[k]);
    }
    return sum / (static_cast<double>(m) * static_cast<double>(n));
  };
  const double value = statistic(first_numbers(m));
  const double rounding = value * static_cast<double>(m + n) * 2 * epsilon;  // no term is negative
  return {value,
          permutation_p_value(permutations, seed, m, n, value, rounding, statistic, executor)};
}

TwoSampleResult chi_squared(std::span<const Index> x, std::span<const Index> y, Index permutations,
                            std::uint64_t seed, const Executor& executor) {
  const auto m = static_cast<Index>(x.size());
  const auto n = static_cast<Index>(y.size());
  check_samples(m, n);
  std::vector<Index> states(x.begin(), x.end());
  states.insert(states.end(), y.begin(), y.end());
  std::vector<double> all(
      static_cast<std::size_t>(*std::max_element(states.begin(), states.end()) + 1));
  for (const Index state : states) {
    ++all[static_cast<std::size_t>(state)];
  }
  const auto statistic = [&](std::span<const Index> chosen) {
    std::vector<double> first(all.size());
    for (const Index draw : chosen) {
      ++first[static_cast<std::size_t>(states[static_cast<std::size_t>(draw)])];
    }
    return chi_squared_of(first, all, static_cast<double>(m), static_cast<double>(n));
  };
  const double value = statistic(first_numbers(m));
  const double rounding = value * static_cast<double>(all.size() + 8) * 2 * epsilon;
  return {value,
          permutation_p_value(permutations, seed, m, n, value, rounding, statistic, executor)};
}

}  // namespace negphase
