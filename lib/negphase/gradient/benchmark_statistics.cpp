#include "negphase/gradient/benchmark_statistics.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <numeric>

#include "negphase/random/philox_source.hpp"

namespace negphase {

namespace {

std::vector<double> numbers_of(std::span<const double> values) {
  std::vector<double> numbers;
  std::copy_if(values.begin(), values.end(), std::back_inserter(numbers),
               [](double v) { return !std::isnan(v); });
  return numbers;
}

double quantile_of_sorted(const std::vector<double>& sorted, double q) {
  const double at = static_cast<double>(sorted.size() - 1) * q;
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double share = at - static_cast<double>(below);
  // no difference is taken of equal ones, which may be infinite
  const bool between = share > 0 && sorted[below] != sorted[above];
  return between ? sorted[below] + share * (sorted[above] - sorted[below]) : sorted[below];
}

bool overlap(const Quartiles& a, const Quartiles& b) { return a.low <= b.high && b.low <= a.high; }

}  // namespace

std::uint64_t repetition_seed(std::uint64_t suite_seed, int repetition) {
  return derive_seed(suite_seed, "repetition " + std::to_string(repetition)) >> 1;
}

Quartiles quartiles(std::span<const double> values) {
  std::vector<double> sorted = numbers_of(values);
  if (sorted.empty()) {
    return {};
  }
  std::sort(sorted.begin(), sorted.end());
  return {quantile_of_sorted(sorted, 0.5), quantile_of_sorted(sorted, 0.25),
          quantile_of_sorted(sorted, 0.75)};
}

MeanWithError mean_with_error(std::span<const double> values) {
  const std::vector<double> numbers = numbers_of(values);
  const auto n = static_cast<double>(numbers.size());
  MeanWithError result;
  if (numbers.empty()) {
    return result;
  }
  result.mean = std::accumulate(numbers.begin(), numbers.end(), 0.0) / n;
  if (numbers.size() > 1) {
    double squares = 0;
    for (const double v : numbers) {
      squares += (v - result.mean) * (v - result.mean);
    }
    result.standard_error = std::sqrt(squares / (n - 1) / n);
  }
  return result;
}

double log_log_slope(std::span<const double> x, std::span<const double> y) {
  std::vector<double> u, v;
  for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    if (x[i] > 0 && y[i] > 0 && std::isfinite(x[i]) && std::isfinite(y[i])) {
      u.push_back(std::log(x[i]));
      v.push_back(std::log(y[i]));
    }
  }
  const double mean_u = mean_with_error(u).mean, mean_v = mean_with_error(v).mean;
  double square = 0, product = 0;
  for (std::size_t i = 0; i < u.size(); ++i) {
    square += (u[i] - mean_u) * (u[i] - mean_u);
    product += (u[i] - mean_u) * (v[i] - mean_v);
  }
  return square > 0 ? product / square : std::numeric_limits<double>::quiet_NaN();
}

MeanWithError bias_floor(std::span<const double> errors, std::span<const double> noises) {
  std::vector<double> squares;
  for (std::size_t s = 0; s < std::min(errors.size(), noises.size()); ++s) {
    squares.push_back(errors[s] * errors[s] - noises[s] * noises[s]);
  }
  const MeanWithError square = mean_with_error(squares);
  if (!(square.mean > 0)) {
    return {};
  }
  const double floor = std::sqrt(square.mean);
  return {floor, square.standard_error / (2 * floor)};
}

double largest_normal_quantile(Eigen::Index count, double level) {
  if (count < 1) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  // 1 - level^(1/count), without the cancellation of a power near 1
  const double tail = -std::expm1(std::log(level) / static_cast<double>(count)) / 2;
  return boost::math::quantile(
      boost::math::complement(boost::math::normal_distribution<double>(), tail));
}

std::vector<std::string> ranks(std::span<const Quartiles> rows) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!std::isnan(rows[i].median)) {
      order.push_back(i);
    }
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return rows[a].median > rows[b].median; });
  std::vector<std::string> result(rows.size());
  for (std::size_t first = 0, next = 0; first < order.size(); first = next) {
    while (next < order.size() &&
           (next == first || overlap(rows[order[first]], rows[order[next]]))) {
      ++next;
    }
    for (std::size_t i = first; i < next; ++i) {
      result[order[i]] = std::to_string(first + 1) + (next - first > 1 ? "=" : "");
    }
  }
  return result;
}

}  // namespace negphase
