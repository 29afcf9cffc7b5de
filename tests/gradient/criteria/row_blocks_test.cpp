#include "negphase/gradient/criteria/row_blocks.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "negphase/exact/exact.hpp"
#include "planted/CR15.hpp"
#include "support/listed_states.hpp"
#include "support/problems.hpp"

// How the walk over the rows can fail: a block that sees the x of another, z not summed out.

namespace {

using namespace negphase;

// mean F and mean dF/dW by the walk, against those of the positive phase
template <class Value, class Rows, class Walk>
double walk_error(const Problem& p, Walk&& walk) {
  const Executor executor(2);
  const Value found = walk(p, executor, [](const Rows& rows) {
    Value sum{rows.at_y.sum(), Eigen::VectorXd::Zero(rows.free_energy.num_params()), 0};
    rows.add_param_grad(rows.y, PerChain::Ones(rows.chains()), sum.gradient);
    return sum;
  });
  const ExactPositive expected = *solve_positive(p.model, p.x, p.y, p.beta, executor);
  return std::max(std::abs(found.value - expected.mean_free_energy),
                  (found.gradient - expected.mean_param_grad).cwiseAbs().maxCoeff());
}

double walked(const Problem& p) { return walk_error<CriterionValue, RowBlock>(p, mean_over_rows); }

}  // namespace

TEST_CASE("M1: the walk over rows has each row's free energy under its own x, in every block") {
  const Problem quartic = testing::quartic_problem(150);  // three blocks
  Problem rbm = testing::rbm_problem("rbm_3x2");
  rbm.beta = 2;
  // means of 150 terms below 10
  CHECK(walked(quartic) < 1e-13);
  CHECK(walked(rbm) < 1e-13);
  const double wrong = walk_error<planted::CR15::CriterionValue, planted::CR15::RowBlock>(
      quartic, planted::CR15::mean_over_rows);
  CHECK(wrong > 1e-2);
}

TEST_CASE("a change of the energy is had with energy_change and without") {
  const Executor executor(1);
  const Problem states = testing::all_states(testing::listed_model(), 1);  // has no energy_change
  mean_over_rows(states, executor, [](const RowBlock& rows) {
    const PerChain to_last = rows.change(1, PerChain::Ones(5));
    CHECK(std::abs(to_last[0] - (-0.4 - 0.3)) < 1e-15);
    CHECK(std::isinf(to_last[4]));  // of category 2 the bit 1 is forbidden
    return CriterionValue{0, Eigen::VectorXd::Zero(6), 0};
  });
  const Problem spins = testing::all_states(testing::three_pairs(ColumnKind::spin), 1);
  mean_over_rows(spins, executor, [](const RowBlock& rows) {
    Block<double> flipped = rows.y;
    flipped.col(2) = -rows.y.col(2);
    const PerChain difference = rows.at(flipped, "a flipped state") - rows.at_y;
    CHECK((rows.change(2, -rows.y.col(2)) - difference).abs().maxCoeff() < 1e-14);
    return CriterionValue{0, Eigen::VectorXd::Zero(6), 0};
  });
}
