#pragma once
#include <algorithm>
#include <cmath>
#include <functional>

#include "negphase/gradient/criteria/row_blocks.hpp"

namespace negphase::testing {

/// A criterion of a problem; calls with the same problem must draw the same numbers, if any.
using CriterionOf = std::function<CriterionValue(const Problem&)>;

/// Largest |gradient - difference of the values in W| over all parameters, by differences of order
/// four: truncation h^4 |d^5 value| / 30, rounding 1.5 `noise` / h, `noise` being what the value is
/// off by.
inline double difference_error(const CriterionOf& criterion, const Problem& problem, double h) {
  const Eigen::VectorXd gradient = criterion(problem).gradient;
  double worst = 0;
  for (Index i = 0; i < gradient.size(); ++i) {
    const auto value_at = [&](double t) {
      Params w = problem.model.params();
      w[i] += t;
      return criterion({problem.model.with_params(w), problem.x, problem.y, problem.beta}).value;
    };
    const double difference =
        (value_at(-2 * h) - 8 * value_at(-h) + 8 * value_at(h) - value_at(2 * h)) / (12 * h);
    worst = std::max(worst, std::abs(gradient[i] - difference));
  }
  return worst;
}

/// The problem of one row.
inline Problem row_of(const Problem& problem, Index r) {
  return {problem.model, problem.x.middleRows(r, problem.x.rows() > 0 ? 1 : 0),
          problem.y.middleRows(r, 1), problem.beta};
}

/// Largest component of sum_r weights_r (gradient of row r): 0 at the W that the weighted rows come
/// from, for a criterion that is consistent.
inline double population_gradient(
    const std::function<CriterionValue(const Problem&, Index)>& of_row, const Problem& rows,
    const Eigen::VectorXd& weights) {
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(rows.model.params().size());
  for (Index r = 0; r < rows.rows(); ++r) {
    sum += weights[r] * of_row(row_of(rows, r), r).gradient;
  }
  return sum.cwiseAbs().maxCoeff();
}

}  // namespace negphase::testing
