#include "negphase/exact/total_variation.hpp"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "negphase/core/error.hpp"
#include "negphase/exact/enumeration.hpp"

namespace negphase {

namespace {

AnyEnergy<double> bound(const AnyModel& model, Index chains) {
  const Eigen::MatrixXd no_x(1, 0);
  const std::vector<Index> rows(static_cast<std::size_t>(chains), 0);
  return model.bind_double(model.prepare(no_x), rows);
}

// E|n_k / n - p| of a binomial n_k
double mean_deviation(double p, double n) {
  if (!(p > 0 && p < 1)) {
    return 0;
  }
  const double m = std::floor(n * p) + 1;
  const double log_choices = std::lgamma(n + 1) - std::lgamma(m + 1) - std::lgamma(n - m + 1);
  return 2 * m / n * std::exp(log_choices + m * std::log(p) + (n - m + 1) * std::log1p(-p));
}

}  // namespace

double total_variation(const Eigen::ArrayXd& p, const Eigen::ArrayXd& q) {
  return (p - q).abs().sum() / 2;
}

double expected_total_variation(const Eigen::ArrayXd& p, double draws) {
  const double n = std::round(draws);
  if (!(n >= 1) || !std::isfinite(n)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  double sum = 0;
  for (const double probability : p) {
    sum += mean_deviation(probability, n);
  }
  return sum / 2;
}

bool has_law_of_y(const AnyModel& model, double max_states) {
  const ModelShape shape = model.shape();
  const double states = count_states(shape.y);
  return shape.num_x == 0 && states >= 1 && states <= max_states &&
         (shape.z.empty() || bound(model, 1).can_sum_out(latent_columns(shape)));
}

Eigen::ArrayXd law_of_y(const AnyModel& model, double beta) {
  if (!has_law_of_y(model, 1 << 20)) {
    throw UsageError(
        "the law of y cannot be listed: it has x, too many states, or a z that cannot "
        "be summed out");
  }
  const auto z = latent_columns(model.shape());
  return tabulate_states(
             [&](Index chains) {
               AnyEnergy<double> joint = bound(model, chains);
               return z.empty() ? std::move(joint) : joint.summed_out(z, beta);
             },
             beta)
      .probability;
}

}  // namespace negphase
