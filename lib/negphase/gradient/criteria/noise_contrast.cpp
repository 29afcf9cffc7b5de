#include "negphase/gradient/criteria/noise_contrast.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "negphase/core/kernel.hpp"
#include "negphase/core/log_sum_exp.hpp"

namespace negphase {

namespace {

/// Sample i of the rows of a block; i = 0 is the datum.
Block<double> states_of(const RowBlock& rows, const NoiseSamples& noise, Index i) {
  return i == 0 ? rows.y
                : Block<double>(noise.y[static_cast<std::size_t>(i - 1)].middleRows(rows.first,
                                                                                    rows.chains()));
}

/// -beta F(y_i) - log q(y_i) of the block's rows [chains x (1 + k)].
Block<double> log_ratios(const RowBlock& rows, const NoiseSamples& noise, double beta) {
  Block<double> ratios = -noise.log_density.middleRows(rows.first, rows.chains()).array();
  for (Index i = 0; i < ratios.cols(); ++i) {
    const PerChain energy =
        i == 0 ? rows.at_y : rows.at(states_of(rows, noise, i), fmt::format("noise sample {}", i));
    ratios.col(i) -= energy.unaryExpr([&](double e) { return beta_times(beta, e); });
  }
  return ratios;
}

/// The sum over the block of sum_i weights_i dF(y_i), weights [chains x (1 + k)].
CriterionValue weigh(const RowBlock& rows, const NoiseSamples& noise, const Block<double>& weights,
                     double value) {
  CriterionValue sum{value, Eigen::VectorXd::Zero(rows.free_energy.num_params()),
                     rows.chains() * (weights.cols() - 1)};
  for (Index i = 0; i < weights.cols(); ++i) {
    Block<double> states = states_of(rows, noise, i);
    for (Index c = 0; c < states.rows(); ++c) {
      if (weights(c, i) == 0) {
        states.row(c) = rows.y.row(c);  // it may be forbidden, and dF/dW no number there
      }
    }
    rows.add_param_grad(states, weights.col(i), sum.gradient);
  }
  return sum;
}

void check(const Problem& problem, const NoiseSamples& noise) {
  const Index samples = static_cast<Index>(noise.y.size());
  const bool fits = std::all_of(noise.y.begin(), noise.y.end(), [&](const Eigen::MatrixXd& sample) {
    return sample.rows() == problem.y.rows() && sample.cols() == problem.y.cols();
  });
  if (samples == 0 || !fits || noise.log_density.rows() != problem.y.rows() ||
      noise.log_density.cols() != 1 + samples) {
    throw UsageError("noise contrast: one sample at least, each of the shape of y, and a density");
  }
}

/// log_ratios of all rows.
Block<double> all_log_ratios(const Problem& problem, const NoiseSamples& noise,
                             const Executor& executor) {
  Block<double> all(problem.rows(), noise.log_density.cols());
  mean_over_rows(problem, executor, [&](const RowBlock& rows) {
    all.middleRows(rows.first, rows.chains()) = log_ratios(rows, noise, problem.beta);
    return CriterionValue{0, Eigen::VectorXd::Zero(rows.free_energy.num_params()), 0};
  });
  return all;
}

// The root of sum over all draws of s(ratio - c - log k) = rows, which falls with c. Where all
// ratios are r, s is 1/(1 + k) at c = r: the root lies between the least and the largest of them.
// Bisection, down to neighbouring numbers: a draw that is impossible (ratio -inf) has s = 0.
double fit_log_z(const Block<double>& ratios) {
  const double log_k = std::log(static_cast<double>(ratios.cols() - 1));
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double ratio : ratios.reshaped()) {
    if (std::isfinite(ratio)) {
      low = std::min(low, ratio);
      high = std::max(high, ratio);
    }
  }
  const auto is_above = [&](double c) {
    double taken_for_data = 0;
    for (const double ratio : ratios.reshaped()) {
      taken_for_data += logistic(ratio - c - log_k);
    }
    return taken_for_data > static_cast<double>(ratios.rows());
  };
  // impossible draws push the root below the least ratio
  for (double step = 1; !is_above(low) && step < 1e300; step *= 2) {
    low -= step;
  }
  while (true) {
    const double middle = low + (high - low) / 2;
    if (!(middle > low && middle < high)) {
      return middle;
    }
    (is_above(middle) ? low : high) = middle;
  }
}

}  // namespace

BinaryContrast binary_nce(const Problem& problem, const NoiseSamples& noise,
                          std::optional<double> log_z, const Executor& executor) {
  check(problem, noise);
  if (problem.model.shape().num_x > 0) {
    throw ConfigError(
        "binary noise contrast takes log Z for one number, but it depends on x; ranking_nce needs "
        "no log Z");
  }
  const Block<double> ratios = all_log_ratios(problem, noise, executor);
  const double c = log_z ? *log_z : fit_log_z(ratios);
  const double beta = problem.beta;
  const double log_k = std::log(static_cast<double>(noise.y.size()));
  CriterionValue found = mean_over_rows(problem, executor, [&](const RowBlock& rows) {
    Block<double> weights = ratios.middleRows(rows.first, rows.chains()) - c - log_k;
    double value = 0;
    for (Index r = 0; r < weights.rows(); ++r) {
      for (Index i = 0; i < weights.cols(); ++i) {
        const double g = weights(r, i);
        value += softplus(i == 0 ? -g : g) / beta;
        weights(r, i) = i == 0 ? logistic(-g) : -logistic(g);
      }
    }
    return weigh(rows, noise, weights, value);
  });
  return {std::move(found), c};
}

CriterionValue ranking_nce(const Problem& problem, const NoiseSamples& noise,
                           const Executor& executor) {
  check(problem, noise);
  const double beta = problem.beta;
  return mean_over_rows(problem, executor, [&](const RowBlock& rows) {
    Block<double> weights = log_ratios(rows, noise, beta);
    double value = 0;
    for (Index r = 0; r < weights.rows(); ++r) {
      const double largest = weights.row(r).maxCoeff();
      const double datum = weights(r, 0);
      weights.row(r) = (weights.row(r) - largest).exp();
      const double total = weights.row(r).sum();
      weights.row(r) /= -total;
      value += (largest - datum + std::log(total)) / beta;
      weights(r, 0) = -weights.row(r).tail(weights.cols() - 1).sum();  // 1 - w_0
    }
    return weigh(rows, noise, weights, value);
  });
}

}  // namespace negphase
