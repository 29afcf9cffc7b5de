#include "negphase/gradient/criteria/flips.hpp"

#include "negphase/exact/pairwise_view.hpp"

namespace negphase {

namespace {

double other_state(const Column& column, double code) {
  return state_code(column, 1 - state_index(column, code));
}

/// [chains x num_y]
Block<double> flipped_states(const RowBlock& rows) {
  Block<double> flipped(rows.y.rows(), rows.y.cols());
  for (Index j = 0; j < rows.y.cols(); ++j) {
    const Column& column = rows.free_energy.columns()[static_cast<std::size_t>(j)];
    flipped.col(j) = rows.y.col(j).unaryExpr([&](double s) { return other_state(column, s); });
  }
  return flipped;
}

/// Replaces the changes by the weights of their terms; adds the terms up.
double weigh(Block<double>& changes, const std::function<FlipTerm(double)>& term) {
  double value = 0;
  for (double& change : changes.reshaped()) {
    const FlipTerm found = term(change);
    value += found.value;
    change = found.weight;
  }
  return value;
}

// With s_j the state, t_j the flipped one and f_j = b_j + sum_i J_ij s_i: D_j = (s_j - t_j) f_j,
// and dE(y) - dE(flipped) is -(s_j - t_j) in b_j, -(s_j - t_j) s_i in J_ij.
CriterionValue sum_over_pairwise_flips(const RowBlock& rows,
                                       const std::function<FlipTerm(double)>& term) {
  const PairwiseView view = rows.free_energy.pairwise();
  const Block<double>& s = rows.y;
  Block<double> weights = view.linear;
  for (const PairwiseView::Coupling& c : view.couplings) {
    weights.col(c.first) += c.weight * s.col(c.second);
    weights.col(c.second) += c.weight * s.col(c.first);
  }
  const Block<double> gap = s - flipped_states(rows);
  weights *= gap;
  CriterionValue sum{weigh(weights, term), Eigen::VectorXd::Zero(rows.free_energy.num_params()),
                     s.size()};
  weights *= gap;
  const Eigen::MatrixXd products = s.matrix().transpose() * weights.matrix();
  for (const PairwiseView::Coupling& c : view.couplings) {
    sum.gradient[c.param] -= products(c.first, c.second) + products(c.second, c.first);
  }
  for (Index j = 0; j < s.cols(); ++j) {
    sum.gradient[view.linear_param[static_cast<std::size_t>(j)]] -= weights.col(j).sum();
  }
  return sum;
}

}  // namespace

CriterionValue sum_over_flips(const RowBlock& rows, const std::function<FlipTerm(double)>& term) {
  if (has_whole_pairwise_view(rows.free_energy)) {
    return sum_over_pairwise_flips(rows, term);
  }
  CriterionValue sum{0, Eigen::VectorXd::Zero(rows.free_energy.num_params()), rows.y.size()};
  const Block<double> flipped = flipped_states(rows);
  PerChain own = PerChain::Zero(rows.chains());
  Block<double> changed = rows.y;
  for (Index j = 0; j < rows.y.cols(); ++j) {
    Block<double> weights = rows.change(j, flipped.col(j));
    sum.value += weigh(weights, term);
    own += weights.col(0);
    // a state without weight may be forbidden, and dF/dW no number there
    changed.col(j) = (weights.col(0) > 0).select(flipped.col(j), rows.y.col(j));
    rows.add_param_grad(changed, -weights.col(0), sum.gradient);
    changed.col(j) = rows.y.col(j);
  }
  rows.add_param_grad(rows.y, own, sum.gradient);
  return sum;
}

}  // namespace negphase
