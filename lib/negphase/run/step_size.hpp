#pragma once
#include "negphase/core/any_energy.hpp"

namespace negphase {

/// A Langevin step size that is stable at the given positions: h = 1 / (2 beta k), k the largest
/// curvature found there (the stable range of M12 ends at h = 2 / (beta k)). k by 20 rounds of
/// power iteration on differences of gradients, the largest over the chains. NaN where there is no
/// finite positive curvature. For messages: no sampler changes its step size by it.
template <class Scalar>
double advise_step_size(const AnyEnergy<Scalar>& energy, const Block<Scalar>& position,
                        double beta);

}  // namespace negphase
