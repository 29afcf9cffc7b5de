#include "negphase/diagnostics/autocovariance.hpp"

#include <doctest/doctest.h>

#include "negphase/core/error.hpp"
#include "negphase/diagnostics/chain_arrays.hpp"
#include "negphase/diagnostics/sorted_draws.hpp"

using namespace negphase;

namespace {

/// A slow wave with noise on it, so that far lags matter.
Eigen::ArrayXXd waves(Index n, Index chains) {
  Eigen::ArrayXXd x(n, chains);
  for (Index c = 0; c < chains; ++c) {
    for (Index i = 0; i < n; ++i) {
      const double t = static_cast<double>(i), shift = static_cast<double>(c);
      x(i, c) = std::sin(0.002 * t + shift) + 0.3 * std::sin(1.3 * t * t + shift);
    }
  }
  return x;
}

double by_definition(const Eigen::ArrayXXd& x, Index lag) {
  double sum = 0;
  for (Index c = 0; c < x.cols(); ++c) {
    const double mean = x.col(c).mean();
    for (Index i = 0; i + lag < x.rows(); ++i) {
      sum += (x(i, c) - mean) * (x(i + lag, c) - mean);
    }
  }
  return sum / static_cast<double>(x.size());
}

}  // namespace

// n products of size acov_0 are off by n eps acov_0, 1e-12 acov_0 here; the transform by less.
TEST_CASE("autocovariances by sums and by the transform are those of the definition") {
  const Eigen::ArrayXXd x = waves(4000, 3);
  const CentredChains chains(x);
  ChainAutocovariance near(chains.centred()), far(chains.centred());
  const double start = by_definition(x, 0);
  for (const Index lag : {0, 1, 7, 100, 192}) {
    CHECK(std::abs(near(lag) - by_definition(x, lag)) <= 1e-12 * start);
  }
  for (const Index lag : {193, 1000, 1571, 3999, 0, 1}) {
    CHECK(std::abs(far(lag) - by_definition(x, lag)) <= 1e-12 * start);
  }
  const Eigen::ArrayXXd each = autocovariances(x, 5);
  CHECK(each.rows() == 6);
  CHECK(std::abs(each.row(5).mean() - by_definition(x, 5)) <= 1e-12 * start);
  CHECK_THROWS_AS(autocovariances(x, 4000), UsageError);
  CHECK_THROWS_AS(autocovariances(x, -1), UsageError);
  CHECK_THROWS_AS(autocovariances(Eigen::ArrayXXd(1, 1), 0), UsageError);
}

// Whole numbers but for one product and one sum a chain: exact to a few eps.
TEST_CASE("an indicator's autocovariances are those of its 0 and 1, at every lag") {
  for (const Index n : {1, 63, 64, 65, 130, 4000}) {
    const Eigen::ArrayXXd x = (waves(n, 3) > 0.8).cast<double>();
    std::vector<std::uint32_t> ones{SortedDraws::left_out};
    for (Index i = 0; i < x.size(); ++i) {
      if (x.data()[i] == 1) {
        ones.push_back(static_cast<std::uint32_t>(i));
      }
    }
    IndicatorAutocovariance indicator(n, 3, ones);
    double largest = 0;
    for (Index lag = 0; lag < n; ++lag) {
      const double got = indicator(lag);
      if (n < 200 || lag % 97 == 0 || lag > 3900 || (lag > 3060 && lag < 3080)) {
        largest = std::max(largest, std::abs(got - by_definition(x, lag)));
      }
    }
    CHECK(largest <= 1e-12);
    CHECK(indicator.between() ==
          doctest::Approx(sample_variance(x.colwise().mean().transpose())).epsilon(1e-12));
    CHECK_THROWS_AS(indicator(0), UsageError);
  }
}
