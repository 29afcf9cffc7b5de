#include "negphase/diagnostics/law_distances.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace negphase {
namespace {

// E f(N) for a binomial N of n draws with 0 < p < 1, f >= 0 and growing no faster than N log N. The
// weights are relative to the largest, so that no factorial is needed.
template <class F>
double binomial_mean(double p, double n, const F& f) {
  constexpr double negligible = 1e-17;
  const double mode = std::min(n, std::floor((n + 1) * p));
  const double odds = p / (1 - p);
  double weights = 1;
  double sum = f(mode);
  double weight = 1;
  for (double k = mode; k < n; ++k) {
    weight *= (n - k) / (k + 1) * odds;
    const double term = weight * f(k + 1);
    weights += weight;
    sum += term;
    if (weight < negligible && term < negligible * sum) {
      break;
    }
  }
  weight = 1;
  for (double k = mode; k > 0; --k) {
    weight *= k / (n - k + 1) / odds;
    const double term = weight * f(k - 1);
    weights += weight;
    sum += term;
    if (weight < negligible && term < negligible * sum) {
      break;
    }
  }
  return sum / weights;
}

// sum over the states of E f(p, N / n)
template <class F>
double sum_of_means(const Eigen::ArrayXd& p, double draws, const F& f) {
  const double n = std::round(draws);
  if (!(n >= 1) || !std::isfinite(n)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  double sum = 0;
  for (const double probability : p) {
    if (probability > 0 && probability < 1) {
      sum += binomial_mean(probability, n, [&](double count) { return f(probability, count / n); });
    }
  }
  return sum;
}

double kl_term(double p, double q) {
  if (p == 0) {
    return q == 0 ? 0 : std::numeric_limits<double>::infinity();
  }
  const double excess = (q - p) / p;
  return q == 0 ? p : p * ((1 + excess) * std::log1p(excess) - excess);
}

double hellinger_term(double p, double q) {
  const double difference = std::sqrt(q) - std::sqrt(p);
  return difference * difference / 2;
}

template <class F>
double sum_of_terms(const Eigen::ArrayXd& q, const Eigen::ArrayXd& p, const F& f) {
  double sum = 0;
  for (Eigen::Index k = 0; k < p.size(); ++k) {
    sum += f(p[k], q[k]);
  }
  return sum;
}

}  // namespace

double kl_divergence(const Eigen::ArrayXd& q, const Eigen::ArrayXd& p) {
  return sum_of_terms(q, p, kl_term);
}

double expected_kl_divergence(const Eigen::ArrayXd& p, double draws) {
  return sum_of_means(p, draws, kl_term);
}

double squared_hellinger(const Eigen::ArrayXd& q, const Eigen::ArrayXd& p) {
  return sum_of_terms(q, p, hellinger_term);
}

double expected_squared_hellinger(const Eigen::ArrayXd& p, double draws) {
  return sum_of_means(p, draws, hellinger_term);
}

double total_variation_p_bound(double value, double expected, double draws) {
  const double excess = std::max(0.0, value - expected);
  return std::exp(-2 * draws * excess * excess);
}

}  // namespace negphase
