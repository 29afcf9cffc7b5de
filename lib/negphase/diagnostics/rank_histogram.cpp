#include "negphase/diagnostics/rank_histogram.hpp"

#include <algorithm>
#include <boost/math/distributions/hypergeometric.hpp>
#include <cmath>
#include <numeric>
#include <tuple>
#include <utility>
#include <vector>

namespace negphase {
namespace {

using Eigen::Index;

constexpr double level = 0.05;  // that some bar of chains of one law leaves its band

// The bin of each draw, by its mean rank r among all, from 1: (r - 1/2) / number lies in (0, 1).
std::vector<Index> bins_of(const Eigen::Ref<const Eigen::ArrayXXd>& draws, Index bins) {
  const Index number = draws.size(), rows = draws.rows();
  const auto value = [&](Index i) { return draws(i % rows, i / rows); };
  std::vector<Index> order(static_cast<std::size_t>(number)), bin(order.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index a, Index b) { return value(a) < value(b); });
  for (std::size_t first = 0, end = 0; first < order.size(); first = end) {
    while (end < order.size() && value(order[end]) == value(order[first])) {
      ++end;
    }
    const double mean_rank = 0.5 * static_cast<double>(first + 1 + end);
    const auto at = static_cast<Index>((mean_rank - 0.5) / static_cast<double>(number) *
                                       static_cast<double>(bins));
    for (std::size_t k = first; k < end; ++k) {
      bin[static_cast<std::size_t>(order[k])] = std::min(at, bins - 1);
    }
  }
  return bin;
}

Eigen::ArrayXXd counts_in(const std::vector<Index>& bin, Index rows, Index chains, Index bins) {
  Eigen::ArrayXXd counts = Eigen::ArrayXXd::Zero(bins, chains);
  for (std::size_t i = 0; i < bin.size(); ++i) {
    counts(bin[i], static_cast<Index>(i) / rows) += 1;
  }
  return counts;
}

// Of a chain's draws, how many fall into a bin that holds a share of all draws. `each` is the
// probability that is left beyond either end.
std::pair<double, double> band(double share, Index draws, Index chains, double time, double each) {
  const double most = std::floor(1e9 / static_cast<double>(chains));  // all must fit an unsigned
  const double independent =
      std::clamp(std::round(static_cast<double>(draws) / time), 1.0, std::max(1.0, most));
  const double all = independent * static_cast<double>(chains);
  const auto whole = [](double x) { return static_cast<unsigned>(std::llround(x)); };
  const boost::math::hypergeometric_distribution<> count(whole(share * all), whole(independent),
                                                         whole(all));
  const double scale = static_cast<double>(draws) / independent;
  return {scale * quantile(count, each), scale * quantile(complement(count, each))};
}

}  // namespace

RankHistogram rank_histogram(const Eigen::Ref<const Eigen::ArrayXXd>& draws, double time,
                             Index bins) {
  RankHistogram made;
  made.time = std::max(1.0, time);
  const Index chains = draws.cols();
  if (chains < 2 || draws.rows() == 0 || !draws.allFinite()) {
    return made;
  }
  const std::vector<Index> bin = bins_of(draws, bins);
  const Eigen::ArrayXXd all = counts_in(bin, draws.rows(), chains, bins);
  std::vector<Index> taken;
  for (Index b = 0; b < bins; ++b) {
    if (all.row(b).sum() > 0) {
      taken.push_back(b);
    }
  }
  const auto size = static_cast<Index>(taken.size());
  made.counts = all(taken, Eigen::indexing::all);
  made.expected = made.counts.rowwise().mean();
  made.low.resize(size);
  made.high.resize(size);
  made.edges = Eigen::ArrayXd::Zero(size + 1);
  const double each = level / (2.0 * static_cast<double>(size * chains));
  for (Index b = 0; b < size; ++b) {
    const double share = made.expected[b] / static_cast<double>(draws.rows());
    made.edges[b + 1] = made.edges[b] + share;
    const bool as_before = b > 0 && made.expected[b] == made.expected[b - 1];
    std::tie(made.low[b], made.high[b]) = as_before
                                              ? std::pair(made.low[b - 1], made.high[b - 1])
                                              : band(share, draws.rows(), chains, made.time, each);
  }
  return made;
}

}  // namespace negphase
