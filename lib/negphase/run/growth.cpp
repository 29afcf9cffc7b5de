#include "negphase/run/growth.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>

namespace negphase {

namespace {

constexpr double level = 1e-4, least_ratio = 1.1;

// P(Bin(n, 1/2) >= k)
double sign_test(Index k, Index n) {
  const boost::math::binomial_distribution<double> coins(static_cast<double>(n), 0.5);
  return k == 0 ? 1 : boost::math::cdf(boost::math::complement(coins, static_cast<double>(k - 1)));
}

GrowingColumn growth_of(const Draws& draws, Index column, Index rows) {
  Eigen::VectorXd centers = Eigen::VectorXd::Zero(rows), chains_of_row = centers;
  for (Index c = 0; c < draws.chains; ++c) {
    centers[c % rows] += draws.of_chain(c).col(column).mean();
    chains_of_row[c % rows] += 1;
  }
  centers = centers.cwiseQuotient(chains_of_row.cwiseMax(1));
  const Index quarter = draws.draws / 4;
  GrowingColumn growth{column, 0, 0, 0};
  double first_sum = 0, last_sum = 0;
  for (Index c = 0; c < draws.chains; ++c) {
    const auto from_center = draws.of_chain(c).col(column).array() - centers[c % rows];
    const double first = from_center.head(quarter).square().mean();
    const double last = from_center.tail(quarter).square().mean();
    growth.growing += last > first ? 1 : 0;
    growth.of += last != first ? 1 : 0;  // a chain that never moved tosses no coin
    first_sum += first;
    last_sum += last;
  }
  growth.ratio = last_sum / first_sum;
  return growth;
}

}  // namespace

std::vector<GrowingColumn> find_growing(const Draws& draws, std::span<const Column> columns,
                                        Index rows) {
  std::vector<GrowingColumn> all;
  const auto num_real = std::count_if(columns.begin(), columns.end(), [](const Column& column) {
    return column.kind == ColumnKind::real;
  });
  if (draws.draws < 4) {
    return all;
  }
  for (Index j = 0; j < std::ssize(columns); ++j) {
    if (columns[static_cast<std::size_t>(j)].kind != ColumnKind::real) {
      continue;
    }
    const GrowingColumn growth = growth_of(draws, j, rows);
    if (growth.of > 0 && growth.ratio > least_ratio &&
        sign_test(growth.growing, growth.of) < level / static_cast<double>(num_real)) {
      all.push_back(growth);
    }
  }
  return all;
}

}  // namespace negphase
