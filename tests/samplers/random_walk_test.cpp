#include "negphase/metropolis/random_walk.hpp"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include <random>

#include "planted/W1.hpp"
#include "support/acceptance_probe.hpp"
#include "support/altered_source.hpp"
#include "support/kernel_checks.hpp"
#include "support/zoo.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr auto same_words = [](RandomSource& source, auto&& step) { step(source); };

/// "" where the kernel proposes x + scale xi (within 2 roundings) and accepts with
/// min(1, exp(-beta (E(y) - E(x)))): the logarithm within 1e-12 (terms below 100, fewer than 100
/// roundings), the probability on its grid of 2^-53. As the proposal is symmetric, this is detailed
/// balance.
template <class S, class Make, class E, class Alter>
std::string complaint_of(Make make, const E& energy, double beta_power, Alter alter) {
  const CoupledWells<S> truth(2, 0.3);
  std::mt19937_64 engine(1);
  const auto uniform = [&] { return static_cast<double>(engine() >> 11) * 0x1p-53; };
  for (int n = 0; n < 500; ++n) {
    const double beta = std::array{0.25, 1.0, 2.5}[static_cast<std::size_t>(n % 3)];
    const double scale = 0.1 + uniform();
    Block<S> x(1, 2);
    std::vector<double> noise;
    for (Index j = 0; j < 2; ++j) {
      x(0, j) = static_cast<S>(3 * uniform() - 1.5);
      noise.push_back(3 * uniform() - 1.5);
    }
    const ProbedMove move =
        probe_move(make(scale), energy, std::pow(beta, beta_power), x, noise, alter);
    if (move.probability == 0) {
      continue;
    }
    const Block<S> y = move.proposal.cast<S>();
    for (Index j = 0; j < 2; ++j) {
      const double shift = scale * noise[static_cast<std::size_t>(j)];
      const double from = x(0, j), to = y(0, j);
      if (std::abs(to - (from + shift)) >
          2 * std::numeric_limits<S>::epsilon() * (std::abs(from) + std::abs(shift))) {
        return fmt::format("proposes {}, not {}", to, from + shift);
      }
    }
    PerChain energy_x(1), energy_y(1);
    truth.energy(x, energy_x);
    truth.energy(y, energy_y);
    const double expected = std::min(1.0, std::exp(-beta * (energy_y[0] - energy_x[0])));
    if (!(std::abs(move.probability - expected) <= 1e-12 * expected + 0x1p-53)) {
      return fmt::format("accepts with {}, not {}", move.probability, expected);
    }
  }
  return "";
}

constexpr auto random_walk = [](double scale) { return RandomWalk(scale); };
Lying<CoupledWells<double>> lying_wells(std::function<double(double)> lie) {
  return {CoupledWells<double>(2, 0.3), std::move(lie), {}};
}
const CoupledWells<double> wells(2, 0.3);

}  // namespace

TEST_CASE_TEMPLATE("the random walk is the textbook kernel", S, double, float) {
  CHECK(complaint_of<S>(random_walk, CoupledWells<S>(2, 0.3), 1, same_words) == "");
}

TEST_CASE("energies NaN, +inf and -inf are refused, at beta = 0 too") {
  for (const double beta : {0.0, 2.5}) {
    for (const double odd : {std::nan(""), inf, -inf}) {
      const FunctionEnergy<double> energy{[odd](double x) { return x > 1 ? odd : 0.0; }};
      const double noise = 10;
      const ProbedMove move =
          probe_move(RandomWalk(1), energy, beta, Block<double>::Zero(1, 1), std::span(&noise, 1));
      CHECK(move.probability == 0);
      CHECK(move.proposal(0, 0) == 0);
      CHECK(move.info.nan_proposals[0] == (std::isnan(odd) ? 1 : 0));
      CHECK(move.info.forbidden_proposals[0] == (odd == inf ? 1 : 0));
      CHECK(move.info.any_fault == (odd == -inf));
    }
  }
}

TEST_CASE("a chain that stands at NaN, -inf or +inf has a fault and stays") {
  const std::pair<double, Fault> cases[] = {
      {std::nan(""), Fault::nan_energy}, {-inf, Fault::minus_infinity}, {inf, Fault::forbidden}};
  for (const auto& [odd, fault] : cases) {
    const FunctionEnergy<double> energy{[odd = odd](double x) { return x < 1 ? odd : 0.0; }};
    const double noise = 10;
    const ProbedMove move =
        probe_move(RandomWalk(1), energy, 1, Block<double>::Zero(1, 1), std::span(&noise, 1));
    CHECK(move.proposal(0, 0) == 0);
    CHECK(move.info.fault[0] == static_cast<std::uint8_t>(fault));
  }
}

TEST_CASE_TEMPLATE("the random walk keeps the contract of kernels", S, double, float) {
  const CoupledWells<S> energy(5, 0.3);
  const Block<S> start = Block<S>::Constant(64, 5, S(0.5));
  check_kernel(RandomWalk(0.5), energy, start);
  CHECK(cache_complaint(RandomWalk(0.5), energy, start, 0) == "");
  const CoupledWells<S> wide(256, 0.3);
  CHECK(allocations_of_steps(RandomWalk(0.1), wide, Block<S>::Constant(64, 256, S(0.5)).eval()) ==
        0);
}

TEST_CASE("planted M1: acceptance with exp(+beta dE) is rejected, random walk") {
  CHECK(complaint_of<double>(random_walk, lying_wells([](double e) { return -e; }), 1,
                             same_words) != "");
}
TEST_CASE("planted M2: always accepting is rejected, random walk") {
  const auto zero = [](RandomSource& source, auto&& step) {
    AlteredSource lie(source, [](Purpose, Index, std::uint64_t) { return std::uint64_t{0}; });
    step(lie);
  };
  CHECK(complaint_of<double>(random_walk, wells, 1, zero) != "");
}
TEST_CASE("planted M6: beta applied twice is rejected, random walk") {
  CHECK(complaint_of<double>(random_walk, wells, 2, same_words) != "");
}
TEST_CASE("planted L15: energy one percent off is rejected, random walk") {
  CHECK(complaint_of<double>(random_walk, lying_wells([](double e) { return 1.01 * e; }), 1,
                             same_words) != "");
}
TEST_CASE("planted W1: a proposal of the wrong spread is rejected") {
  CHECK(complaint_of<double>([](double scale) { return planted::W1::RandomWalk(scale); }, wells, 1,
                             same_words) != "");
}
