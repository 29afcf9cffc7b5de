#include "negphase/gradient/occupation.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "negphase/core/memory.hpp"
#include "negphase/exact/total_variation.hpp"

namespace negphase {

namespace {

// Counts of one block, a column for each group of chains that it touches.
template <class Scalar>
class StateCounts final : public Observer<Scalar> {
 public:
  StateCounts(const Replicates& replicates, std::span<const Column> y, Index states,
              Index first_chain, Index live)
      : replicates_(replicates),
        y_(y.begin(), y.end()),
        first_chain_(first_chain),
        first_cell_(replicates.cell_of(first_chain)),
        counts_(Eigen::MatrixXd::Zero(
            states, replicates.cell_of(first_chain + live - 1) - first_cell_ + 1)) {}

  void observe(const AnyEnergy<Scalar>&, const AnyState<Scalar>& state, Index live) override {
    for (Index c = 0; c < live; ++c) {
      ++counts_(state_number(std::span(y_), state.position().row(c)),
                replicates_.cell_of(first_chain_ + c) - first_cell_);
    }
  }
  void add_to(Eigen::MatrixXd& all) const {
    all.middleCols(first_cell_, counts_.cols()) += counts_;
  }

 private:
  const Replicates& replicates_;
  std::vector<Column> y_;
  Index first_chain_, first_cell_;
  Eigen::MatrixXd counts_;
};

template <class Scalar>
Eigen::MatrixXd count_states_visited(const Problem& p, const AnySampler& sampler,
                                     const Replicates& replicates, const Schedule& schedule,
                                     const StartFunction& start, Index states,
                                     const RunSettings& run) {
  const ModelShape shape = p.model.shape();
  const std::uint64_t seed = derive_seed(run.seed, "occupation");
  ChainSetup<Scalar> setup{.num_chains = replicates.chains(),
                           .beta = p.beta,
                           .seed = seed,
                           .sampler = sampler.name,
                           .step_size = sampler.step_size,
                           .bind = {},
                           .start = {}};
  setup.bind = [&p, prepared = p.model.prepare(p.x)](std::span<const Index> chains) {
    const std::vector<Index> rows(chains.size(), 0);
    return p.model.template bind<Scalar>(prepared, rows);
  };
  setup.start = [&](Index chain, std::span<double> position) {
    start(chain, 0, position.first(shape.y.size()));
    random_position(shape.z, seed, chain, position.subspan(shape.y.size()));
  };
  Chains<Scalar> chains(std::move(setup), sampler.template kernel<Scalar>(), run);
  const auto observers = chains.advance(schedule, [&](Index, Index first_chain, Index live) {
    return std::make_unique<StateCounts<Scalar>>(replicates, shape.y, states, first_chain, live);
  });
  Eigen::MatrixXd counts = Eigen::MatrixXd::Zero(states, replicates.cells());
  for (const auto& observer : observers) {
    static_cast<const StateCounts<Scalar>&>(*observer).add_to(counts);
  }
  return counts;
}

// Expected visits of a group of states from which on its standard errors can be had.
constexpr double enough_visits = 100;

double independent_draws(const Eigen::ArrayXd& p, const Eigen::ArrayXd& squared_error) {
  return (p * (1 - p)).sum() / squared_error.sum();
}

double noise_floor(const Eigen::ArrayXd& law, const Eigen::ArrayXd& squared_error, double draws) {
  std::vector<Index> order(static_cast<std::size_t>(law.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return law[a] > law[b]; });
  double floor = 0;
  for (std::size_t first = 0, next = 0; first < order.size(); first = next) {
    double probability = 0;
    while (next < order.size() && (next == first || probability * draws < enough_visits)) {
      probability += law[order[next++]];
    }
    const std::vector<Index> group(order.begin() + static_cast<std::ptrdiff_t>(first),
                                   order.begin() + static_cast<std::ptrdiff_t>(next));
    const Eigen::ArrayXd p = law(group);
    const double n = independent_draws(p, squared_error(group));
    // states that no chain was seen to enter or leave say nothing of n
    floor += expected_total_variation(p, std::isfinite(n) ? n : draws);
  }
  return floor;
}

}  // namespace

OccupationCheck compare_occupation(const Replicates& replicates, Index draws,
                                   const Eigen::MatrixXd& shares, const Eigen::ArrayXd& law) {
  const ReplicateMean mean = combine(replicates, shares);
  const Eigen::ArrayXd squared_error = mean.squared_error.array();
  OccupationCheck check;
  check.total_variation = total_variation(mean.mean.array(), law);
  check.effective_size = independent_draws(law, squared_error);
  check.noise_floor =
      noise_floor(law, squared_error, static_cast<double>(replicates.chains() * draws));
  return check;
}

OccupationCheck check_occupation(const Problem& problem, const AnySampler& sampler, Index chains,
                                 const Schedule& schedule, const StartFunction& start,
                                 const Eigen::ArrayXd& law, const RunSettings& settings) {
  const Replicates replicates = Replicates::by_group(chains);
  const Index blocks = BlockPlan{chains, settings.block_width}.num_blocks();
  const auto columns = static_cast<double>(2 * replicates.cells() + blocks);
  check_memory(sizeof(double) * static_cast<double>(law.size()) * columns,
               "counts of the states of y take");
  const auto count = settings.precision == Precision::float32 ? count_states_visited<float>
                                                              : count_states_visited<double>;
  Eigen::MatrixXd shares =
      count(problem, sampler, replicates, schedule, start, law.size(), settings);
  for (Index cell = 0; cell < replicates.cells(); ++cell) {
    shares.col(cell) /= static_cast<double>(replicates.cell_size(cell) * schedule.draws);
  }
  return compare_occupation(replicates, schedule.draws, shares, law);
}

}  // namespace negphase
