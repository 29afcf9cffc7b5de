#pragma once
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "negphase/core/acceptance.hpp"
#include "negphase/core/start.hpp"
#include "negphase/langevin/state.hpp"

namespace negphase {

/// Unadjusted Langevin (M11): y' = y - h beta grad E(y) + sqrt(2 h) xi, always taken. Biased: its
/// stationary law is not exp(-beta E); on E = k y^2/2 the variance is
/// 2 h / (1 - (1 - h beta k)^2), not 1/(beta k) (M12), and with h beta k >= 2 it has none.
/// Needs a gradient. Columns: real. Cost of a step: one gradient, one normal a coordinate.
/// Faults: diverged (position or gradient not finite), nan_energy, minus_infinity, forbidden.
/// Source: Rossky, Doll, Friedman 1978; Roberts, Tweedie 1996.
class Ula {
 public:
  template <class Scalar>
  using State = LangevinState<Scalar>;

  template <class Scalar>
  struct Scratch {
    Block<Scalar> noise;
    Lane<Scalar> drift, remainder;
  };

  /// @param step_size  h > 0; throws UsageError
  explicit Ula(double step_size) : step_size_(positive(step_size, "step_size")) {}
  explicit Ula(const Options& options) : Ula(options.real("step_size")) {}

  static constexpr std::string_view name = "ula";
  static std::vector<OptionSpec> options() { return {step_size_option()}; }
  static std::string applies_to(std::span<const Column> columns) {
    return need_real_columns(columns);
  }
  double step_size() const { return step_size_; }

  template <HasGradient E>
  State<typename E::Scalar> init(const E& energy, const PerChain& beta,
                                 const Block<typename E::Scalar>& start) const {
    auto state = start_state<Ula>(energy, beta, start);
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
    work.drift = (step_size_ * state.beta).template cast<S>();
    move(energy, state, work, static_cast<S>(std::sqrt(2 * step_size_)), random, info);
  }

  template <HasGradient E>
  void refresh(const E& energy, State<typename E::Scalar>& state) const {
    state.refresh(energy);
  }

  /// y' = y - work.drift grad E(y) + scale xi, and the energy and gradient where it ends.
  template <HasGradient E>
  static void move(const E& energy, State<typename E::Scalar>& state,
                   Scratch<typename E::Scalar>& work, typename E::Scalar scale,
                   RandomSource& random, StepInfo& info) {
    random.normals(Purpose::noise, 0, work.noise);
    for (Index j = 0; j < state.position.cols(); ++j) {
      state.position.col(j) += scale * work.noise.col(j) - work.drift * state.gradient.col(j);
    }
    energy.energy_and_grad(state.position, state.energy, state.gradient);
    ++info.gradient_evaluations;
    check_finite(state.position, work.remainder, info);
    check_standing(state.energy, info);
    check_finite(state.gradient, work.remainder, info);
  }

  /// Fault `diverged` for the chains with an entry that is not finite.
  template <class S>
  static void check_finite(const Block<S>& values, Lane<S>& remainder, StepInfo& info) {
    remainder.setZero();
    for (Index j = 0; j < values.cols(); ++j) {
      remainder += values.col(j) * 0;  // 0, or NaN for what is not finite
    }
    if (all_finite(remainder)) {
      return;
    }
    for (Index c = 0; c < remainder.size(); ++c) {
      if (!(remainder[c] == 0)) {
        info.set_fault(c, Fault::diverged);
      }
    }
  }

 private:
  double step_size_;
};

}  // namespace negphase
