#include "negphase/run/faults.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

namespace negphase {

namespace {

constexpr double least_advice = 1e-6;  // of the step size that was given

}  // namespace

template <class Scalar>
void check_start(const AnyEnergy<Scalar>& energy, const Block<Scalar>& start, StepInfo& info) {
  PerChain at_start(start.rows());
  energy.energy(start, at_start);
  info.check_energies(at_start);
  for (Index c = 0; c < start.rows(); ++c) {
    if (at_start[c] == std::numeric_limits<double>::infinity()) {
      info.set_fault(c, Fault::forbidden);
    }
  }
}

template <class Scalar>
std::string position_text(const Block<Scalar>& position, Index chain) {
  constexpr Index most = 8;
  std::string text;
  for (Index j = 0; j < std::min(position.cols(), most); ++j) {
    text += fmt::format("{}{}", j == 0 ? "" : ", ", position(chain, j));
  }
  return fmt::format("y = [{}{}]", text, position.cols() > most ? ", ..." : "");
}

void raise_faults(std::span<const FaultAt> faults, const std::string& sampler, std::uint64_t seed,
                  double step_size) {
  if (faults.empty()) {
    return;
  }
  const FaultAt& f = *std::min_element(faults.begin(), faults.end(), [](auto& a, auto& b) {
    return std::tie(a.step, a.chain) < std::tie(b.step, b.chain);
  });
  std::string what =
      fmt::format("sampler '{}': chain {} {} (seed {}): ", sampler, f.chain,
                  f.at_start ? "at its start" : fmt::format("at step {}", f.step), seed);
  switch (f.fault) {
    case Fault::diverged:
      what += fmt::format("the chain diverged: it came to {}.", f.position);
      // not for NaN; nor where the curvature has no bounds and no step can follow it
      if (f.advised_step_size < step_size && f.advised_step_size > least_advice * step_size) {
        what += fmt::format(
            " step_size = {} is too large for the curvature at the start; try step_size = {:.2g}."
            " If it still diverges, the energy is not normalisable.",
            step_size, f.advised_step_size);
      } else {
        what += " The energy is not normalisable, or the start lies far from where it is.";
      }
      throw ModelError(what);
    case Fault::nan_energy:
      what +=
          "the energy is NaN where the chain stands: the model divides by zero, overflows or"
          " has NaN parameters.";
      break;
    case Fault::minus_infinity:
      what += "the energy is -inf: the model is not normalisable there.";
      break;
    default:
      what +=
          "the chain stands where the energy is +inf (probability zero): give it a legal start.";
  }
  throw ModelError(fmt::format("{} The chain stands at {}.", what, f.position));
}

void check_nan_proposals(std::int64_t nan_proposals, std::int64_t proposals,
                         const std::string& sampler, const RunSettings& settings) {
  const auto nan = static_cast<double>(nan_proposals);
  const double allowed = settings.strict ? 0 : 1e-3 * static_cast<double>(proposals);
  if (nan > allowed) {
    throw ModelError(
        fmt::format("sampler '{}' (seed {}): {} of {} proposals had energy NaN (allowed: {}); the "
                    "model's energy"
                    " is undefined at places that the sampler tries",
                    sampler, settings.seed, nan_proposals, proposals,
                    settings.strict ? "none, as --strict was given" : "one in 1000"));
  }
}

template void check_start(const AnyEnergy<float>&, const Block<float>&, StepInfo&);
template void check_start(const AnyEnergy<double>&, const Block<double>&, StepInfo&);
template std::string position_text(const Block<float>&, Index);
template std::string position_text(const Block<double>&, Index);

}  // namespace negphase
