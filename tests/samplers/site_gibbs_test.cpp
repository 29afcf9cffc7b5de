#include "negphase/gibbs/site_gibbs.hpp"

#include <doctest/doctest.h>

#include "negphase/gibbs/block_gibbs.hpp"
#include "planted/G14.hpp"
#include "planted/G15.hpp"
#include "planted/G16.hpp"
#include "planted/G17.hpp"
#include "planted/G18.hpp"
#include "planted/G19.hpp"
#include "support/kernel_checks.hpp"
#include "support/kernel_probe.hpp"
#include "support/zoo.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

constexpr double betas[] = {0.25, 1, 2.5};
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr auto systematic = SiteGibbs::Scan::systematic;
constexpr auto at_sites = SiteGibbs::Scan::random;

template <class E>
std::vector<Eigen::MatrixXd> site_matrices(const E& energy, double beta) {
  std::vector<Eigen::MatrixXd> all;
  const StateSpace space(energy.columns());
  for (Index j = 0; j < static_cast<Index>(energy.columns().size()); ++j) {
    all.push_back(gibbs_matrix(space, energy_table(energy), beta, {j}));
  }
  return all;
}

/// The sweep is the product of the sites' matrices. In float each column adds num_states 2^-23
/// (block_gibbs_test.cpp); in double 1e-14.
template <class E>
Claim sweep_claim(const E& energy, double beta) {
  double tolerance = 1e-14;
  if constexpr (std::same_as<typename E::Scalar, float>) {
    tolerance = 0;
    for (const Column& column : energy.columns()) {
      tolerance += static_cast<double>(column.num_states) * 0x1p-23;
    }
  }
  return {gibbs_law(energy_table(energy), beta), in_order(site_matrices(energy, beta)), false,
          tolerance};
}

/// Random draws are powers of the mean of the sites' matrices and reversible. They are made in
/// double whatever the block's scalar, and the energies here are sums in double: 1e-14.
template <class E>
Claim random_claim(const E& energy, double beta, Index updates) {
  const Eigen::MatrixXd one = at_random(site_matrices(energy, beta));
  return {gibbs_law(energy_table(energy), beta),
          in_order(std::vector<Eigen::MatrixXd>(static_cast<std::size_t>(updates), one)), true,
          1e-14};
}

template <class K, class E>
std::string sweep_complaint(const K& kernel, const E& energy, double beta, double run_at) {
  return complaint(probe(StateSpace(energy.columns()), step_of(kernel, energy, run_at)),
                   sweep_claim(energy, beta));
}
template <class K, class E>
std::string random_complaint(const K& kernel, const E& energy, double beta, double run_at,
                             Index updates = 1, int tails = 3) {
  return complaint(probe(StateSpace(energy.columns()), step_of(kernel, energy, run_at), tails),
                   random_claim(energy, beta, updates));
}

template <class E>
std::string complaint_of_sweep(const E& energy, double beta) {
  return sweep_complaint(SiteGibbs(systematic), energy, beta, beta);
}
template <class E>
std::string complaint_of_draws(const E& energy, double beta, Index updates = 1, int tails = 3) {
  return random_complaint(SiteGibbs(at_sites, updates), energy, beta, beta, updates, tails);
}

Block<double> start_in(std::span<const Column> columns, Index chains) {
  Block<double> y(chains, static_cast<Index>(columns.size()));
  for (Index c = 0; c < chains; ++c) {
    for (Index j = 0; j < y.cols(); ++j) {
      const Column& column = columns[static_cast<std::size_t>(j)];
      y(c, j) = state_code(column, (c * 7 + j * 3) % column.num_states);
    }
  }
  return y;
}

/// One step from every chain of `start`.
template <class E>
StepInfo info_of_step(const SiteGibbs& kernel, const E& energy, const Block<double>& start) {
  auto state = kernel.init(energy, PerChain::Constant(start.rows(), 1.0), start);
  auto scratch = kernel.scratch(energy, start.rows());
  StepInfo info(start.rows());
  PhiloxSource random(1, 0, start.rows());
  kernel.step(energy, state, scratch, random, info);
  return info;
}

}  // namespace

TEST_CASE_TEMPLATE("M13: a sweep has the product of the textbook matrices", S, double, float) {
  for (const double beta : betas) {
    CAPTURE(beta);
    CHECK(complaint_of_sweep(three_spins<S>(), beta) == "");
    CHECK(complaint_of_sweep(glass<S>(3, ColumnKind::bit), beta) == "");
    CHECK(complaint_of_sweep(categories<S>(), beta) == "");
    CHECK(complaint_of_sweep(forbidden_states<S>(), beta) == "");
  }
  CHECK(complaint_of_sweep(small_rbm<S>(), 2.5) == "");
}

TEST_CASE_TEMPLATE("random draws have the mean of the textbook matrices and are reversible", S,
                   double, float) {
  for (const double beta : betas) {
    CAPTURE(beta);
    CHECK(complaint_of_draws(three_spins<S>(), beta) == "");
    CHECK(complaint_of_draws(glass<S>(4, ColumnKind::bit), beta) == "");
    CHECK(complaint_of_draws(categories<S>(), beta) == "");
    CHECK(complaint_of_draws(forbidden_states<S>(), beta) == "");
  }
  // words of later draws decide what earlier ones show: tails of every kind
  CHECK(complaint_of_draws(glass<S>(2, ColumnKind::spin), 1, 2, 30) == "");
  // updates = 0: one a column
  CHECK(random_complaint(SiteGibbs(at_sites), glass<S>(2, ColumnKind::spin), 1, 1, 2, 30) == "");
}

TEST_CASE("site gibbs is gibbs_sweep_0_1_2 and gibbs_random_site of the vectors") {
  const auto energy = three_spins<double>();
  const StateSpace space(energy.columns());
  const KernelLaw sweep = probe(space, step_of(SiteGibbs(systematic), energy, 0.8));
  CHECK(complaint(sweep, {reference_pi(), reference_matrix("gibbs_sweep_0_1_2"), false, 1e-14}) ==
        "");
  CHECK(detailed_balance_gap(sweep.matrix, reference_pi()) > 0.03);  // and the check would see it
  const KernelLaw draw = probe(space, step_of(SiteGibbs(at_sites, 1), energy, 0.8));
  CHECK(complaint(draw, {reference_pi(), reference_matrix("gibbs_random_site"), true, 1e-14}) ==
        "");
  MESSAGE("worst entries: sweep ",
          (sweep.matrix - reference_matrix("gibbs_sweep_0_1_2")).cwiseAbs().maxCoeff(),
          ", random site ",
          (draw.matrix - reference_matrix("gibbs_random_site")).cwiseAbs().maxCoeff());
}

TEST_CASE_TEMPLATE("a sweep is block gibbs over single columns, bit for bit", S, double, float) {
  const auto energy = categories<S>();  // its layers are single columns in order
  const Block<S> start = start_in(energy.columns(), 16).template cast<S>();
  const auto site = run_typed(SiteGibbs(systematic), energy, betas_of(16), start, 0, 50);
  const auto block = run_typed(BlockGibbs(), energy, betas_of(16), start, 0, 50);
  CHECK(same_bits(site.position, block.position));
}

TEST_CASE_TEMPLATE("at beta = 0 forbidden states stay forbidden", S, double, float) {
  CHECK(complaint_of_sweep(forbidden_states<S>(), 0) == "");
  CHECK(complaint_of_draws(forbidden_states<S>(), 0) == "");
}

TEST_CASE("a conditional or an energy change that is NaN is a fault of its chain only") {
  Eigen::VectorXd energies(8);
  // 100 has the neighbour 110 of energy NaN; those of 001 are all forbidden
  energies << inf, 0.1, 0.3, inf, 0.2, inf, std::nan(""), 0.3;
  const TableEnergy<double> energy({bit_column(), bit_column(), bit_column()}, energies);
  Block<double> start(2, 3);
  start << 1, 0, 0, 0, 0, 1;
  for (const SiteGibbs& kernel : {SiteGibbs(systematic), SiteGibbs(at_sites, 30)}) {
    const StepInfo info = info_of_step(kernel, energy, start);
    CHECK(info.fault[0] == static_cast<std::uint8_t>(Fault::nan_energy));
    CHECK(info.fault[1] == static_cast<std::uint8_t>(Fault::none));
  }
}

TEST_CASE("forbidden states are left and never drawn; a random draw costs K - 1 energy changes") {
  Eigen::VectorXd energies(3);
  energies << inf, 0.5, inf;
  const TableEnergy<double> energy({{ColumnKind::category, 3}}, energies);
  CHECK(info_of_step(SiteGibbs(systematic), energy, Block<double>::Zero(1, 1)).any_fault == false);
  const StepInfo info = info_of_step(SiteGibbs(at_sites, 5), energy, Block<double>::Ones(1, 1));
  CHECK_FALSE(info.any_fault);
  CHECK(info.energy_evaluations == 5 * 2);
  CHECK(info.proposals[0] == 0);
}

TEST_CASE_TEMPLATE("site gibbs keeps the contract of kernels", S, double, float) {
  const auto spins = glass<S>(8, ColumnKind::spin);
  const auto mixed = categories<S>();
  for (const SiteGibbs& kernel :
       {SiteGibbs(systematic), SiteGibbs(at_sites), SiteGibbs(at_sites, 3)}) {
    check_kernel(kernel, spins, start_in(spins.columns(), 64).template cast<S>());
    check_kernel(kernel, mixed, start_in(mixed.columns(), 64).template cast<S>());
  }
  const auto large = glass<S>(256, ColumnKind::spin);
  const Block<S> start = start_in(large.columns(), 64).template cast<S>();
  CHECK(allocations_of_steps(SiteGibbs(systematic), large, start) == 0);
}

TEST_CASE("columns without a list of states, and an energy without the member, are refused") {
  const CoupledWells<double> wells(1);
  for (const SiteGibbs& kernel : {SiteGibbs(systematic), SiteGibbs(at_sites)}) {
    CHECK_THROWS_AS((void)kernel.init(wells, PerChain::Constant(1, 1.0), Block<double>::Zero(1, 1)),
                    UsageError);
  }
  CHECK_THROWS_AS((void)SiteGibbs(at_sites, -1), UsageError);
}

TEST_CASE("beta forgotten is rejected") {
  for (const double beta : {0.25, 2.5}) {
    CHECK(sweep_complaint(SiteGibbs(systematic), three_spins<double>(), beta, 1) != "");
    CHECK(random_complaint(SiteGibbs(at_sites, 1), three_spins<double>(), beta, 1) != "");
  }
}

TEST_CASE("an energy change with the wrong sign is rejected") {
  const Lying<PairwiseEnergy<double>> lying(
      three_spins<double>(), [](double e) { return e; }, [](double d) { return -d; });
  for (const double beta : betas) {
    CHECK(random_complaint(SiteGibbs(at_sites, 1), lying, beta, beta) != "");
    CHECK(sweep_complaint(SiteGibbs(systematic), lying, beta, beta) != "");
  }
}

TEST_CASE("planted G14: a site never visited is rejected") {
  using Wrong = planted::G14::SiteGibbs;
  const auto energy = three_spins<double>();
  const KernelLaw law =
      probe(StateSpace(energy.columns()), step_of(Wrong(Wrong::Scan::systematic), energy, 1));
  CHECK(stationarity_error(law.matrix, sweep_claim(energy, 1).pi) < 1e-14);  // pi is kept
  CHECK(complaint(law, sweep_claim(energy, 1)) != "");
}
TEST_CASE("planted G15: the conditional of another site is rejected") {
  using Wrong = planted::G15::SiteGibbs;
  for (const double beta : betas) {
    CHECK(sweep_complaint(Wrong(Wrong::Scan::systematic), three_spins<double>(), beta, beta) != "");
  }
}
TEST_CASE("planted G16: one uniform for all sites is rejected") {
  using Wrong = planted::G16::SiteGibbs;
  CHECK(sweep_complaint(Wrong(Wrong::Scan::systematic), three_spins<double>(), 1, 1) != "");
}
TEST_CASE("planted G17: moving back instead of on is rejected") {
  using Wrong = planted::G17::SiteGibbs;
  for (const double beta : betas) {
    CHECK(random_complaint(Wrong(Wrong::Scan::random, 1), categories<double>(), beta, beta) != "");
  }
}
TEST_CASE("planted G18: a last site never chosen is rejected") {
  using Wrong = planted::G18::SiteGibbs;
  CHECK(random_complaint(Wrong(Wrong::Scan::random, 1), three_spins<double>(), 1, 1) != "");
}
TEST_CASE("planted G19: states counted twice where columns differ in K are rejected") {
  using Wrong = planted::G19::SiteGibbs;
  const auto energy = categories<double>();
  const KernelLaw law =
      probe(StateSpace(energy.columns()), step_of(Wrong(Wrong::Scan::random, 1), energy, 1));
  CHECK(complaint(law, random_claim(energy, 1, 1)) != "");
}
