#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "negphase/gibbs/block_gibbs.hpp"
#include "negphase/gradient/nll_objective.hpp"
#include "negphase/gradient/phase.hpp"
#include "negphase/gradient/training.hpp"

#include "planted/RR1.hpp"
#include "planted/RR2.hpp"
#include "support/problems.hpp"

namespace {

using namespace negphase;
using testing::rbm_problem;
using testing::settings_on;

const AnySampler& gibbs() {
  static const AnySampler sampler{
      .name = "block_gibbs", .in_float = BlockGibbs(), .in_double = BlockGibbs()};
  return sampler;
}

struct Draws {
  Index chains, draws, width;
};

template <class Chains, class Spec>
Chains chains_of(const Draws& how, Precision precision, const Executor& executor) {
  RunSettings settings = settings_on(executor, 5);
  settings.block_width = how.width;
  settings.precision = precision;
  Spec spec;
  spec.role = "negative phase";
  spec.replicates = decltype(spec.replicates)::by_group(how.chains);
  return Chains(rbm_problem("rbm_3x2_strong"), gibbs(), std::move(spec), settings);
}

// three phases one after the other of the same chains, with errors and without
template <class Chains, class Spec>
bool same_bits(const Draws& how, Precision precision = Precision::float64) {
  const Executor executor(2);
  auto mean_alone = chains_of<Chains, Spec>(how, precision, executor);
  auto with_errors = chains_of<Chains, Spec>(how, precision, executor);
  bool same = true;
  for (int update = 0; update < 3; ++update) {
    const Schedule schedule{1, how.draws, 2};
    same = same &&
           mean_alone.draw_mean(schedule, false).mean == with_errors.draw_mean(schedule, true).mean;
  }
  return same;
}

// Largest difference from the mean of an estimate's phase, which is summed cell by cell, in units
// of its bound. Both sum n = chains x draws terms between 0 and 1 (bits, or probabilities of hidden
// units) and divide by n; in blocks of `width` chains they round in the block's scalar, else in
// double: at most width eps of that and n eps of double. Infinite where their errors differ.
template <class Chains = PhaseChains, class Spec = PhaseSpec>
double error_of(const Draws& how, Precision precision = Precision::float64) {
  const Executor executor(2);
  auto by_mean = chains_of<Chains, Spec>(how, precision, executor);
  auto by_cells = chains_of<Chains, Spec>(how, precision, executor);
  const double scalar = precision == Precision::float32 ? std::numeric_limits<float>::epsilon()
                                                        : std::numeric_limits<double>::epsilon();
  const double bound =
      static_cast<double>(how.width) * scalar +
      static_cast<double>(how.chains * how.draws) * std::numeric_limits<double>::epsilon();
  double error = 0;
  for (int update = 0; update < 2; ++update) {
    const Schedule schedule{1, how.draws, 2};
    const auto mean = by_mean.draw_mean(schedule, true);
    const auto phase = by_cells.draw(schedule).gradient;
    if (mean.squared_error != phase.squared_error) {  // of the same cells
      return HUGE_VAL;
    }
    error = std::max(error, (mean.mean - phase.mean).cwiseAbs().maxCoeff());
  }
  return error / bound;
}

// whole groups of one size and of several; one chain each; in one block and in several
const Draws cases[] = {{128, 1, 64}, {128, 4, 16}, {1024, 2, 64}, {96, 1, 64},  {77, 3, 16},
                       {40, 1, 64},  {20, 3, 8},   {32, 2, 64},   {4096, 1, 32}};

std::vector<bool> errors_of(std::int64_t updates, std::int64_t every) {
  const Executor executor(2);
  const Problem p = rbm_problem("rbm_3x2");
  const std::vector<GivenOption> given{{"updates", updates, {}}, {"report_every", every, {}}};
  NllObjective objective(p, &gibbs(), Options::resolve("[train]", train_options(), given),
                         settings_on(executor, 9));
  std::vector<bool> has_error;
  for (std::int64_t u = 1; u <= updates; ++u) {
    has_error.push_back(objective.at(p.model, u).chain_error.has_value());
  }
  return has_error;
}

}  // namespace

TEST_CASE("a mean without its errors is the mean with them, bit for bit; RR1, RR2 are not") {
  for (const Draws& how : cases) {
    CAPTURE(how.chains);
    CAPTURE(how.draws);
    CHECK(error_of(how) <= 1);
    CHECK(error_of(how, Precision::float32) <= 1);
    CHECK(same_bits<PhaseChains, PhaseSpec>(how));
    CHECK(same_bits<PhaseChains, PhaseSpec>(how, Precision::float32));
  }
  CHECK(error_of<planted::RR1::PhaseChains, planted::RR1::PhaseSpec>(cases[0]) > 1e3);
  CHECK_FALSE(same_bits<planted::RR2::PhaseChains, planted::RR2::PhaseSpec>(cases[4]));
}

TEST_CASE("errors at the first update, the last, and every report_every") {
  CHECK(errors_of(5, 2) == std::vector<bool>{true, true, false, true, true});
  CHECK(errors_of(4, 1) == std::vector<bool>{true, true, true, true});
  CHECK(errors_of(4, 10) == std::vector<bool>{true, false, false, true});
}

TEST_CASE("how often errors are taken changes no parameter") {
  const Executor executor(2);
  const auto trained = [&](std::int64_t every) {
    const std::vector<GivenOption> given{{"updates", std::int64_t{25}, {}},
                                         {"chains", std::int64_t{77}, {}},
                                         {"report_every", every, {}}};
    return train(rbm_problem("rbm_3x2"), &gibbs(),
                 Options::resolve("[train]", train_options(), given), settings_on(executor, 9));
  };
  CHECK(trained(1) == trained(10));
}
