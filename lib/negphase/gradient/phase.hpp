#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "negphase/core/any_kernel.hpp"
#include "negphase/gradient/estimate.hpp"
#include "negphase/gradient/replay.hpp"
#include "negphase/gradient/replicates.hpp"
#include "negphase/run/chain_watch.hpp"
#include "negphase/run/chains.hpp"
#include "negphase/run/coupled_chains.hpp"
#include "negphase/run/energy_trace.hpp"
#include "negphase/run/random_position.hpp"

namespace negphase {

/// One phase of M6 as chains (or an exact method) gave it. [P] throughout.
struct Phase {
  ReplicateMean gradient;             ///< of E[dE/dW]
  Eigen::VectorXd marginal_variance;  ///< of dE/dW within a row; NaN where not measured
  RunCounts counts;
  std::int64_t warmup_evaluations = 0;  ///< energies and gradients before the first draw
  Index chains = 0, draws = 0;
  std::optional<Replicates> replicates;  ///< nothing where the phase is known without error
  Eigen::MatrixXd cell_means;            ///< [P x cells] what the replicates are made of
  std::optional<StartUp> start_up;       ///< of coupled pairs, after their warm-up
  SuspectChains suspects = {};           ///< of draw(): PhaseChains::suspects()
  KeptEnergies energies = {};            ///< of draw(): PhaseChains::energies_of_draws()

  /// SE^2 of direction . mean, which the components' own errors do not give: they are correlated.
  double squared_error_along(const Eigen::VectorXd& direction) const;
};

/// Wants to see a phase grow: called after so many of its draws. Looking changes no number.
struct PhaseLooks {
  std::vector<Index> after;  ///< rising, each from 1 to the schedule's draws
  std::function<void(const Phase& so_far)> look;
};

/// A phase known without error.
Phase exact_phase(Eigen::VectorXd mean_param_grad);

/// Throws ConfigError where a phase's chains, or their sums of dE/dW, do not fit into memory:
/// before any of it is taken. PhaseChains looks itself; this is for a look ahead of other work.
/// @param kept  bytes that an earlier phase still holds by then
void check_phase_memory(const ModelShape& shape, const Replicates& replicates,
                        const RunSettings& settings, double kept = 0);
/// Bytes of Phase::cell_means.
double bytes_of_cell_means(const ModelShape& shape, const Replicates& replicates);

/// Writes the start of a chain's y; z, where there is one, starts at random. `row` is the chain's
/// row.
using StartFunction = std::function<void(Index chain, Index row, std::span<double> y)>;

/// The chains of one phase.
struct PhaseSpec {
  std::string role;  ///< "positive phase", "negative phase": no two roles share a stream
  Replicates replicates = Replicates::by_group(1);
  bool clamp_y = false;               ///< positive phase: y stays at the datum, only z moves
  bool restart = false;               ///< every draw starts anew (CD-k)
  bool keep_energies = false;         ///< draw_mean() has energies_of_draws() as well
  StartFunction start;                ///< empty: at the datum of the chain's row
  std::optional<Replay> replay = {};  ///< chains that start anew on the way
  Eigen::VectorXd reference =
      {};  ///< [P] a guess of E[dE/dW]; keeps digits of the marginal variance
};

/// The chains of one phase, alive: both phases, every estimator, training and both precisions go
/// through here. Draws average dE/dW: E[dE/dW | y] where z can be summed out, dE/dW at the draw
/// elsewhere.
class PhaseChains {
 public:
  /// The problem is kept by reference only while the constructor and the member functions run.
  /// Throws as check_phase_memory() does.
  PhaseChains(const Problem& problem, const AnySampler& sampler, PhaseSpec spec,
              const RunSettings& settings);
  ~PhaseChains();
  PhaseChains(PhaseChains&&) noexcept;

  /// Continues the chains and returns the phase over the new draws (counts: since the beginning).
  Phase draw(const Schedule& schedule, const PhaseLooks& looks = {});
  /// Continues them for the mean over the new draws alone, as training wants it: summed over all
  /// chains of a block at once, without the cells that its errors are taken of, so that it rounds
  /// otherwise than that of draw(). The mean is the same bit for bit with errors and without.
  /// @param with_errors  false: of the result only `mean` is filled
  ReplicateMean draw_mean(const Schedule& schedule, bool with_errors);
  /// The phase by pairs of coupled chains from the starts of these (run/coupled_chains.hpp): each
  /// chain's mean is H_(k:m), whose expectation is E[dE/dW] whatever the start, if every pair met.
  /// The chains themselves do not move. `draws` and `chains` count the leading ones.
  Phase couple(const CoupledSchedule& schedule);
  /// Continues them and keeps y of every draw [draws * chains x num_y], all chains of a draw
  /// together.
  Eigen::MatrixXd draw_y(const Schedule& schedule);
  /// Continues them without a look. 0 steps put them at their start, where they have not begun.
  void step(Index steps);
  /// Where the chains stand [chains x num_y]; they must have begun.
  Eigen::MatrixXd present_y() const;
  /// Chains::energies(). [chains]
  PerChain energies() const;
  /// EnergyTrace::energies() of the last draw(), or draw_mean() where `keep_energies` asks for it.
  /// Empty where chains start anew on the way.
  const KeptEnergies& energies_of_draws() const;
  /// The model has other parameters now: chains stay where they are.
  void rebind(const AnyModel& model);
  /// Since the beginning.
  const RunCounts& counts() const;
  /// Chains that stood still, or went together, at every draw since the beginning. None where y is
  /// clamped or every draw starts anew: such chains have laws of their own.
  SuspectChains suspects() const;
  /// Chains::save() and restore(), under the phase's role.
  void save(SavedState& state) const;
  void restore(const SavedState& state);

 private:
  struct Interface;
  template <class Scalar>
  struct Typed;
  std::unique_ptr<Interface> self_;
};

/// A start at a data row drawn at random for each chain.
StartFunction start_at_random_rows(const Problem& problem, std::uint64_t seed);
/// A start that has nothing to do with the data.
StartFunction start_at_noise(const Problem& problem, std::uint64_t seed);

}  // namespace negphase
