#include "negphase/run/sampling.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "negphase/core/memory.hpp"
#include "negphase/random/philox_source.hpp"
#include "negphase/run/change_check.hpp"
#include "negphase/run/gradient_check.hpp"

namespace negphase {

namespace {

// Copies the draws of a block's live chains to their places; blocks write to different rows.
template <class Scalar>
class Keeper final : public Observer<Scalar> {
 public:
  Keeper(Draws& draws, Index first_chain, Index& done)
      : draws_(draws), first_chain_(first_chain), done_(done) {}

  void observe(const AnyEnergy<Scalar>& energy, const AnyState<Scalar>& state,
               Index live) override {
    const Block<Scalar>& position = state.position();
    energies_.resize(position.rows());
    energy.energy(position, energies_);
    for (Index c = 0; c < live; ++c) {
      const Index row = (first_chain_ + c) * draws_.draws + done_;
      draws_.values.row(row) = position.row(c).template cast<double>();
      draws_.energy[row] = energies_[c];
    }
    ++done_;
  }

 private:
  Draws& draws_;
  Index first_chain_;
  Index& done_;  // draws of each chain of this block
  PerChain energies_;
};

// Closes the ranks of what was drawn when the run was stopped.
void keep_whole_chains(Draws& draws, const std::vector<Index>& done, Index width) {
  const Index planned = draws.draws;
  Index kept_draws = planned;
  if (std::find(done.begin(), done.end(), planned) == done.end()) {
    for (const Index n : done) {
      kept_draws = n > 0 ? std::min(kept_draws, n) : kept_draws;
    }
  }
  Index to = 0;
  draws.chain_ids.clear();
  for (Index c = 0; c < draws.chains; ++c) {
    if (done[static_cast<std::size_t>(c / width)] < std::max<Index>(kept_draws, 1)) {
      continue;
    }
    for (Index d = 0; d < kept_draws; ++d, ++to) {
      draws.values.row(to) = draws.values.row(c * planned + d);
      draws.energy[to] = draws.energy[c * planned + d];
    }
    draws.chain_ids.push_back(c);
  }
  draws.chains = static_cast<Index>(draws.chain_ids.size());
  draws.draws = kept_draws;
  draws.values.conservativeResize(to, draws.values.cols());
  draws.energy.conservativeResize(to);
}

template <class Scalar>
void run(Draws& draws, const AnyModel& model, const Eigen::MatrixXd& x, double beta,
         const AnySampler& sampler, const SamplingPlan& plan, const RunSettings& settings) {
  const bool conditional = model.shape().num_x > 0;
  const Index rows = conditional ? x.rows() : 1;
  ChainSetup<Scalar> setup;
  setup.num_chains = plan.chains;
  setup.beta = beta;
  setup.seed = derive_seed(settings.seed, "sample");
  setup.sampler = sampler.name;
  setup.step_size = sampler.step_size;
  setup.bind = [&model, rows, prepared = model.prepare(x)](std::span<const Index> chains) {
    std::vector<Index> row_of_chain;
    for (const Index c : chains) {
      row_of_chain.push_back(c % rows);
    }
    return model.template bind<Scalar>(prepared, row_of_chain);
  };
  setup.start = [&](Index chain, std::span<double> position) {
    plan.start(chain, chain % rows, position);
  };
  Chains<Scalar> chains(std::move(setup), sampler.template kernel<Scalar>(), settings);
  if (settings.progress != nullptr) {
    settings.progress->begin(chains.plan().num_blocks() * plan.schedule.steps());
  }
  std::vector<Index> done(static_cast<std::size_t>(chains.plan().num_blocks()), 0);
  try {
    chains.advance(plan.schedule, [&](Index block, Index first_chain, Index) {
      return std::make_unique<Keeper<Scalar>>(draws, first_chain,
                                              done[static_cast<std::size_t>(block)]);
    });
  } catch (const Stopped&) {
    draws.stopped = true;
    keep_whole_chains(draws, done, chains.plan().width);
  }
  draws.counts = chains.counts();
}

// What the energy says of itself, tried where the first chains start.
void check_energy(const AnyModel& model, const Eigen::MatrixXd& x, const SamplingPlan& plan) {
  const ModelShape shape = model.shape();
  const Index places = std::min<Index>(10, plan.chains);
  Eigen::MatrixXd own_x(places, shape.num_x), y(places, shape.num_y());
  std::vector<double> position(static_cast<std::size_t>(shape.num_y() + shape.num_z()));
  for (Index c = 0; c < places; ++c) {
    const Index row = shape.num_x > 0 ? c % x.rows() : 0;
    plan.start(c, row, position);
    y.row(c) = Eigen::Map<const Eigen::RowVectorXd>(position.data(), shape.num_y());
    if (shape.num_x > 0) {
      own_x.row(c) = x.row(row);
    }
  }
  check_gradients(model, own_x, y, 1);
  check_changes(model, own_x, y, 1);
}

}  // namespace

std::span<const OptionSpec> sample_options() {
  static const std::array<OptionSpec, 6> specs{{
      {"chains", std::int64_t{16},
       "independent chains; for a conditional model, on each row of the data", 1, 1e9, true,
       "chains"},
      {"warmup", std::int64_t{1000}, "steps before the first draw", 0, 1e12, true, "steps"},
      {"draws", std::int64_t{1000}, "draws kept of each chain", 1, 1e12, true, "draws"},
      {"thin", std::int64_t{1}, "steps between two draws", 1, 1e9, true, "steps"},
      {"start",
       std::string("data"),
       "where y starts: at data rows, at noise, or at the rows of start_file",
       -INFINITY,
       INFINITY,
       true,
       "",
       {"data", "noise", "given"}},
      {"start_file", std::string(),
       "with start = \"given\": .npy [chains x columns of y, or of y and z]"},
  }};
  return specs;
}

double bytes_of_draws(const SamplingPlan& plan, Index columns) {
  return static_cast<double>(plan.chains) * static_cast<double>(plan.schedule.draws) *
         (static_cast<double>(columns) + 1) * sizeof(double);
}

Draws sample_chains(const AnyModel& model, const Eigen::MatrixXd& x, double beta,
                    const AnySampler& sampler, const SamplingPlan& plan,
                    const RunSettings& settings) {
  const ModelShape shape = model.shape();
  const Index columns = shape.num_y() + shape.num_z();
  check_memory(
      bytes_of_draws(plan, columns) + bytes_of_chains(plan.chains, columns, settings.precision),
      fmt::format("{} draws of {} chains of {} columns take", plan.schedule.draws, plan.chains,
                  columns));
  check_energy(model, x, plan);
  Draws draws;
  draws.chains = plan.chains;
  draws.draws = plan.schedule.draws;
  draws.values.resize(plan.chains * plan.schedule.draws, columns);
  draws.energy.resize(draws.values.rows());
  draws.chain_ids.resize(static_cast<std::size_t>(plan.chains));
  std::iota(draws.chain_ids.begin(), draws.chain_ids.end(), Index{0});
  if (settings.precision == Precision::float32) {
    run<float>(draws, model, x, beta, sampler, plan, settings);
  } else {
    run<double>(draws, model, x, beta, sampler, plan, settings);
  }
  return draws;
}

ChainDraws chain_draws(const Draws& draws, const std::vector<std::string>& names, Index row,
                       Index rows) {
  ChainDraws of_row;
  of_row.names = names;
  for (Index c = 0; c < draws.chains; ++c) {
    if (draws.chain_ids[static_cast<std::size_t>(c)] % rows == row) {
      of_row.chains.emplace_back(draws.of_chain(c).array());
    }
  }
  return of_row;
}

}  // namespace negphase
