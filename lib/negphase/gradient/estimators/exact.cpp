#include <fmt/core.h>

#include <chrono>
#include <limits>

#include "negphase/exact/exact.hpp"
#include "negphase/gradient/by_chains.hpp"
#include "negphase/gradient/estimators/estimators.hpp"
#include "negphase/run/gradient_check.hpp"

namespace negphase {

namespace {

using Clock = std::chrono::steady_clock;

ExactLimits exact_limits(const Options& o) {
  ExactLimits limits;
  limits.max_states = o.real("max_states");
  limits.lower = o.real("lower");
  limits.upper = o.real("upper");
  return limits;
}

void check_exact(const Problem& p, const AnySampler*, const Options& o, const RunSettings&) {
  const ExactPlan positive = plan_positive(p.model, p.x, p.rows(), p.beta, exact_limits(o));
  if (positive.method.empty()) {
    throw ConfigError(fmt::format("estimator 'exact': z cannot be summed out of this model: {}",
                                  positive.why_not));
  }
  const ExactPlan plan = plan_exact(p.model, p.x, p.beta, exact_limits(o));
  if (plan.method.empty()) {
    throw ConfigError(fmt::format("estimator 'exact': {}", plan.why_not));
  }
  check_gradients(p.model, p.x, p.y, 1);
}

GradientEstimate estimate_exact(const Problem& p, const AnySampler*, const Options& o,
                                const RunSettings& run, const Milestones&) {
  const auto begin = Clock::now();
  const ExactPositive positive =
      solve_positive(p.model, p.x, p.y, p.beta, exact_limits(o), *run.executor);
  const ExactAnswer negative = solve_exact(p.model, p.x, p.beta, exact_limits(o), *run.executor);
  const Index size = negative.mean_param_grad.size();
  GradientEstimate e;
  e.mean = positive.mean_param_grad - negative.mean_param_grad;
  e.standard_error = Eigen::VectorXd::Zero(size);
  e.degrees_of_freedom = Eigen::VectorXd::Constant(size, std::numeric_limits<double>::infinity());
  e.effective_size = Eigen::VectorXd::Constant(size, std::numeric_limits<double>::quiet_NaN());
  e.positive = positive.mean_param_grad;
  e.negative = negative.mean_param_grad;
  e.positive_error = e.negative_error = e.standard_error;
  e.is_exact = true;
  e.energy_evaluations = static_cast<std::int64_t>(negative.evaluations);
  e.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  return e;
}

}  // namespace

EstimatorRow exact_estimator() {
  constexpr double inf = std::numeric_limits<double>::infinity();
  return {"exact",
          "no sampling: closed form, layer sum, enumeration, quadrature, or a mix of these two",
          {{"max_states", 33554432.0, "states to enumerate at most", 1, 1099511627776.0, true,
            "states"},
           {"lower", -inf, "lower end of a real column"},
           {"upper", inf, "upper end of a real column"}},
          false,
          check_exact,
          estimate_exact};
}

}  // namespace negphase
