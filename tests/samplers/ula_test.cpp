#include "negphase/langevin/ula.hpp"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "planted/U1.hpp"
#include "planted/U2.hpp"
#include "support/kernel_checks.hpp"
#include "support/zoo.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

/// One step of one chain with given noise.
template <class K, class E>
ChainState<double> step(const K& kernel, const E& energy, double beta, double from, double xi,
                        StepInfo& info) {
  auto state =
      kernel.init(energy, PerChain::Constant(1, beta), Block<double>::Constant(1, 1, from));
  auto scratch = kernel.scratch(energy, 1);
  ScriptedSource source(1);
  source.script({}, std::span(&xi, 1));
  kernel.step(energy, state, scratch, source, info);
  return state;
}

/// "" where the kernel is ULA: the move M11 from places of the double well, and on springs the map
/// y' = a y + s xi with a and s as they should be and with the stationary variance s^2 / (1 - a^2)
/// of langevin.json (M12).
template <class Make, class EnergyOf>
std::string complaint_of(Make make, EnergyOf well) {
  StepInfo info(1);
  for (const MalaRow& row : reference_mala()) {
    const double y =
        step(make(row.step_size), well, row.beta, row.x, row.noise, info).position(0, 0);
    if (!(std::abs(y - row.y) <= 4 * 0x1p-52 * (1 + std::abs(row.y)))) {
      return fmt::format("moves from {} to {}, not {}", row.x, y, row.y);
    }
  }
  for (const UlaRow& row : reference_ula()) {
    const Spring<double> spring(row.k);
    const auto end = [&](double y, double xi) {
      return step(make(row.step_size), spring, row.beta, y, xi, info).position(0, 0);
    };
    const double a = end(1, 0), s = end(0, 1), variance = s * s / (1 - a * a);
    // 1 - a^2 cancels at most one digit here: 16 roundings
    if (end(0, 0) != 0 || std::abs(end(2, 3) - (2 * a + 3 * s)) > 1e-14 ||
        std::abs(variance / row.variance - 1) > 16 * 0x1p-52) {
      return fmt::format("stationary variance {}, not {}", variance, row.variance);
    }
  }
  return "";
}

constexpr auto ula = [](double h) { return Ula(h); };

}  // namespace

TEST_CASE("M11: ula is the textbook map with the textbook stationary variance") {
  REQUIRE(reference_mala().size() == 12);
  REQUIRE(reference_ula().size() == 4);
  CHECK(complaint_of(ula, CoupledWells<double>(1)) == "");
}

TEST_CASE("M12: the stationary variance is not that of the target") {
  for (const UlaRow& row : reference_ula()) {
    CHECK(std::abs(row.variance * row.beta * row.k - 1) > 0.05);
  }
}

TEST_CASE("ula always moves: no proposals are counted, one gradient a step") {
  StepInfo info(1);
  (void)step(Ula(0.1), CoupledWells<double>(1), 1, 0.3, 0.2, info);
  CHECK(info.proposals[0] == 0);
  CHECK(info.accepted[0] == 0);
  CHECK(info.gradient_evaluations == 1);
  CHECK(info.energy_evaluations == 0);
}

TEST_CASE("faults: what is not finite where the chain stands") {
  const auto fault_of = [](std::function<double(double)> value,
                           std::function<double(double)> slope) {
    const FunctionEnergy<double> energy{std::move(value), std::move(slope)};
    StepInfo info(1);
    (void)step(Ula(0.5), energy, 1, 0, 10, info);  // ends at 10
    return static_cast<Fault>(info.fault[0]);
  };
  const auto flat = [](double) { return 0.0; };
  const auto then = [](double odd) { return [odd](double x) { return x > 1 ? odd : 0.0; }; };
  CHECK(fault_of(flat, flat) == Fault::none);
  CHECK(fault_of(then(std::nan("")), flat) == Fault::nan_energy);
  CHECK(fault_of(then(-inf), flat) == Fault::minus_infinity);
  CHECK(fault_of(then(inf), flat) == Fault::forbidden);
  CHECK(fault_of(flat, then(std::nan(""))) == Fault::diverged);
  CHECK(fault_of(flat, then(-inf)) == Fault::diverged);
}

TEST_CASE_TEMPLATE("a step size beyond 2 / (beta k) diverges, and the fault says so", S, double,
                   float) {
  const Spring<S> spring(1);
  auto state = Ula(3).init(spring, PerChain::Constant(2, 1.0), Block<S>::Constant(2, 1, S(1)));
  auto scratch = Ula(3).scratch(spring, 2);
  PhiloxSource random(1, 0, 2);
  StepInfo info(2);
  std::uint64_t s = 0;
  for (; s < 20000 && !info.any_fault; ++s) {
    random.set_step(s);
    Ula(3).step(spring, state, scratch, random, info);
  }
  CHECK(info.any_fault);
  // the energy overflows (+inf) before the position does in double, after it in float
  for (Index c = 0; c < 2; ++c) {
    if (info.fault[c] != 0) {
      const auto fault = static_cast<Fault>(info.fault[c]);
      CHECK((fault == Fault::diverged || fault == Fault::forbidden));
    }
  }
}

TEST_CASE_TEMPLATE("ula keeps the contract of kernels", S, double, float) {
  const CoupledWells<S> energy(5, 0.3);
  const Block<S> start = Block<S>::Constant(64, 5, S(0.5));
  check_kernel(Ula(0.05), energy, start);
  CHECK(cache_complaint(Ula(0.05), energy, start, 0) == "");
  const CoupledWells<S> wide(256, 0.3);
  CHECK(allocations_of_steps(Ula(0.01), wide, Block<S>::Constant(64, 256, S(0.5)).eval()) == 0);
}

TEST_CASE("wrong shapes, kinds and betas are refused") {
  const CoupledWells<double> energy(2);
  const auto start = [&](Index rows, Index cols, double beta) {
    return Ula(0.1).init(energy, PerChain::Constant(3, beta), Block<double>::Zero(rows, cols));
  };
  CHECK_NOTHROW((void)start(3, 2, 0));
  CHECK_THROWS_AS((void)start(2, 2, 1), UsageError);
  CHECK_THROWS_AS((void)start(3, 3, 1), UsageError);
  CHECK_THROWS_AS((void)start(3, 2, -1), UsageError);
  CHECK_THROWS_AS((void)start(3, 2, inf), UsageError);
  CHECK_THROWS_AS((void)Ula(0), UsageError);
  CoupledWells<double> bits(2);
  bits.columns_.assign(2, bit_column());
  CHECK_THROWS_AS((void)Ula(0.1).init(bits, PerChain::Zero(1), Block<double>::Zero(1, 2)),
                  UsageError);
}

TEST_CASE("planted U1: noise of another temperature is rejected") {
  CHECK(complaint_of([](double h) { return planted::U1::Ula(h); }, CoupledWells<double>(1)) != "");
}
TEST_CASE("planted U2: beta missing in the drift is rejected") {
  CHECK(complaint_of([](double h) { return planted::U2::Ula(h); }, CoupledWells<double>(1)) != "");
}
TEST_CASE("planted L3: a gradient with the wrong sign is rejected, ula") {
  struct Uphill : CoupledWells<double> {
    using CoupledWells<double>::CoupledWells;
    void energy_and_grad(const Block<double>& y, PerChain& out, Block<double>& grad) const {
      CoupledWells<double>::energy_and_grad(y, out, grad);
      grad = -grad;
    }
  };
  CHECK(complaint_of(ula, Uphill(1)) != "");
}
