#include "negphase/registry/registry.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "negphase/random/philox_source.hpp"
#include "support/mixed_energy.hpp"
#include "support/zoo.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

/// An energy that shows `abilities` and no more.
template <class E>
struct Showing : E {
  Showing(E energy, Abilities a) : E(std::move(energy)), shown(a) {}
  Abilities abilities() const { return shown; }
  Abilities shown;
};

template <class S>
AnyEnergy<S> energy_for(const SamplerRow& row) {
  if (row.family == "composed") {
    return MixedEnergy<S>();
  }
  if (row.applies_to(std::vector{real_column()}).empty()) {
    return Showing<CoupledWells<S>>(CoupledWells<S>(3, 0.3), row.needs);
  }
  return Showing<TableEnergy<S>>(categories<S>(), row.needs);
}

/// Runs the sampler for some steps; the sum of the positions' magnitudes.
template <class S>
double run(const AnySampler& sampler, const AnyEnergy<S>& energy) {
  const AnyKernel<S>& kernel = sampler.kernel<S>();
  const auto columns = static_cast<Index>(energy.columns().size());
  Block<S> start(8, columns);
  for (Index j = 0; j < columns; ++j) {
    start.col(j) = energy.columns()[static_cast<std::size_t>(j)].kind == ColumnKind::spin ? -1 : 0;
  }
  AnyState<S> state = kernel.init(energy, PerChain::Constant(8, 1.0), start);
  AnyScratch scratch = kernel.scratch(energy, 8);
  PhiloxSource random(1, 0, 8);
  StepInfo info(8);
  for (std::uint64_t s = 0; s < 10; ++s) {
    random.set_step(s);
    kernel.step(energy, state, scratch, random, info);
  }
  CHECK_FALSE(info.any_fault);
  state.swap_chains(0, 1);
  CHECK(state.fields().size() >= 3);
  return (state.position() - start).abs().template cast<double>().sum();
}

std::string message_of(std::string_view name, std::vector<GivenOption> given) {
  try {
    (void)make_sampler(name, given);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("the registry lists every sampler once, with documentation") {
  std::vector<std::string> names;
  for (const SamplerRow& row : sampler_registry()) {
    names.emplace_back(row.name);
    CHECK_FALSE(row.doc.empty());
    CHECK_FALSE(row.family.empty());
    for (const OptionSpec& option : row.options) {
      CHECK_FALSE(option.doc.empty());
    }
  }
  CHECK(names == std::vector<std::string>{"ula", "mala", "scaled_langevin", "random_walk",
                                          "single_flip", "block_gibbs", "site_gibbs",
                                          "metropolis_within_gibbs"});
}

TEST_CASE("a sampler says at which acceptance it is best, where that is known") {
  CHECK(find_sampler("mala").best_acceptance == 0.574);
  CHECK(find_sampler("random_walk").best_acceptance == 0.234);
  CHECK(std::isnan(find_sampler("ula").best_acceptance));
  CHECK(std::isnan(find_sampler("single_flip").best_acceptance));
}

TEST_CASE("every sampler is made from its defaults and runs on an energy that can what it needs") {
  for (const SamplerRow& row : sampler_registry()) {
    CAPTURE(row.name);
    const AnySampler sampler = make_sampler(row.name, {});
    CHECK(sampler.name == row.name);
    CHECK(sampler.is_exact == (row.name != "ula" && row.name != "scaled_langevin"));
    CHECK(sampler.needs == row.needs);
    CHECK(why_not(row, energy_for<double>(row)) == "");
    CHECK(run<double>(sampler, energy_for<double>(row)) > 0);
    CHECK(run<float>(sampler, energy_for<float>(row)) > 0);
  }
}

TEST_CASE("options reach the kernel") {
  const AnySampler mala = make_sampler("mala", std::vector<GivenOption>{{"step_size", 0.25, {}}});
  CHECK(mala.step_size == 0.25);
  CHECK(make_sampler("random_walk", {}).step_size == 0);
  const AnySampler flip =
      make_sampler("single_flip", std::vector<GivenOption>{{"scan", std::string("random"), {}}});
  CHECK(has(flip.needs, Ability::energy_change_by_site));
  CHECK_FALSE(has(flip.needs, Ability::energy_change));
}

TEST_CASE("unknown samplers and options, and illegal values, are refused with advice") {
  CHECK(message_of("malla", {}).find("mala") != std::string::npos);
  CHECK(message_of("mala", {{"stepsize", 0.1, {}}}).find("step_size") != std::string::npos);
  CHECK(message_of("mala", {{"step_size", 0.0, {}}}).find("step_size") != std::string::npos);
  CHECK(message_of("single_flip", {{"scan", std::string("sytematic"), {}}}).find("systematic") !=
        std::string::npos);
  CHECK(message_of("single_flip", {{"flips", std::int64_t{-1}, {}}}) != "");
  CHECK(message_of("ula", {}) == "");
  CHECK_THROWS_AS((void)find_sampler(""), ConfigError);
}

TEST_CASE("why_not names the member or the column that is missing, and what would do") {
  const AnyEnergy<double> no_gradient(
      Showing<CoupledWells<double>>(CoupledWells<double>(2, 0.3), 0));
  CHECK(why_not(find_sampler("mala"), no_gradient) ==
        "the energy has no member energy_and_grad(y, out, grad); samplers that apply: random_walk, "
        "metropolis_within_gibbs (real = random_walk)");
  CHECK(why_not(find_sampler("random_walk"), no_gradient) == "");
  const AnyEnergy<double> bits(small_rbm<double>());
  CHECK(why_not(find_sampler("random_walk"), bits) ==
        "column 0 is not real; samplers that apply: single_flip, block_gibbs, site_gibbs, "
        "metropolis_within_gibbs");
  const AnyEnergy<double> changes_only(
      Showing<TableEnergy<double>>(categories<double>(), Abilities{} | Ability::energy_change));
  const AnySampler flip =
      make_sampler("single_flip", std::vector<GivenOption>{{"scan", std::string("random"), {}}});
  CHECK(why_not(find_sampler("single_flip"), changes_only) == "");
  CHECK(why_not(flip, changes_only).find("energy_change(y, sites") != std::string::npos);
}

TEST_CASE("what a sampler of mixed states needs depends on columns and options") {
  using Given = std::vector<GivenOption>;
  const auto with = [](Abilities a) {
    return AnyEnergy<double>(Showing<MixedEnergy<double>>(MixedEnergy<double>(), a));
  };
  const AnySampler usual = make_sampler("metropolis_within_gibbs", {});
  const AnySampler plain = make_sampler(
      "metropolis_within_gibbs",
      Given{{"discrete", std::string("metropolis"), {}}, {"real", std::string("random_walk"), {}}});
  const std::vector<Column> reals{real_column()}, bits{bit_column()};
  CHECK(usual.needs_for(reals) == (Abilities{} | Ability::gradient));
  CHECK(usual.needs_for(bits) == (Abilities{} | Ability::conditional));
  CHECK(plain.needs_for(reals) == 0);
  CHECK(plain.needs_for(bits) == (Abilities{} | Ability::energy_change));

  CHECK(why_not(usual, with(Ability::gradient | Ability::conditional)) == "");
  CHECK(why_not(usual, with(Abilities{} | Ability::conditional)) ==
        "the energy has no member energy_and_grad(y, out, grad); samplers that apply: "
        "metropolis_within_gibbs (real = random_walk)");
  CHECK(why_not(find_sampler("metropolis_within_gibbs"),
                with(Abilities{} | Ability::energy_change)) ==
        "the energy has no member energy_and_grad(y, out, grad), conditional(y, columns, delta); "
        "samplers that apply: metropolis_within_gibbs (discrete = metropolis, real = random_walk)");
  CHECK(why_not(plain, with(Abilities{} | Ability::energy_change)) == "");
  CHECK(why_not(plain, with(0)) ==
        "the energy has no member energy_change(y, site, values, out); samplers that apply: none");
  // real columns or discrete ones alone
  CHECK(why_not(usual, AnyEnergy<double>(CoupledWells<double>(2, 0.3))) == "");
  CHECK(why_not(usual, AnyEnergy<double>(categories<double>())) == "");
  CHECK(why_not(find_sampler("mala"), with(Ability::gradient | Ability::conditional)) ==
        "column 1 is not real; samplers that apply: metropolis_within_gibbs");
  const AnyEnergy<double> by_chain(Showing<TableEnergy<double>>(
      categories<double>(), Abilities{} | Ability::energy_change_by_site));
  CHECK(why_not(find_sampler("block_gibbs"), by_chain) ==
        "the energy has no member conditional(y, columns, delta), layers(); samplers that apply: "
        "single_flip (scan = random), site_gibbs (scan = random)");
}
