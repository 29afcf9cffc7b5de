#include "negphase/diagnostics/mean_discrepancy.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "negphase/core/error.hpp"
#include "planted/KD4.hpp"
#include "planted/KD5.hpp"
#include "planted/KD6.hpp"
#include "support/normal_draws.hpp"

// How these tests can fail: pairs of a draw with itself counted, the pairs between the samples
// weighed wrongly, a relabelling whose sums are not those of the samples it stands for.

using namespace negphase;
using namespace negphase::testing;

namespace {

const nlohmann::json& vectors() {
  static const auto all = nlohmann::json::parse(std::ifstream(TEST_VECTOR_DIR "/ksd_mmd.json"));
  return all;
}

double number(const nlohmann::json& value) {
  return value.is_string() ? std::stod(value.get<std::string>()) : value.get<double>();
}

Eigen::ArrayXXd matrix(const nlohmann::json& rows) {
  Eigen::ArrayXXd m(static_cast<Index>(rows.size()), static_cast<Index>(rows[0].size()));
  for (Index i = 0; i < m.rows(); ++i) {
    for (Index j = 0; j < m.cols(); ++j) {
      m(i, j) = number(rows[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)]);
    }
  }
  return m;
}

Eigen::ArrayXXd stacked(const Eigen::ArrayXXd& x, const Eigen::ArrayXXd& y) {
  Eigen::ArrayXXd all(x.rows() + y.rows(), x.cols());
  all << x, y;
  return all;
}

struct Case {
  std::string name;
  PairFunction kernel;
  Index m;
};

PairFunction in_reverse(const PairFunction& k) {
  const Eigen::MatrixXd values = pair_matrix(k, Executor(1)).reverse();
  return {k.size, [values](Index i, Index first, Eigen::ArrayXd& out) {
            out = values.row(i).tail(values.cols() - first).transpose().array();
          }};
}

std::vector<Case> cases(const Executor& executor) {
  const Eigen::ArrayXXd pooled = stacked(matrix(vectors()["X"]), matrix(vectors()["Y"]));
  const auto& spins = vectors()["mmd"]["hamming_exponential_on_spins"];
  return {{"gaussian_sigma_1", gaussian_kernel(pooled, 1), 5},
          {"gaussian_sigma_median", gaussian_kernel(pooled, median_distance(pooled, executor)), 5},
          {"imq_c1", inverse_multiquadric_kernel(pooled, 1), 5},
          {"hamming_exponential_on_spins",
           hamming_kernel(stacked(matrix(spins["X"]), matrix(spins["Y"]))), 4}};
}

}  // namespace

TEST_CASE("maximum mean discrepancy: ten-digit answers") {
  const Executor executor(1);
  for (const Case& c : cases(executor)) {
    CAPTURE(c.name);
    const auto& answer = vectors()["mmd"][c.name];
    const double unbiased = number(answer["unbiased_mmd2"]);
    const auto result = mean_discrepancy(c.kernel, c.m, executor);
    // sums of at most 81 values below 1
    CHECK(std::abs(result.unbiased - unbiased) < 1e-14);
    CHECK(std::abs(result.biased - number(answer["biased_mmd2"])) < 1e-14);
    const auto wrong = [&](const auto& r) { return std::abs(r.unbiased - unbiased); };
    CHECK(wrong(planted::KD4::mean_discrepancy(c.kernel, c.m, executor)) > 0.1);
    CHECK(wrong(planted::KD5::mean_discrepancy(c.kernel, c.m, executor)) > 0.1);
    // the samples change places, which changes nothing; as they stand n = m - 1 in these answers,
    // and m n = m (m - 1)
    const PairFunction swapped = in_reverse(c.kernel);
    const Index n = swapped.size - c.m;
    CHECK(std::abs(mean_discrepancy(swapped, n, executor).unbiased - unbiased) < 1e-14);
    CHECK(wrong(planted::KD6::mean_discrepancy(swapped, n, executor)) > 0.1);
  }
}

TEST_CASE("the median distance: of an odd and of an even number of pairs") {
  const Executor executor(2);
  const Eigen::ArrayXXd pooled = stacked(matrix(vectors()["X"]), matrix(vectors()["Y"]));
  CHECK(std::abs(median_distance(pooled, executor) -
                 number(vectors()["median_pairwise_distance"])) < 1e-14);
  const Eigen::ArrayXXd three{{0.0}, {1.0}, {5.0}};
  CHECK(median_distance(three, executor) == 4);
  const Eigen::ArrayXXd four{{0.0}, {1.0}, {5.0}, {5.0}};  // 0 1 4 4 5 5
  CHECK(median_distance(four, executor) == 4);
  const Eigen::ArrayXXd spread{{0.0}, {1.0}, {4.0}, {9.0}};  // 1 3 4 5 8 9
  CHECK(median_distance(spread, executor) == 4.5);
  CHECK(median_distance(Eigen::ArrayXXd::Zero(9, 2), executor) == 1);
  CHECK(median_distance(Eigen::ArrayXXd::Zero(1, 2), executor) == 1);
  // more rows than a slice: against all distances sorted
  const Eigen::ArrayXXd many = normal_draws(2, 0, 131, 2);
  std::vector<double> all;
  for (Index i = 0; i < 131; ++i) {
    for (Index j = 0; j < i; ++j) {
      all.push_back((many.row(i) - many.row(j)).matrix().norm());
    }
  }
  std::sort(all.begin(), all.end());
  CHECK(std::abs(median_distance(many, executor) - all[all.size() / 2]) < 1e-14);  // 8515 pairs
}

TEST_CASE("the energy distance of one column is 2 int (F - G)^2") {
  const Executor executor(1);
  const Eigen::ArrayXXd x = normal_draws(4, 0, 70, 1);
  const Eigen::ArrayXXd y = 1.5 * normal_draws(4, 1, 90, 1) + 0.2;
  Eigen::ArrayXXd pooled = stacked(x, y);
  const double distance = mean_discrepancy(negative_distance(pooled), 70, executor).biased;
  std::vector<double> z(pooled.data(), pooled.data() + pooled.size());
  std::sort(z.begin(), z.end());
  double integral = 0;
  for (std::size_t k = 0; k + 1 < z.size(); ++k) {
    const double f = (x <= z[k]).cast<double>().mean();
    const double g = (y <= z[k]).cast<double>().mean();
    integral += 2 * (f - g) * (f - g) * (z[k + 1] - z[k]);
  }
  CHECK(std::abs(distance - integral) < 1e-13);  // 160^2 / 2 terms below 6, averaged
}

TEST_CASE("the permutation p-value is that of all relabellings") {
  const Executor executor(1);
  for (const Case& c : cases(executor)) {
    CAPTURE(c.name);
    const Eigen::MatrixXd k = pair_matrix(c.kernel, executor);
    const Index size = k.rows();
    // all choices of m of the draws, summed from the definition
    const double observed = mean_discrepancy(c.kernel, c.m, executor).unbiased;
    double larger = 0;
    double choices = 0;
    std::vector<char> in(static_cast<std::size_t>(size), 0);
    std::fill(in.end() - c.m, in.end(), 1);
    do {
      double xx = 0;
      double yy = 0;
      double xy = 0;
      for (Index i = 0; i < size; ++i) {
        for (Index j = 0; j < size; ++j) {
          const int of_x = in[static_cast<std::size_t>(i)] + in[static_cast<std::size_t>(j)];
          (of_x == 2 ? xx : of_x == 1 ? xy : yy) += i == j ? 0 : k(i, j);
        }
      }
      const auto m = static_cast<double>(c.m);
      const auto n = static_cast<double>(size - c.m);
      larger += xx / m / (m - 1) + yy / n / (n - 1) - xy / m / n >= observed - 1e-12;
      ++choices;
    } while (std::next_permutation(in.begin(), in.end()));
    const double exact = larger / choices;
    const double p = mean_discrepancy_p_value(c.kernel, c.m, 9999, 3, executor);
    // binomial of 9999, 6 standard errors and what the 1 adds: four looks, 8e-9
    CHECK(std::abs(p - exact) < 6 * std::sqrt(exact * (1 - exact) / 9999) + 2e-4);
  }
}

TEST_CASE("mean discrepancies do not depend on order, shift or threads; other laws are seen") {
  const Eigen::ArrayXXd x = normal_draws(6, 0, 120, 2);
  const Eigen::ArrayXXd y = normal_draws(6, 1, 100, 2);
  const PairFunction k = gaussian_kernel(stacked(x, y), 1);
  const auto one = mean_discrepancy(k, 120, Executor(1));
  const double p = mean_discrepancy_p_value(k, 120, 300, 5, Executor(1));
  for (const int threads : {2, 3, 4}) {
    CHECK(mean_discrepancy(k, 120, Executor(threads)).unbiased == one.unbiased);
    CHECK(mean_discrepancy_p_value(k, 120, 300, 5, Executor(threads)) == p);
  }
  const Executor executor(1);
  // sums in another order; x - y of shifted numbers, rounded at 1e-15
  const auto same = [&](const Eigen::ArrayXXd& a, const Eigen::ArrayXXd& b) {
    const auto other = mean_discrepancy(gaussian_kernel(stacked(a, b), 1), a.rows(), executor);
    return std::abs(other.unbiased - one.unbiased) < 1e-14;
  };
  CHECK(same(x.colwise().reverse(), y));
  CHECK(same(x + 4, y + 4));
  CHECK(same(x.rowwise().reverse(), y.rowwise().reverse()));
  CHECK(same(y, x));
  CHECK_FALSE(same(x, y + 4));
  CHECK(p > 1e-3);
  CHECK(mean_discrepancy_p_value(gaussian_kernel(stacked(x, y + 1), 1), 120, 300, 5, executor) ==
        1.0 / 301);
  CHECK_THROWS_AS(mean_discrepancy(k, 1, executor), UsageError);
  CHECK_THROWS_AS(mean_discrepancy(k, 219, executor), UsageError);
  // all draws alike: every relabelling ties, whatever the rounding
  const PairFunction alike = gaussian_kernel(Eigen::ArrayXXd::Constant(30, 1, 0.1), 1);
  CHECK(mean_discrepancy_p_value(alike, 11, 99, 1, executor) == 1);
}
