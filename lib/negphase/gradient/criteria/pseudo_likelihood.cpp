#include "negphase/gradient/criteria/pseudo_likelihood.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "negphase/core/kernel.hpp"
#include "negphase/core/log_sum_exp.hpp"
#include "negphase/gradient/criteria/flips.hpp"

namespace negphase {

namespace {

/// State number `offset` after the present one, going round, of each chain.
PerChain states_after(const RowBlock& rows, Index j, Index offset) {
  const Column& column = rows.free_energy.columns()[static_cast<std::size_t>(j)];
  return rows.y.col(j).unaryExpr([&](double s) {
    return state_code(column, (state_index(column, s) + offset) % column.num_states);
  });
}

/// Replaces changes [chains x K - 1] by the probabilities of the changed states; returns the sum
/// over the chains of -(1/beta) log p(y_j | rest).
double to_probabilities(Block<double>& changes, double beta) {
  double value = 0;
  for (Index c = 0; c < changes.rows(); ++c) {
    const double least = std::min(0.0, changes.row(c).minCoeff());
    double total = std::exp(beta * least);
    for (double& change : changes.row(c)) {
      change = std::exp(-beta_times(beta, change - least));
      total += change;
    }
    changes.row(c) /= total;
    value += std::log(total) / beta - least;
  }
  return value;
}

CriterionValue sum_over_states(const RowBlock& rows, double beta) {
  CriterionValue sum{0, Eigen::VectorXd::Zero(rows.free_energy.num_params()), 0};
  PerChain own = PerChain::Zero(rows.chains());
  Block<double> changed = rows.y;
  for (Index j = 0; j < rows.y.cols(); ++j) {
    const Index others = rows.free_energy.columns()[static_cast<std::size_t>(j)].num_states - 1;
    Block<double> weights(rows.chains(), others);
    for (Index k = 0; k < others; ++k) {
      weights.col(k) = rows.change(j, states_after(rows, j, k + 1));
    }
    sum.evaluations += weights.size();
    sum.value += to_probabilities(weights, beta);
    own += weights.rowwise().sum();
    for (Index k = 0; k < others; ++k) {
      // a state without weight may be forbidden, and dF/dW no number there
      changed.col(j) = (weights.col(k) > 0).select(states_after(rows, j, k + 1), rows.y.col(j));
      rows.add_param_grad(changed, -weights.col(k), sum.gradient);
    }
    changed.col(j) = rows.y.col(j);
  }
  rows.add_param_grad(rows.y, own, sum.gradient);
  return sum;
}

}  // namespace

std::string why_no_pseudo_likelihood(const Problem& problem) {
  const std::vector<Column> columns = problem.model.shape().y;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    if (columns[j].num_states < 1) {
      return fmt::format(
          "it sums over the states of each column of y, and column {} has no finite number of "
          "them; "
          "for a real y there are score_matching, denoising_score_matching, sliced_score_matching, "
          "nce and ranking_nce",
          j + 1);
    }
  }
  return why_no_free_energy(problem);
}

CriterionValue pseudo_likelihood(const Problem& problem, const Executor& executor) {
  if (const std::string why = why_no_pseudo_likelihood(problem); !why.empty()) {
    throw ConfigError(why);
  }
  const double beta = problem.beta;
  const std::vector<Column> columns = problem.model.shape().y;
  const bool binary = std::all_of(columns.begin(), columns.end(),
                                  [](const Column& column) { return column.num_states == 2; });
  return mean_over_rows(problem, executor, [&](const RowBlock& rows) {
    return binary ? sum_over_flips(rows,
                                   [beta](double change) {
                                     return FlipTerm{softplus(-beta_times(beta, change)) / beta,
                                                     logistic(-beta_times(beta, change))};
                                   })
                  : sum_over_states(rows, beta);
  });
}

}  // namespace negphase
