#include "negphase/core/kernel.hpp"

#include <cmath>

namespace negphase {

StepInfo::StepInfo(Index chains)
    : proposals(chains),
      accepted(chains),
      acceptance(chains),
      nan_proposals(chains),
      forbidden_proposals(chains),
      fault(chains) {
  clear();
}

void StepInfo::clear() {
  proposals.setZero();
  accepted.setZero();
  acceptance.setZero();
  nan_proposals.setZero();
  forbidden_proposals.setZero();
  fault.setZero();
  energy_evaluations = gradient_evaluations = 0;
  any_fault = false;
}

void StepInfo::check_energies(const PerChain& energy) {
  for (Index c = 0; c < energy.size(); ++c) {
    if (std::isnan(energy[c])) {
      set_fault(c, Fault::nan_energy);
    } else if (energy[c] == -std::numeric_limits<double>::infinity()) {
      set_fault(c, Fault::minus_infinity);
    }
  }
}

}  // namespace negphase
