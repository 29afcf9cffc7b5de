#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "negphase/core/any_kernel.hpp"
#include "negphase/random/philox_source.hpp"
#include "negphase/run/saved_state.hpp"
#include "negphase/run/settings.hpp"

namespace negphase {

/// What some chains did in all; sums over live chains only.
struct RunCounts {
  std::int64_t proposals = 0, accepted = 0;
  double acceptance = 0;  ///< sum of acceptance probabilities
  std::int64_t nan_proposals = 0, forbidden_proposals = 0;
  std::int64_t energy_evaluations = 0, gradient_evaluations = 0;
  void add(const StepInfo& info, Index live);
  void add(const RunCounts& other);
};

/// Sees the draws of one block; one thread at a time, draws in order. Observers of different blocks
/// are merged by who made them, in block order. Keeps running sums, never draws, unless it must.
template <class Scalar>
class Observer {
 public:
  virtual ~Observer() = default;
  /// Rows 0 .. live - 1 count; the others are padding.
  virtual void observe(const AnyEnergy<Scalar>& energy, const AnyState<Scalar>& state,
                       Index live) = 0;
};

/// Chains that start anew on the way (replay buffers, short runs). Before each step whose number is
/// a multiple of `every`, but before the first, `choose` says which chains start; the caches of all
/// chains are then made anew, so that no chain depends on whether another one started. Both must be
/// pure functions of chain and time = step / every.
struct Renewal {
  Index every = 0;  ///< steps; 0: never
  /// Of chains first_chain, first_chain + 1, ...: 1 where the chain starts anew, 0 where it goes
  /// on.
  std::function<void(std::uint64_t time, Index first_chain, std::span<std::uint8_t> starts)>
      choose = {};
  /// Writes a new start of the free columns.
  std::function<void(std::uint64_t time, Index chain, std::span<double> position)> start = {};
};

/// The chains of a run: who they are, where they start, what they sample. Chain ids are 0 ..
/// num_chains - 1 (and beyond, for the padding of the last block): the functions must answer for
/// any.
template <class Scalar>
struct ChainSetup {
  Index num_chains = 0;
  double beta = 1;
  std::uint64_t seed = 0;  ///< of this role (derive_seed)
  std::string sampler;     ///< name, for messages
  double step_size = 0;    ///< of a Langevin sampler, for advice when chains diverge; else 0
  std::function<AnyEnergy<Scalar>(std::span<const Index> chains)> bind;
  std::function<void(Index chain, std::span<double> position)> start;
  Renewal renewal = {};
};

/// Bytes that chains take at the least: position, start, proposal, uniforms, counts. What an energy
/// keeps for itself is not known here.
double bytes_of_chains(Index chains, Index columns, Precision precision);

/// Chains that can be advanced, rebound to other parameters, restarted and saved. Blocks run in
/// parallel; every number depends on (seed, chain, step, block width) only.
template <class Scalar>
class Chains {
 public:
  Chains(ChainSetup<Scalar> setup, AnyKernel<Scalar> kernel, const RunSettings& settings);

  using MakeObserver =
      std::function<std::unique_ptr<Observer<Scalar>>(Index block, Index first_chain, Index live)>;

  /// Runs warmup, then `draws` observations `thin` steps apart. With `restart` each draw starts
  /// anew from the start positions (CD-k: thin = k). Returns one observer a block, in block order.
  /// Throws ModelError with chain, step, seed and position for the fault of the lowest (step,
  /// chain), where a real column has come further than 1e8 (1 + |start|) (looked at every 16
  /// steps: the energy falls without end, or is flat), and where more than 1e-3 of the proposals
  /// (any, if strict) had a NaN energy; Stopped when asked to stop.
  std::vector<std::unique_ptr<Observer<Scalar>>> advance(const Schedule& schedule,
                                                         const MakeObserver& make_observer,
                                                         bool restart = false);

  /// The energies changed (new parameters): binds anew, renews the chains whose time it is, and
  /// refreshes the caches.
  void rebind(std::function<AnyEnergy<Scalar>(std::span<const Index> chains)> bind);

  /// The energy of each chain where it stands, under the present binding, afresh. They must have
  /// begun: advance(), of no step at the least. [num_chains]
  PerChain energies() const;
  /// Where each chain stands [num_chains x columns]; they must have begun.
  Eigen::MatrixXd positions() const;

  /// Every array of every block's state, the step and the counts; parts named `name/...`. Restored
  /// into chains of the same setup, kernel and block width, they go on with the same bytes; call
  /// rebind() where the parameters have changed since. restore() throws ConfigError where the
  /// arrays have other sizes.
  void save(SavedState& state, const std::string& name) const;
  void restore(const SavedState& state, const std::string& name);

  const BlockPlan& plan() const { return plan_; }
  const RunCounts& counts() const { return counts_; }

 private:
  struct BlockRun;
  std::vector<Index> chain_ids(Index block) const;
  Block<Scalar> start_positions(Index block, Index columns) const;
  bool stopped() const;
  bool find_fault(BlockRun& run, bool at_start);
  bool renew(BlockRun& run, std::uint64_t step) const;
  void run_block(BlockRun& run, const Schedule& schedule, Observer<Scalar>* observer, bool restart);

  ChainSetup<Scalar> setup_;
  AnyKernel<Scalar> kernel_;
  RunSettings settings_;
  BlockPlan plan_;
  std::uint64_t next_step_ = 0;
  std::vector<std::unique_ptr<BlockRun>> blocks_;
  RunCounts counts_;

 public:
  ~Chains();
  Chains(Chains&&) noexcept;
};

}  // namespace negphase
