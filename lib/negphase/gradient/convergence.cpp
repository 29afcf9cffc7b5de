#include "negphase/gradient/convergence.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace negphase {

namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
constexpr double normal_975 = 1.959963984540054;  // 97.5 % quantile of the standard normal

std::vector<double> finite_values(const Eigen::VectorXd& values) {
  std::vector<double> finite;
  std::copy_if(values.begin(), values.end(), std::back_inserter(finite),
               [](double v) { return std::isfinite(v); });
  return finite;
}

double coverage_of(const Eigen::VectorXd& z) {
  const std::vector<double> finite = finite_values(z);
  const auto inside = std::count_if(finite.begin(), finite.end(),
                                    [](double v) { return std::abs(v) <= normal_975; });
  return static_cast<double>(inside) / static_cast<double>(finite.size());
}

void set_effective_sizes(ConvergencePoint& point, const Eigen::VectorXd& sizes) {
  std::vector<double> finite = finite_values(sizes);
  point.effective_size_min = point.effective_size_median = unknown;
  if (!finite.empty()) {
    const auto middle = finite.begin() + static_cast<std::ptrdiff_t>(finite.size() / 2);
    std::nth_element(finite.begin(), middle, finite.end());
    point.effective_size_median = *middle;
    point.effective_size_min = *std::min_element(finite.begin(), finite.end());
  }
}

}  // namespace

ConvergencePoint convergence_point(const Milestone& milestone, const Eigen::VectorXd* exact) {
  const GradientEstimate& e = milestone.estimate;
  ConvergencePoint point;
  point.draws = e.draws;
  point.energy_evaluations = e.energy_evaluations;
  point.gradient_evaluations = e.gradient_evaluations;
  point.warmup_evaluations = e.warmup_evaluations;
  point.norm = e.mean.norm();
  point.noise = e.standard_error.norm();
  point.seconds = e.seconds;
  set_effective_sizes(point, e.effective_size);
  if (exact == nullptr) {
    point.relative_error = point.relative_error_se = point.relative_noise = unknown;
    point.rms_z = point.worst_z = point.coverage = unknown;
    return point;
  }
  const AgainstExact against = compare(e, *exact);
  const Eigen::VectorXd error = e.mean - *exact;
  const double size = exact->norm(), length = error.norm();
  point.relative_error = against.relative_error;
  // d|error| = (error / |error|) . d(estimate)
  point.relative_error_se = milestone.error_along(error / length) / size;
  point.relative_noise = point.noise / size;
  point.rms_z = against.rms_z;
  point.worst_z = against.worst_z;
  point.coverage = coverage_of(against.z);
  return point;
}

}  // namespace negphase
