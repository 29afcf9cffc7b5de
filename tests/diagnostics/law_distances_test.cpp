#include "negphase/diagnostics/law_distances.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "negphase/exact/total_variation.hpp"
#include "negphase/random/stream_engine.hpp"
#include "planted/KD10.hpp"
#include "planted/KD9.hpp"

// How these tests can fail: a floor that is right only for states that are often visited, a walk
// over the counts that stops early or goes one way, the two laws of a divergence swapped.

using namespace negphase;

namespace {

const Eigen::ArrayXd& some_law() {
  static const Eigen::ArrayXd law{{0.5, 0.3, 0.1999, 1e-4}};
  return law;
}

// the mean of f(shares) over all outcomes of n draws from p: every vector of counts with its
// multinomial probability
double over_all_counts(const Eigen::ArrayXd& p, int n,
                       const std::function<double(const Eigen::ArrayXd&)>& f) {
  Eigen::ArrayXd counts = Eigen::ArrayXd::Zero(p.size());
  double sum = 0;
  const std::function<void(Eigen::Index, int, double)> walk = [&](Eigen::Index k, int left,
                                                                  double weight) {
    if (k + 1 == p.size()) {
      counts[k] = left;
      sum += weight * std::pow(p[k], left) * f(counts / n);
      return;
    }
    double choices = 1;  // of the draws that fall on state k
    for (int c = 0; c <= left; ++c) {
      counts[k] = c;
      walk(k + 1, left - c, weight * choices * std::pow(p[k], c));
      choices *= static_cast<double>(left - c) / (c + 1);
    }
  };
  walk(0, n, 1);
  return sum;
}

double plain_kl(const Eigen::ArrayXd& q, const Eigen::ArrayXd& p) {
  double sum = 0;
  for (Eigen::Index k = 0; k < p.size(); ++k) {
    sum += q[k] > 0 ? q[k] * std::log(q[k] / p[k]) : 0;
  }
  return sum;
}

}  // namespace

TEST_CASE("KL and Hellinger: the formulas") {
  const Eigen::ArrayXd q{{0.25, 0.25, 0.5, 0}};
  const Eigen::ArrayXd& p = some_law();
  CHECK(std::abs(kl_divergence(q, p) - plain_kl(q, p)) < 1e-14);  // a few terms below 1
  CHECK(std::abs(planted::KD10::kl_divergence(q, p) - plain_kl(q, p)) > 0.1);
  CHECK(std::abs(squared_hellinger(q, p) - (1 - (q * p).sqrt().sum())) < 1e-14);
  CHECK(squared_hellinger(Eigen::ArrayXd{{1, 0}}, Eigen::ArrayXd{{0, 1}}) == 1);
  CHECK(kl_divergence(p, p) == 0);
  CHECK(std::isinf(kl_divergence(Eigen::ArrayXd{{0.5, 0.5}}, Eigen::ArrayXd{{1, 0}})));
  CHECK(kl_divergence(Eigen::ArrayXd{{1, 0}}, Eigen::ArrayXd{{1, 0}}) == 0);
  // laws that agree to 1e-8: the plain sum has lost all digits of some 1e-16
  const Eigen::ArrayXd near{{0.5 + 1e-8, 0.5 - 1e-8}};
  CHECK(std::abs(kl_divergence(near, Eigen::ArrayXd{{0.5, 0.5}}) / 2e-16 - 1) < 1e-7);
}

TEST_CASE("floors of KL and Hellinger are the means over all outcomes") {
  const Eigen::ArrayXd& p = some_law();
  for (const int n : {1, 2, 5, 12}) {
    CAPTURE(n);
    // at most 455 outcomes, each of some 20 roundings
    const double kl = over_all_counts(p, n, [&](const auto& q) { return plain_kl(q, p); });
    CHECK(std::abs(expected_kl_divergence(p, n) / kl - 1) < 1e-12);
    CHECK(std::abs(planted::KD9::expected_kl_divergence(p, n) / kl - 1) > 0.05);
    const double hellinger =
        over_all_counts(p, n, [&](const auto& q) { return 1 - (q * p).sqrt().sum(); });
    CHECK(std::abs(expected_squared_hellinger(p, n) / hellinger - 1) < 1e-12);
    CHECK(std::abs(planted::KD9::expected_squared_hellinger(p, n) / hellinger - 1) > 0.05);
  }
  CHECK(std::isnan(expected_kl_divergence(p, 0.2)));
  CHECK(std::isnan(expected_squared_hellinger(p, std::numeric_limits<double>::infinity())));
  CHECK(expected_kl_divergence(Eigen::ArrayXd{{1, 0}}, 10) == 0);
  CHECK(expected_kl_divergence(p, 7.4) == expected_kl_divergence(p, 7));
}

TEST_CASE("floors of KL and Hellinger of many draws and many states") {
  // KL = (K - 1) / (2 n) + (sum 1/p - 1) / (12 n^2) + terms smaller by another 1 / (n p)
  const Eigen::ArrayXd p{{0.5, 0.25, 0.15, 0.1}};
  for (const double n : {1e5, 1e7, 1e9}) {
    const double two_terms = 3 / (2 * n) + ((1 / p).sum() - 1) / (12 * n * n);
    // the next term, relative: about (10 / n)^2; and what law_distances.hpp states
    CHECK(std::abs(expected_kl_divergence(p, n) / two_terms - 1) < 100 / n / n + 1e-11);
    // Hellinger: (K - 1) / (8 n) and a relative correction of at most sum 1/p / n
    CHECK(std::abs(expected_squared_hellinger(p, n) / (3 / (8 * n)) - 1) < 22 / n + 1e-11);
  }
  // 2^16 states of 1000 draws: nearly every share is 0 or 1/n; KL is nearly log K - log n and the
  // pairs that coincide make up the rest: sum over pairs 2 log 2 / n, n^2 / (2 K) of them
  const Eigen::ArrayXd even = Eigen::ArrayXd::Constant(1 << 16, 1.0 / (1 << 16));
  const double n = 1000;
  const double coincide = (n - 1) / 2 / (1 << 16) * 2 * std::log(2.0);
  // triples are n^2 / (6 K^2) of the draws: below 1e-4
  CHECK(std::abs(expected_kl_divergence(even, n) - (std::log((1 << 16) / n) + coincide)) < 1e-4);
}

TEST_CASE("floors are what draws show") {
  // 4000 repetitions of 30 draws; the mean within 5 of its standard errors: two looks, 1.2e-6
  const Eigen::ArrayXd p{{0.6, 0.2, 0.1, 0.05, 0.04, 0.01}};
  constexpr int repetitions = 4000;
  Eigen::ArrayXd kl(repetitions);
  Eigen::ArrayXd hellinger(repetitions);
  for (int r = 0; r < repetitions; ++r) {
    StreamEngine engine(5, static_cast<std::uint32_t>(r), 0, Purpose::exact);
    Eigen::ArrayXd counts = Eigen::ArrayXd::Zero(p.size());
    for (int i = 0; i < 30; ++i) {
      double u = engine() * 0x1p-32;
      Eigen::Index k = 0;
      while (k + 1 < p.size() && u >= p[k]) {
        u -= p[k++];
      }
      ++counts[k];
    }
    kl[r] = kl_divergence(counts / 30, p);
    hellinger[r] = squared_hellinger(counts / 30, p);
  }
  const auto z = [&](const Eigen::ArrayXd& values, double expected) {
    const double variance = (values - values.mean()).square().sum() / (repetitions - 1);
    return (values.mean() - expected) / std::sqrt(variance / repetitions);
  };
  CHECK(std::abs(z(kl, expected_kl_divergence(p, 30))) < 5);
  CHECK(std::abs(z(hellinger, expected_squared_hellinger(p, 30))) < 5);
}

TEST_CASE("McDiarmid's bound is above the probability of every total variation") {
  const Eigen::ArrayXd& p = some_law();
  for (const int n : {3, 9}) {
    const double expected = expected_total_variation(p, n);
    for (double value = 0; value < 1; value += 0.05) {
      const double probability = over_all_counts(
          p, n, [&](const auto& q) { return total_variation(q, p) >= value ? 1.0 : 0.0; });
      CHECK(total_variation_p_bound(value, expected, n) >= probability - 1e-14);
    }
  }
  CHECK(total_variation_p_bound(0.1, 0.1, 50) == 1);
  // 8 times the draws of twice the distance: exp(-2 n t^2) by hand
  CHECK(total_variation_p_bound(0.3, 0.1, 100) == doctest::Approx(std::exp(-8.0)).epsilon(1e-12));
}
