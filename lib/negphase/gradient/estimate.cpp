#include "negphase/gradient/estimate.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>

namespace negphase {

double z_score(double t, double df) {
  if (std::isnan(t) || std::isnan(df)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  double far = std::abs(t);
  if (std::isfinite(df)) {
    const double tail = boost::math::cdf(
        boost::math::complement(boost::math::students_t_distribution<double>(df), far));
    far = tail > std::numeric_limits<double>::min()
              ? boost::math::quantile(
                    boost::math::complement(boost::math::normal_distribution<double>(), tail))
              : 37.5;
  }
  return std::copysign(std::min(far, 37.5), t);
}

namespace {

// A phase is a mean in double of terms as large as its largest component, so a component is known
// to some epsilons of that. An error bar below it, as that of a weight into a unit that stands
// still, is smaller than the error of the arithmetic on both sides: no z can be had of it.
double rounding_of(const GradientEstimate& e) {
  const double largest = std::max(e.positive.size() > 0 ? e.positive.cwiseAbs().maxCoeff() : 0.0,
                                  e.negative.size() > 0 ? e.negative.cwiseAbs().maxCoeff() : 0.0);
  return 4 * std::numeric_limits<double>::epsilon() * largest;
}

}  // namespace

AgainstExact compare(const GradientEstimate& estimate, const Eigen::VectorXd& exact) {
  const Index p = exact.size();
  AgainstExact against;
  against.exact = exact;
  const Eigen::VectorXd error = estimate.mean - exact;
  against.relative_error = error.norm() / exact.norm();
  against.cosine = estimate.mean.dot(exact) / (estimate.mean.norm() * exact.norm());
  against.z.resize(p);
  const double rounding = rounding_of(estimate);
  double sum = 0;
  Index finite = 0;
  for (Index i = 0; i < p; ++i) {
    const double bar = estimate.standard_error[i];
    against.z[i] = bar > rounding ? z_score(error[i] / bar, estimate.degrees_of_freedom[i])
                                  : std::numeric_limits<double>::quiet_NaN();
    if (std::isfinite(against.z[i])) {
      sum += against.z[i] * against.z[i];
      against.worst_z = std::max(against.worst_z, std::abs(against.z[i]));
      ++finite;
    }
  }
  against.rms_z = finite > 0 ? std::sqrt(sum / static_cast<double>(finite))
                             : std::numeric_limits<double>::quiet_NaN();
  return against;
}

}  // namespace negphase
