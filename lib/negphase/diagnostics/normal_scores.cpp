#include "negphase/diagnostics/normal_scores.hpp"

#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <numbers>
#include <numeric>

#include "negphase/core/error.hpp"

namespace negphase {
namespace {

double score_of(double rank, double num_ranks) {
  const double p = (rank - 0.375) / (num_ranks + 0.25);
  return -std::numbers::sqrt2 * boost::math::erfc_inv(2 * p);
}

}  // namespace

NormalScores::NormalScores(Index num_ranks) : scores_(static_cast<std::size_t>(num_ranks)) {
  const std::size_t size = scores_.size();
  for (std::size_t i = 0; i < (size + 1) / 2; ++i) {
    scores_[i] = score_of(static_cast<double>(i + 1), static_cast<double>(size));
    scores_[size - 1 - i] = -scores_[i];
  }
}

double NormalScores::of_ties(std::size_t first, std::size_t last) const {
  const std::size_t sum = first + last;
  return sum % 2 == 0 ? of_rank(sum / 2)
                      : score_of(0.5 * static_cast<double>(sum), static_cast<double>(num_ranks()));
}

Eigen::ArrayXXd normal_scores(const SortedDraws& draws, const NormalScores& scores) {
  Eigen::ArrayXXd z(draws.num_split_draws(), draws.num_split_chains());
  const auto values = draws.values();
  const auto places = draws.places();
  const auto is_kept = [&](std::size_t i) { return places[i] != SortedDraws::left_out; };
  std::size_t ranks = 0;  // given so far
  for (std::size_t begin = 0; begin < values.size();) {
    std::size_t end = begin + 1;
    if (is_kept(begin) && (end == values.size() || values[end] != values[begin])) {
      z.data()[places[begin]] = scores.of_rank(++ranks);
      begin = end;
      continue;
    }
    std::size_t tied = is_kept(begin) ? 1 : 0;
    for (; end < values.size() && values[end] == values[begin]; ++end) {
      tied += is_kept(end) ? 1 : 0;
    }
    if (tied > 0) {
      const double score = scores.of_ties(ranks + 1, ranks + tied);
      for (std::size_t i = begin; i < end; ++i) {
        if (is_kept(i)) {
          z.data()[places[i]] = score;
        }
      }
      ranks += tied;
    }
    begin = end;
  }
  return z;
}

Eigen::ArrayXXd average_ranks(const Eigen::Ref<const Eigen::ArrayXXd>& draws) {
  const Eigen::ArrayXXd own = draws;
  if (own.isNaN().any()) {
    throw UsageError("draws that are not a number have no rank");
  }
  const double* x = own.data();
  std::vector<Index> order(static_cast<std::size_t>(own.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(),
            [x](Index a, Index b) { return x[a] != x[b] ? x[a] < x[b] : a < b; });
  Eigen::ArrayXXd ranks(own.rows(), own.cols());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && x[order[end]] == x[order[begin]]) {
      ++end;
    }
    for (std::size_t i = begin; i < end; ++i) {
      ranks.data()[order[i]] = 0.5 * static_cast<double>(begin + 1 + end);
    }
    begin = end;
  }
  return ranks;
}

}  // namespace negphase
