#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "negphase/gradient/milestones.hpp"
#include "negphase/gradient/phase.hpp"

namespace negphase {

/// One estimate by chains: what long chains, CD-k and persistent chains differ in.
struct ChainsPlan {
  std::string_view estimator;  ///< name, for messages
  Replicates negative = Replicates::by_group(1);
  Schedule schedule;                  ///< of both phases
  bool restart = false;               ///< CD-k: schedule.thin = k
  StartFunction start;                ///< of the negative phase; empty: the row's datum
  std::optional<Replay> replay = {};  ///< of the negative phase: chains that start anew on the way
  bool start_is_exact = false;        ///< drawn from the model itself: no start-up bias
  bool sample_positive = false;
  Replicates positive = Replicates::by_group(1);  ///< only if sampled
  bool few_chains = false;                        ///< accept less than 15 degrees of freedom
  /// Every chain is a pair of coupled ones, in both phases; `schedule` says the same of draws.
  std::optional<CoupledSchedule> coupled;
  /// Coupled pairs of their own, run before the chains: what they say of the start after
  /// `schedule.warmup` takes the place of a caveat. Draws are not looked at.
  std::optional<CoupledSchedule> pilot;
};

/// Throws ConfigError where the replicates are too few for an error bar (M7).
void check_replicates(const ChainsPlan& plan);
/// The same, and where the chains of a phase do not fit into memory.
void check_plan(const Problem& problem, const ChainsPlan& plan, const RunSettings& settings);
/// Throws ConfigError where pairs of this sampler's chains cannot meet on the columns that move.
/// @param plan  whether z moves alone too
void check_coupling(const Problem& problem, const AnySampler& sampler, const ChainsPlan& plan);
/// Throws ConfigError naming the member that the sampler needs and the model's energy lacks, or
/// the derivative, change, conditional or layer of the energy that its values contradict
/// (run/gradient_check.hpp, run/change_check.hpp).
void check_sampler(const Problem& problem, const AnySampler& sampler);
/// Whether E[dE/dW | y] costs no more than sampling: there is no z, or the model sums it out
/// itself. Elsewhere an exact positive phase may still be had by states or an integral, at a cost
/// (plan_positive()).
bool positive_has_closed_form(const Problem& problem);

/// Both phases, their difference with its error bar, and the warnings that follow from what the
/// chains did.
GradientEstimate estimate_by_chains(const Problem& problem, const AnySampler& sampler,
                                    const ChainsPlan& plan, const RunSettings& settings,
                                    const Milestones& milestones = {});

}  // namespace negphase
