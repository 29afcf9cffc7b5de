#include "negphase/run/coupled_chains.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "negphase/run/faults.hpp"

namespace negphase {

template <class Scalar>
struct CoupledChains<Scalar>::Pairs {
  Pairs(Index block, const CoupledChains& all)
      : first_chain(block * all.plan_.width),
        live(all.plan_.live(block)),
        energy(all.setup_.bind(ids(all.plan_.width))),
        start(positions(all.setup_, all.plan_.width)),
        leading(fresh(all)),
        following(fresh(all)),
        scratch(all.kernel_.scratch(energy, all.plan_.width)),
        random(all.setup_.seed, static_cast<std::uint32_t>(first_chain), all.plan_.width),
        info(all.plan_.width),
        weights(all.plan_.width),
        times(static_cast<std::size_t>(live), 0),
        apart(live) {}

  std::vector<Index> ids(Index width) const {
    std::vector<Index> all(static_cast<std::size_t>(width));
    std::iota(all.begin(), all.end(), first_chain);
    return all;
  }
  Block<Scalar> positions(const ChainSetup<Scalar>& setup, Index width) const {
    std::vector<double> one(energy.columns().size());
    Block<Scalar> all(width, static_cast<Index>(one.size()));
    for (Index c = 0; c < width; ++c) {
      setup.start(first_chain + c, one);
      all.row(c) = Eigen::Map<const Eigen::ArrayXd>(one.data(), all.cols())
                       .transpose()
                       .template cast<Scalar>();
    }
    return all;
  }
  AnyState<Scalar> fresh(const CoupledChains& all) const {
    return all.kernel_.init(energy, PerChain::Constant(all.plan_.width, all.setup_.beta), start);
  }

  Index first_chain, live;
  AnyEnergy<Scalar> energy;
  Block<Scalar> start;
  AnyState<Scalar> leading, following;
  AnyScratch scratch;
  PhiloxSource random;
  StepInfo info;
  PerChain weights;
  std::vector<Index> times;  ///< tau; 0: not yet
  Index apart;               ///< pairs that have not met
  bool came_apart = false;
  std::optional<FaultAt> fault;
};

template <class Scalar>
CoupledChains<Scalar>::CoupledChains(ChainSetup<Scalar> setup, AnyKernel<Scalar> kernel,
                                     const RunSettings& settings)
    : setup_(std::move(setup)),
      kernel_(std::move(kernel)),
      settings_(settings),
      plan_{setup_.num_chains, settings.block_width} {}

template <class Scalar>
Index CoupledChains<Scalar>::corrections(Index t, const CoupledSchedule& s) {
  // j L <= t - k, and j L >= t - m
  const Index most = (t - (s.warmup + 1)) / s.lag;
  const Index least = std::max<Index>(1, (t - s.last() + s.lag - 1) / s.lag);
  return std::max<Index>(0, most - least + 1);
}

/// One step of the leading or the following chains, with the words of step t; false: a fault.
template <class Scalar>
bool CoupledChains<Scalar>::step(Pairs& pairs, AnyState<Scalar>& state, Index t) {
  pairs.random.set_step(static_cast<std::uint64_t>(t));
  kernel_.step(pairs.energy, state, pairs.scratch, pairs.random, pairs.info);
  for (Index c = 0; pairs.info.any_fault && c < pairs.live; ++c) {
    if (const auto fault = static_cast<Fault>(pairs.info.fault[c]); fault != Fault::none) {
      pairs.fault = FaultAt{.step = static_cast<std::uint64_t>(t),
                            .chain = pairs.first_chain + c,
                            .fault = fault,
                            .at_start = false,
                            .position = position_text(std::as_const(state).position(), c)};
      return false;
    }
  }
  return true;
}

/// Compares X_t with Y_(t - L).
template <class Scalar>
void CoupledChains<Scalar>::meet(Pairs& pairs, Index t) {
  const Block<Scalar>& x = std::as_const(pairs.leading).position();
  const Block<Scalar>& y = std::as_const(pairs.following).position();
  for (Index c = 0; c < pairs.live; ++c) {
    const bool together = (x.row(c) == y.row(c)).all();
    Index& tau = pairs.times[static_cast<std::size_t>(c)];
    if (tau > 0) {
      pairs.came_apart = pairs.came_apart || !together;
    } else if (together) {
      tau = t;
      --pairs.apart;
    }
  }
}

template <class Scalar>
void CoupledChains<Scalar>::observe(Pairs& pairs, const CoupledSchedule& schedule, Index t,
                                    PairObserver<Scalar>& observer) {
  const bool is_draw = t > schedule.warmup && t <= schedule.last();
  const Index late =
      t > schedule.warmup + schedule.lag && pairs.apart > 0 ? corrections(t, schedule) : 0;
  if (!is_draw && late == 0) {
    return;
  }
  pairs.weights.setZero();
  for (Index c = 0; late > 0 && c < pairs.live; ++c) {
    pairs.weights[c] =
        pairs.times[static_cast<std::size_t>(c)] == 0 ? static_cast<double>(late) : 0;
  }
  if (late > 0) {
    pairs.weights = -pairs.weights;
    observer.add(pairs.energy, pairs.following, pairs.weights, false, pairs.live);
    pairs.weights = -pairs.weights;
  }
  if (is_draw) {
    pairs.weights += 1;
  }
  observer.add(pairs.energy, pairs.leading, pairs.weights, is_draw, pairs.live);
}

template <class Scalar>
void CoupledChains<Scalar>::run_block(Pairs& pairs, const CoupledSchedule& schedule,
                                      PairObserver<Scalar>& observer) {
  check_start(pairs.energy, pairs.start, pairs.info);
  for (Index c = 0; pairs.info.any_fault && c < pairs.live; ++c) {
    if (const auto fault = static_cast<Fault>(pairs.info.fault[c]); fault != Fault::none) {
      pairs.fault = FaultAt{.step = 0,
                            .chain = pairs.first_chain + c,
                            .fault = fault,
                            .at_start = true,
                            .position = position_text(pairs.start, c)};
      return;
    }
  }
  const auto done = [&](Index t) {
    return t >= schedule.max_steps || (t >= schedule.last() && pairs.apart == 0);
  };
  for (Index t = 0; !done(t) && !pairs.came_apart;) {
    // X from t to t + 1, Y from t - L to t + 1 - L, by the same words
    if (!step(pairs, pairs.leading, t) ||
        (t >= schedule.lag && pairs.apart > 0 && !step(pairs, pairs.following, t))) {
      return;
    }
    ++t;
    if (t >= schedule.lag && pairs.apart > 0) {
      meet(pairs, t);
    }
    observe(pairs, schedule, t, observer);
    if (t % 16 == 0 && stopped()) {
      return;
    }
    if (settings_.progress != nullptr && t % 16 == 0 && t <= schedule.last()) {
      settings_.progress->advance(16);
    }
  }
}

template <class Scalar>
std::vector<std::unique_ptr<PairObserver<Scalar>>> CoupledChains<Scalar>::run(
    const CoupledSchedule& schedule, const MakeObserver& make_observer) {
  const auto num_blocks = static_cast<std::size_t>(plan_.num_blocks());
  std::vector<std::unique_ptr<PairObserver<Scalar>>> observers(num_blocks);
  struct Ended {
    std::vector<Index> times;
    std::optional<FaultAt> fault;
    RunCounts counts;
    bool came_apart = false;
  };
  std::vector<Ended> ended(num_blocks);
  settings_.executor->for_each(plan_.num_blocks(), [&](Index b) {
    if (stopped()) {
      return;
    }
    Pairs pairs(b, *this);
    auto& observer = observers[static_cast<std::size_t>(b)];
    observer = make_observer(b, pairs.first_chain, pairs.live);
    run_block(pairs, schedule, *observer);
    Ended& end = ended[static_cast<std::size_t>(b)];
    end.times = std::move(pairs.times);
    end.fault = std::move(pairs.fault);
    end.counts.add(pairs.info, pairs.live);
    end.came_apart = pairs.came_apart;
  });
  if (stopped()) {
    throw Stopped("stopped on request");
  }
  std::vector<FaultAt> faults;
  meetings_.lag = schedule.lag;
  for (const Ended& end : ended) {
    if (end.fault) {
      faults.push_back(*end.fault);
    }
    meetings_.times.insert(meetings_.times.end(), end.times.begin(), end.times.end());
    counts_.add(end.counts);
  }
  raise_faults(faults, setup_.sampler, settings_.seed, 0);
  if (std::any_of(ended.begin(), ended.end(), [](const Ended& end) { return end.came_apart; })) {
    throw UsageError("sampler '" + setup_.sampler +
                     "': chains that had met came apart: its steps are no function of position and "
                     "words, and it must not say that it couples");
  }
  check_nan_proposals(counts_.nan_proposals, counts_.proposals, setup_.sampler, settings_);
  return observers;
}

template class CoupledChains<float>;
template class CoupledChains<double>;

}  // namespace negphase
