#include "negphase/diagnostics/rhat.hpp"

#include <doctest/doctest.h>

#include "negphase/core/error.hpp"

using namespace negphase;

// Superchains {1, 2} and {3, 4} of two draws each:
//   chain means 1, 2, 4, 7, variances 2, 2, 8, 2; superchain means 1.5, 5.5, their variance 8;
//   within: mean((2 + 2) / 2, (8 + 2) / 2) = 3.5 and the means' variance mean(0.5, 4.5) = 2.5.
TEST_CASE("nested R-hat is what its formula says, by hand") {
  Eigen::ArrayXXd x(2, 4);
  x << 0, 1, 2, 6,  //
      2, 3, 6, 8;
  const std::vector<Index> superchain{3, 3, 7, 7}, mixed{3, 7, 7, 3};
  CHECK(nested_rhat(x, superchain) == doctest::Approx(std::sqrt(1 + 8 / 6.0)).epsilon(1e-15));
  // {1, 4}, {2, 3}: superchain means 4 and 3, variance 0.5; the means' variances 18 and 2.
  CHECK(nested_rhat(x, mixed) == doctest::Approx(std::sqrt(1 + 0.5 / 13.5)).epsilon(1e-15));
  // One draw each: only the means' variance within. Means 0.5 and 4, variance 6.125; 0.5 and 8.
  CHECK(nested_rhat(x.topRows(1), superchain) ==
        doctest::Approx(std::sqrt(1 + 6.125 / 4.25)).epsilon(1e-15));
  // One chain each: R-hat of chains as they are but for (n - 1) / n and the 1.
  const std::vector<Index> single{1, 2, 3, 4};
  const CentredChains chains(x);
  CHECK(nested_rhat(x, single) ==
        doctest::Approx(std::sqrt(1 + chains.between() / chains.within())).epsilon(1e-15));
}

TEST_CASE("nested R-hat: superchains that do not move, and what it refuses") {
  Eigen::ArrayXXd x = Eigen::ArrayXXd::Constant(3, 4, 0.1);
  const std::vector<Index> superchain{0, 0, 1, 1};
  CHECK(std::isnan(nested_rhat(x, superchain)));
  x.rightCols(2) = 0.7;
  CHECK(std::isinf(nested_rhat(x, superchain)));
  const std::vector<Index> short_one{0, 0, 1}, uneven{0, 0, 0, 1}, one{5, 5, 5, 5},
      single{0, 1, 2, 3};
  CHECK_THROWS_AS(nested_rhat(x, short_one), UsageError);
  CHECK_THROWS_AS(nested_rhat(x, uneven), UsageError);
  CHECK_THROWS_AS(nested_rhat(x, one), UsageError);
  CHECK_THROWS_AS(nested_rhat(x.topRows(1), single), UsageError);
  CHECK_THROWS_AS(nested_rhat(Eigen::ArrayXXd(0, 4), superchain), UsageError);
  CHECK_THROWS_AS(nested_rhat(Eigen::ArrayXXd(3, 0), std::vector<Index>{}), UsageError);
}

TEST_CASE("R-hat of chains as they are") {
  Eigen::ArrayXXd x(2, 2);
  x << 0, 1,  //
      2, 3;
  // Means 1 and 2, variances 2 and 2: sqrt(1/2 + 0.5 / 2).
  CHECK(rhat(CentredChains(x)) == doctest::Approx(std::sqrt(0.75)).epsilon(1e-15));
  CHECK(std::isnan(rhat(CentredChains(x.leftCols(1)))));
  CHECK_THROWS_AS(CentredChains(x.topRows(1)), UsageError);
  CHECK_THROWS_AS(CentredChains(Eigen::ArrayXXd(4, 0)), UsageError);
}
