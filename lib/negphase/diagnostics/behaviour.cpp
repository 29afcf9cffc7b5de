#include "negphase/diagnostics/behaviour.hpp"

namespace negphase {

Behaviour examine_behaviour(const ChainDraws& draws, const SamplerFacts& facts,
                            const Executor& executor, double level) {
  constexpr double kinds = 7;
  const Eigen::Index quantities = draws.num_quantities();
  Behaviour behaviour;
  behaviour.states = find_repeated_states(draws, level / kinds);
  behaviour.quantities = executor.map<RankTests>(quantities, [&](Eigen::Index j) {
    const Eigen::ArrayXXd quantity = draws.quantity(j);
    return quantity.isFinite().all()
               ? test_ranks(quantity, level / kinds / static_cast<double>(quantities))
               : RankTests{};
  });
  behaviour.sampler = sampler_figures(draws, facts);
  return behaviour;
}

}  // namespace negphase
