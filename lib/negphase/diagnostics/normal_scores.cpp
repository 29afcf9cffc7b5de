#include "negphase/diagnostics/normal_scores.hpp"

#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <numbers>
#include <numeric>

namespace negphase {
namespace {

double score_of(double rank, double num_ranks) {
  const double p = (rank - 0.375) / (num_ranks + 0.25);
  return -std::numbers::sqrt2 * boost::math::erfc_inv(2 * p);
}

}  // namespace

NormalScores::NormalScores(Index num_ranks)
    : num_ranks_(num_ranks), lower_half_(static_cast<std::size_t>((num_ranks + 1) / 2)) {
  for (std::size_t i = 0; i < lower_half_.size(); ++i) {
    lower_half_[i] = score_of(static_cast<double>(i + 1), static_cast<double>(num_ranks));
  }
}

double NormalScores::operator()(double rank) const {
  const auto whole = static_cast<Index>(rank);
  if (static_cast<double>(whole) != rank) {
    return score_of(rank, static_cast<double>(num_ranks_));
  }
  const bool lower = whole <= static_cast<Index>(lower_half_.size());
  const auto at = static_cast<std::size_t>((lower ? whole : num_ranks_ + 1 - whole) - 1);
  return lower ? lower_half_[at] : -lower_half_[at];
}

Eigen::ArrayXXd normal_scores(const SortedDraws& draws, const NormalScores& scores) {
  Eigen::ArrayXXd z(draws.num_split_draws(), draws.num_split_chains());
  const auto values = draws.values();
  const auto places = draws.places();
  double before = 0;  // split draws below the run of ties
  for (std::size_t begin = 0; begin < values.size();) {
    std::size_t end = begin;
    Index tied = 0;
    for (; end < values.size() && values[end] == values[begin]; ++end) {
      tied += places[end] != SortedDraws::left_out ? 1 : 0;
    }
    if (tied > 0) {
      const double score = scores(before + 0.5 * static_cast<double>(tied + 1));
      for (std::size_t i = begin; i < end; ++i) {
        if (places[i] != SortedDraws::left_out) {
          z.data()[places[i]] = score;
        }
      }
      before += static_cast<double>(tied);
    }
    begin = end;
  }
  return z;
}

Eigen::ArrayXXd average_ranks(const Eigen::Ref<const Eigen::ArrayXXd>& draws) {
  const Eigen::ArrayXXd own = draws;
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
