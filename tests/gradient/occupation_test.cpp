#include "negphase/gradient/occupation.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "negphase/exact/total_variation.hpp"
#include "negphase/gradient/benchmark_statistics.hpp"
#include "negphase/registry/registry.hpp"
#include "planted/S6.hpp"
#include "support/problems.hpp"

// How these tests can fail: a floor of all draws where they go together, counts in another state's
// place, shares that do not add up to 1, groups of unequal size.

using namespace negphase;
using namespace negphase::testing;

namespace {

AnySampler one_site_a_step() {
  return make_sampler("site_gibbs", std::vector<GivenOption>{{"scan", std::string("random"), {}},
                                                             {"updates", std::int64_t{1}, {}}});
}

struct Distances {
  std::vector<double> measured, floor, ratio;
};

// 40 seeds of 90 chains, in groups of 2 and 3 and two blocks, on the glass of 8 spins
template <class Check>
Distances distances(Check check, const AnySampler& sampler, const Schedule& schedule) {
  const Executor executor;
  const Problem p = glass_problem(1);
  const Eigen::ArrayXd law = law_of_y(p.model, p.beta);
  Distances all;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const auto c =
        check(p, sampler, 90, schedule, start_at_noise(p, seed), law, settings_on(executor, seed));
    all.measured.push_back(c.total_variation);
    all.floor.push_back(c.noise_floor);
    all.ratio.push_back(c.effective_size / static_cast<double>(90 * schedule.draws));
  }
  return all;
}

// Within 4 standard errors of the measured mean over the seeds, and what the floor itself may be
// off: E[SE_k] is 1 / (4 x 31) below the root of E[SE_k^2] where a state stands alone.
bool agree(const Distances& d) {
  const MeanWithError measured = mean_with_error(d.measured), floor = mean_with_error(d.floor);
  return std::abs(measured.mean - floor.mean) <
         4 * std::hypot(measured.standard_error, floor.standard_error) + floor.mean / 124;
}

}  // namespace

TEST_CASE("occupation: chains of a right sampler are as far from the law as noise puts them") {
  // a sweep after a sweep: nearly independent; one site at a time: some ten steps a draw
  const Distances sweeps = distances(check_occupation, make_sampler("site_gibbs"), {50, 100, 5});
  CHECK(agree(sweeps));
  CHECK(mean_with_error(sweeps.ratio).mean > 0.7);
  const Schedule slow{400, 400, 1};
  const Distances steps = distances(check_occupation, one_site_a_step(), slow);
  CHECK(agree(steps));
  CHECK(mean_with_error(steps.ratio).mean < 0.3);
  CHECK_FALSE(agree(distances(planted::S6::check_occupation, one_site_a_step(), slow)));
}

TEST_CASE("occupation: a chain that was not warmed up is further away than noise") {
  CHECK_FALSE(agree(distances(check_occupation, one_site_a_step(), {0, 4, 1})));
}

TEST_CASE("occupation: the same for any number of threads, and in float") {
  const Problem p = rbm_problem("rbm_3x2_strong");
  const Eigen::ArrayXd law = law_of_y(p.model, p.beta);
  const AnySampler gibbs = make_sampler("block_gibbs");
  const auto run = [&](int threads, Precision precision) {
    const Executor executor(threads);
    RunSettings settings = settings_on(executor, 3);
    settings.precision = precision;
    return check_occupation(p, gibbs, 200, {20, 50, 1}, start_at_random_rows(p, 1), law, settings);
  };
  const OccupationCheck one = run(1, Precision::float64), three = run(3, Precision::float64);
  CHECK(one.total_variation == three.total_variation);
  CHECK(one.noise_floor == three.noise_floor);
  // the same law in float: the distance of 10,000 nearly independent draws, not of one state more
  CHECK(run(2, Precision::float32).total_variation < 4 * one.noise_floor);
}

TEST_CASE("occupation: shares by hand") {
  // 4 chains, one a group, of 10 draws: state 0 was seen 5, 6, 4 and 5 times
  const Eigen::MatrixXd shares{{0.5, 0.6, 0.4, 0.5}, {0.5, 0.4, 0.6, 0.5}};
  const Eigen::ArrayXd law{{0.6, 0.4}};
  const OccupationCheck c = compare_occupation(Replicates::by_group(4), 10, shares, law);
  CHECK(std::abs(c.total_variation - 0.1) < 1e-15);
  // SE^2 = (0.01 + 0.01) / 3 / 4 of either state; p (1 - p) = 0.24
  CHECK(std::abs(c.effective_size - 0.24 * 600) < 1e-9);
  CHECK(std::abs(c.noise_floor - expected_total_variation(law, 144)) < 1e-15);
}
