#include "negphase/diagnostics/mcse.hpp"

#include <boost/math/special_functions/beta.hpp>
#include <cmath>

namespace negphase {

double mcse_mean(double sd, double effective_size) { return sd / std::sqrt(effective_size); }

double mcse_sd(const Eigen::Ref<const Eigen::ArrayXXd>& draws, double effective_size) {
  const Eigen::ArrayXXd squares = (draws - draws.mean()).square();
  const double m2 = squares.mean(), m4 = squares.square().mean();
  return std::sqrt((m4 - m2 * m2) / effective_size / m2 / 4);
}

double mcse_quantile(const SortedDraws& draws, double p, double effective_size) {
  if (std::isnan(effective_size)) {
    return effective_size;
  }
  const double a = effective_size * p + 1, b = effective_size * (1 - p) + 1;
  const double total = static_cast<double>(draws.values().size());
  const double low = boost::math::ibeta_inv(a, b, 0.1586553) * total;
  const double high = boost::math::ibeta_inv(a, b, 0.8413447) * total;
  return (draws.order_statistic(std::ceil(high)) - draws.order_statistic(std::floor(low))) / 2;
}

}  // namespace negphase
