#include "negphase/core/reversed_uniform.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "negphase/gibbs/site_gibbs.hpp"
#include "negphase/metropolis/single_flip.hpp"
#include "negphase/run/coupled_chains.hpp"

#include "planted/RR3.hpp"
#include "planted/RR4.hpp"
#include "planted/RR5.hpp"
#include "support/zoo.hpp"

namespace {

using namespace negphase;
using testing::PairwiseEnergy;
using testing::PairwiseWeights;

PairwiseEnergy<double> spins(const Eigen::MatrixXd& couplings, const Eigen::VectorXd& fields) {
  auto weights = std::make_shared<PairwiseWeights>();
  weights->couplings = couplings;
  weights->fields = fields;
  return {weights, ColumnKind::spin};
}

// 3 x 3 spins without fields: each state and its mirror image weigh the same
AnyEnergy<double> square() {
  Eigen::MatrixXd couplings = Eigen::MatrixXd::Zero(9, 9);
  for (Index i = 0; i < 9; ++i) {
    if (i % 3 < 2) {
      couplings(i, i + 1) = couplings(i + 1, i) = 0.3;
    }
    if (i < 6) {
      couplings(i, i + 3) = couplings(i + 3, i) = 0.3;
    }
  }
  return spins(couplings, Eigen::VectorXd::Zero(9));
}

struct Silent final : PairObserver<double> {
  void add(const AnyEnergy<double>&, const AnyState<double>&, const PerChain&, bool,
           Index) override {}
};

// of 256 pairs from a start with every spin down; 0 for one that had not met after 2000 steps
template <class Kernel>
std::vector<Index> meetings(const Kernel& kernel) {
  const Executor executor(2);
  RunSettings settings;
  settings.executor = &executor;
  ChainSetup<double> setup;
  setup.num_chains = 256;
  setup.seed = 7;
  setup.bind = [](std::span<const Index>) { return square(); };
  setup.start = [](Index, std::span<double> y) { std::fill(y.begin(), y.end(), -1.0); };
  CoupledChains<double> chains(setup, AnyKernel<double>(kernel), settings);
  chains.run({0, 1, 1, 2000}, [](Index, Index, Index) { return std::make_unique<Silent>(); });
  return chains.meetings().times;
}

Index not_met(const std::vector<Index>& times) {
  return std::count(times.begin(), times.end(), Index{0});
}

}  // namespace

TEST_CASE("a uniform from its other end is a uniform of 53 bits below 1; planted RR4 is not") {
  constexpr double largest = 1 - 0x1p-53;
  CHECK(reversed_uniform(0) == largest);
  CHECK(reversed_uniform(largest) == 0);
  CHECK(planted::RR4::reversed_uniform(0) == 1);
  for (const double u : {0x1p-53, 0.25, 0.5, 0.5 + 0x1p-53, 0x1.fffffp-3}) {
    CHECK(reversed_uniform(u) + u == largest);
    CHECK(reversed_uniform(reversed_uniform(u)) == u);
  }
}

// A pair that is each other's mirror image accepts with one probability at each site: it changes
// places for ever unless the two states read the words from different ends.
TEST_CASE("mirror images meet; planted RR3, RR5 do not") {
  CHECK(not_met(meetings(SingleFlip(SingleFlip::Scan::systematic))) == 0);
  CHECK(not_met(meetings(SingleFlip(SingleFlip::Scan::random))) == 0);
  CHECK(not_met(meetings(SiteGibbs(SiteGibbs::Scan::random))) == 0);
  using Flip = planted::RR3::SingleFlip;
  using Gibbs = planted::RR5::SiteGibbs;
  CHECK(not_met(meetings(Flip(Flip::Scan::systematic))) > 25);
  CHECK(not_met(meetings(Flip(Flip::Scan::random))) > 25);
  CHECK(not_met(meetings(Gibbs(Gibbs::Scan::random))) > 25);
}

// One spin in a field: two chains in opposite states part with probability TV(law, law) = 0 by
// Gibbs. So they have met after one draw each, whatever the field and the word.
TEST_CASE("the random scan of site_gibbs couples a site of two states maximally") {
  const AnyKernel<double> kernel(SiteGibbs(SiteGibbs::Scan::random));
  const AnyEnergy<double> energy =
      spins(Eigen::MatrixXd::Zero(1, 1), Eigen::VectorXd::Constant(1, 0.4));
  PhiloxSource random(3, 0, 64);
  Block<double> up = Block<double>::Ones(64, 1);
  auto upper = kernel.init(energy, PerChain::Ones(64), up);
  auto lower = kernel.init(energy, PerChain::Ones(64), Block<double>(-up));
  auto scratch = kernel.scratch(energy, 64);
  StepInfo info(64);
  for (std::uint64_t step = 0; step < 20; ++step) {
    random.set_step(step);
    kernel.step(energy, upper, scratch, random, info);
    kernel.step(energy, lower, scratch, random, info);
    CHECK((upper.position() == lower.position()).all());
    upper.position() = up;
    lower.position() = -up;
  }
}
