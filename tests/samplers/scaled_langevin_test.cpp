#include "negphase/langevin/scaled_langevin.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "negphase/gradient/registry.hpp"
#include "negphase/gradient/warnings.hpp"
#include "negphase/registry/registry.hpp"
#include "planted/ES12.hpp"
#include "planted/ES13.hpp"
#include "planted/ES14.hpp"
#include "support/kernel_checks.hpp"
#include "support/problems.hpp"
#include "support/zoo.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

/// One step of one chain with given noise.
template <class K, class E>
double step(const K& kernel, const E& energy, double beta, double from, double xi) {
  StepInfo info(1);
  auto state =
      kernel.init(energy, PerChain::Constant(1, beta), Block<double>::Constant(1, 1, from));
  auto scratch = kernel.scratch(energy, 1);
  ScriptedSource source(1);
  source.script({}, std::span(&xi, 1));
  kernel.step(energy, state, scratch, source, info);
  return state.position(0, 0);
}

/// "" where the kernel is the map of M11 on E = k y^2 / 2, y' = (1 - a k) y + s xi, whatever beta,
/// with a stationary variance s^2 / (1 - (1 - a k)^2) that tends to T / k, T = s^2 / (2 a), and
/// says that it samples at 1 / T.
template <class K>
std::string complaint_of() {
  for (const double beta : {0.0, 1.0, 3.0}) {
    for (const double k : {0.5, 2.0}) {
      for (const double a : {0.2, 0.01, 1e-5}) {
        const double s = std::sqrt(2 * a * 0.04);  // T = 0.04
        const K kernel(a, s);
        const Spring<double> spring(k);
        const double slope = step(kernel, spring, beta, 1, 0),
                     noise = step(kernel, spring, beta, 0, 1);
        // a handful of roundings
        if (std::abs(slope - (1 - a * k)) > 1e-14 || std::abs(noise - s) > 1e-14 ||
            std::abs(step(kernel, spring, beta, 2, 3) - (2 * slope + 3 * noise)) > 1e-14) {
          return "another map at beta " + std::to_string(beta) + ", a " + std::to_string(a);
        }
        // T / k x 1 / (1 - a k / 2); 1 - slope^2 cancels to 1e-11 at a k = 5e-6
        const double variance = noise * noise / (1 - slope * slope);
        if (std::abs(variance * k / 0.04 * (1 - a * k / 2) - 1) > 1e-9) {
          return "variance " + std::to_string(variance);
        }
        if (std::abs(kernel.own_beta() * 0.04 - 1) > 1e-14) {
          return "says beta = " + std::to_string(kernel.own_beta());
        }
      }
    }
  }
  return "";
}

}  // namespace

TEST_CASE(
    "M11: noise and drift that disagree sample at T = s^2 / (2 a); planted ES12, ES13, ES14") {
  CHECK(complaint_of<ScaledLangevin>() == "");
  CHECK(complaint_of<planted::ES12::ScaledLangevin>() != "");
  CHECK(complaint_of<planted::ES13::ScaledLangevin>() != "");
  CHECK(complaint_of<planted::ES14::ScaledLangevin>() != "");
}

TEST_CASE("with s^2 = 2 a / beta it is the step of ula") {
  const CoupledWells<double> wells(1);
  for (const double beta : {0.5, 2.0}) {
    const double h = 0.03;
    const double ula = step(Ula(h), wells, beta, 0.7, -0.4);
    const double scaled = step(ScaledLangevin(h * beta, std::sqrt(2 * h)), wells, beta, 0.7, -0.4);
    CHECK(std::abs(ula - scaled) <= 8 * 0x1p-52);
  }
  CHECK_THROWS_AS(ScaledLangevin(0, 1), UsageError);
  CHECK_THROWS_AS(ScaledLangevin(1, std::nan("")), UsageError);
}

TEST_CASE("what is made of its draws says at which temperature they are") {
  const Executor executor(1);
  const std::vector<GivenOption> options{{"drift", 0.005, {}}, {"noise", 0.05, {}}};
  const AnySampler sampler = make_sampler("scaled_langevin", options);
  CHECK(sampler.own_beta == doctest::Approx(4));
  CHECK_FALSE(sampler.is_exact);
  const auto text = [&](double beta) {
    Problem p = quartic_problem(2);
    p.beta = beta;
    const auto e = estimate_gradient(
        p, &sampler, "long_chains",
        std::vector<GivenOption>{{"warmup", std::int64_t{2}, {}}, {"draws", std::int64_t{2}, {}}},
        settings_on(executor, 1));
    for (const Warning& w : e.warnings) {
      if (w.code == "biased_temperature") {
        return w.text;
      }
    }
    return std::string();
  };
  CHECK(text(1).find("T = 0.25, that is beta = 4, not the model's 1") != std::string::npos);
  CHECK(text(4).find("beta = 4, the model's own") != std::string::npos);
}
