#include "negphase/gradient/path_nll.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "negphase/core/log_sum_exp.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/gradient/by_chains.hpp"

namespace negphase {

namespace {

PhaseSpec spec_of(Index chains) {
  PhaseSpec spec;
  spec.role = "NLL along the path";
  spec.replicates = Replicates::by_group(chains);
  return spec;
}

/// log of a mean of weights by the jackknife: theta = n theta_all - (n - 1) mean_c theta_c, with
/// theta_c the same without chain c; SE^2 = (n - 1)/n sum_c (theta_c - mean)^2.
struct LogMean {
  double value = 0, squared_error = 0, effective_size = 0;
};

LogMean log_mean(const Eigen::ArrayXd& log_weights) {
  const auto n = static_cast<double>(log_weights.size());
  const double shift = log_weights.maxCoeff();
  const Eigen::ArrayXd w = (log_weights - shift).exp();
  const double sum = w.sum();
  const Eigen::ArrayXd without = ((sum - w) / (n - 1)).log();
  LogMean result;
  result.value = shift + n * std::log(sum / n) - (n - 1) * without.mean();
  result.squared_error = (n - 1) / n * (without - without.mean()).square().sum();
  result.effective_size = sum * sum / w.square().sum();
  return result;
}

}  // namespace

PathNll::PathNll(const Problem& problem, const AnySampler& sampler, const Plan& plan,
                 const RunSettings& settings)
    : problem_(problem),
      plan_(plan),
      settings_(settings),
      rows_(problem.model.shape().num_x > 0 ? problem.rows() : 1),
      chains_(problem, sampler, spec_of(rows_ * plan.chains), settings),
      log_weights_(Eigen::ArrayXd::Zero(rows_ * plan.chains)) {
  if (!positive_has_closed_form(problem)) {
    throw ConfigError(
        "the NLL along the path needs the free energy of the data: z cannot be summed out of this "
        "model");
  }
  if (!sampler.is_exact) {
    throw ConfigError(fmt::format(
        "the NLL along the path needs a sampler that leaves the model's law invariant; '{}' is "
        "biased by its step size",
        sampler.name));
  }
  if (plan.chains < fewest_chains) {
    throw ConfigError(
        fmt::format("the NLL along the path has no error bar by {} chains{}; at "
                    "least {}",
                    plan.chains, rows_ > 1 ? " a row" : "", fewest_chains));
  }
  first_free_energy_ = free_energy();
}

double PathNll::free_energy() const {
  return solve_positive(problem_.model, problem_.x, problem_.y, problem_.beta, *settings_.executor)
      ->mean_free_energy;
}

void PathNll::begin() {
  chains_.step(plan_.warmup);
  begun_ = true;
}

void PathNll::move_to(const AnyModel& model) {
  const Params from = problem_.model.params(), way = model.params() - from;
  const auto pieces = static_cast<double>(plan_.steps);
  try {
    if (!begun_ && !lost_) {
      begin();
    }
    for (Index s = 1; s < plan_.steps && !lost_; ++s) {
      move_one_step(model.with_params(from + static_cast<double>(s) / pieces * way));
    }
    if (!lost_) {
      move_one_step(model);
    }
  } catch (const ModelError&) {  // what is watched goes on
    lost_ = true;
  }
  problem_.model = model;
}

void PathNll::move_one_step(const AnyModel& model) {
  const PerChain before = chains_.energies();
  chains_.rebind(model);
  const PerChain change = problem_.beta * (chains_.energies() - before);
  // a weight of 0 stays 0, and inf - inf is none
  const double none = -std::numeric_limits<double>::infinity();
  log_weights_ = (log_weights_ == none).select(none, log_weights_ - change);
  weighings_ += 2;
  chains_.step(1);
}

double PathNll::least_effective_size() const {
  return std::max(8.0, 0.2 * static_cast<double>(plan_.chains));
}

PathNll::Estimate PathNll::estimate() const {
  if (lost_) {
    return {std::numeric_limits<double>::quiet_NaN(), {}};
  }
  Estimate result{std::numeric_limits<double>::infinity(), {}};
  double log_z = 0, squared_error = 0;
  for (Index r = 0; r < rows_; ++r) {
    const LogMean row = log_mean(log_weights_(Eigen::seqN(r, plan_.chains, rows_)));
    log_z += row.value / static_cast<double>(rows_);
    squared_error += row.squared_error / static_cast<double>(rows_ * rows_);
    // so that NaN stays
    result.effective_size =
        row.effective_size >= result.effective_size ? result.effective_size : row.effective_size;
  }
  if (result.effective_size >= least_effective_size()) {
    result.change = {free_energy() - first_free_energy_ + log_z / problem_.beta,
                     std::sqrt(squared_error) / problem_.beta};
  }
  return result;
}

RunCounts PathNll::counts() const {
  RunCounts all = chains_.counts();
  all.energy_evaluations += weighings_ * log_weights_.size();
  return all;
}

void PathNll::save(SavedState& state) const {
  state.put("path NLL/begun", begun_);
  state.put("path NLL/lost", lost_);
  state.put("path NLL/weighings", weighings_);
  state.put_array("path NLL/log weights", Eigen::VectorXd(log_weights_));
  state.put_array("path NLL/params", problem_.model.params());
  chains_.save(state);
}

void PathNll::restore(const SavedState& state) {
  state.get("path NLL/begun", begun_);
  state.get("path NLL/lost", lost_);
  state.get("path NLL/weighings", weighings_);
  Eigen::VectorXd log_weights = log_weights_;
  state.get_array("path NLL/log weights", log_weights);
  log_weights_ = log_weights;
  Params w = problem_.model.params();
  state.get_array("path NLL/params", w);
  problem_.model = problem_.model.with_params(std::move(w));
  chains_.rebind(problem_.model);
  chains_.restore(state);
}

}  // namespace negphase
