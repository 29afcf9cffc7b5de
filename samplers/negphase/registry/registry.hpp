#pragma once
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "negphase/core/any_kernel.hpp"
#include "negphase/core/options.hpp"

namespace negphase {

/// One sampler as the command line, the configuration and the tests see it.
struct SamplerRow {
  std::string_view name;
  std::string_view family;  ///< its folder
  std::string_view doc;     ///< one sentence
  std::vector<OptionSpec> options;
  Abilities needs = 0;   ///< of an energy, with the default options, whatever its columns
  bool is_exact = true;  ///< leaves exp(-beta E) invariant
  /// "" where the sampler can move such columns, else why not.
  std::string (*applies_to)(std::span<const Column>) = nullptr;
  /// From complete, legal options (Options::resolve).
  AnySampler (*make)(const Options&) = nullptr;
  /// Acceptance at which its chains forget fastest in the limit of many columns; NaN: none is
  /// known.
  double best_acceptance = std::numeric_limits<double>::quiet_NaN();
};

/// All samplers, in the order in which they are listed.
std::span<const SamplerRow> sampler_registry();

/// The row called `name`; throws ConfigError that names the nearest and all known ones.
const SamplerRow& find_sampler(std::string_view name);

/// Checks the options and makes the sampler in both precisions; throws ConfigError.
AnySampler make_sampler(std::string_view name, std::span<const GivenOption> given = {});

/// "" where the sampler can run on this energy. Else which member of the energy or which column is
/// in the way, and the samplers that would do: "the energy has no member energy_and_grad(y, out,
/// grad); samplers that apply: random_walk, metropolis_within_gibbs (real = random_walk)".
std::string why_not(const SamplerRow& row, const AnyEnergy<double>& energy);
/// The same for a sampler that is made: its options may need another member than the defaults.
std::string why_not(const AnySampler& sampler, const AnyEnergy<double>& energy);

}  // namespace negphase
