#include "negphase/diagnostics/rank_histogram.hpp"

#include <algorithm>
#include <boost/math/distributions/hypergeometric.hpp>
#include <cmath>
#include <tuple>
#include <utility>
#include <vector>

#include "negphase/diagnostics/normal_scores.hpp"

namespace negphase {
namespace {

using Eigen::Index;

constexpr double level = 0.05;  // that some bar of chains of one law leaves its band

// By the mean rank r, from 1: (r - 1/2) / number lies in (0, 1).
Eigen::ArrayXXd counts_in(const Eigen::Ref<const Eigen::ArrayXXd>& draws, Index bins) {
  const Eigen::ArrayXXd ranks = average_ranks(draws);
  const double width = static_cast<double>(draws.size()) / static_cast<double>(bins);
  Eigen::ArrayXXd counts = Eigen::ArrayXXd::Zero(bins, draws.cols());
  for (Index c = 0; c < draws.cols(); ++c) {
    for (Index i = 0; i < draws.rows(); ++i) {
      const auto bin = static_cast<Index>((ranks(i, c) - 0.5) / width);
      counts(std::min(bin, bins - 1), c) += 1;
    }
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
  const auto draws_in_bin = [&](double whole) {
    return boost::math::hypergeometric_distribution<>(static_cast<unsigned>(whole),
                                                      static_cast<unsigned>(independent),
                                                      static_cast<unsigned>(all));
  };
  // Few independent draws fill a bin by halves: the end that is farther off counts. 1e-6: rounding
  // of what is a whole number.
  const double scale = static_cast<double>(draws) / independent;
  return {scale * quantile(draws_in_bin(std::floor(share * all + 1e-6)), each),
          scale * quantile(complement(draws_in_bin(std::ceil(share * all - 1e-6)), each))};
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
  const Eigen::ArrayXXd all = counts_in(draws, bins);
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
