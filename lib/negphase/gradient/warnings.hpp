#pragma once
#include "negphase/gradient/estimate.hpp"
#include "negphase/run/chains.hpp"

namespace negphase {

// Warnings that more than one kind of run gives, in one wording.

/// Proposals hardly ever accepted (below 0.01: a failed check), or hardly ever refused (above 0.99:
/// the steps are so small that chains creep, or nothing is at stake).
void warn_of_acceptance(const RunCounts& counts, std::vector<Warning>& warnings);
/// The sampler's step size biases every draw (M12).
Warning biased_sampler(const std::string& sampler);
/// CD-k is another number than the gradient (M9).
Warning biased_contrastive_divergence(std::int64_t k);

}  // namespace negphase
