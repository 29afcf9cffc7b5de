#include "negphase/diagnostics/sorted_draws.hpp"

#include <doctest/doctest.h>

#include "negphase/core/error.hpp"
#include "negphase/diagnostics/chain_arrays.hpp"
#include "negphase/diagnostics/normal_scores.hpp"
#include "support/diagnostic_cases.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

/// Draws of several shapes: one even and one odd number of draws of each.
std::vector<Eigen::ArrayXXd> arrays() {
  std::vector<Eigen::ArrayXXd> result;
  for (const Index n : {1, 2, 5, 64, 101}) {
    Eigen::ArrayXXd x(n, 3);
    for (Index i = 0; i < x.size(); ++i) {
      x.data()[i] = std::sin(1.7 * static_cast<double>(i * i + 1));
    }
    const Eigen::ArrayXXd shapes[] = {x,
                                      (4 * x).round(),
                                      x.sign(),
                                      0 * x,
                                      (1 / (x - 0.3)).pow(9),  // few far out, the others close
                                      1e308 * x,               // the range overflows
                                      1e-310 * x,
                                      1e9 + x};
    result.insert(result.end(), std::begin(shapes), std::end(shapes));
  }
  return result;
}

std::vector<double> in_order(const Eigen::ArrayXXd& x) {
  std::vector<double> values(x.data(), x.data() + x.size());
  std::sort(values.begin(), values.end());
  return values;
}

/// Each value but those left out is that of its place among the split draws.
bool places_are_right(const SortedDraws& sorted, const Eigen::ArrayXXd& split) {
  Index found = 0;
  for (std::size_t i = 0; i < sorted.values().size(); ++i) {
    if (sorted.places()[i] != SortedDraws::left_out) {
      ++found;
      if (!(split.data()[sorted.places()[i]] == sorted.values()[i])) {
        return false;
      }
    }
  }
  return found == split.size();
}

}  // namespace

TEST_CASE("draws are sorted, and know their place among the split chains") {
  for (const Eigen::ArrayXXd& x : arrays()) {
    const SortedDraws sorted(x);
    const auto values = sorted.values();
    CHECK(std::vector<double>(values.begin(), values.end()) == in_order(x));
    CHECK(places_are_right(sorted, split_chains(x)));
  }
  CHECK(SortedDraws(Eigen::ArrayXXd(0, 2)).values().empty());
  Eigen::ArrayXXd bad = Eigen::ArrayXXd::Zero(4, 2);
  bad(1, 1) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(SortedDraws{bad}, UsageError);
  CHECK_THROWS_AS(average_ranks(bad), UsageError);
}

TEST_CASE("the fold is |x - median| in order") {
  for (const Eigen::ArrayXXd& x : arrays()) {
    const SortedDraws sorted(x);
    const double median = sorted.quantile(0.5);
    const Eigen::ArrayXXd distances = (x - median).abs();
    const SortedDraws folded = sorted.folded();
    CHECK(std::vector<double>(folded.values().begin(), folded.values().end()) ==
          in_order(distances));
    CHECK(places_are_right(folded, split_chains(distances)));
  }
}

TEST_CASE("a quantile lies between its order statistics, at the ends and in between") {
  Eigen::ArrayXXd x(5, 1);
  x << 3, 1, 2, 5, 4;
  const SortedDraws sorted(x);
  CHECK(sorted.quantile(0) == 1);
  CHECK(sorted.quantile(1) == 5);
  CHECK(sorted.quantile(0.5) == 3);
  CHECK(sorted.quantile(0.375) == 2.5);
  CHECK(sorted.order_statistic(0) == 1);
  CHECK(sorted.order_statistic(9) == 5);
}

// Scores of the parts against the ranks of all split draws, found by another sort.
TEST_CASE("normal scores are those of the average ranks") {
  for (const Eigen::ArrayXXd& x : arrays()) {
    if (x.rows() < 2) {
      continue;
    }
    const Eigen::ArrayXXd split = split_chains(x), ranks = average_ranks(split);
    const NormalScores scores(split.size());
    const Eigen::ArrayXXd z = normal_scores(SortedDraws(x), scores);
    for (Index i = 0; i < z.size(); ++i) {
      // Average ranks are halves of whole numbers: exact.
      const auto sum = static_cast<std::size_t>(2 * ranks.data()[i]);
      CHECK(z.data()[i] == scores.of_ties(1, sum - 1));
    }
    CHECK(ranks.sum() == 0.5 * static_cast<double>(split.size() * (split.size() + 1)));
  }
  CHECK(NormalScores(7).of_rank(4) == 0);
  // (1 - 3/8) / (2 + 1/4) = 5/18, and Phi of its score is that again.
  CHECK(std::erfc(-NormalScores(2).of_rank(1) / std::sqrt(2.0)) / 2 ==
        doctest::Approx(5.0 / 18).epsilon(1e-14));
}
