#include <fmt/core.h>

#include <array>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "negphase/core/error.hpp"
#include "negphase/exact/data_sum.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/exact/latent_sum.hpp"

// The positive phase, and with the answers of exact.cpp the NLL and its gradient.
namespace negphase {

namespace {

/// Whether the model sums z out itself.
bool sums_out(const AnyModel& model, const AnyPrepared& prepared, std::span<const Index> latents,
              double beta) {
  const std::array<Index, 1> row{0};
  return beta > 0 && model.bind_double(prepared, row).can_sum_out(latents);
}

/// Whether there is no z, or the model sums it out itself.
bool has_closed_form(const AnyModel& model, const Eigen::MatrixXd& x, double beta) {
  const std::vector<Index> latents = latent_columns(model.shape());
  return latents.empty() || sums_out(model, model.prepare(x), latents, beta);
}

/// Nothing where z cannot be summed out.
std::optional<DataSum> sum_in_closed_form(const AnyModel& model, const Eigen::MatrixXd& x,
                                          const Eigen::MatrixXd& y, double beta,
                                          const Executor& executor) {
  const ModelShape shape = model.shape();
  check_data(shape, x, y);
  const std::vector<Index> latents = latent_columns(shape);
  const AnyPrepared prepared = model.prepare(x);
  if (!latents.empty() && !sums_out(model, prepared, latents, beta)) {
    return std::nullopt;
  }
  const auto bind = [&](Index first, Index size) {
    std::vector<Index> row_of_chain(static_cast<std::size_t>(size), 0);
    if (shape.num_x > 0) {
      std::iota(row_of_chain.begin(), row_of_chain.end(), first);
    }
    AnyEnergy<double> energy = model.bind_double(prepared, row_of_chain);
    return latents.empty() ? std::move(energy) : energy.summed_out(latents, beta);
  };
  return sum_over_data(y, shape.num_params, bind, executor);
}

}  // namespace

std::optional<ExactPositive> solve_positive(const AnyModel& model, const Eigen::MatrixXd& x,
                                            const Eigen::MatrixXd& y, double beta,
                                            const Executor& executor) {
  std::optional<DataSum> sum = sum_in_closed_form(model, x, y, beta, executor);
  if (!sum) {
    return std::nullopt;
  }
  const auto rows = static_cast<double>(y.rows());
  return ExactPositive{sum->param_grad / rows, sum->free_energy / rows};
}

ExactPositive solve_positive(const AnyModel& model, const Eigen::MatrixXd& x,
                             const Eigen::MatrixXd& y, double beta, const ExactLimits& limits,
                             const Executor& executor) {
  std::optional<DataSum> sum = sum_in_closed_form(model, x, y, beta, executor);
  if (!sum) {
    sum = sum_over_latents(model, x, y, beta, limits.max_states, {limits.lower, limits.upper},
                           executor);
  }
  const auto rows = static_cast<double>(y.rows());
  return {sum->param_grad / rows, sum->free_energy / rows};
}

ExactPlan plan_positive(const AnyModel& model, const Eigen::MatrixXd& x, Index rows, double beta,
                        const ExactLimits& limits) {
  const ModelShape shape = model.shape();
  if (has_closed_form(model, x, beta)) {
    return {"closed_form", static_cast<double>(rows), 0, ""};
  }
  LatentPlan plan = plan_latents(shape, rows, beta, limits.max_states);
  return {std::move(plan.method), plan.states, 0, std::move(plan.why_not)};
}

ExactNll exact_nll_gradient(ExactPositive positive, const AnyModel& model, const Eigen::MatrixXd& x,
                            double beta, const ExactLimits& limits, const Executor& executor) {
  ExactNll nll;
  nll.positive = std::move(positive);
  nll.negative = solve_exact(model, x, beta, limits, executor);
  nll.nll = nll.positive.mean_free_energy + nll.negative.log_z.mean() / beta;
  nll.gradient = nll.positive.mean_param_grad - nll.negative.mean_param_grad;
  return nll;
}

ExactNll exact_nll_gradient(const AnyModel& model, const Eigen::MatrixXd& x,
                            const Eigen::MatrixXd& y, double beta, const ExactLimits& limits,
                            const Executor& executor) {
  if (!(beta > 0)) {
    throw ConfigError(fmt::format("beta is {}, the NLL (scaled by 1 / beta) needs beta > 0", beta));
  }
  ExactPositive positive = solve_positive(model, x, y, beta, limits, executor);
  return exact_nll_gradient(std::move(positive), model, x, beta, limits, executor);
}

}  // namespace negphase
