#pragma once
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "negphase/core/start.hpp"
#include "negphase/langevin/state.hpp"
#include "negphase/langevin/ula.hpp"

namespace negphase {

/// Langevin with noise and drift that need not agree (M11): y' = y - a grad E(y) + s xi, always
/// taken. For small a it samples exp(-E / T) at the temperature T = s^2 / (2 a), whatever the
/// chain's beta, which it does not use; with s^2 = 2 a / beta it is Ula of step size a / beta.
/// Energy-based models of pictures are often trained so, with a noise far below what the drift asks
/// for. On E = k y^2 / 2 the stationary variance is s^2 / (1 - (1 - a k)^2), which is T / k for
/// small a k, and with a k >= 2 there is none (M12). Needs a gradient. Columns: real. Cost of a
/// step: one gradient, one normal a coordinate. Faults: as Ula. Source: Nijkamp et al. 2019;
/// Rossky, Doll, Friedman 1978.
class ScaledLangevin {
 public:
  template <class Scalar>
  using State = LangevinState<Scalar>;
  template <class Scalar>
  using Scratch = Ula::Scratch<Scalar>;

  /// @param drift  a > 0  @param noise  s > 0; throws UsageError
  ScaledLangevin(double drift, double noise)
      : drift_(positive(drift, "drift")), noise_(positive(noise, "noise")) {}
  explicit ScaledLangevin(const Options& options)
      : ScaledLangevin(options.real("drift"), options.real("noise")) {}

  static constexpr std::string_view name = "scaled_langevin";
  static std::vector<OptionSpec> options() {
    constexpr double inf = std::numeric_limits<double>::infinity();
    return {{"drift", 0.01, "a of M11: the step is -a grad E", 0, inf, false, "y^2/energy"},
            {"noise", 0.1, "s of M11: standard deviation of the noise; the temperature is s^2/(2a)",
             0, inf, false, "units of y"}};
  }
  static std::string applies_to(std::span<const Column> columns) {
    return need_real_columns(columns);
  }
  /// 1 / T = 2 a / s^2: the inverse temperature that it samples at.
  double own_beta() const { return 2 * drift_ / (noise_ * noise_); }

  template <HasGradient E>
  State<typename E::Scalar> init(const E& energy, const PerChain& beta,
                                 const Block<typename E::Scalar>& start) const {
    auto state = start_state<ScaledLangevin>(energy, beta, start);
    state.refresh(energy);
    return state;
  }

  template <HasGradient E>
  Scratch<typename E::Scalar> scratch(const E& energy, Index chains) const {
    using S = typename E::Scalar;
    const auto columns = static_cast<Index>(energy.columns().size());
    return {Block<S>(chains, columns), Lane<S>(chains), Lane<S>(chains)};
  }

  template <HasGradient E>
  void step(const E& energy, State<typename E::Scalar>& state, Scratch<typename E::Scalar>& work,
            RandomSource& random, StepInfo& info) const {
    using S = typename E::Scalar;
    work.drift.setConstant(static_cast<S>(drift_));
    Ula::move(energy, state, work, static_cast<S>(noise_), random, info);
  }

  template <HasGradient E>
  void refresh(const E& energy, State<typename E::Scalar>& state) const {
    state.refresh(energy);
  }

 private:
  double drift_, noise_;
};

}  // namespace negphase
