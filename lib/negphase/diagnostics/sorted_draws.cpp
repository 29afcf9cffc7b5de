#include "negphase/diagnostics/sorted_draws.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "negphase/core/error.hpp"

namespace negphase {
namespace {

constexpr int digit_bits = 11;
constexpr std::size_t num_digits = 2;
constexpr std::size_t radix = std::size_t{1} << digit_bits;
constexpr double largest_key = static_cast<double>(radix * radix - 1);

/// Each value's share of the way from the least to the largest, as a whole number, above the
/// value's place. Values that are not ordered by it, where a few lie far out, are left to
/// sort_runs.
std::vector<std::uint64_t> packed_keys(const Eigen::ArrayXXd& x) {
  const double least = x.minCoeff(), range = x.maxCoeff() - least;
  const double scale = largest_key / range;
  std::vector<std::uint64_t> packed(static_cast<std::size_t>(x.size()));
  const bool usable = range > 0 && std::isfinite(scale) && scale > 0;
  for (std::size_t i = 0; i < packed.size(); ++i) {
    const double at = usable ? (x.data()[i] - least) * scale : 0;
    packed[i] = static_cast<std::uint64_t>(static_cast<std::int64_t>(at)) << 32 | i;
  }
  return packed;
}

/// Sorts by the upper 32 bits, lowest digit first.
void sort_by_digits(std::vector<std::uint64_t>& packed) {
  std::array<std::array<std::uint32_t, radix>, num_digits> starts{};
  const auto digit = [](std::uint64_t key, std::size_t d) {
    return static_cast<std::size_t>(key >> (32 + digit_bits * static_cast<int>(d))) & (radix - 1);
  };
  for (const std::uint64_t key : packed) {
    for (std::size_t d = 0; d < num_digits; ++d) {
      ++starts[d][digit(key, d)];
    }
  }
  std::vector<std::uint64_t> other(packed.size());
  for (std::size_t d = 0; d < num_digits; ++d) {
    auto& start = starts[d];
    std::exclusive_scan(start.begin(), start.end(), start.begin(), std::uint32_t{0});
    for (const std::uint64_t key : packed) {
      other[start[digit(key, d)]++] = key;
    }
    packed.swap(other);
  }
}

/// Values of one key, by themselves.
void sort_runs(std::vector<std::uint64_t>& packed, const double* x) {
  const auto value = [x](std::uint64_t key) { return x[key & 0xffffffff]; };
  for (std::size_t begin = 0; begin < packed.size();) {
    std::size_t end = begin + 1;
    bool in_order = true;
    while (end < packed.size() && packed[end] >> 32 == packed[begin] >> 32) {
      in_order = in_order && value(packed[end - 1]) <= value(packed[end]);
      ++end;
    }
    if (!in_order) {
      const auto first = packed.begin() + static_cast<std::ptrdiff_t>(begin);
      std::sort(first, first + static_cast<std::ptrdiff_t>(end - begin),
                [&](std::uint64_t a, std::uint64_t b) {
                  return value(a) != value(b) ? value(a) < value(b) : a < b;
                });
    }
    begin = end;
  }
}

/// The place among split chains of each draw, in the draws' own order; needed where the number of
/// draws is odd, since else draws and split draws have one order in memory.
std::uint32_t split_place(std::uint32_t draw, Index num_draws) {
  const auto n = static_cast<std::uint32_t>(num_draws);
  const std::uint32_t half = n / 2, chain = draw / n, row = draw % n;
  if (row == half) {
    return SortedDraws::left_out;
  }
  return chain * 2 * half + row - (row > half ? 1 : 0);
}

}  // namespace

SortedDraws::SortedDraws(const Eigen::Ref<const Eigen::ArrayXXd>& draws)
    : half_(draws.rows() / 2), split_chains_(2 * draws.cols()) {
  if (draws.size() >= static_cast<Index>(left_out)) {
    throw UsageError(
        "too many draws of one quantity: ranks take fewer than 2^32 - 1 of all chains "
        "together; leave out all but every k-th draw");
  }
  const Eigen::ArrayXXd own = draws;
  if (own.isNaN().any()) {
    throw UsageError("draws that are not a number have no order");
  }
  if (own.size() == 0) {
    return;
  }
  std::vector<std::uint64_t> packed = packed_keys(own);
  sort_by_digits(packed);
  sort_runs(packed, own.data());
  values_.resize(packed.size());
  places_.resize(packed.size());
  const bool odd = draws.rows() % 2 == 1;
  for (std::size_t i = 0; i < packed.size(); ++i) {
    const auto draw = static_cast<std::uint32_t>(packed[i]);
    values_[i] = own.data()[draw];
    places_[i] = odd ? split_place(draw, draws.rows()) : draw;
  }
}

double SortedDraws::quantile(double p) const {
  const double at = static_cast<double>(values_.size() - 1) * p;
  const double below = std::floor(at), fraction = at - below;
  const double low = order_statistic(below + 1);
  if (fraction == 0) {
    return low;
  }
  const double high = order_statistic(below + 2);
  // Rounding must not put it below the draw that it is not below of.
  return std::max(low, (1 - fraction) * low + fraction * high);
}

double SortedDraws::order_statistic(double k) const {
  const double last = static_cast<double>(values_.size() - 1);
  return values_[static_cast<std::size_t>(std::clamp(k - 1, 0.0, last))];
}

SortedDraws SortedDraws::folded() const {
  const double median = quantile(0.5);
  const std::size_t size = values_.size(), half = size / 2;
  SortedDraws result(half_, split_chains_);
  result.values_.resize(size);
  result.places_.resize(size);
  const auto put = [&](std::size_t to, std::size_t from, double distance) {
    result.values_[to] = distance;
    result.places_[to] = places_[from];
  };
  // The sides [0, half) and [half, size) are merged from the median outwards and, at once, from
  // their far ends inwards: two chains of dependent steps without a branch that cannot be foretold.
  // After `half` steps of each neither side is used up; where equal, the lower side comes first.
  std::size_t below = half, above = half;  // one beyond, and at, what comes next
  std::size_t lowest = 0, highest = size;  // at, and one beyond, what comes next from far
  for (std::size_t i = 0; i < half; ++i) {
    const double low = median - values_[below - 1], high = values_[above] - median;
    const std::size_t take_low = low <= high ? 1 : 0;
    put(i, above + (below - 1 - above) * take_low, std::min(low, high));
    below -= take_low;
    above += 1 - take_low;
    const double far_low = median - values_[lowest], far_high = values_[highest - 1] - median;
    const std::size_t take_high = far_high >= far_low ? 1 : 0;
    put(size - 1 - i, lowest + (highest - 1 - lowest) * take_high, std::max(far_low, far_high));
    lowest += 1 - take_high;
    highest -= take_high;
  }
  if (size % 2 == 1) {
    const std::size_t left = below > lowest ? lowest : above;
    put(half, left, std::abs(values_[left] - median));
  }
  return result;
}

}  // namespace negphase
