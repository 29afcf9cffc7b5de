#include "negphase/run/chains.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "negphase/gradient/phase.hpp"
#include "negphase/models/gaussian.hpp"
#include "negphase/models/quartic.hpp"
#include "negphase/registry/registry.hpp"
#include "negphase/run/moments.hpp"
#include "negphase/run/step_size.hpp"
#include "planted/F1.hpp"
#include "planted/N2.hpp"
#include "support/problems.hpp"

namespace {

using namespace negphase;
using namespace negphase::testing;

/// Keeps every position that it sees.
template <class Scalar>
struct Recorder final : Observer<Scalar> {
  void observe(const AnyEnergy<Scalar>&, const AnyState<Scalar>& state, Index live) override {
    draws.push_back(state.position().topRows(live));
  }
  std::vector<Block<Scalar>> draws;
};

template <class Scalar>
ChainSetup<Scalar> setup_of(const AnyModel& model, const AnySampler& sampler, Index chains,
                            std::uint64_t seed, const Eigen::MatrixXd& x) {
  ChainSetup<Scalar> setup;
  setup.num_chains = chains;
  setup.beta = 0.8;
  setup.seed = seed;
  setup.sampler = sampler.name;
  setup.step_size = sampler.step_size;
  const auto prepared = model.prepare(x);
  setup.bind = [model, prepared, rows = x.rows()](std::span<const Index> ids) {
    std::vector<Index> row;
    for (const Index c : ids) {
      row.push_back(c % rows);
    }
    return model.bind<Scalar>(prepared, row);
  };
  const auto columns = model.shape().y;
  setup.start = [columns, seed](Index chain, std::span<double> position) {
    random_position(columns, seed, chain, position);
  };
  return setup;
}

// positions [draw][chain] of the first `count` chains of a run of `chains`
template <class Scalar>
std::vector<std::vector<double>> run(const Problem& p, const AnySampler& sampler, Index chains,
                                     Index count, const Schedule& schedule, Index width = 64) {
  const Executor executor(3);
  RunSettings settings = settings_on(executor, 5);
  settings.block_width = width;
  Chains<Scalar> all(setup_of<Scalar>(p.model, sampler, chains, 5, p.x), sampler.kernel<Scalar>(),
                     settings);
  const auto observers = all.advance(
      schedule, [](Index, Index, Index) { return std::make_unique<Recorder<Scalar>>(); });
  std::vector<std::vector<double>> result(static_cast<std::size_t>(schedule.draws));
  for (const auto& o : observers) {
    const auto& draws = static_cast<const Recorder<Scalar>&>(*o).draws;
    REQUIRE(static_cast<Index>(draws.size()) == schedule.draws);
    for (std::size_t t = 0; t < draws.size(); ++t) {
      for (Index c = 0; c < draws[t].rows(); ++c) {
        for (Index j = 0; j < draws[t].cols(); ++j) {
          if (static_cast<Index>(result[t].size()) < count * draws[t].cols()) {
            result[t].push_back(static_cast<double>(draws[t](c, j)));
          }
        }
      }
    }
  }
  return result;
}

AnySampler sampler_with_step(const char* name, double step) {
  const std::vector<GivenOption> given{{"step_size", step, {}}};
  return make_sampler(name, given);
}

std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("chain j does not change when chains are added, nor with the number of draws to come") {
  const Schedule schedule{3, 10, 2};
  const Problem glass = glass_problem(0.8), quartic = quartic_problem(5);
  const AnySampler flips = make_sampler("single_flip", {}), mala = sampler_with_step("mala", 0.1);
  CHECK(run<double>(glass, flips, 20, 20, schedule) ==
        run<double>(glass, flips, 150, 20, schedule));
  CHECK(run<float>(glass, flips, 20, 20, schedule) == run<float>(glass, flips, 150, 20, schedule));
  CHECK(run<double>(quartic, mala, 70, 70, schedule) ==
        run<double>(quartic, mala, 200, 70, schedule));
}

TEST_CASE("the width of a block does not change an elementwise chain") {
  const Schedule schedule{0, 20, 1};
  const Problem quartic = quartic_problem(5);
  const AnySampler mala = sampler_with_step("mala", 0.1);
  CHECK(run<double>(quartic, mala, 30, 30, schedule, 64) ==
        run<double>(quartic, mala, 30, 30, schedule, 8));
}

TEST_CASE("one run of 20 steps is two runs of 10: nothing hangs on how a run is cut") {
  const Problem p = quartic_problem(5);
  const AnySampler mala = sampler_with_step("mala", 0.1);
  const Executor executor(2);
  const auto settings = settings_on(executor, 5);
  auto last = [&](std::vector<Index> parts) {
    Chains<double> chains(setup_of<double>(p.model, mala, 10, 5, p.x), mala.kernel<double>(),
                          settings);
    Block<double> position;
    for (const Index n : parts) {
      const auto o = chains.advance(
          {0, n, 1}, [](Index, Index, Index) { return std::make_unique<Recorder<double>>(); });
      position = static_cast<const Recorder<double>&>(*o[0]).draws.back();
    }
    return position;
  };
  CHECK((last({20}) == last({10, 10})).all());
  CHECK((last({20}) == last({1, 18, 1})).all());
}

TEST_CASE("chains differ from each other, and each from step to step") {
  const Problem p = quartic_problem(1);
  const AnySampler ula = sampler_with_step("ula", 0.1);
  const auto draws = run<double>(p, ula, 64, 64, {5, 20, 1});
  for (std::size_t t = 0; t < draws.size(); ++t) {
    std::map<double, int> seen;
    for (const double v : draws[t]) {
      CHECK(++seen[v] == 1);
    }
    if (t > 0) {
      CHECK(draws[t] != draws[t - 1]);
    }
  }
}

namespace {

// the setup, for either version of the runner
template <template <class> class SomeSetup>
SomeSetup<double> some_setup(const AnyModel& model, const AnySampler& sampler, Index chains,
                             const Eigen::MatrixXd& x) {
  const auto right = setup_of<double>(model, sampler, chains, 5, x);
  SomeSetup<double> setup;
  setup.num_chains = right.num_chains;
  setup.beta = right.beta;
  setup.seed = right.seed;
  setup.sampler = right.sampler;
  setup.bind = right.bind;
  setup.start = right.start;
  return setup;
}

// the last positions of 200 chains
template <template <class> class SomeChains, template <class> class SomeSetup, class MakeObserver>
std::vector<double> last_positions(int threads, const MakeObserver& make_observer) {
  const Problem p = quartic_problem(5);
  const AnySampler mala = sampler_with_step("mala", 0.1);
  const Executor executor(threads);
  SomeChains<double> chains(some_setup<SomeSetup>(p.model, mala, 200, p.x), mala.kernel<double>(),
                            settings_on(executor, 5));
  std::vector<double> all;
  for (const auto& o : chains.advance({0, 10, 1}, make_observer)) {
    const Block<double>& last = make_observer.draws_of(*o).back();
    all.insert(all.end(), last.data(), last.data() + last.size());
  }
  return all;
}

template <template <class> class SomeObserver>
struct Recording {
  struct Keeper final : SomeObserver<double> {
    void observe(const AnyEnergy<double>&, const AnyState<double>& state, Index live) override {
      draws.push_back(state.position().topRows(live));
    }
    std::vector<Block<double>> draws;
  };
  std::unique_ptr<SomeObserver<double>> operator()(Index, Index, Index) const {
    return std::make_unique<Keeper>();
  }
  static const std::vector<Block<double>>& draws_of(const SomeObserver<double>& o) {
    return static_cast<const Keeper&>(o).draws;
  }
};

}  // namespace

TEST_CASE("positions are the same bytes for any number of threads; planted N2 is rejected") {
  const auto right = [](int threads) {
    return last_positions<Chains, ChainSetup>(threads, Recording<Observer>{});
  };
  const auto wrong = [](int threads) {
    return last_positions<planted::N2::Chains, planted::N2::ChainSetup>(
        threads, Recording<planted::N2::Observer>{});
  };
  for (const int threads : {2, 3, 7}) {
    CHECK(right(threads) == right(1));
    CHECK(wrong(threads) != wrong(1));
  }
}

TEST_CASE("running moments agree with the exact ones of a Gaussian") {
  // d = 2, precision (2, 0.6; 0.6, 1), linear (0.5, -1); covariance P^-1 / beta
  Params w(5);
  w << 0.5, -1, 2, 0.6, 1;
  const AnyModel model = GaussianModel(2, w);
  const AnySampler mala = sampler_with_step("mala", 0.4);
  const Executor executor(2);
  Chains<double> chains(setup_of<double>(model, mala, 2048, 9, Eigen::MatrixXd(1, 0)),
                        mala.kernel<double>(), settings_on(executor, 9));
  const auto observers = chains.advance({200, 200, 1}, [](Index, Index, Index) {
    return std::make_unique<MomentsObserver<double>>();
  });
  RunningMoments all;
  for (const auto& o : observers) {
    all.merge(static_cast<const MomentsObserver<double>&>(*o).moments());
  }
  Eigen::Matrix2d precision;
  precision << 2, 0.6, 0.6, 1;
  const Eigen::Vector2d mean = precision.inverse() * Eigen::Vector2d(0.5, -1);
  const Eigen::Matrix2d covariance = precision.inverse() / 0.8;
  CHECK(all.count() == 2048 * 200);
  for (Index j = 0; j < 2; ++j) {
    // at least 2048 x 200 / 40 effective draws: the chains' autocorrelation time is below 20
    const double n = 2048.0 * 200 / 40, sd = std::sqrt(covariance(j, j));
    CHECK(std::abs(all.mean()[j] - mean[j]) < 5 * sd / std::sqrt(n));
    CHECK(std::abs(all.variance()[j] - covariance(j, j)) < 5 * covariance(j, j) * std::sqrt(2 / n));
  }
}

TEST_CASE("moments merge to what one pass gives, and keep their digits far from 0") {
  RunningMoments one(1), left(1), right(1);
  for (int i = 0; i < 1000; ++i) {
    const Eigen::VectorXd v = Eigen::VectorXd::Constant(1, 1e9 + i % 7);
    one.add(v);
    (i < 300 ? left : right).add(v);
  }
  left.merge(right);
  CHECK(left.count() == 1000);
  CHECK(left.mean()[0] == doctest::Approx(one.mean()[0]).epsilon(1e-15));
  // i % 7 over 1000 values: 6 x 143 + 142 of each kind, nearly; variance by plain sums of small
  // numbers
  double s = 0, q = 0;
  for (int i = 0; i < 1000; ++i) {
    s += i % 7;
    q += (i % 7) * (i % 7);
  }
  const double variance = (q - s * s / 1000) / 999;
  CHECK(left.variance()[0] == doctest::Approx(variance).epsilon(1e-6));  // 1e9 x 2^-53 of a unit
  CHECK(one.variance()[0] == doctest::Approx(variance).epsilon(1e-6));
}

TEST_CASE("a chain that runs away is named, and the advised step size works") {
  Params w(4);
  w << 4, 2, 1, 0;
  const Problem p{QuarticModel(w), Eigen::MatrixXd::Constant(1, 1, 0.3),
                  Eigen::MatrixXd::Zero(1, 1), 1};
  const auto what = message_of([&] {
    run<double>(p, sampler_with_step("ula", 0.9), 64, 1, {0, 500, 1});
  });
  CHECK(says(what, "diverged"));
  CHECK(says(what, "step_size = 0.9 is too large"));
  const auto at = what.find("try step_size = ");
  REQUIRE(at != std::string::npos);
  const double advised = std::stod(what.substr(at + 16));
  CHECK(advised > 0);
  CHECK(advised < 0.9);
  CHECK(message_of([&] {
          run<double>(p, sampler_with_step("ula", advised), 64, 1, {0, 500, 1});
        }).empty());
}

TEST_CASE("the advice is 1 / (2 beta k) on E = k y^2 / 2") {
  Params w(2);
  w << 0, 5;
  const AnyModel model = GaussianModel(1, w);
  const std::vector<Index> rows(4, 0);
  const auto e = model.bind_double(model.prepare(Eigen::MatrixXd(1, 0)), rows);
  const Block<double> y = Block<double>::Constant(4, 1, 0.7);
  // differences of a linear gradient are exact up to rounding / reach: 2^-52 / 6e-6
  CHECK(advise_step_size(e, y, 0.5) == doctest::Approx(1 / (2 * 0.5 * 5)).epsilon(1e-9));
}

TEST_CASE("a start where the energy is NaN or infinite is refused before any step") {
  Params w(4);
  w << std::nan(""), 2, 1, 0;
  const Problem p{QuarticModel(w), Eigen::MatrixXd::Constant(1, 1, 0.3),
                  Eigen::MatrixXd::Zero(1, 1), 1};
  const auto what = message_of([&] {
    run<double>(p, sampler_with_step("mala", 0.1), 3, 1, {0, 5, 1});
  });
  CHECK(says(what, "at its start"));
  CHECK(says(what, "NaN"));
}

namespace {

AnySampler walk(double scale) {
  const std::vector<GivenOption> given{{"proposal_scale", scale, {}}};
  return make_sampler("random_walk", given);
}

// What a run of 70 chains over E = w0 y^4 / 4 + w1 y^2 / 2 says.
template <template <class> class SomeChains, template <class> class SomeSetup>
std::string walk_says(double w0, double w1, double scale, Index steps) {
  Params w(4);
  w << w0, w1, 0, 0;
  const Executor executor(2);
  const Eigen::MatrixXd x = Eigen::MatrixXd::Zero(1, 1);
  const AnySampler sampler = walk(scale);
  SomeChains<double> chains(some_setup<SomeSetup>(QuarticModel(w), sampler, 70, x),
                            sampler.kernel<double>(), settings_on(executor, 5));
  return message_of([&] { chains.advance({steps, 0, 1}, nullptr); });
}

}  // namespace

TEST_CASE("chains that go away without end are named with their place; planted F1 is rejected") {
  const auto right = walk_says<Chains, ChainSetup>;
  const auto wrong = walk_says<planted::F1::Chains, planted::F1::ChainSetup>;
  // E falls without end: every step outwards is taken, 0.4 scale a step on average, no other one
  CHECK(says(right(-1e-20, 0, 1e6, 1000), "diverged: it came to y = ["));
  CHECK(wrong(-1e-20, 0, 1e6, 1000) == "");
  // flat: after 400 steps N(0, (2e8)^2); that all of 70 stay below 10^8 has probability 0.38^70
  CHECK(says(right(0, 0, 1e7, 400), "not normalisable"));
  CHECK(wrong(0, 0, 1e7, 400) == "");
  // sd 10^6 / sqrt(0.8): wide, but 10^8 lies at 90 sigma
  CHECK(right(0, 1e-12, 1e6, 1000) == "");
}

TEST_CASE("a run that was stopped before it began makes no block") {
  const Problem p = quartic_problem(5);
  const Executor executor(2);
  StopToken token;
  token.stop();
  RunSettings settings = settings_on(executor, 5);
  settings.stop = &token;
  auto setup = setup_of<double>(p.model, walk(1), 1000, 5, p.x);
  bool made = false;
  setup.start = [&](Index, std::span<double>) { made = true; };
  Chains<double> chains(std::move(setup), walk(1).kernel<double>(), settings);
  CHECK_THROWS_AS(chains.advance({10, 10, 1}, nullptr), Stopped);
  CHECK_FALSE(made);
}
