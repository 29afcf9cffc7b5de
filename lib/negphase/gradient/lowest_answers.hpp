#pragma once
#include "negphase/gradient/loss_evaluation.hpp"
#include "negphase/run/settings.hpp"

namespace negphase {

/// The most offending incorrect answer of each datum: the y' of least F other than y, or where y is
/// real, at a distance of `radius` from it at the least. Exact where y (and z that is minimised
/// out) is finite and of few states, else the best of a search (inference/offending.hpp). Throws
/// ConfigError where y has one state only and where a real y has no radius > 0.
Negatives offending_answers(const Problem& problem, const Loss& loss, double radius,
                            const RunSettings& settings);

/// argmin over ALL y' of F for each datum, what the perceptron looks at: y itself where it is among
/// the minimisers (but for rounding), else the first in state order. A real y is searched
/// (inference/minima.hpp). Throws as these do.
Negatives least_answers(const Problem& problem, const Loss& loss, const RunSettings& settings);

}  // namespace negphase
