#pragma once
#include <span>

#include "negphase/core/options.hpp"
#include "negphase/inference/minima.hpp"

namespace negphase {

/// Options of `negphase infer`: target, rows, starts, start, spread, stages, steps,
/// last_beta_factor, max_states, max_latent_states, most_minima.
std::span<const OptionSpec> infer_options();

/// All but `rows` and `start`, which are about data, and the sampler.
MinimaOptions minima_options(const Options& options);

}  // namespace negphase
