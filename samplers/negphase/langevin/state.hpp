#pragma once
#include "negphase/core/energy.hpp"
#include "negphase/core/kernel.hpp"
#include "negphase/core/options.hpp"

namespace negphase {

/// The state of ULA and MALA: E and dE/dy at the position are both cached.
template <class Scalar>
struct LangevinState : ChainState<Scalar> {
  Block<Scalar> gradient;  ///< dE/dy at position [chains x columns]

  template <class Visit>
  void fields(Visit&& visit) {
    ChainState<Scalar>::fields(visit);
    visit("gradient", gradient);
  }

  template <HasGradient E>
  void refresh(const E& model) {
    gradient.resize(this->position.rows(), this->position.cols());
    model.energy_and_grad(this->position, this->energy, gradient);
  }
};

/// The step size h of M11.
inline OptionSpec step_size_option() {
  return {.name = "step_size",
          .fallback = 0.1,
          .doc = "h of the Langevin step: drift h beta grad E, noise of variance 2 h.",
          .low = 0,
          .low_is_legal = false,
          .unit = "y^2"};
}

}  // namespace negphase
