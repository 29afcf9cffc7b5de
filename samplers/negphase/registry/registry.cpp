#include "negphase/registry/registry.hpp"

#include "negphase/composed/metropolis_within_gibbs.hpp"
#include "negphase/gibbs/block_gibbs.hpp"
#include "negphase/gibbs/site_gibbs.hpp"
#include "negphase/langevin/mala.hpp"
#include "negphase/langevin/scaled_langevin.hpp"
#include "negphase/langevin/ula.hpp"
#include "negphase/metropolis/random_walk.hpp"
#include "negphase/metropolis/single_flip.hpp"

namespace negphase {

namespace {

constexpr Abilities gradient = Abilities{} | Ability::gradient;
constexpr Abilities energy_change = Abilities{} | Ability::energy_change;
constexpr Abilities conditional = Abilities{} | Ability::conditional;
constexpr Abilities layered = Ability::conditional | Ability::layers;

template <class K>
AnySampler make(const Options& options);

/// The row of kernel K; what K says itself is not said again.
template <class K>
SamplerRow row(std::string_view family, Abilities needs, bool is_exact, std::string_view doc) {
  SamplerRow row{K::name, family, doc, K::options(), needs, is_exact, &K::applies_to, &make<K>};
  if constexpr (requires { K::best_acceptance; }) {
    row.best_acceptance = K::best_acceptance;
  }
  return row;
}

const SamplerRow rows[] = {
    row<Ula>("langevin", gradient, false,
             "Unadjusted Langevin: gradient step with noise, never rejected; biased by its step "
             "size."),
    row<Mala>("langevin", gradient, true,
              "Metropolis-adjusted Langevin: the Langevin step, accepted or rejected; exact."),
    row<ScaledLangevin>("langevin", gradient, false,
                        "Langevin with noise and drift of their own: samples at the temperature "
                        "noise^2 / (2 drift), not at the model's; biased by its step."),
    row<RandomWalk>("metropolis", 0, true,
                    "Metropolis with a Gaussian step in every coordinate; needs no gradient."),
    row<SingleFlip>("metropolis", energy_change, true,
                    "Metropolis that proposes another state of one discrete site at a time."),
    row<BlockGibbs>("gibbs", layered, true,
                    "Gibbs by layers: draws each layer whole from its law given all others."),
    row<SiteGibbs>("gibbs", conditional, true,
                   "Gibbs by site: draws one discrete site at a time from its law given all "
                   "others."),
    row<MetropolisWithinGibbs>("composed", 0, true,
                               "Mixed states: a sweep of the discrete columns, then a move of the "
                               "real ones, each given the others."),
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
  if constexpr (requires { K::couples; }) {
    sampler.couples = K::couples;
  }
  if constexpr (requires { kernel.step_size(); }) {
    sampler.step_size = kernel.step_size();
  }
  if constexpr (requires { kernel.own_beta(); }) {
    sampler.own_beta = kernel.own_beta();
  }
  if constexpr (requires { kernel.needs(); }) {
    sampler.needs = Abilities{} | kernel.needs();
  }
  if constexpr (requires { kernel.needs_where_real(); }) {
    sampler.needs_where_real = kernel.needs_where_real();
    sampler.needs_where_finite = kernel.needs_where_finite();
  }
  return sampler;
}

std::string obstacle(const AnySampler& sampler, const AnyEnergy<double>& energy) {
  const Abilities needed = sampler.needs_for(energy.columns());
  if (const Abilities missing = needed & ~energy.abilities(); missing != 0) {
    return "the energy has no member " + member_names(missing);
  }
  return find_sampler(sampler.name).applies_to(energy.columns());
}

/// "single_flip", or "single_flip (scan = random)" where only another choice among words than the
/// defaults suits the energy; "" where none does.
std::string suiting(const SamplerRow& row, const AnyEnergy<double>& energy) {
  struct Try {
    std::vector<GivenOption> given;
    std::string words;
  };
  std::vector<Try> tries{{}};
  for (const OptionSpec& option : row.options) {
    for (std::size_t t = 0, known = tries.size(); t < known; ++t) {
      for (const std::string_view choice : option.choices) {
        if (choice != std::get<std::string>(option.fallback)) {
          Try other = tries[t];
          other.given.push_back({std::string(option.name), std::string(choice), {}});
          other.words += (other.words.empty() ? "" : ", ") + std::string(option.name) + " = " +
                         std::string(choice);
          tries.push_back(std::move(other));
        }
      }
    }
  }
  for (const Try& one : tries) {
    if (obstacle(make_sampler(row.name, one.given), energy).empty()) {
      return std::string(row.name) + (one.words.empty() ? "" : " (" + one.words + ")");
    }
  }
  return "";
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
  return why_not(make_sampler(row.name, {}), energy);
}

std::string why_not(const AnySampler& sampler, const AnyEnergy<double>& energy) {
  const std::string why = obstacle(sampler, energy);
  if (why.empty()) {
    return "";
  }
  std::string others;
  for (const SamplerRow& row : rows) {
    if (const std::string other = suiting(row, energy); !other.empty()) {
      others += (others.empty() ? "" : ", ") + other;
    }
  }
  return why + "; samplers that apply: " + (others.empty() ? "none" : others);
}

}  // namespace negphase
