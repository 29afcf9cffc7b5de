#pragma once
#include "negphase/gradient/estimate.hpp"
#include "negphase/run/chain_watch.hpp"
#include "negphase/run/chains.hpp"

namespace negphase {

// Warnings that more than one kind of run gives, in one wording.

/// Proposals hardly ever accepted (below 0.01: a failed check), or hardly ever refused (above 0.99:
/// the steps are so small that chains creep, or nothing is at stake).
void warn_of_acceptance(const RunCounts& counts, std::vector<Warning>& warnings);
/// Chains that stood still, or went together, at every look (failed checks).
void warn_of_suspects(const SuspectChains& suspects, std::vector<Warning>& warnings);
/// What coupled pairs say against an estimate: pairs that did not meet (a failed check: leaving
/// them out, or cutting their sums off, is a bias); of a pilot, more than bounded_start_up left of
/// the start (a failed check); of estimates by pairs, warm-ups so short that the error bar rests on
/// the few pairs that were late.
/// @param estimates_by_pairs  they are the estimate; false: a pilot of ordinary chains
void warn_of_start_up(const StartUp& start_up, const std::string& phase, bool estimates_by_pairs,
                      std::vector<Warning>& warnings);
/// The sampler's step size biases every draw (M12).
Warning biased_sampler(const std::string& sampler);
/// What a sampler does to every draw: the bias of its step size, a temperature of its own (M11).
void warn_of_sampler(const AnySampler& sampler, double beta, std::vector<Warning>& warnings);
/// Chains start at noise and stop after k steps.
Warning biased_short_run(std::int64_t k);
/// A buffer in which some chains are young.
Warning biased_replay(const ChainAges& ages, double rate, std::int64_t k);
/// CD-k is another number than the gradient (M9).
Warning biased_contrastive_divergence(std::int64_t k);

}  // namespace negphase
