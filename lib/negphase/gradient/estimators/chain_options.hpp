#pragma once
#include "negphase/gradient/by_chains.hpp"
#include "negphase/gradient/registry.hpp"

// What estimators made of chains share: options, and how these become a plan.
namespace negphase {

OptionSpec chains_option(std::int64_t fallback);
OptionSpec thin_option();
OptionSpec start_option();
OptionSpec positive_option();
OptionSpec positive_chains_option();
OptionSpec few_chains_option();

/// The plan as far as the options above go; the schedule and the start are the estimator's own.
/// Throws ConfigError where the positive phase that is asked for cannot be had.
/// @param by_data_row  a replicate is a chain on a row of the data also without x (CD-k)
ChainsPlan plan_chains(const Problem& problem, const Options& options, std::string_view estimator,
                       bool by_data_row);
/// A conditional chain starts at its own datum, any other at a datum drawn at random.
StartFunction start_of(const Problem& problem, std::uint64_t seed, bool at_noise);

}  // namespace negphase
