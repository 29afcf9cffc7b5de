#include "negphase/diagnostics/sorted_draws.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "negphase/core/error.hpp"

namespace negphase {
namespace {

constexpr int digit_bits = 11;
constexpr std::size_t num_digits = 3;
constexpr std::size_t radix = std::size_t{1} << digit_bits;

/// Rises with x.
std::uint64_t key_of(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  return bits ^ ((bits >> 63) != 0 ? ~std::uint64_t{0} : std::uint64_t{1} << 63);
}

/// The 32 leading bits of each key's distance to the least above the value's number.
std::vector<std::uint64_t> packed_keys(std::span<const double> x) {
  std::uint64_t least = ~std::uint64_t{0}, largest = 0;
  for (const double value : x) {
    least = std::min(least, key_of(value));
    largest = std::max(largest, key_of(value));
  }
  const int shift = std::max(0, static_cast<int>(std::bit_width(largest - least)) - 32);
  std::vector<std::uint64_t> packed(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    packed[i] = ((key_of(x[i]) - least) >> shift) << 32 | i;
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

/// Where keys agree in their leading bits, by the values themselves.
void sort_runs(std::vector<std::uint64_t>& packed, std::span<const double> x) {
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
  const std::span<const double> x(own.data(), static_cast<std::size_t>(own.size()));
  std::vector<std::uint64_t> packed = packed_keys(x);
  sort_by_digits(packed);
  sort_runs(packed, x);
  values_.resize(x.size());
  places_.resize(x.size());
  const bool odd = draws.rows() % 2 == 1;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto draw = static_cast<std::uint32_t>(packed[i]);
    values_[i] = x[draw];
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
  const std::size_t size = values_.size();
  SortedDraws result(half_, split_chains_);
  result.values_.resize(size);
  result.places_.resize(size);
  std::size_t above = static_cast<std::size_t>(
      std::upper_bound(values_.begin(), values_.end(), median) - values_.begin());
  std::size_t below = above;  // one beyond the next of the lower side
  const double none_left = std::numeric_limits<double>::infinity();
  const auto lower = [&] { return below > 0 ? median - values_[below - 1] : none_left; };
  const auto upper = [&] { return above < size ? values_[above] - median : none_left; };
  double low = lower(), high = upper();
  for (std::size_t i = 0; i < size; ++i) {
    const bool take_lower = low <= high;
    const std::size_t from = take_lower ? below - 1 : above;
    result.values_[i] = take_lower ? low : high;
    result.places_[i] = places_[from];
    below -= take_lower ? 1 : 0;
    above += take_lower ? 0 : 1;
    low = lower();
    high = upper();
  }
  return result;
}

}  // namespace negphase
