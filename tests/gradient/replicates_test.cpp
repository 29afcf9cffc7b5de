#include "negphase/gradient/replicates.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "planted/RO8.hpp"

namespace {

using namespace negphase;
using Combine = std::function<ReplicateMean(const Replicates&, const Eigen::MatrixXd&)>;

Eigen::MatrixXd row_of(std::initializer_list<double> values) {
  Eigen::MatrixXd m(1, static_cast<Index>(values.size()));
  Index j = 0;
  for (const double v : values) {
    m(0, j++) = v;
  }
  return m;
}

// groups of 2 and of 1 of 33 chains: SE^2 = sum_g n_g (m_g - mean)^2 / (G - 1) / chains
template <class SomeReplicates, class SomeCombine>
bool right_by_unequal_groups(SomeCombine&& combine) {
  const auto replicates = SomeReplicates::by_group(33);
  Eigen::MatrixXd means(2, 32);
  double mean = 0, squares = 0;
  for (Index g = 0; g < 32; ++g) {
    means(0, g) = static_cast<double>(g * g % 7);
    means(1, g) = -means(0, g);
    mean += static_cast<double>(replicates.cell_size(g)) * means(0, g) / 33;
  }
  for (Index g = 0; g < 32; ++g) {
    const double d = means(0, g) - mean;
    squares += static_cast<double>(replicates.cell_size(g)) * d * d / 31 / 33;
  }
  const auto r = combine(replicates, means);
  return std::abs(r.mean[0] - mean) < 1e-14 && std::abs(r.mean[1] + mean) < 1e-14 &&
         std::abs(r.squared_error[0] - squares) < 1e-14 &&
         std::abs(r.squared_error[1] - squares) < 1e-14;
}

// the textbook, written plainly
bool right_by_group(const Combine& combine) {
  const auto r = combine(Replicates::by_group(4), row_of({1, 2, 4, 9}));
  // mean 4, deviations -3 -2 0 5: variance 38/3, of the mean 38/12
  return r.mean[0] == 4 && std::abs(r.squared_error[0] - 38.0 / 12) < 1e-14 &&
         r.degrees_of_freedom[0] == 3;
}

bool right_by_row(const Combine& combine) {
  // rows 0, 1 with chains (0, 2, 4), (1, 3, 5): row 0 has 1, 2, 6 and row 1 has 10, 10, 13
  const auto r = combine(Replicates::by_row(2, 3), row_of({1, 10, 2, 10, 6, 13}));
  const double s0 = 7.0, s1 = 3.0;  // variances of (1,2,6) and (10,10,13)
  const double a0 = s0 / 3 / 4, a1 = s1 / 3 / 4;
  const double df = (a0 + a1) * (a0 + a1) / (a0 * a0 / 2 + a1 * a1 / 2);
  return std::abs(r.mean[0] - 7) < 1e-14 && std::abs(r.squared_error[0] - (a0 + a1)) < 1e-14 &&
         std::abs(r.degrees_of_freedom[0] - df) < 1e-12;
}

}  // namespace

TEST_CASE("groups and rows give the textbook's standard errors and degrees of freedom") {
  const Combine combine_means = [](const Replicates& r, const Eigen::MatrixXd& m) {
    return combine(r, m);
  };
  CHECK(right_by_group(combine_means));
  CHECK(right_by_row(combine_means));
}

TEST_CASE("groups of several sizes count by their chains; RO8 counts them alike") {
  using RightCombine = ReplicateMean (*)(const Replicates&, const Eigen::MatrixXd&);
  CHECK(right_by_unequal_groups<Replicates>(static_cast<RightCombine>(combine)));
  namespace wrong = planted::RO8;
  using WrongCombine = wrong::ReplicateMean (*)(const wrong::Replicates&, const Eigen::MatrixXd&);
  CHECK_FALSE(
      right_by_unequal_groups<wrong::Replicates>(static_cast<WrongCombine>(wrong::combine)));
}

TEST_CASE("sums that are asked for give the bits of the means made of them, each asked for twice") {
  const auto asked_for = [](const Replicates& replicates, const Eigen::MatrixXd& means) {
    std::vector<int> asked(static_cast<std::size_t>(means.cols()), 0);
    Eigen::VectorXd sum;
    const auto cells = [&](Index cell) {
      ++asked[static_cast<std::size_t>(cell)];
      sum = 3 * means.col(cell);
      return CellSum{sum, 1.0 / 3};
    };
    const ReplicateMean r = combine(replicates, means.rows(), cells);
    const Eigen::MatrixXd made = 1.0 / 3 * (3 * means).eval();
    const ReplicateMean same = combine(replicates, made);
    CHECK(r.mean == same.mean);
    CHECK(r.squared_error == same.squared_error);
    CHECK(asked == std::vector<int>(asked.size(), 2));
    return same;
  };
  CHECK(right_by_group(asked_for));
  CHECK(right_by_row(asked_for));
}

TEST_CASE("planted E10 and E6: wrong standard errors are rejected") {
  const auto over_n = [](const Replicates& r, const Eigen::MatrixXd& m) {
    auto result = combine(r, m);
    result.squared_error *= 3.0 / 4;  // n for n - 1
    return result;
  };
  CHECK_FALSE(right_by_group(over_n));
  CHECK_FALSE(right_by_row(over_n));
  const auto ignores_rows = [](const Replicates& r, const Eigen::MatrixXd& m) {
    return combine(Replicates::by_group(r.chains()), m);  // chains that differ in x, taken as alike
  };
  CHECK_FALSE(right_by_row(ignores_rows));
}

TEST_CASE("planted E11: M degrees of freedom for M - 1 are rejected") {
  CHECK_FALSE(right_by_group([](const Replicates& r, const Eigen::MatrixXd& m) {
    auto result = combine(r, m);
    result.degrees_of_freedom.array() += 1;
    return result;
  }));
}

TEST_CASE("groups of unequal size: the variance of the mean is unbiased") {
  // 5 chains in 4 groups of 1, 1, 1, 2 (the larger one first or last): with independent chains of
  // variance 1, E[SE^2] = 1/5. Checked exactly by the quadratic form: chain i alone moved by 1.
  const Replicates r = Replicates::by_group(40);
  CHECK(r.cells() == 32);
  Index chains = 0;
  for (Index g = 0; g < r.cells(); ++g) {
    chains += r.cell_size(g);
    for (Index c = r.first_chain(g); c < r.first_chain(g + 1); ++c) {
      CHECK(r.cell_of(c) == g);
    }
  }
  CHECK(chains == 40);
  // E[SE^2] over independent chains of variance 1 = sum over chains of SE^2 with that chain at 1
  double expected = 0;
  for (Index c = 0; c < 40; ++c) {
    Eigen::MatrixXd cells = Eigen::MatrixXd::Zero(1, 32);
    cells(0, r.cell_of(c)) = 1.0 / static_cast<double>(r.cell_size(r.cell_of(c)));
    expected += combine(r, cells).squared_error[0];
  }
  CHECK(expected == doctest::Approx(1.0 / 40).epsilon(1e-12));
}

TEST_CASE("the difference of two phases: variances add, Satterthwaite for the rest") {
  const auto group = Replicates::by_group(4);
  const auto a = combine(group, row_of({1, 2, 4, 9})), b = combine(group, row_of({0, 0, 1, 3}));
  const auto d = difference(a, b);
  const double va = 38.0 / 12, vb = 6.0 / 12;
  CHECK(d.mean[0] == doctest::Approx(3));
  CHECK(d.squared_error[0] == doctest::Approx(va + vb).epsilon(1e-14));
  CHECK(d.degrees_of_freedom[0] ==
        doctest::Approx((va + vb) * (va + vb) / (va * va / 3 + vb * vb / 3)).epsilon(1e-12));
}
