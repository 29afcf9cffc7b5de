#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "negphase/diagnostics/mean_discrepancy.hpp"
#include "negphase/diagnostics/stein_discrepancy.hpp"
#include "negphase/diagnostics/two_sample.hpp"
#include "support/normal_draws.hpp"

// How these tests can fail: p-values that are too small under the null, by whatever fault; or too
// large, which costs power.

using namespace negphase;
using namespace negphase::testing;

namespace {

constexpr int repetitions = 2000;
constexpr Index resamples = 99;

// Largest excess of the share of p-values <= a over a, and of a over that share, at a = k / 100.
struct Deviation {
  double too_small = 0, too_large = 0;
};

Deviation deviation(const std::function<double(std::uint32_t)>& p_value) {
  std::vector<double> all;
  for (std::uint32_t r = 0; r < repetitions; ++r) {
    all.push_back(p_value(r));
  }
  std::sort(all.begin(), all.end());
  Deviation worst;
  for (int k = 1; k <= 100; ++k) {
    const double a = k / 100.0;
    const auto below = std::upper_bound(all.begin(), all.end(), a + 1e-9) - all.begin();
    const double excess = static_cast<double>(below) / repetitions - a;
    worst.too_small = std::max(worst.too_small, excess);
    worst.too_large = std::max(worst.too_large, -excess);
  }
  return worst;
}

// Massart's bound: a distribution function of 2000 draws is nowhere further off, but for 1e-7
const double band = std::sqrt(std::log(2 / 1e-7) / (2 * repetitions));

Eigen::ArrayXXd pooled(std::uint32_t r, Index m, Index n) { return normal_draws(77, r, m + n, 2); }

}  // namespace

TEST_SUITE("slow") {
  TEST_CASE("p-values by permutation are uniform: MMD, energy distance, Wasserstein-1") {
    const Executor executor(1);
    for (const Index m : {12, 30}) {
      const Index n = 20;
      const Deviation mmd = deviation([&](std::uint32_t r) {
        return mean_discrepancy_p_value(gaussian_kernel(pooled(r, m, n), 1), m, resamples, r,
                                        executor);
      });
      const Deviation energy = deviation([&](std::uint32_t r) {
        return mean_discrepancy_p_value(negative_distance(pooled(r, m, n)), m, resamples, r,
                                        executor);
      });
      const Deviation w1 = deviation([&](std::uint32_t r) {
        const Eigen::ArrayXXd all = pooled(r, m, n);
        return wasserstein_1(all.col(0).head(m), all.col(0).tail(n), resamples, r, executor)
            .p_value;
      });
      MESSAGE("largest deviation, band ", band, ": MMD ", mmd.too_small, " ", mmd.too_large,
              ", energy distance ", energy.too_small, " ", energy.too_large, ", Wasserstein-1 ",
              w1.too_small, " ", w1.too_large);
      for (const Deviation& d : {mmd, energy, w1}) {
        CHECK(d.too_small < band);
        CHECK(d.too_large < band);
      }
    }
  }

  TEST_CASE("p-values of draws with ties are never too small: Kolmogorov-Smirnov, chi-squared") {
    const Executor executor(1);
    for (const double grid : {1.0, 0.01}) {
      const auto rounded = [&](std::uint32_t r) {
        return (pooled(r, 25, 35).col(0) / grid).round().eval();
      };
      const Deviation ks = deviation([&](std::uint32_t r) {
        const Eigen::ArrayXd all = rounded(r);
        return kolmogorov_smirnov(all.head(25), all.tail(35)).p_value;
      });
      const Deviation chi = deviation([&](std::uint32_t r) {
        const Eigen::ArrayXd all = rounded(r);
        std::vector<Index> states;
        for (const double z : all) {
          states.push_back(static_cast<Index>(z - all.minCoeff()));
        }
        const std::span<const Index> span(states);
        return chi_squared(span.first(25), span.subspan(25), resamples, r, executor).p_value;
      });
      MESSAGE("largest excess, band ", band, ": Kolmogorov-Smirnov ", ks.too_small,
              ", chi-squared ", chi.too_small);
      CHECK(ks.too_small < band);
      CHECK(chi.too_small < band);
    }
  }

  TEST_CASE("p-values of the wild bootstrap are nearly uniform for 100 draws") {
    // asymptotic: beside the band, an error of the order 1 / sqrt(n) of the bootstrap itself
    const Executor executor(1);
    const Deviation ksd = deviation([&](std::uint32_t r) {
      const Eigen::ArrayXXd x = normal_draws(78, r, 100, 2);
      return stein_p_value(stein_kernel(x, -x), resamples, r, executor);
    });
    // 5 bits, one of them 1 with probability 0.01: probabilities do not hang on the other columns
    const Eigen::ArrayXd ones{{0.5, 0.3, 0.2, 0.1, 0.01}};
    const std::vector<Column> bits(5, bit_column());
    const auto bit_draws = [&](std::uint32_t r) {
      Eigen::ArrayXXd x(100, 5);
      StreamEngine engine(79, r, 0, Purpose::exact);
      for (double& bit : x.reshaped()) {
        bit = engine() * 0x1p-32;
      }
      return ((x.rowwise() - ones.transpose()) < 0).cast<double>().eval();
    };
    const Deviation conditional = deviation([&](std::uint32_t r) {
      const Eigen::ArrayXXd x = bit_draws(r);
      Eigen::ArrayXXd residuals(100, 10);
      for (Index c = 0; c < 5; ++c) {
        residuals.col(2 * c + 1) = x.col(c) - ones[c];
        residuals.col(2 * c) = -residuals.col(2 * c + 1);
      }
      return stein_p_value(conditional_stein_kernel(x, bits, residuals), resamples, r, executor);
    });
    const Deviation of_ratios = deviation([&](std::uint32_t r) {
      const Eigen::ArrayXXd x = bit_draws(r);
      Eigen::ArrayXXd differences(100, 5);
      for (Index c = 0; c < 5; ++c) {
        const double odds = ones[c] / (1 - ones[c]);
        differences.col(c) = (x.col(c) == 1)
                                 .select(Eigen::ArrayXd::Constant(100, 1 - 1 / odds),
                                         Eigen::ArrayXd::Constant(100, 1 - odds));
      }
      return stein_p_value(discrete_stein_kernel(x, bits, differences), resamples, r, executor);
    });
    MESSAGE("largest deviation: real ", ksd.too_small, " ", ksd.too_large, ", conditional ",
            conditional.too_small, " ", conditional.too_large, ", ratios ", of_ratios.too_small,
            " ", of_ratios.too_large);
    CHECK(ksd.too_small < band + 0.1);
    CHECK(ksd.too_large < band + 0.1);
    CHECK(conditional.too_small < band + 0.1);
    CHECK(conditional.too_large < band + 0.1);
    // why no p-value is made of ratios: in 0.99^100 of the runs the rare state is not met
    CHECK(of_ratios.too_small > 0.2);
  }
}
