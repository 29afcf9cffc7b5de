// A sampler of one's own: Metropolis with uniform proposals y' = y + width (2 u - 1), one kernel
// for any energy, any block of chains and both precisions; run beside the project's random walk.
#include <negphase/core/acceptance.hpp>
#include <negphase/core/start.hpp>
#include <negphase/gradient/defaults.hpp>
#include <negphase/models/quartic.hpp>

#include <cstdio>

using namespace negphase;

struct Window {
  double width;
  static constexpr std::string_view name = "window";
  static std::string applies_to(std::span<const Column> c) { return need_real_columns(c); }

  template <class S>
  using State = ChainState<S>;
  template <class S>
  struct Scratch {
    Block<S> proposal;
    PerChain energy, uniforms;
    Acceptance acceptance;
  };

  template <Energy E, class S = typename E::Scalar>
  State<S> init(const E& energy, const PerChain& beta, const Block<S>& start) const {
    State<S> state = start_state<Window>(energy, beta, start);
    refresh(energy, state);
    return state;
  }
  template <Energy E, class S = typename E::Scalar>
  Scratch<S> scratch(const E& energy, Index chains) const {
    const auto columns = static_cast<Index>(energy.columns().size());
    return {Block<S>(chains, columns), PerChain(chains), PerChain(chains), Acceptance(chains)};
  }
  template <Energy E, class S = typename E::Scalar>
  void step(const E& energy, State<S>& state, Scratch<S>& work, RandomSource& random,
            StepInfo& info) const {
    check_standing(state.energy, info);
    random.uniforms(Purpose::user, 0, work.proposal);
    work.proposal = state.position + static_cast<S>(width) * (2 * work.proposal - 1);
    energy.energy(work.proposal, work.energy);
    ++info.energy_evaluations;
    work.acceptance.change = work.energy - state.energy;
    work.acceptance.log_accept = -state.beta * work.acceptance.change;
    random.uniforms(Purpose::accept, 0, work.uniforms);
    work.acceptance.decide(work.uniforms.data(), info);
    copy_accepted(work.acceptance.accepted, work.proposal, state.position);
    copy_accepted(work.acceptance.accepted, work.energy, state.energy);
  }
  template <Energy E, class S = typename E::Scalar>
  void refresh(const E& energy, State<S>& state) const {
    energy.energy(state.position, state.energy);
  }
};

int main() {
  const Eigen::MatrixXd x{{-1}, {0.5}, {2}}, y{{-0.9}, {0.7}, {1.4}};
  const Problem problem{QuarticModel(Params{{1, -0.5, 1.5, 0.2}}), x, y};
  const AnySampler window{"window", Window{1.5}, Window{1.5}};
  const auto estimate = estimate_gradient(problem, window);
  std::printf("acceptance %.2f, rms z %.2f\n", estimate.acceptance,
              compare(estimate, exact_gradient(problem)).rms_z);
}
