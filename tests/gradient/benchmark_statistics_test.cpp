#include "negphase/gradient/benchmark_statistics.hpp"

#include <doctest/doctest.h>

#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>
#include <set>

#include "planted/S1.hpp"
#include "planted/S2.hpp"
#include "planted/S3.hpp"
#include "planted/S5.hpp"

// Answers made by hand. How these tests can fail: a quartile of another definition, a slope of what
// is not a logarithm, a floor with noise in it, a tie that is none, seeds that repeat.

using namespace negphase;
namespace planted = negphase::planted;

namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
using Values = std::vector<double>;

bool near(double a, double b) { return std::abs(a - b) <= 1e-12 * std::abs(b) + 1e-13; }

}  // namespace

TEST_CASE("quartiles: interpolated, without what is not known") {
  const Quartiles q = quartiles(Values{4, 1, unknown, 3, 2});
  CHECK(near(q.median, 2.5));
  CHECK(near(q.low, 1.75));
  CHECK(near(q.high, 3.25));
  const Quartiles one = quartiles(Values{7});
  CHECK(one.low == 7);
  CHECK(one.median == 7);
  CHECK(one.high == 7);
  CHECK(std::isnan(quartiles(Values{unknown}).median));
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(quartiles(Values{1, 2, inf}).median == 2);
  CHECK(quartiles(Values{inf, inf, inf}).low == inf);
}

TEST_CASE("a mean and its standard error") {
  const MeanWithError m = mean_with_error(Values{1, unknown, 2, 3, 4});
  CHECK(near(m.mean, 2.5));
  CHECK(near(m.standard_error, std::sqrt(5.0 / 3 / 4)));
  CHECK(mean_with_error(Values{5}).mean == 5);
  CHECK(std::isnan(mean_with_error(Values{5}).standard_error));
  CHECK(std::isnan(mean_with_error(Values{}).mean));
}

TEST_CASE("slope of a power law") {
  Values draws, error, square;
  for (const double n : {3.0, 6.0, 12.0, 24.0, 48.0}) {
    draws.push_back(n);
    error.push_back(0.7 / std::sqrt(n));
    square.push_back(n * n);
  }
  CHECK(near(log_log_slope(draws, error), -0.5));
  CHECK(near(log_log_slope(draws, square), 2));
  error[2] = unknown;  // a point that is not known is left out
  CHECK(near(log_log_slope(draws, error), -0.5));
  CHECK(std::isnan(log_log_slope(Values{1}, Values{1})));
  CHECK(std::isnan(log_log_slope(Values{2, 2}, Values{1, 3})));
  CHECK_FALSE(near(planted::S1::log_log_slope(draws, square), 2));
}

TEST_CASE("bias floor: what the noise does not explain") {
  const Values errors{5, 5}, noises{3, 4};
  const MeanWithError floor = bias_floor(errors, noises);
  // squares 16 and 9: mean 12.5, standard error 7 / sqrt 2 / sqrt 2 = 3.5
  CHECK(near(floor.mean, std::sqrt(12.5)));
  CHECK(near(floor.standard_error, 3.5 / (2 * std::sqrt(12.5))));
  CHECK(std::isnan(bias_floor(noises, errors).mean));
  CHECK_FALSE(near(planted::S3::bias_floor(errors, noises).mean, std::sqrt(12.5)));
}

TEST_CASE("the largest of so many normals") {
  const boost::math::normal_distribution<double> normal;
  for (const Eigen::Index count : {Eigen::Index{1}, Eigen::Index{48}, Eigen::Index{1104}}) {
    for (const double level : {0.5, 0.95}) {
      CAPTURE(count);
      const double m = largest_normal_quantile(count, level);
      const double inside = 2 * boost::math::cdf(normal, m) - 1;
      // a cdf near 1 is known to 1e-16, its power to count times that
      CHECK(std::abs(std::pow(inside, count) - level) < 1e-12);
    }
  }
  CHECK(std::isnan(largest_normal_quantile(0, 0.5)));
}

namespace {

// What is best; what overlaps with it; what overlaps with that alone; what has no value; two that
// touch; the last.
template <class Row>
std::vector<Row> rows_to_rank() {
  return {{10, 9, 11}, {9.5, 8, 9.2}, {7, 6, 8.5}, {unknown, unknown, unknown},
          {4, 3, 5},   {5.5, 5, 5.9}, {1, 1, 1}};
}

}  // namespace

TEST_CASE("ranks: quartiles that overlap with the best of a group are a tie") {
  CHECK(ranks(rows_to_rank<Quartiles>()) ==
        std::vector<std::string>{"1=", "1=", "3", "", "4=", "4=", "6"});
  CHECK(ranks(std::vector<Quartiles>{}).empty());
  // a row whose quartiles are not known is a group of its own
  CHECK(ranks(std::vector<Quartiles>{{1, unknown, unknown}, {2, unknown, unknown}}) ==
        std::vector<std::string>{"2", "1"});
  const auto wrong = rows_to_rank<planted::S2::Quartiles>();
  CHECK(planted::S2::ranks(wrong) !=
        std::vector<std::string>{"1=", "1=", "3", "", "4=", "4=", "6"});
}

namespace {

std::size_t different_seeds(std::uint64_t (*seed_of)(std::uint64_t, int)) {
  std::set<std::uint64_t> seeds;
  for (const std::uint64_t suite : {1, 2}) {
    for (int r = 0; r < 100; ++r) {
      const std::uint64_t seed = seed_of(suite, r);
      CHECK(seed < std::uint64_t{1} << 63);
      seeds.insert(seed);
    }
  }
  return seeds.size();
}

}  // namespace

TEST_CASE("seeds of repetitions are different") {
  CHECK(different_seeds(repetition_seed) == 200);
  CHECK(different_seeds(planted::S5::repetition_seed) != 200);
}
