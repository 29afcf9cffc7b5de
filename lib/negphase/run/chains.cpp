#include "negphase/run/chains.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "negphase/run/faults.hpp"
#include "negphase/run/step_size.hpp"

namespace negphase {

void RunCounts::add(const StepInfo& info, Index live) {
  proposals += info.proposals.head(live).sum();
  accepted += info.accepted.head(live).sum();
  acceptance += info.acceptance.head(live).sum();
  nan_proposals += info.nan_proposals.head(live).sum();
  forbidden_proposals += info.forbidden_proposals.head(live).sum();
  energy_evaluations += info.energy_evaluations * live;
  gradient_evaluations += info.gradient_evaluations * live;
}

void RunCounts::add(const RunCounts& o) {
  proposals += o.proposals;
  accepted += o.accepted;
  acceptance += o.acceptance;
  nan_proposals += o.nan_proposals;
  forbidden_proposals += o.forbidden_proposals;
  energy_evaluations += o.energy_evaluations;
  gradient_evaluations += o.gradient_evaluations;
}

double bytes_of_chains(Index chains, Index columns, Precision precision) {
  const double scalar = precision == Precision::float32 ? sizeof(float) : sizeof(double);
  // of the columns 4 arrays, of each chain its counts, faults, beta and energies
  return static_cast<double>(chains) * (4 * scalar * static_cast<double>(columns) + 96);
}

template <class Scalar>
struct Chains<Scalar>::BlockRun {
  BlockRun(Index block, const Chains& all)
      : first_chain(block * all.plan_.width),
        live(all.plan_.live(block)),
        energy(all.setup_.bind(all.chain_ids(block))),
        start(all.start_positions(block, static_cast<Index>(energy.columns().size()))),
        state(
            all.kernel_.init(energy, PerChain::Constant(all.plan_.width, all.setup_.beta), start)),
        scratch(all.kernel_.scratch(energy, all.plan_.width)),
        random(all.setup_.seed, static_cast<std::uint32_t>(first_chain), all.plan_.width),
        info(all.plan_.width),
        new_start(static_cast<std::size_t>(start.cols())),
        starts_anew(static_cast<std::size_t>(live)) {}

  Index first_chain, live;
  AnyEnergy<Scalar> energy;
  Block<Scalar> start;
  AnyState<Scalar> state;
  AnyScratch scratch;
  PhiloxSource random;
  StepInfo info;
  std::vector<double> new_start;
  std::vector<std::uint8_t> starts_anew;  ///< of the live chains
  std::uint64_t renewed_at = 0;           ///< step before which chains were last renewed
  std::unique_ptr<FaultAt> fault;
};

namespace {

// the same of chains that have started anew, as far as the kernel keeps their energies: an energy
// that it does not keep is NaN
template <class Scalar>
void check_renewed(const AnyState<Scalar>& state, StepInfo& info) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  for (Index c = 0; c < state.energy().size(); ++c) {
    if (std::abs(state.energy()[c]) == inf) {
      info.set_fault(c, state.energy()[c] > 0 ? Fault::forbidden : Fault::minus_infinity);
    }
  }
}

// A chain of a law that can be normalised comes back; one of an energy that falls without end, or
// is flat, does not. No sampler rejects its way out of that, and NaN may be far away.
template <class Scalar>
void check_distance(std::span<const Column> columns, const Block<Scalar>& start,
                    const Block<Scalar>& position, StepInfo& info) {
  constexpr Scalar too_far{1e8};
  for (Index j = 0; j < position.cols(); ++j) {
    if (columns[static_cast<std::size_t>(j)].kind != ColumnKind::real ||
        (position.col(j).abs() <= too_far * (1 + start.col(j).abs())).all()) {
      continue;
    }
    for (Index c = 0; c < position.rows(); ++c) {
      if (std::abs(position(c, j)) > too_far * (1 + std::abs(start(c, j)))) {
        info.set_fault(c, Fault::diverged);
      }
    }
  }
}

}  // namespace

template <class Scalar>
Chains<Scalar>::Chains(ChainSetup<Scalar> setup, AnyKernel<Scalar> kernel,
                       const RunSettings& settings)
    : setup_(std::move(setup)),
      kernel_(std::move(kernel)),
      settings_(settings),
      plan_{setup_.num_chains, settings.block_width},
      blocks_(static_cast<std::size_t>(plan_.num_blocks())) {}

template <class Scalar>
Chains<Scalar>::~Chains() = default;
template <class Scalar>
Chains<Scalar>::Chains(Chains&&) noexcept = default;

template <class Scalar>
std::vector<Index> Chains<Scalar>::chain_ids(Index block) const {
  std::vector<Index> ids(static_cast<std::size_t>(plan_.width));
  std::iota(ids.begin(), ids.end(), block * plan_.width);
  return ids;
}

template <class Scalar>
Block<Scalar> Chains<Scalar>::start_positions(Index block, Index columns) const {
  Block<Scalar> start(plan_.width, columns);
  std::vector<double> position(static_cast<std::size_t>(columns));
  for (Index c = 0; c < plan_.width; ++c) {
    setup_.start(block * plan_.width + c, position);
    for (Index j = 0; j < columns; ++j) {
      start(c, j) = static_cast<Scalar>(position[static_cast<std::size_t>(j)]);
    }
  }
  return start;
}

template <class Scalar>
bool Chains<Scalar>::stopped() const {
  return settings_.stop != nullptr && settings_.stop->stopped();
}

template <class Scalar>
bool Chains<Scalar>::find_fault(BlockRun& run, bool at_start) {
  // padding may fault unnoticed: it is not part of the run
  for (Index c = 0; c < run.live; ++c) {
    const auto fault = static_cast<Fault>(run.info.fault[c]);
    if (fault != Fault::none) {
      // a Langevin chain that runs away may meet an infinite energy before an infinite position
      const bool ran_away = !at_start && setup_.step_size > 0 && fault != Fault::minus_infinity;
      run.fault = std::make_unique<FaultAt>(FaultAt{
          run.random.step(), run.first_chain + c, ran_away ? Fault::diverged : fault, at_start,
          ran_away && run.energy.can(Ability::gradient)
              ? advise_step_size(run.energy, run.start, setup_.beta)
              : std::numeric_limits<double>::quiet_NaN(),
          position_text(run.state.position(), c)});
      return true;
    }
  }
  return false;
}

// Whether chains of the block may have been moved: their caches are stale then. A step that
// rebind() has seen to is not renewed again.
template <class Scalar>
bool Chains<Scalar>::renew(BlockRun& run, std::uint64_t step) const {
  const Renewal& renewal = setup_.renewal;
  if (renewal.every == 0 || step == run.renewed_at ||
      step % static_cast<std::uint64_t>(renewal.every) != 0) {
    return false;
  }
  run.renewed_at = step;
  const std::uint64_t time = step / static_cast<std::uint64_t>(renewal.every);
  renewal.choose(time, run.first_chain, run.starts_anew);
  Block<Scalar>& position = run.state.position();
  for (Index c = 0; c < run.live; ++c) {
    if (run.starts_anew[static_cast<std::size_t>(c)] == 0) {
      continue;
    }
    renewal.start(time, run.first_chain + c, run.new_start);
    for (Index j = 0; j < run.start.cols(); ++j) {
      position(c, j) = static_cast<Scalar>(run.new_start[static_cast<std::size_t>(j)]);
    }
  }
  return true;
}

template <class Scalar>
void Chains<Scalar>::run_block(BlockRun& run, const Schedule& schedule, Observer<Scalar>* observer,
                               bool restart) {
  run.info.clear();
  if (next_step_ == 0) {
    check_start(run.energy, run.start, run.info);
    if (find_fault(run, true)) {
      return;
    }
  }
  for (Index s = 0; s < schedule.steps(); ++s) {
    if (restart && s % schedule.thin == 0) {
      run.state.position() = run.start;
      kernel_.refresh(run.energy, run.state);
    }
    run.random.set_step(next_step_ + static_cast<std::uint64_t>(s));
    if (renew(run, run.random.step())) {
      kernel_.refresh(run.energy, run.state);
    }
    if (run.renewed_at > 0 && run.renewed_at == run.random.step()) {
      check_renewed(run.state, run.info);
      if (run.info.any_fault && find_fault(run, true)) {
        return;
      }
    }
    kernel_.step(run.energy, run.state, run.scratch, run.random, run.info);
    if (run.random.step() % 16 == 15) {
      check_distance(run.energy.columns(), run.start, run.state.position(), run.info);
    }
    if (run.info.any_fault && find_fault(run, false)) {
      return;
    }
    const Index after_warmup = s - schedule.warmup + 1;
    if (observer != nullptr && after_warmup > 0 && after_warmup % schedule.thin == 0) {
      observer->observe(run.energy, run.state, run.live);
    }
    // looked at seldom enough to cost nothing, often enough to stop within a moment
    if (s % 16 == 0 && stopped()) {
      return;
    }
    if (settings_.progress != nullptr && run.random.step() % 16 == 15) {
      settings_.progress->advance(16);
    }
  }
}

template <class Scalar>
std::vector<std::unique_ptr<Observer<Scalar>>> Chains<Scalar>::advance(
    const Schedule& schedule, const MakeObserver& make_observer, bool restart) {
  std::vector<std::unique_ptr<Observer<Scalar>>> observers(blocks_.size());
  settings_.executor->for_each(plan_.num_blocks(), [&](Index b) {
    if (stopped()) {  // making a block may take a while as well
      return;
    }
    auto& slot = blocks_[static_cast<std::size_t>(b)];
    if (!slot) {
      slot = std::make_unique<BlockRun>(b, *this);
    }
    auto& observer = observers[static_cast<std::size_t>(b)];
    if (make_observer) {
      observer = make_observer(b, slot->first_chain, slot->live);
    }
    run_block(*slot, schedule, observer.get(), restart);
  });
  next_step_ += static_cast<std::uint64_t>(schedule.steps());

  if (stopped()) {
    throw Stopped("stopped on request");
  }
  std::vector<FaultAt> faults;
  for (const auto& run : blocks_) {
    if (run->fault) {
      faults.push_back(*run->fault);
    }
    counts_.add(run->info, run->live);
  }
  raise_faults(faults, setup_.sampler, settings_.seed, setup_.step_size);
  check_nan_proposals(counts_.nan_proposals, counts_.proposals, setup_.sampler, settings_);
  return observers;
}

template <class Scalar>
void Chains<Scalar>::rebind(std::function<AnyEnergy<Scalar>(std::span<const Index>)> bind) {
  setup_.bind = std::move(bind);
  settings_.executor->for_each(plan_.num_blocks(), [&](Index b) {
    if (auto& run = blocks_[static_cast<std::size_t>(b)]) {
      run->energy = setup_.bind(chain_ids(b));
      run->scratch = kernel_.scratch(run->energy, plan_.width);
      renew(*run, next_step_);
      kernel_.refresh(run->energy, run->state);
    }
  });
}

template <class Scalar>
PerChain Chains<Scalar>::energies() const {
  PerChain all(setup_.num_chains);
  settings_.executor->for_each(plan_.num_blocks(), [&](Index b) {
    const BlockRun& run = *blocks_[static_cast<std::size_t>(b)];
    PerChain of_block(plan_.width);
    run.energy.energy(std::as_const(run.state).position(), of_block);
    all.segment(run.first_chain, run.live) = of_block.head(run.live);
  });
  return all;
}

template <class Scalar>
Eigen::MatrixXd Chains<Scalar>::positions() const {
  const Index columns = std::as_const(blocks_.front()->state).position().cols();
  Eigen::MatrixXd all(setup_.num_chains, columns);
  for (const auto& run : blocks_) {
    all.middleRows(run->first_chain, run->live) =
        std::as_const(run->state).position().topRows(run->live).template cast<double>().matrix();
  }
  return all;
}

template <class Scalar>
void Chains<Scalar>::save(SavedState& state, const std::string& name) const {
  state.put(name + "/step", next_step_);
  state.put(name + "/counts", counts_);
  for (std::size_t b = 0; b < blocks_.size() && blocks_[b]; ++b) {
    for (const StateField& field : blocks_[b]->state.fields()) {
      state.put_bytes(fmt::format("{}/{}/{}", name, b, field.name),
                      {static_cast<const char*>(field.data), field.bytes()});
    }
  }
}

template <class Scalar>
void Chains<Scalar>::restore(const SavedState& state, const std::string& name) {
  state.get(name + "/step", next_step_);
  state.get(name + "/counts", counts_);
  if (next_step_ == 0) {  // they had not begun
    return;
  }
  settings_.executor->for_each(plan_.num_blocks(), [&](Index b) {
    auto& run = blocks_[static_cast<std::size_t>(b)];
    run = std::make_unique<BlockRun>(b, *this);
    for (const StateField& field : run->state.fields()) {
      state.copy(fmt::format("{}/{}/{}", name, b, field.name), field.data, field.bytes());
    }
  });
}

template class Chains<float>;
template class Chains<double>;

}  // namespace negphase
