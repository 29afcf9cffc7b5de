#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

#include "negphase/registry/registry.hpp"
#include "negphase/run/chains.hpp"
#include "planted/ES3.hpp"
#include "planted/ES5.hpp"
#include "planted/RO3.hpp"
#include "support/problems.hpp"

namespace {

using namespace negphase;
using namespace negphase::testing;

struct Seen {
  bool in_time = true, caches_fresh = true;
};

// which of two blocks and which place in it must both be right
bool starts_anew(Index chain) { return chain % 5 == 1; }

void choose(std::uint64_t, Index first_chain, std::span<std::uint8_t> starts) {
  for (std::size_t i = 0; i < starts.size(); ++i) {
    starts[i] = starts_anew(first_chain + static_cast<Index>(i)) ? 1 : 0;
  }
}

// Chains hardly move by themselves, and a new start says when it was: 1 + time of the chain's own
// count. Every second step; every fifth chain only, and the others must not be asked.
template <template <class> class Chains, template <class> class ChainSetup,
          template <class> class Observer>
Seen watch(const AnySampler& sampler) {
  const Problem p = quartic_problem(4);
  Seen seen;
  struct Watcher final : Observer<double> {
    Watcher(Seen& seen, Index first_chain) : seen_(seen), first_chain_(first_chain) {}
    void observe(const AnyEnergy<double>& energy, const AnyState<double>& state,
                 Index live) override {
      PerChain fresh(state.position().rows());
      energy.energy(state.position(), fresh);
      for (Index c = 0; c < live; ++c) {
        const Index time = step_ / 2;
        const double expected =
            starts_anew(first_chain_ + c) && time > 0 ? 1 + 0.1 * static_cast<double>(time) : 0.5;
        seen_.in_time = seen_.in_time && std::abs(state.position()(c, 0) - expected) < 1e-3;
        // an accepted change of energy has the rounding of its two energies
        seen_.caches_fresh = seen_.caches_fresh && std::abs(state.energy()[c] - fresh[c]) < 1e-9;
      }
      ++step_;
    }
    Seen& seen_;
    Index first_chain_, step_ = 0;
  };
  const Executor executor(1);
  const auto prepared = p.model.prepare(p.x);
  ChainSetup<double> setup;
  setup.num_chains = 100;
  setup.sampler = sampler.name;
  setup.bind = [&](std::span<const Index> ids) {
    return p.model.bind_double(prepared, std::vector<Index>(ids.size(), 0));
  };
  setup.start = [](Index, std::span<double> y) { y[0] = 0.5; };
  setup.renewal = {2, choose, [](std::uint64_t time, Index chain, std::span<double> y) {
                     y[0] = starts_anew(chain) ? 1 + 0.1 * static_cast<double>(time) : 7;
                   }};
  RunSettings settings = settings_on(executor, 3);
  Chains<double> chains(setup, sampler.kernel<double>(), settings);
  chains.advance({0, 9, 1}, [&](Index, Index first_chain, Index) {
    return std::make_unique<Watcher>(seen, first_chain);
  });
  return seen;
}

AnySampler still() {
  const std::vector<GivenOption> step{{"proposal_scale", 1e-6, {}}};
  return make_sampler("random_walk", step);
}

}  // namespace

TEST_CASE("chains start anew when it is their time, with fresh caches; planted ES3, ES5, RO3") {
  const Seen right = watch<Chains, ChainSetup, Observer>(still());
  CHECK(right.in_time);
  CHECK(right.caches_fresh);
  CHECK_FALSE(watch<planted::ES3::Chains, planted::ES3::ChainSetup, planted::ES3::Observer>(still())
                  .caches_fresh);
  CHECK_FALSE(watch<planted::ES5::Chains, planted::ES5::ChainSetup, planted::ES5::Observer>(still())
                  .in_time);
  CHECK_FALSE(watch<planted::RO3::Chains, planted::RO3::ChainSetup, planted::RO3::Observer>(still())
                  .in_time);
}

namespace {

// y >= 0 only
struct HalfLine {
  using Scalar = double;
  std::vector<Column> kinds{real_column()};
  std::span<const Column> columns() const { return kinds; }
  void energy(const Block<double>& y, PerChain& out) const {
    out = (y.col(0) < 0).select(std::numeric_limits<double>::infinity(), y.col(0));
  }
};

}  // namespace

TEST_CASE("a new start of probability zero is refused, with chain and step") {
  const Executor executor(1);
  ChainSetup<double> setup;
  setup.num_chains = 5;
  setup.sampler = "random_walk";
  setup.bind = [](std::span<const Index>) { return AnyEnergy<double>(HalfLine{}); };
  setup.start = [](Index, std::span<double> y) { y[0] = 1; };
  setup.renewal = {3,
                   [](std::uint64_t, Index first_chain, std::span<std::uint8_t> starts) {
                     for (std::size_t i = 0; i < starts.size(); ++i) {
                       starts[i] = first_chain + static_cast<Index>(i) == 4 ? 1 : 0;
                     }
                   },
                   [](std::uint64_t, Index, std::span<double> y) { y[0] = -2; }};
  Chains<double> chains(setup, still().kernel<double>(), settings_on(executor, 3));
  chains.advance({3, 0, 1}, {});
  CHECK_THROWS_WITH_AS(chains.advance({1, 0, 1}, {}), doctest::Contains("chain 4 at its start"),
                       ModelError);
}
