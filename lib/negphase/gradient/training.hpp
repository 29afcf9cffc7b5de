#pragma once
#include <functional>
#include <span>

#include "negphase/core/any_kernel.hpp"
#include "negphase/core/options.hpp"
#include "negphase/gradient/estimate.hpp"
#include "negphase/run/settings.hpp"

namespace negphase {

/// Options of train(): updates, batch, chains, cd_k, learning rates, scale of the initial
/// parameters.
std::span<const OptionSpec> train_options();

/// After each update: its number (from 1) and the gradient that it took a step along.
using OnUpdate = std::function<void(std::int64_t update, const Eigen::VectorXd& gradient)>;

/// Stochastic gradient descent on the mean NLL (M4, M6) with persistent chains (M9): each update
/// takes the positive phase exactly over a minibatch (rows in an order drawn anew each epoch),
/// advances the chains cd_k steps at the present W, and moves W against the difference. A
/// conditional model keeps one chain a row and uses all rows in each update. Starts at the model's
/// parameters plus N(0, init_scale^2). No error bars: errors would need more chains than a step
/// does. Cost of an update: one positive phase over the batch and cd_k steps of every chain. Throws
/// ConfigError where z cannot be summed out, ModelError where W or a chain is no longer finite.
Params train(const Problem& problem, const AnySampler& sampler, const Options& options,
             const RunSettings& settings, const OnUpdate& on_update = {});

}  // namespace negphase
