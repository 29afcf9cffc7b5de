#include "negphase/registry/registry.hpp"

#include "negphase/gibbs/block_gibbs.hpp"
#include "negphase/langevin/mala.hpp"
#include "negphase/langevin/ula.hpp"
#include "negphase/metropolis/random_walk.hpp"
#include "negphase/metropolis/single_flip.hpp"

namespace negphase {

namespace {

constexpr Abilities gradient = Abilities{} | Ability::gradient;
constexpr Abilities energy_change = Abilities{} | Ability::energy_change;
constexpr Abilities layered = Ability::conditional | Ability::layers;

template <class K>
AnySampler make(const Options& options);

/// The row of kernel K; what K says itself is not said again.
template <class K>
SamplerRow row(std::string_view family, Abilities needs, bool is_exact, std::string_view doc) {
  return {K::name, family, doc, K::options(), needs, is_exact, &K::applies_to, &make<K>};
}

const SamplerRow rows[] = {
    row<Ula>("langevin", gradient, false,
             "Unadjusted Langevin: gradient step with noise, never rejected; biased by its step "
             "size."),
    row<Mala>("langevin", gradient, true,
              "Metropolis-adjusted Langevin: the Langevin step, accepted or rejected; exact."),
    row<RandomWalk>("metropolis", 0, true,
                    "Metropolis with a Gaussian step in every coordinate; needs no gradient."),
    row<SingleFlip>("metropolis", energy_change, true,
                    "Metropolis that proposes another state of one discrete site at a time."),
    row<BlockGibbs>("gibbs", layered, true,
                    "Gibbs by layers: draws each layer whole from its law given all others."),
};

template <class K>
AnySampler make(const Options& options) {
  const K kernel(options);
  const SamplerRow& row = find_sampler(K::name);
  AnySampler sampler{.name = std::string(K::name),
                     .in_float = kernel,
                     .in_double = kernel,
                     .needs = row.needs,
                     .is_exact = row.is_exact};
  if constexpr (requires { kernel.step_size(); }) {
    sampler.step_size = kernel.step_size();
  }
  if constexpr (requires { kernel.needs(); }) {
    sampler.needs = Abilities{} | kernel.needs();
  }
  return sampler;
}

std::string obstacle(Abilities needs, const SamplerRow& row, const AnyEnergy<double>& energy) {
  if (const Abilities missing = needs & ~energy.abilities(); missing != 0) {
    return "the energy has no member " + member_names(missing);
  }
  return row.applies_to(energy.columns());
}

std::string why_not(Abilities needs, const SamplerRow& row, const AnyEnergy<double>& energy) {
  const std::string why = obstacle(needs, row, energy);
  if (why.empty()) {
    return "";
  }
  std::string others;
  for (const SamplerRow& other : rows) {
    if (obstacle(other.needs, other, energy).empty()) {
      others += (others.empty() ? "" : ", ") + std::string(other.name);
    }
  }
  return why + "; samplers that apply: " + (others.empty() ? "none" : others);
}

}  // namespace

std::span<const SamplerRow> sampler_registry() { return rows; }

const SamplerRow& find_sampler(std::string_view name) {
  std::vector<std::string> known;
  for (const SamplerRow& row : rows) {
    if (row.name == name) {
      return row;
    }
    known.emplace_back(row.name);
  }
  throw ConfigError(unknown_name("sampler", std::string(name), known));
}

AnySampler make_sampler(std::string_view name, std::span<const GivenOption> given) {
  const SamplerRow& row = find_sampler(name);
  const std::string owner = "sampler '" + std::string(name) + "'";
  return row.make(Options::resolve(owner, row.options, given));
}

std::string why_not(const SamplerRow& row, const AnyEnergy<double>& energy) {
  return why_not(row.needs, row, energy);
}

std::string why_not(const AnySampler& sampler, const AnyEnergy<double>& energy) {
  return why_not(sampler.needs, find_sampler(sampler.name), energy);
}

}  // namespace negphase
