#pragma once
#include <Eigen/Core>

#include "negphase/diagnostics/sorted_draws.hpp"

namespace negphase {

/// Monte Carlo standard error of a mean: sd(x) / sqrt(ESS).
double mcse_mean(double sd, double effective_size);

/// Of a standard deviation, by the delta method: sqrt((m4 - m2^2) / ESS / m2 / 4), m2 and m4 the
/// central moments of all draws with divisor S. Source: R package posterior 1.4.
/// @param effective_size  of (x - mean)^2
double mcse_sd(const Eigen::Ref<const Eigen::ArrayXXd>& draws, double effective_size);

/// Of quantile p: half the distance of the order statistics floor(a1 S) and ceil(a2 S), where a1
/// and a2 are the quantiles Phi(-1) and Phi(1) of Beta(ESS p + 1, ESS (1 - p) + 1). NaN for NaN.
/// Source: Vehtari et al. 2021, section 4.4.
/// @param effective_size  of the indicator x <= quantile p
double mcse_quantile(const SortedDraws& draws, double p, double effective_size);

}  // namespace negphase
