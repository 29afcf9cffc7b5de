#pragma once
#include <memory>
#include <vector>

#include "negphase/run/chains.hpp"
#include "negphase/run/meetings.hpp"

namespace negphase {

/// How long coupled pairs run. With k = warmup + 1 and m = warmup + draws, the X_t with
/// k <= t <= m are the draws.
struct CoupledSchedule {
  Index warmup = 0;
  Index draws = 1;
  Index lag = 1;             ///< L >= 1: steps by which the leading chain is ahead
  Index max_steps = 100000;  ///< of the leading chain; a pair that has not met by then is given up
  Index last() const { return warmup + draws; }
};

/// Sees the pairs of one block; one thread at a time, in order.
template <class Scalar>
class PairObserver {
 public:
  virtual ~PairObserver() = default;
  /// Chain c of this state counts weights[c] times (negative for a chain that follows). `is_draw`:
  /// the state is that of the leading chains at one of their draws. Rows 0 .. live - 1 count.
  virtual void add(const AnyEnergy<Scalar>& energy, const AnyState<Scalar>& state,
                   const PerChain& weights, bool is_draw, Index live) = 0;
};

/// Pairs of chains X and Y from one start, X ahead by L steps, coupled by common random numbers:
/// the step of Y from t - L to t - L + 1 reads the words of the step of X from t to t + 1, through
/// the same kernel. Randomness is a function of (seed, chain, step, purpose, index), so no kernel
/// knows of it; each of the two is a chain of its own law, and two chains that have met stay
/// together, as the next position is a function of position and words (AnySampler::couples).
/// For finite columns only: real ones never meet.
///   How well it couples is the kernel's affair. Where a column has two states the coupling of two
/// draws is the maximal one: Gibbs by layers or in sweeps draws them by one threshold, the random
/// scan of site_gibbs and all of single_flip read their uniform from the other end in the upper
/// state. Category columns couple, but not maximally: they meet later (samplers/README.md has
/// figures), never wrongly.
///
/// The weights make, with Delta_t = f(X_t) - f(Y_(t - L)) and H_l = f(X_l) + sum_(j >= 1)
/// Delta_(l + j L), each of which has expectation E_target[f], the mean of H_k .. H_m times
/// `draws`:
///   sum_(t = k .. m) f(X_t) + sum_(t = k + L .. tau - 1) c_t Delta_t,
///   c_t = #{j >= 1 : k <= t - j L <= m}.
/// Sources: Jacob, O'Leary, Atchade, "Unbiased MCMC with couplings", JRSS B 2020; with a lag:
/// Biswas, Jacob, Vanetti 2019; of contrastive divergence: Qiu, Zhang, Wang, ICLR 2020.
/// Cost: both chains until they have met, a block until its last pair has; then the leading one
/// alone.
template <class Scalar>
class CoupledChains {
 public:
  CoupledChains(ChainSetup<Scalar> setup, AnyKernel<Scalar> kernel, const RunSettings& settings);

  using MakeObserver = std::function<std::unique_ptr<PairObserver<Scalar>>(
      Index block, Index first_chain, Index live)>;

  /// Runs every pair to its last draw and until it has met. Once. Throws as Chains::advance(), and
  /// UsageError where chains that had met come apart: then the kernel is not what it says.
  std::vector<std::unique_ptr<PairObserver<Scalar>>> run(const CoupledSchedule& schedule,
                                                         const MakeObserver& make_observer);

  const BlockPlan& plan() const { return plan_; }
  const Meetings& meetings() const { return meetings_; }
  /// Of both chains of each pair.
  const RunCounts& counts() const { return counts_; }

  /// c_t.
  static Index corrections(Index t, const CoupledSchedule& schedule);

 private:
  struct Pairs;
  bool stopped() const { return settings_.stop != nullptr && settings_.stop->stopped(); }
  void run_block(Pairs& pairs, const CoupledSchedule& schedule, PairObserver<Scalar>& observer);
  bool step(Pairs& pairs, AnyState<Scalar>& state, Index t);
  void meet(Pairs& pairs, Index t);
  void observe(Pairs& pairs, const CoupledSchedule& schedule, Index t,
               PairObserver<Scalar>& observer);

  ChainSetup<Scalar> setup_;
  AnyKernel<Scalar> kernel_;
  RunSettings settings_;
  BlockPlan plan_;
  Meetings meetings_;
  RunCounts counts_;
};

}  // namespace negphase
