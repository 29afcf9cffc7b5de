#include "negphase/run/meetings.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace negphase {

namespace {

constexpr double never = std::numeric_limits<double>::infinity();

// ceil((tau - L - t) / L), 0 where that is negative
double times_late(Index tau, Index lag, Index t) {
  const Index late = tau - lag - t;
  return late > 0 ? static_cast<double>((late + lag - 1) / lag) : 0;
}

// the smallest time that at least a share of the pairs keeps; times come sorted
double quantile(const std::vector<double>& times, double share) {
  const auto n = static_cast<double>(times.size());
  return times[static_cast<std::size_t>(std::max(0.0, std::ceil(share * n) - 1))];
}

}  // namespace

MeanOfPairs total_variation_bound(const Meetings& meetings, Index t) {
  const auto n = static_cast<double>(meetings.times.size());
  double sum = 0, squares = 0;
  for (const Index tau : meetings.times) {
    const double late = tau > 0 ? times_late(tau, meetings.lag, t) : never;
    sum += late;
    squares += late * late;
  }
  // whole numbers, far below 2^53: no digit is lost in the difference
  return {sum / n, std::sqrt((squares - sum * sum / n) / (n - 1) / n)};
}

StartUp summarise(const Meetings& meetings, Index after) {
  std::vector<double> times;
  for (const Index tau : meetings.times) {
    times.push_back(tau > 0 ? static_cast<double>(tau) : never);
  }
  std::sort(times.begin(), times.end());
  StartUp s;
  s.pairs = static_cast<Index>(times.size());
  s.not_met = static_cast<Index>(std::count(times.begin(), times.end(), never));
  s.lag = meetings.lag;
  s.median = quantile(times, 0.5);
  s.percentile_99 = quantile(times, 0.99);
  s.longest = times.back();
  s.after = after;
  s.bound = total_variation_bound(meetings, after);
  s.upper = s.not_met > 0       ? never
            : s.bound.mean == 0 ? 3 / static_cast<double>(s.pairs)
                                : s.bound.mean + 1.645 * s.bound.standard_error;
  return s;
}

}  // namespace negphase
