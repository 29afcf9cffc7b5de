#include "negphase/metropolis/single_flip.hpp"

#include <doctest/doctest.h>

#include "negphase/core/conditioned.hpp"
#include "planted/M1.hpp"
#include "planted/M9.hpp"
#include "support/altered_source.hpp"
#include "support/kernel_checks.hpp"
#include "support/kernel_probe.hpp"
#include "support/zoo.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

constexpr double betas[] = {0.25, 1, 2.5};
constexpr auto systematic = SingleFlip::Scan::systematic;
constexpr auto at_sites = SingleFlip::Scan::random;

template <class E>
std::vector<Eigen::MatrixXd> site_matrices(const E& energy, double beta) {
  std::vector<Eigen::MatrixXd> all;
  const StateSpace space(energy.columns());
  for (Index j = 0; j < static_cast<Index>(energy.columns().size()); ++j) {
    all.push_back(metropolis_matrix(space, energy_table(energy), beta, j));
  }
  return all;
}

/// What single flips claim: the sweep is the product of the sites' matrices; random flips are
/// powers of their mean and reversible. Acceptance is in double whatever the block's scalar, so
/// 1e-14 holds for float blocks too, as the energies here are sums in double.
template <class E>
Claim claim_of(const E& energy, double beta, Index flips = 0) {
  const Eigen::VectorXd pi = gibbs_law(energy_table(energy), beta);
  const auto sites = site_matrices(energy, beta);
  if (flips == 0) {
    return {pi, in_order(sites), false, 1e-14};
  }
  return {pi,
          in_order(std::vector<Eigen::MatrixXd>(static_cast<std::size_t>(flips), at_random(sites))),
          true, 1e-14};
}

template <class E>
std::string complaint_of_sweep(const E& energy, double beta, int tails = 3) {
  const auto step = step_of(SingleFlip(systematic), energy, beta);
  return complaint(probe(StateSpace(energy.columns()), step, tails), claim_of(energy, beta));
}

template <class E>
std::string complaint_of_flips(const E& energy, double beta, Index flips, int tails = 3) {
  const auto step = step_of(SingleFlip(at_sites, flips), energy, beta);
  return complaint(probe(StateSpace(energy.columns()), step, tails), claim_of(energy, beta, flips));
}

/// Steps held against the claim of the 3-spin model: a sweep, or one random flip.
std::string wrong_sweep(const ProbedStep& step, double beta) {
  const auto energy = three_spins<double>();
  return complaint(probe(StateSpace(energy.columns()), step), claim_of(energy, beta));
}
std::string wrong_flip(const ProbedStep& step, double beta) {
  const auto energy = three_spins<double>();
  return complaint(probe(StateSpace(energy.columns()), step), claim_of(energy, beta, 1));
}

Lying<PairwiseEnergy<double>> lying_spins(std::function<double(double)> of_change) {
  return {three_spins<double>(), [](double e) { return e; }, std::move(of_change)};
}

/// A right kernel behind a lying source. `alter` sees where the chain stands at the step's start.
using AlterFrom = std::function<std::uint64_t(const Block<double>&, Purpose, Index, std::uint64_t)>;
ProbedStep with_source(ProbedStep step, AlterFrom alter) {
  return
      [step = std::move(step), alter = std::move(alter)](Block<double>& y, RandomSource& random) {
        const Block<double> from = y;
        AlteredSource lie(
            random, [&](Purpose p, Index i, std::uint64_t w) { return alter(from, p, i, w); });
        step(y, lie);
      };
}

/// A word that SingleFlip maps to this one of three sites.
std::uint64_t word_of_site(Index site) {
  return static_cast<std::uint64_t>(site) * 0x5555555555555556u + 1;
}

Block<double> start_of(Index chains, Index columns) {
  Block<double> y(chains, columns);
  for (Index c = 0; c < chains; ++c) {
    for (Index j = 0; j < columns; ++j) {
      y(c, j) = (c * 5 + j * 3) % 4 < 2 ? -1 : 1;
    }
  }
  return y;
}

}  // namespace

TEST_CASE_TEMPLATE("a sweep has the product of the textbook matrices", S, double, float) {
  for (const double beta : betas) {
    CAPTURE(beta);
    CHECK(complaint_of_sweep(three_spins<S>(), beta) == "");
    CHECK(complaint_of_sweep(glass<S>(3, ColumnKind::bit), beta) == "");
    CHECK(complaint_of_sweep(forbidden_states<S>(), beta) == "");
  }
  // value words come after all acceptance words, which hang on them: tails of every kind
  CHECK(complaint_of_sweep(categories<S>(), 2.5, 30) == "");
}

TEST_CASE_TEMPLATE("random flips have the mean of the textbook matrices and are reversible", S,
                   double, float) {
  for (const double beta : betas) {
    CAPTURE(beta);
    CHECK(complaint_of_flips(three_spins<S>(), beta, 1) == "");
    CHECK(complaint_of_flips(glass<S>(4, ColumnKind::bit), beta, 1) == "");
    CHECK(complaint_of_flips(forbidden_states<S>(), beta, 1) == "");
  }
  CHECK(complaint_of_flips(categories<S>(), 2.5, 1, 30) == "");
  // words of later sites decide what earlier acceptance words do: tails of every kind
  CHECK(complaint_of_flips(glass<S>(2, ColumnKind::spin), 1, 2, 30) == "");
}

TEST_CASE("single flips are metropolis_sweep_0_1_2 and metropolis_random_site of the vectors") {
  const auto energy = three_spins<double>();
  const StateSpace space(energy.columns());
  const KernelLaw sweep = probe(space, step_of(SingleFlip(systematic), energy, 0.8));
  CHECK(complaint(sweep, {reference_pi(), reference_matrix("metropolis_sweep_0_1_2"), false,
                          1e-14}) == "");
  CHECK(detailed_balance_gap(sweep.matrix, reference_pi()) > 0.09);
  const KernelLaw flip = probe(space, step_of(SingleFlip(at_sites, 1), energy, 0.8));
  CHECK(complaint(flip,
                  {reference_pi(), reference_matrix("metropolis_random_site"), true, 1e-14}) == "");
  MESSAGE("worst entries: sweep ",
          (sweep.matrix - reference_matrix("metropolis_sweep_0_1_2")).cwiseAbs().maxCoeff(),
          ", random site ",
          (flip.matrix - reference_matrix("metropolis_random_site")).cwiseAbs().maxCoeff());
}

TEST_CASE("at beta = 0 forbidden states stay forbidden") {
  CHECK(complaint_of_flips(forbidden_states<double>(), 0, 1) == "");
}

TEST_CASE("energies NaN, +inf and -inf at a proposal, and where a chain stands") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const auto step = [](double proposed, double standing) {
    Eigen::VectorXd energies(2);
    energies << standing, proposed;
    const TableEnergy<double> energy({bit_column()}, energies);
    PhiloxSource random(1, 0, 1);
    StepInfo info(1);
    auto state =
        SingleFlip(systematic).init(energy, PerChain::Constant(1, 2.0), Block<double>::Zero(1, 1));
    auto scratch = SingleFlip(systematic).scratch(energy, 1);
    SingleFlip(systematic).step(energy, state, scratch, random, info);
    CHECK(state.position(0, 0) == 0);  // none of these moves
    CHECK(info.accepted[0] == 0);
    CHECK(info.acceptance[0] == 0);
    CHECK(info.proposals[0] == 1);
    return info;
  };
  const auto fault = [](Fault f) { return static_cast<std::uint8_t>(f); };
  const StepInfo nan = step(std::nan(""), 0);
  CHECK(nan.nan_proposals[0] == 1);
  CHECK_FALSE(nan.any_fault);
  const StepInfo forbidden = step(inf, 0);
  CHECK(forbidden.forbidden_proposals[0] == 1);
  CHECK_FALSE(forbidden.any_fault);
  CHECK(step(-inf, 0).fault[0] == fault(Fault::minus_infinity));
  CHECK(step(0, std::nan("")).fault[0] == fault(Fault::nan_energy));
  CHECK(step(0, -inf).fault[0] == fault(Fault::minus_infinity));
  CHECK(step(0, inf).fault[0] == fault(Fault::forbidden));
}

TEST_CASE("u = 0 rejects what has probability 0") {
  Eigen::VectorXd energies(2);
  energies << 0, 800;  // exp(-800) is below every double
  const TableEnergy<double> energy({bit_column()}, energies);
  ScriptedSource source(1);
  const std::uint64_t zero = 0;
  source.script({&zero, 1});
  StepInfo info(1);
  auto state =
      SingleFlip(systematic).init(energy, PerChain::Constant(1, 1.0), Block<double>::Zero(1, 1));
  auto scratch = SingleFlip(systematic).scratch(energy, 1);
  SingleFlip(systematic).step(energy, state, scratch, source, info);
  CHECK(state.position(0, 0) == 0);
  CHECK_FALSE(info.any_fault);
}

TEST_CASE_TEMPLATE("single flips keep the contract of kernels", S, double, float) {
  const Block<S> start = start_of(64, 8).template cast<S>();
  // energies of at most 8 * 9 / 2 terms below 1, 16 sweeps of 8 changes: 36 * 128 * 2^-53 < 1e-12
  for (const SingleFlip& kernel :
       {SingleFlip(systematic), SingleFlip(at_sites), SingleFlip(at_sites, 3)}) {
    check_kernel(kernel, glass<S>(8, ColumnKind::spin), start);
    CHECK(cache_complaint(kernel, glass<S>(8, ColumnKind::spin), start, 1e-12) == "");
  }
  const auto energy = categories<S>();
  const Block<S> zeros = [&] {
    Block<S> y = Block<S>::Zero(64, 3);
    y.col(1) = -1;
    return y;
  }();
  check_kernel(SingleFlip(systematic), energy, zeros);
  check_kernel(SingleFlip(at_sites), energy, zeros);
}

TEST_CASE("the energy is computed anew after 16 sweeps, and the count is part of the state") {
  const auto energy = glass<double>(8, ColumnKind::spin);
  const SingleFlip kernel(systematic);
  auto state = kernel.init(energy, PerChain::Constant(4, 1.0), start_of(4, 8));
  auto scratch = kernel.scratch(energy, 4);
  StepInfo info(4);
  PhiloxSource random(2, 0, 4);
  PerChain fresh(4);
  state.energy += 1;  // a wrong cache, to see when it is mended
  for (int s = 1; s <= 16; ++s) {
    random.set_step(static_cast<std::uint64_t>(s));
    kernel.step(energy, state, scratch, random, info);
    energy.energy(state.position, fresh);
    CHECK(((state.energy - fresh).abs() < 0.5).all() == (s == 16));
    CHECK((state.age == (s == 16 ? 0 : 8 * s)).all());
  }
  std::vector<std::string> names;
  state.fields([&](std::string_view name, auto&) { names.emplace_back(name); });
  CHECK(names == std::vector<std::string>{"position", "beta", "energy", "age"});
}

TEST_CASE("columns without a list of states, and an energy without the member, are refused") {
  const CoupledWells<double> wells(1);
  const auto start = [](const auto& energy) {
    return SingleFlip(systematic)
        .init(energy, PerChain::Constant(1, 1.0), Block<double>::Zero(1, 1));
  };
  CHECK_THROWS_AS((void)start(wells), UsageError);
  CHECK_THROWS_AS((void)SingleFlip(at_sites, -1), UsageError);
}

TEST_CASE("planted G4: a site never visited is rejected, random scan") {
  const auto two_of_three = [](const auto&, Purpose p, Index, std::uint64_t w) {
    return p == Purpose::site ? word_of_site(index_below(w, 2)) : w;
  };
  const auto step =
      with_source(step_of(SingleFlip(at_sites, 1), three_spins<double>(), 1), two_of_three);
  CHECK(wrong_flip(step, 1) != "");
}

TEST_CASE("planted G7: one word for site and flip is rejected") {
  for (const double beta : betas) {
    // the acceptance word comes first; the site is read off the same word
    auto accept = std::make_shared<std::uint64_t>(0);
    const auto one_word = [accept](const auto&, Purpose p, Index, std::uint64_t w) {
      if (p == Purpose::accept) {
        *accept = w;
      }
      return p == Purpose::site ? *accept : w;
    };
    const auto step =
        with_source(step_of(SingleFlip(at_sites, 1), three_spins<double>(), beta), one_word);
    CHECK(wrong_flip(step, beta) != "");
  }
}

TEST_CASE("planted G12: modulo-biased site choice is rejected") {
  const auto biased = [](const auto&, Purpose p, Index, std::uint64_t w) {
    return p == Purpose::site ? word_of_site(static_cast<Index>((w >> 62) % 3)) : w;
  };
  const auto step = with_source(step_of(SingleFlip(at_sites, 1), three_spins<double>(), 1), biased);
  const auto energy = three_spins<double>();
  const KernelLaw law = probe(StateSpace(energy.columns()), step);
  CHECK(stationarity_error(law.matrix, claim_of(energy, 1, 1).pi) < 1e-14);  // pi is kept
  CHECK(wrong_flip(step, 1) != "");
}

TEST_CASE("planted M1: acceptance with exp(+beta dE) is rejected") {
  for (const double beta : betas) {
    const planted::M1::SingleFlip wrong(planted::M1::SingleFlip::Scan::systematic);
    CHECK(wrong_sweep(step_of(wrong, three_spins<double>(), beta), beta) != "");
  }
}

TEST_CASE("planted M2: always accepting is rejected") {
  const auto zero = [](const auto&, Purpose p, Index, std::uint64_t w) {
    return p == Purpose::accept ? 0 : w;
  };
  for (const double beta : betas) {
    CHECK(
        wrong_flip(with_source(step_of(SingleFlip(at_sites, 1), three_spins<double>(), beta), zero),
                   beta) != "");
  }
}

TEST_CASE("planted M3: accepting downhill only is rejected") {
  const auto largest = [](const auto&, Purpose p, Index, std::uint64_t w) {
    return p == Purpose::accept ? ~std::uint64_t{0} : w;
  };
  for (const double beta : betas) {
    CHECK(wrong_flip(
              with_source(step_of(SingleFlip(at_sites, 1), three_spins<double>(), beta), largest),
              beta) != "");
  }
}

TEST_CASE("planted M4: an energy change seen from the flipped state is rejected") {
  const auto energy = lying_spins([](double d) { return -d; });
  for (const double beta : betas) {
    CHECK(wrong_flip(step_of(SingleFlip(at_sites, 1), energy, beta), beta) != "");
  }
}

TEST_CASE("planted M5: redrawing until a proposal is accepted is rejected") {
  for (const double beta : betas) {
    const ProbedStep flip = step_of(SingleFlip(at_sites, 1), three_spins<double>(), beta);
    const ProbedStep redraws = [flip](Block<double>& y, RandomSource& random) {
      const Block<double> from = y;
      for (int n = 0; n < 3 && (y == from).all(); ++n) {
        flip(y, random);
      }
    };
    const auto energy = three_spins<double>();
    KernelLaw law = probe(StateSpace(energy.columns()), redraws);
    law.repeated.clear();  // not for that: its matrix is wrong
    CHECK(complaint(law, claim_of(energy, beta, 1)) != "");
  }
}

TEST_CASE("planted M6: beta applied twice is rejected") {
  for (const double beta : {0.25, 2.5}) {
    CHECK(wrong_sweep(step_of(SingleFlip(systematic), three_spins<double>(), beta * beta), beta) !=
          "");
  }
}

TEST_CASE("planted M7: a state-dependent proposal without its Hastings ratio is rejected") {
  // seven of ten words choose among the spins that are up
  const auto favours_up = [](const Block<double>& from, Purpose p, Index, std::uint64_t w) {
    const auto up = static_cast<Index>((from > 0).count());
    if (p != Purpose::site || up == 0 || index_below(w, 10) >= 7) {
      return w;
    }
    Index chosen = index_below(w * 10, up);
    for (Index site = 0;; ++site) {
      if (from(0, site) > 0 && chosen-- == 0) {
        return word_of_site(site);
      }
    }
  };
  for (const double beta : betas) {
    CHECK(wrong_flip(with_source(step_of(SingleFlip(at_sites, 1), three_spins<double>(), beta),
                                 favours_up),
                     beta) != "");
  }
}

TEST_CASE("planted M8: a coupling left out of the energy change is rejected") {
  auto weights = std::make_shared<PairwiseWeights>();
  weights->couplings.resize(3, 3);
  weights->couplings << 0, 0.5, 0.25, 0.5, 0, 0, 0.25, 0, 0;
  weights->fields.resize(3);
  weights->fields << 0.25, -0.5, 0.125;
  const PairwiseEnergy<double> energy(weights, ColumnKind::spin);
  for (const double beta : betas) {
    CHECK(wrong_sweep(step_of(SingleFlip(systematic), energy, beta), beta) != "");
  }
}

TEST_CASE("planted M9: a cached energy that keeps a rejected change is rejected") {
  const planted::M9::SingleFlip wrong(planted::M9::SingleFlip::Scan::systematic);
  CHECK(cache_complaint(wrong, glass<double>(8, ColumnKind::spin), start_of(64, 8), 1e-12) != "");
}
