#include "negphase/langevin/mala.hpp"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include <random>

#include "planted/L1.hpp"
#include "planted/L10.hpp"
#include "planted/L16.hpp"
#include "planted/L2.hpp"
#include "planted/L3.hpp"
#include "planted/L4.hpp"
#include "planted/L5.hpp"
#include "planted/L7.hpp"
#include "planted/L8.hpp"
#include "planted/M10.hpp"
#include "support/acceptance_probe.hpp"
#include "support/altered_source.hpp"
#include "support/kernel_checks.hpp"
#include "support/zoo.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

/// A kernel that claims to be MALA: `make(h)`, on `energy(dimension, beta)`, at `beta_of(beta)`,
/// with the random words that pass through `alter(source, step)`.
template <class Make, class EnergyOf, class BetaOf, class Alter>
struct Suspect {
  Make make;
  EnergyOf energy;
  BetaOf beta_of;
  Alter alter;
};

/// log(pi(y) q(y, x) / (pi(x) q(x, y))) from the definition (M12), squares and all, with the
/// gradient and the coefficients of the move as rounded to S.
template <class S>
double textbook_log_ratio(const Block<S>& x, const Block<S>& y, double h, double beta,
                          double coupling) {
  const CoupledWells<S> truth(x.cols(), coupling);
  PerChain energy_x(1), energy_y(1);
  Block<S> grad_x(1, x.cols()), grad_y(1, x.cols());
  truth.energy_and_grad(x, energy_x, grad_x);
  truth.energy_and_grad(y, energy_y, grad_y);
  const auto drift = static_cast<long double>(static_cast<S>(h * beta));
  const auto scale = static_cast<long double>(static_cast<S>(std::sqrt(2 * h)));
  long double there = 0, back = 0;
  for (Index j = 0; j < x.cols(); ++j) {
    const long double a = x(0, j), b = y(0, j);
    const long double to_b = b - (a - drift * static_cast<long double>(grad_x(0, j)));
    const long double to_a = a - (b - drift * static_cast<long double>(grad_y(0, j)));
    there -= to_b * to_b / (2 * scale * scale);
    back -= to_a * to_a / (2 * scale * scale);
  }
  return static_cast<double>(-static_cast<long double>(beta) * (energy_y[0] - energy_x[0]) + back -
                             there);
}

/// Whether p is exp(min(0, log_ratio)): the logarithm within 1e-12 (its terms stay below 100, and
/// 100 roundings of 2^-53 of such a sum are 1.1e-12), p on its grid of 2^-53.
bool is_acceptance(double p, double log_ratio) {
  const double expected = std::exp(std::min(0.0, log_ratio));
  return std::abs(p - expected) <= 1e-12 * expected + 0x1p-53;
}

struct Errors {
  double proposal = 0, acceptance = 0, balance = 0;
};

/// "" where the kernel is MALA in all that the probes see: the rows of langevin.json; 1000 random
/// moves in one to three dimensions: the proposal within 4 roundings, the acceptance of the move
/// and of its reversal, and pi(x) q(x, y) a(x, y) = pi(y) q(y, x) a(y, x).
template <class S, class Suspect>
std::string complaint_of(const Suspect& suspect, Errors* errors = nullptr) {
  Errors worst;
  if constexpr (std::same_as<S, double>) {
    for (const MalaRow& row : reference_mala()) {
      const ProbedMove move =
          probe_move(suspect.make(row.step_size), suspect.energy(Index{1}, row.beta),
                     suspect.beta_of(row.beta), Block<double>::Constant(1, 1, row.x),
                     std::span(&row.noise, 1), suspect.alter);
      if (!(std::abs(move.proposal(0, 0) - row.y) <= 4 * 0x1p-52 * (1 + std::abs(row.y)))) {
        return fmt::format("langevin.json: proposes {} from {}, not {}", move.proposal(0, 0), row.x,
                           row.y);
      }
      if (!is_acceptance(move.probability, row.log_accept)) {
        return fmt::format("langevin.json: accepts {} -> {} with {}, not {}", row.x, row.y,
                           move.probability, std::exp(row.log_accept));
      }
    }
  }
  constexpr double coupling = 0.3;
  constexpr double epsilon = std::numeric_limits<S>::epsilon();
  std::mt19937_64 engine(1);
  const auto uniform = [&] { return static_cast<double>(engine() >> 11) * 0x1p-53; };
  for (int n = 0; n < 1000; ++n) {
    const Index d = 1 + n % 3;
    const double beta = std::array{0.25, 1.0, 2.5}[static_cast<std::size_t>(n / 3 % 3)];
    const double h = 0.02 + 0.3 * uniform();
    const auto kernel = suspect.make(h);
    const auto energy = suspect.energy(d, beta);
    Block<S> x(1, d);
    std::vector<double> noise;
    for (Index j = 0; j < d; ++j) {
      x(0, j) = static_cast<S>(3 * uniform() - 1.5);
      noise.push_back(std::sqrt(-2 * std::log(1 - uniform())) * std::cos(6.28 * uniform()));
    }
    const ProbedMove there =
        probe_move(kernel, energy, suspect.beta_of(beta), x, noise, suspect.alter);
    if (there.probability == 0) {
      continue;
    }
    const Block<S> y = there.proposal.cast<S>();
    const CoupledWells<S> truth(d, coupling);
    PerChain value(1);
    Block<S> grad_x(1, d), grad_y(1, d);
    truth.energy_and_grad(x, value, grad_x);
    truth.energy_and_grad(y, value, grad_y);
    std::vector<double> back_noise;
    for (Index j = 0; j < d; ++j) {
      const double from = x(0, j), to = y(0, j), scale = std::sqrt(2 * h);
      const double xi = noise[static_cast<std::size_t>(j)];
      const double drift = h * beta * grad_x(0, j);
      const double error = std::abs(to - (from - drift + scale * xi)) /
                           (epsilon * (std::abs(from) + std::abs(drift) + std::abs(scale * xi)));
      worst.proposal = std::max(worst.proposal, error);
      back_noise.push_back((from - to + h * beta * grad_y(0, j)) / scale);
    }
    if (worst.proposal > 4) {
      return fmt::format("proposal is off by {:.1e} roundings", worst.proposal);
    }
    const double log_ratio = textbook_log_ratio(x, y, h, beta, coupling);
    worst.acceptance = std::max(worst.acceptance,
                                std::abs(there.probability - std::exp(std::min(0.0, log_ratio))));
    if (!is_acceptance(there.probability, log_ratio)) {
      return fmt::format("accepts with {}, not {}", there.probability,
                         std::exp(std::min(0.0, log_ratio)));
    }
    if constexpr (std::same_as<S, double>) {
      // the way back ends at x but for a few roundings, each worth |d log ratio / dx| < 100
      const ProbedMove back =
          probe_move(kernel, energy, suspect.beta_of(beta), y, back_noise, suspect.alter);
      if (there.probability < 1e-3 || back.probability < 1e-3) {
        continue;  // the grid of 2^-53 is too coarse for a logarithm
      }
      const double gap =
          std::abs(log_ratio + std::log(back.probability) - std::log(there.probability));
      worst.balance = std::max(worst.balance, gap);
      if (gap > 1e-12) {
        return fmt::format("detailed balance is off by {:.1e}", gap);
      }
    }
  }
  if (errors != nullptr) {
    *errors = worst;
  }
  return "";
}

constexpr auto mala = [](double h) { return Mala(h); };
constexpr auto same_beta = [](double beta) { return beta; };
constexpr auto same_words = [](RandomSource& source, auto&& step) { step(source); };
template <class S>
constexpr auto wells = [](Index d, double) { return CoupledWells<S>(d, 0.3); };

/// A wrong kernel on the right energy.
template <class Make>
std::string complaint_of_kernel(Make make) {
  return complaint_of<double>(Suspect{make, wells<double>, same_beta, same_words});
}
/// The right kernel on energies that lie about the value; the gradient is right.
template <class LieAtBeta>
std::string complaint_of_lie(LieAtBeta lie_at) {
  const auto energy = [lie_at](Index d, double beta) {
    return Lying<CoupledWells<double>>(CoupledWells<double>(d, 0.3), lie_at(beta), {});
  };
  return complaint_of<double>(Suspect{mala, energy, same_beta, same_words});
}

/// "" where proposals to NaN, +inf and -inf are all refused and counted as what they are.
template <class Make>
std::string complaint_of_odd_energies(Make make) {
  for (const double odd : {std::nan(""), inf, -inf}) {
    const FunctionEnergy<double> energy{[odd](double x) { return x > 1 ? odd : 0.0; }};
    const double noise = 10;
    const ProbedMove move =
        probe_move(make(0.5), energy, 2.5, Block<double>::Zero(1, 1), std::span(&noise, 1));
    const StepInfo& info = move.info;
    const bool counted = std::isnan(odd) ? info.nan_proposals[0] == 1 && !info.any_fault
                         : odd > 0
                             ? info.forbidden_proposals[0] == 1 && !info.any_fault
                             : info.fault[0] == static_cast<std::uint8_t>(Fault::minus_infinity);
    if (!counted || move.probability != 0 || move.proposal(0, 0) != 0 || info.proposals[0] != 1) {
      return fmt::format("a proposal of energy {} is not refused", odd);
    }
  }
  return "";
}

}  // namespace

TEST_CASE_TEMPLATE("M12: mala is the textbook kernel", S, double, float) {
  REQUIRE(reference_mala().size() == 12);
  Errors errors;
  CHECK(complaint_of<S>(Suspect{mala, wells<S>, same_beta, same_words}, &errors) == "");
  MESSAGE("worst errors: proposal ", errors.proposal, " roundings, acceptance ", errors.acceptance,
          ", log balance ", errors.balance);
}

TEST_CASE("xi = 0 is the drift, and the noise has scale sqrt(2 h)") {
  const CoupledWells<double> energy(1);
  const double h = 0.05, beta = 2.5, x = 0.3;
  const auto end = [&](double xi) {
    return probe_move(Mala(h), energy, beta, Block<double>::Constant(1, 1, x), std::span(&xi, 1))
        .proposal(0, 0);
  };
  const double gradient = x * x * x - x + 0.125;
  CHECK(end(0) == doctest::Approx(x - h * beta * gradient).epsilon(1e-15));
  CHECK(end(1) - end(0) == doctest::Approx(std::sqrt(2 * h)).epsilon(1e-14));
}

TEST_CASE("each chain has its own beta") {
  const CoupledWells<double> energy(2, 0.3);
  const Block<double> start = Block<double>::Constant(3, 2, 0.7);
  PerChain beta(3);
  beta << 0.25, 1, 2.5;
  const auto together = run_typed(Mala(0.1), energy, beta, start, 0, 5);
  for (Index c = 0; c < 3; ++c) {
    const auto alone = run_typed(Mala(0.1), energy, beta.segment(c, 1), start.topRows(1),
                                 static_cast<std::uint32_t>(c), 5);
    CHECK((alone.position == together.position.row(c)).all());
  }
}

TEST_CASE("proposals with energy NaN, +inf and -inf are refused") {
  CHECK(complaint_of_odd_energies(mala) == "");
}

TEST_CASE("a gradient that is not finite at the proposal is refused as NaN") {
  for (const double odd : {std::nan(""), inf, -inf, 1e308}) {
    const FunctionEnergy<double> energy{[](double) { return 0.0; },
                                        [odd](double x) { return x > 1 ? odd : 0.0; }};
    const double noise = 10;
    const ProbedMove move =
        probe_move(Mala(0.5), energy, 1, Block<double>::Zero(1, 1), std::span(&noise, 1));
    CHECK(move.proposal(0, 0) == 0);
    CHECK(move.info.accepted[0] == 0);
    CHECK_FALSE(move.info.any_fault);
  }
}

TEST_CASE("a chain that stands at NaN, -inf or +inf has a fault and stays") {
  const std::pair<double, Fault> cases[] = {
      {std::nan(""), Fault::nan_energy}, {-inf, Fault::minus_infinity}, {inf, Fault::forbidden}};
  for (const auto& [odd, fault] : cases) {
    const FunctionEnergy<double> energy{[odd = odd](double x) { return x < 1 ? odd : 0.0; }};
    const double noise = 10;
    const ProbedMove move =
        probe_move(Mala(0.5), energy, 1, Block<double>::Zero(1, 1), std::span(&noise, 1));
    CHECK(move.proposal(0, 0) == 0);
    CHECK(move.info.fault[0] == static_cast<std::uint8_t>(fault));
  }
}

TEST_CASE_TEMPLATE("mala keeps the contract of kernels", S, double, float) {
  const CoupledWells<S> energy(5, 0.3);
  const Block<S> start = Block<S>::Constant(64, 5, S(0.5));
  check_kernel(Mala(0.1), energy, start);
  CHECK(cache_complaint(Mala(0.1), energy, start, 0) == "");
  const CoupledWells<S> wide(256, 0.3);
  CHECK(allocations_of_steps(Mala(0.01), wide, Block<S>::Constant(64, 256, S(0.5)).eval()) == 0);
}

TEST_CASE("a step size that is not positive and finite is refused") {
  for (const double h : {0.0, -1.0, inf, std::nan("")}) {
    CHECK_THROWS_AS((void)Mala(h), UsageError);
  }
}

TEST_CASE("planted L1: proposal ratio dropped is rejected") {
  CHECK(complaint_of_kernel([](double h) { return planted::L1::Mala(h); }) != "");
}
TEST_CASE("planted L2: proposal ratio inverted is rejected") {
  CHECK(complaint_of_kernel([](double h) { return planted::L2::Mala(h); }) != "");
}
TEST_CASE("planted L3: drift with the wrong sign is rejected") {
  CHECK(complaint_of_kernel([](double h) { return planted::L3::Mala(h); }) != "");
}
TEST_CASE("planted L4: sqrt(h) for sqrt(2 h) is rejected") {
  CHECK(complaint_of_kernel([](double h) { return planted::L4::Mala(h); }) != "");
}
TEST_CASE("planted L5: 2 h for 4 h in q is rejected") {
  CHECK(complaint_of_kernel([](double h) { return planted::L5::Mala(h); }) != "");
}
TEST_CASE("planted L6: beta missing in the energy part is rejected") {
  CHECK(complaint_of_lie([](double beta) { return [beta](double e) { return e / beta; }; }) != "");
}
TEST_CASE("planted L7: beta missing in the drift of the proposal is rejected") {
  CHECK(complaint_of_kernel([](double h) { return planted::L7::Mala(h); }) != "");
}
TEST_CASE("planted L8: a stale gradient in the reverse move is rejected") {
  CHECK(complaint_of_kernel([](double h) { return planted::L8::Mala(h); }) != "");
}
TEST_CASE("planted L9: always accepting is rejected") {
  const auto zero = [](RandomSource& source, auto&& step) {
    AlteredSource lie(
        source, [](Purpose p, Index, std::uint64_t w) { return p == Purpose::accept ? 0 : w; });
    step(lie);
  };
  CHECK(complaint_of<double>(Suspect{mala, wells<double>, same_beta, zero}) != "");
}
TEST_CASE("planted L10: half the drift in the proposal is rejected") {
  CHECK(complaint_of_kernel([](double h) { return planted::L10::Mala(h); }) != "");
}
TEST_CASE("planted L11: target ratio inverted is rejected") {
  CHECK(complaint_of_lie([](double) { return [](double e) { return -e; }; }) != "");
}
TEST_CASE("planted L12: E(new) - E(new) is rejected") {
  CHECK(complaint_of_lie([](double) { return [](double) { return 0.0; }; }) != "");
}
TEST_CASE("planted L13: beta squared is rejected") {
  const auto squared = [](double beta) { return beta * beta; };
  CHECK(complaint_of<double>(Suspect{mala, wells<double>, squared, same_words}) != "");
}

namespace {
/// CoupledWells with a gradient one percent off.
template <class S>
struct Steep : CoupledWells<S> {
  using CoupledWells<S>::CoupledWells;
  void energy_and_grad(const Block<S>& y, PerChain& out, Block<S>& grad) const {
    CoupledWells<S>::energy_and_grad(y, out, grad);
    grad *= S(1.01);
  }
};
}  // namespace

TEST_CASE("planted L14: a gradient one percent off is rejected") {
  // it stays a right MALA with another proposal: only the scripted step can see it
  const auto steep = [](Index d, double) { return Steep<double>(d, 0.3); };
  CHECK(complaint_of<double>(Suspect{mala, steep, same_beta, same_words}).find("propos") !=
        std::string::npos);
}
TEST_CASE("planted L15: energy one percent off is rejected") {
  CHECK(complaint_of_lie([](double) { return [](double e) { return 1.01 * e; }; }) != "");
}
TEST_CASE("planted L16: a NaN acceptance that counts as accepted is rejected") {
  CHECK(complaint_of_odd_energies([](double h) { return planted::L16::Mala(h); }) != "");
}
TEST_CASE("planted M10: a ratio over as many columns as chains is rejected") {
  CHECK(complaint_of_kernel([](double h) { return planted::M10::Mala(h); }) != "");
}
