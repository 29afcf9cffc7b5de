#pragma once
#include <functional>
#include <limits>

#include "negphase/diagnostics/chain_arrays.hpp"

namespace negphase {

/// How many independent draws would know a mean as well.
struct EffectiveSize {
  double size = std::numeric_limits<double>::quiet_NaN();  ///< S / tau; NaN where nothing varies
  /// tau, the autocorrelation time in draws: Var(mean) = tau Var(x) / S; after the cap.
  double time = std::numeric_limits<double>::quiet_NaN();
  bool capped = false;  ///< tau was below 1 / log10 S, which is taken for it
};

/// Effective size of S = n x chains draws from their autocovariances, by Geyer's initial monotone
/// sequence over all chains. With var+ = acov_0 + between and W = acov_0 n / (n - 1):
///   rho_t = 1 - (W - acov_t) / var+, rho_0 = 1, in pairs P_k = rho_2k + rho_2k+1;
///   pairs are looked at while P > 0 and 2k < n - 5; a negative one counts 0, one above the pair
///   before it counts as that; T is the first lag of the last pair looked at;
///   tau = -1 + 2 sum_{t < T} rho_t + rho_T (where positive), at least 1 / log10 S.
/// Lags are asked for in order 0, 1, 2, ... and no further than needed. Source: Geyer 1992; Vehtari
/// et al. 2021, equations 9 to 11; R package posterior 1.4.
EffectiveSize effective_size(Index num_draws, Index num_chains, double between,
                             const std::function<double(Index)>& autocovariance);

/// The same of chains as they are, not split: of draws [n x chains],
/// effective_size(CentredChains(split_chains(draws))). At most O(n x chains x log n).
EffectiveSize effective_size(const CentredChains& chains);

}  // namespace negphase
