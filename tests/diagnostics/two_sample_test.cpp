#include "negphase/diagnostics/two_sample.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "negphase/core/error.hpp"
#include "negphase/diagnostics/permutations.hpp"
#include "planted/KD11.hpp"
#include "planted/KD12.hpp"
#include "planted/KD13.hpp"
#include "planted/KD14.hpp"
#include "planted/KD15.hpp"
#include "support/normal_draws.hpp"

// How these tests can fail: a p-value that is right without ties only, or in the limit only; a
// permutation that favours some draws; a distance without the gaps between the draws.

using namespace negphase;
using namespace negphase::testing;

namespace {

// max |F - G| by looking at every draw
double largest_gap(const Eigen::ArrayXd& x, const Eigen::ArrayXd& y) {
  double largest = 0;
  for (const Eigen::ArrayXd* sample : {&x, &y}) {
    for (const double z : *sample) {
      largest = std::max(largest,
                         std::abs((x <= z).cast<double>().mean() - (y <= z).cast<double>().mean()));
    }
  }
  return largest;
}

// P(statistic >= that of the samples) over all choices of x.size() of the pooled draws
template <class Statistic>
double over_all_choices(const Eigen::ArrayXd& x, const Eigen::ArrayXd& y,
                        const Statistic& statistic) {
  Eigen::ArrayXd all(x.size() + y.size());
  all << x, y;
  const double observed = statistic(x, y) - 1e-12;
  std::vector<char> in(static_cast<std::size_t>(all.size()), 0);
  std::fill(in.end() - x.size(), in.end(), 1);
  double larger = 0;
  double choices = 0;
  do {
    Eigen::ArrayXd a(x.size());
    Eigen::ArrayXd b(y.size());
    Index i = 0;
    for (Index k = 0; k < all.size(); ++k) {
      if (in[static_cast<std::size_t>(k)] != 0) {
        a[i++] = all[k];
      } else {
        b[k - i] = all[k];
      }
    }
    larger += statistic(a, b) >= observed ? 1 : 0;
    ++choices;
  } while (std::next_permutation(in.begin(), in.end()));
  return larger / choices;
}

const Executor& one_thread() {
  static const Executor executor(1);
  return executor;
}

}  // namespace

TEST_CASE("Kolmogorov-Smirnov: exact over all relabellings, with ties and without") {
  const Eigen::ArrayXd tied_x{{1, 1, 2, 3, 3, 3}};
  const Eigen::ArrayXd tied_y{{1, 3, 4, 4, 4, 2, 5}};
  const Eigen::ArrayXd x{{0.1, 0.7, 1.3, 2.9, 0.4}};
  const Eigen::ArrayXd y{{1.1, 2.2, 3.3, 4.4, 1.9, 2.6, 0.2}};
  const Eigen::ArrayXd binary_x{{0, 0, 0, 0, 1}};
  const Eigen::ArrayXd binary_y{{1, 1, 1, 0, 1, 1}};
  for (const auto& [a, b] :
       {std::pair{x, y}, {tied_x, tied_y}, {binary_x, binary_y}, {tied_y, tied_x}, {x, x}}) {
    CAPTURE(a.transpose());
    CAPTURE(b.transpose());
    const auto result = kolmogorov_smirnov(a, b);
    CHECK(result.is_exact);
    CHECK(std::abs(result.value - largest_gap(a, b)) < 1e-15);
    // 12 steps of convex means
    CHECK(std::abs(result.p_value / over_all_choices(a, b, largest_gap) - 1) < 1e-14);
  }
  const auto wrong = planted::KD11::kolmogorov_smirnov(tied_x, tied_y);
  CHECK(std::abs(wrong.p_value - over_all_choices(tied_x, tied_y, largest_gap)) > 0.01);
}

TEST_CASE("Kolmogorov-Smirnov: apart, alike, and large") {
  const Eigen::ArrayXd low = Eigen::ArrayXd::LinSpaced(30, 0, 1);
  const Eigen::ArrayXd high = Eigen::ArrayXd::LinSpaced(30, 2, 3);
  const auto apart = kolmogorov_smirnov(low, high);
  CHECK(apart.value == 1);
  // two of the C(60, 30) orders, to 60 roundings of a number that is never a difference
  CHECK(std::abs(apart.p_value / (2 / 118264581564861424.0) - 1) < 1e-13);
  const auto alike = kolmogorov_smirnov(Eigen::ArrayXd::Ones(5), Eigen::ArrayXd::Ones(4));
  CHECK(alike.value == 0);
  CHECK(alike.p_value == 1);
  CHECK_THROWS_AS(kolmogorov_smirnov(low, Eigen::ArrayXd(0)), UsageError);
  // more pairs than are counted: Kolmogorov's limit
  Eigen::ArrayXd x = Eigen::ArrayXd::LinSpaced(20000, 0, 19999);
  Eigen::ArrayXd y = x + 272.5;  // where x has i + 1 draws, y has i - 272
  const auto large = kolmogorov_smirnov(x, y);
  CHECK_FALSE(large.is_exact);
  CHECK(std::abs(large.value - 0.01365) < 1e-15);
  const auto limit = [](double t) {
    double sum = 0;
    for (int j = 1; j < 10; ++j) {
      sum += (j % 2 == 1 ? 2 : -2) * std::exp(-2 * j * j * t * t);
    }
    return sum;
  };
  CHECK(std::abs(limit(1.36) - 0.049485876755377910) < 1e-15);
  CHECK(std::abs(large.p_value - limit(large.value * 100)) < 1e-15);
  // and where both can be had the limit is near, and above, as it is for all but the smallest D
  const auto exact = kolmogorov_smirnov(x.head(3000), x.head(3000) + 105.5);
  CHECK(exact.is_exact);
  CHECK(exact.p_value < limit(exact.value * std::sqrt(1500)));
  CHECK(exact.p_value > 0.9 * limit(exact.value * std::sqrt(1500)));
}

TEST_CASE("Wasserstein-1: by quantiles, and its permutations") {
  const Eigen::ArrayXd x = normal_draws(8, 0, 40, 1).col(0);
  const Eigen::ArrayXd y = 2 * normal_draws(8, 1, 40, 1).col(0) + 0.5;
  Eigen::ArrayXd a = x;
  Eigen::ArrayXd b = y;
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  // equal sizes: the mean |x_(k) - y_(k)|
  const auto distance = [&](const Eigen::ArrayXd& u, const Eigen::ArrayXd& v) {
    return wasserstein_1(u, v, 1, 0, one_thread()).value;
  };
  CHECK(std::abs(distance(x, y) - (a - b).abs().mean()) < 1e-14);
  CHECK(std::abs(distance(x, x + 3) - 3) < 1e-14);
  CHECK(distance(x, x) == 0);
  CHECK(std::abs(distance(10 * x, 10 * y) - 10 * distance(x, y)) < 1e-13);
  // unequal sizes: every draw twice changes nothing
  Eigen::ArrayXd twice(80);
  twice << y, y;
  CHECK(std::abs(distance(x, twice) - distance(x, y)) < 1e-14);
  CHECK(std::abs(planted::KD14::wasserstein_1(x, y, 1, 0, one_thread()).value - distance(x, y)) >
        0.1);

  const Eigen::ArrayXd u{{0.1, 0.7, 1.3, 2.9, 0.4, 1.3}};
  const Eigen::ArrayXd v{{1.1, 2.2, 3.3, 1.3, 1.9}};
  const double exact = over_all_choices(u, v, distance);
  const auto result = wasserstein_1(u, v, 9999, 3, one_thread());
  CHECK(std::abs(result.p_value - exact) < 6 * std::sqrt(exact * (1 - exact) / 9999) + 2e-4);
  for (const int threads : {2, 4}) {
    CHECK(wasserstein_1(u, v, 9999, 3, Executor(threads)).p_value == result.p_value);
  }
}

TEST_CASE("chi-squared: by hand, exact law of two states") {
  const std::vector<Index> x{0, 0, 0, 1, 2, 2, 0, 0};
  const std::vector<Index> y{1, 1, 0, 2, 2, 1};
  // counts 5 1 2 and 1 3 2; expected 8/14 and 6/14 of 6 4 4
  double by_hand = 0;
  const double expected[] = {6 * 8 / 14.0, 4 * 8 / 14.0, 4 * 8 / 14.0,
                             6 * 6 / 14.0, 4 * 6 / 14.0, 4 * 6 / 14.0};
  const double counts[] = {5, 1, 2, 1, 3, 2};
  for (int k = 0; k < 6; ++k) {
    by_hand += (counts[k] - expected[k]) * (counts[k] - expected[k]) / expected[k];
  }
  CHECK(std::abs(chi_squared(x, y, 1, 0, one_thread()).value - by_hand) < 1e-14);
  CHECK(std::abs(planted::KD15::chi_squared(x, y, 1, 0, one_thread()).value - by_hand) > 0.1);
  // two states: the count of the first is hypergeometric; 7 of 9 against 2 of 8, of 9 in all
  std::vector<Index> a(9, 1);
  std::fill(a.begin(), a.begin() + 7, 0);
  std::vector<Index> b(8, 1);
  std::fill(b.begin(), b.begin() + 2, 0);
  const auto choose = [](int n, int k) {
    return std::round(std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1)));
  };
  double exact = 0;
  for (int k = 1; k <= 9; ++k) {  // chi-squared grows with |k - 81 / 17|
    if (std::abs(k - 81 / 17.0) >= std::abs(7 - 81 / 17.0) - 1e-9) {
      exact += choose(9, k) * choose(8, 9 - k) / choose(17, 9);
    }
  }
  const double p = chi_squared(a, b, 9999, 4, one_thread()).p_value;
  CHECK(std::abs(p - exact) < 6 * std::sqrt(exact * (1 - exact) / 9999) + 2e-4);
}

TEST_CASE("permutations: every draw alike, and never a p-value of 0") {
  // how often each of 7 draws is among the 3 chosen: binomial(20000, 3 / 7); 7 looks at 6 standard
  // errors, 1.4e-8
  const auto worst = [](const auto& choose) {
    std::vector<double> counts(7, 0.0);
    for (std::uint32_t b = 0; b < 20000; ++b) {
      auto chosen = choose(b);
      std::sort(chosen.begin(), chosen.end());
      CHECK(std::adjacent_find(chosen.begin(), chosen.end()) == chosen.end());
      for (const Index i : chosen) {
        ++counts[static_cast<std::size_t>(i)];
      }
    }
    double z = 0;
    for (const double count : counts) {
      z = std::max(z, std::abs(count - 60000 / 7.0) / std::sqrt(20000 * 3 / 7.0 * 4 / 7));
    }
    return z;
  };
  CHECK(worst([](std::uint32_t b) { return random_subset(9, b, 3, 7); }) < 6);
  CHECK(worst([](std::uint32_t b) { return planted::KD13::random_subset(9, b, 3, 7); }) > 20);
  // of all 35 sets: chi-squared with 34 degrees of freedom is below 120 but for 1e-11
  Eigen::ArrayXd sets = Eigen::ArrayXd::Zero(128);
  for (std::uint32_t b = 0; b < 20000; ++b) {
    Index set = 0;
    for (const Index i : random_subset(9, b, 3, 7)) {
      set |= Index{1} << i;
    }
    ++sets[set];
  }
  CHECK((sets > 0).count() == 35);
  CHECK((sets > 0).select((sets - 20000 / 35.0).square() / (20000 / 35.0), 0).sum() < 120);

  const auto never = [](std::span<const Index>) { return 0.0; };
  CHECK(permutation_p_value(99, 1, 3, 4, 1, 0, never, one_thread()) == 0.01);
  CHECK(permutation_p_value(99, 1, 3, 4, 0, 0, never, one_thread()) == 1);
  CHECK(planted::KD12::permutation_p_value(99, 1, 3, 4, 1, 0, never, one_thread()) == 0);
}
