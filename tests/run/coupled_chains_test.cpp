#include "negphase/run/coupled_chains.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "negphase/registry/registry.hpp"
#include "planted/CO1.hpp"
#include "planted/CO2.hpp"
#include "planted/CO5.hpp"
#include "planted/CO6.hpp"
#include "planted/E7.hpp"
#include "support/kernel_probe.hpp"
#include "support/zoo.hpp"

namespace {

using namespace negphase;
using namespace negphase::testing;

constexpr std::uint64_t seed = 5;
constexpr double beta = 0.9;

// what every function of the state is made of here: the codes and their products, whole numbers
Eigen::VectorXd functions(const Block<double>& y, Index chain) {
  const Index d = y.cols();
  Eigen::VectorXd f(d * (d + 1) / 2);
  Index at = 0;
  for (Index i = 0; i < d; ++i) {
    f[at++] = y(chain, i);
    for (Index j = i + 1; j < d; ++j) {
      f[at++] = y(chain, i) * y(chain, j);
    }
  }
  return f;
}

// starts far from the model: all codes those of the last state, another first column for odd chains
void cold(Index chain, std::span<double> y, std::span<const Column> columns) {
  for (std::size_t j = 0; j < y.size(); ++j) {
    y[j] = state_code(columns[j], j == 0 ? chain % 2 : columns[j].num_states - 1);
  }
}

using MakeEnergy = std::function<AnyEnergy<double>()>;

template <template <class> class Setup>
Setup<double> setup_of(const MakeEnergy& energy, Index pairs) {
  Setup<double> setup;
  setup.num_chains = pairs;
  setup.beta = beta;
  setup.seed = seed;
  setup.sampler = "a test's";
  setup.bind = [=](std::span<const Index>) { return energy(); };
  setup.start = [=](Index chain, std::span<double> y) { cold(chain, y, energy().columns()); };
  return setup;
}

struct Sums {
  Eigen::MatrixXd of_pairs;  // [functions x pairs]
  std::vector<Index> times;
};

// the product, or a planted copy of it
template <class Schedule_, class Coupled_, class PairObserver_>
struct Version {
  using Schedule = Schedule_;
  using Coupled = Coupled_;
  struct Observer final : PairObserver_ {
    Eigen::MatrixXd* sums = nullptr;
    Index first = 0;
    void add(const AnyEnergy<double>&, const AnyState<double>& state, const PerChain& weights, bool,
             Index live) override {
      for (Index c = 0; c < live; ++c) {
        sums->col(first + c) += weights[c] * functions(state.position(), c);
      }
    }
  };
};
using Product = Version<CoupledSchedule, CoupledChains<double>, PairObserver<double>>;
using OffByOne = Version<planted::E7::CoupledSchedule, planted::E7::CoupledChains<double>,
                         planted::E7::PairObserver<double>>;
using OwnWords = Version<planted::CO1::CoupledSchedule, planted::CO1::CoupledChains<double>,
                         planted::CO1::PairObserver<double>>;
using FirstColumn = Version<planted::CO2::CoupledSchedule, planted::CO2::CoupledChains<double>,
                            planted::CO2::PairObserver<double>>;
using LastDrawIgnored = Version<planted::CO5::CoupledSchedule, planted::CO5::CoupledChains<double>,
                                planted::CO5::PairObserver<double>>;
using FollowerAhead = Version<planted::CO6::CoupledSchedule, planted::CO6::CoupledChains<double>,
                              planted::CO6::PairObserver<double>>;

struct Case {
  MakeEnergy energy;
  AnySampler sampler;
  Index pairs, width;
  Index warmup, draws, lag;
};

template <class Version>
Sums sums_of(const Case& c) {
  const Executor executor(2);
  RunSettings settings;
  settings.executor = &executor;
  settings.block_width = c.width;
  typename Version::Coupled chains(setup_of<ChainSetup>(c.energy, c.pairs),
                                   c.sampler.kernel<double>(), settings);
  const auto d = static_cast<Index>(c.energy().columns().size());
  Sums sums{Eigen::MatrixXd::Zero(d * (d + 1) / 2, c.pairs), {}};
  typename Version::Schedule schedule;
  schedule.warmup = c.warmup;
  schedule.draws = c.draws;
  schedule.lag = c.lag;
  chains.run(schedule, [&](Index, Index first, Index) {
    auto observer = std::make_unique<typename Version::Observer>();
    observer->sums = &sums.of_pairs;
    observer->first = first;
    return observer;
  });
  sums.times = chains.meetings().times;
  return sums;
}

// The same by the definition: whole paths X_0 .. X_n and Y_0 .. Y_(n - L) of the kernel alone,
// where Y reads from t on the words of step t + L, and draws x the mean of H_k .. H_m, each the sum
// of all its corrections: no weight is used.
Sums by_definition(const Case& c, Index steps) {
  const AnyKernel<double>& kernel = c.sampler.kernel<double>();
  const AnyEnergy<double> energy = c.energy();
  const auto d = static_cast<Index>(energy.columns().size());
  Block<double> start(c.pairs, d);
  for (Index p = 0; p < c.pairs; ++p) {
    std::vector<double> y(static_cast<std::size_t>(d));
    cold(p, y, energy.columns());
    start.row(p) = Eigen::Map<Eigen::ArrayXd>(y.data(), d).transpose();
  }
  const auto path = [&](Index first_step, Index n) {
    auto state = kernel.init(energy, PerChain::Constant(c.pairs, beta), start);
    auto scratch = kernel.scratch(energy, c.pairs);
    PhiloxSource random(seed, 0, c.pairs);
    StepInfo info(c.pairs);
    std::vector<Block<double>> all{state.position()};
    for (Index t = 0; t < n; ++t) {
      random.set_step(static_cast<std::uint64_t>(first_step + t));
      kernel.step(energy, state, scratch, random, info);
      all.push_back(state.position());
    }
    return all;
  };
  const auto x = path(0, steps), y = path(c.lag, steps - c.lag);
  const auto at = [](const auto& all, Index t) { return all[static_cast<std::size_t>(t)]; };
  Sums sums{Eigen::MatrixXd::Zero(d * (d + 1) / 2, c.pairs), {}};
  for (Index p = 0; p < c.pairs; ++p) {
    Index tau = 0;
    for (Index t = c.lag; t <= steps && tau == 0; ++t) {
      tau = (at(x, t).row(p) == at(y, t - c.lag).row(p)).all() ? t : 0;
    }
    sums.times.push_back(tau);
    for (Index l = c.warmup + 1; l <= c.warmup + c.draws; ++l) {
      sums.of_pairs.col(p) += functions(at(x, l), p);
      for (Index t = l + c.lag; t <= steps; t += c.lag) {
        sums.of_pairs.col(p) += functions(at(x, t), p) - functions(at(y, t - c.lag), p);
      }
    }
  }
  return sums;
}

std::vector<Case> cases() {
  const AnySampler gibbs = make_sampler("site_gibbs", {}), flips = make_sampler("single_flip", {});
  const AnySampler mixed = make_sampler("metropolis_within_gibbs", {});
  const MakeEnergy spins = [] { return AnyEnergy<double>(three_spins<double>()); };
  const MakeEnergy bits = [] { return AnyEnergy<double>(glass<double>(5, ColumnKind::bit)); };
  const MakeEnergy kinds = [] { return AnyEnergy<double>(categories<double>()); };
  return {{spins, gibbs, 64, 64, 0, 1, 1},  {spins, gibbs, 64, 64, 1, 3, 1},
          {bits, gibbs, 64, 64, 2, 4, 3},   {bits, flips, 64, 64, 0, 5, 2},
          {kinds, gibbs, 64, 64, 1, 2, 4},  {kinds, flips, 64, 64, 3, 7, 5},
          {kinds, mixed, 64, 64, 0, 6, 10}, {bits, mixed, 64, 64, 0, 2, 1}};
}

template <class Version>
bool right(const Case& c) {
  constexpr Index steps = 2000;  // every pair has met long before
  const Sums expected = by_definition(c, steps);
  for (const Index tau : expected.times) {
    if (tau == 0 || tau > steps / 2) {
      throw UsageError("a pair of the reference has not met");
    }
  }
  try {
    const Sums sums = sums_of<Version>(c);
    // whole numbers times whole weights: not a bit may differ
    return sums.of_pairs == expected.of_pairs && sums.times == expected.times;
  } catch (const UsageError&) {
    return false;  // chains that had met came apart
  }
}

template <class Version>
bool right_everywhere() {
  bool all = true;
  for (const Case& c : cases()) {
    all = all && right<Version>(c);
  }
  return all;
}

}  // namespace

TEST_CASE("sums over coupled pairs are those of the definition, bit for bit") {
  Index late = 0;
  for (const Case& c : cases()) {
    CHECK(right<Product>(c));
    for (const Index tau : sums_of<Product>(c).times) {
      late += tau > c.warmup + 1 + c.lag ? 1 : 0;
    }
  }
  CHECK(late > 100);  // or no correction would be looked at
}

TEST_CASE("planted E7, CO1, CO2, CO5, CO6: wrong sums over pairs are rejected") {
  CHECK_FALSE(right_everywhere<OffByOne>());
  CHECK_FALSE(right_everywhere<OwnWords>());
  CHECK_FALSE(right_everywhere<FirstColumn>());
  CHECK_FALSE(right_everywhere<LastDrawIgnored>());
  CHECK_FALSE(right_everywhere<FollowerAhead>());
}

TEST_CASE("coupled pairs do not depend on the width of a block") {
  for (Case c : cases()) {
    const Sums wide = sums_of<Product>(c);
    for (const Index width : {1, 8, 32}) {
      c.width = width;
      c.pairs = 60;  // the last block is padded
      const Sums narrow = sums_of<Product>(c);
      CHECK(narrow.of_pairs == wide.of_pairs.leftCols(60));
      CHECK(narrow.times == std::vector<Index>(wide.times.begin(), wide.times.begin() + 60));
    }
  }
}

namespace {

// Reads each draw from the source inside once, and gives it again to whoever asks later.
class SharedWords final : public RandomSource {
 public:
  explicit SharedWords(RandomSource& inner) : RandomSource(inner.chains()), inner_(inner) {}

 private:
  template <class Scalar>
  void uniforms_of(Purpose p, Index first, Index n, Scalar* out) {
    const auto [place, is_new] = seen_.try_emplace({p, first, n});
    if (is_new) {
      Block<double> block(chains(), n);
      inner_.uniforms(p, first, block);
      place->second.assign(block.data(), block.data() + block.size());
    }
    std::transform(place->second.begin(), place->second.end(), out,
                   [](double u) { return static_cast<Scalar>(u); });
  }
  void fill_words(Purpose, Index, Index, std::uint64_t*) override {
    throw UsageError("no kernel of this test draws words");
  }
  void fill_uniforms(Purpose p, Index first, Index n, double* out) override {
    uniforms_of(p, first, n, out);
  }
  void fill_uniforms(Purpose p, Index first, Index n, float* out) override {
    uniforms_of(p, first, n, out);
  }
  void fill_normals(Purpose, Index, Index, double*) override {
    throw UsageError("no kernel of this test draws normals");
  }
  void fill_normals(Purpose, Index, Index, float*) override {
    throw UsageError("no kernel of this test draws normals");
  }

  RandomSource& inner_;
  std::map<std::tuple<Purpose, Index, Index>, std::vector<double>> seen_;
};

StateSpace pair_space(std::span<const Column> columns) {
  std::vector<Column> both(columns.begin(), columns.end());
  both.insert(both.end(), columns.begin(), columns.end());
  return StateSpace(both);
}

// the transition matrix of two chains that read the same words, off the kernel's own code
Eigen::MatrixXd pair_matrix(const StateSpace& both, const ProbedStep& step) {
  const Index d = static_cast<Index>(both.columns().size()) / 2;
  return probe(both,
               [&](Block<double>& y, RandomSource& random) {
                 SharedWords shared(random);
                 for (const Index first : {Index{0}, d}) {
                   Block<double> one = y.middleCols(first, d);
                   try {
                     step(one, shared);
                   } catch (const NeedMoreWords&) {
                     y.middleCols(first, d) = one;
                     throw;
                   }
                   y.middleCols(first, d) = one;
                 }
               })
      .matrix;
}

Eigen::VectorXd functions_of(const StateSpace& space, Index state, Index first, Index d) {
  return functions(space.state(state).middleCols(first, d), 0);
}

struct Expectation {
  Eigen::VectorXd of_pairs;  // E[H_(k:m)]
  double rounding = 0;       // of it, at most, as the matrices are right to 1e-14 a row
};

// E[H_(k:m)] with the weights of the product, by the exact law of (X_t, Y_(t - L)).
Expectation expectation(const Eigen::MatrixXd& single, const Eigen::MatrixXd& pair,
                        const StateSpace& space, const StateSpace& both, Index start,
                        const CoupledSchedule& s) {
  const auto d = static_cast<Index>(space.columns().size());
  const Index n = space.size();
  Expectation e{Eigen::VectorXd::Zero(d * (d + 1) / 2), 0};
  const auto draws = static_cast<double>(s.draws);
  Eigen::RowVectorXd x = Eigen::RowVectorXd::Unit(n, start);
  Eigen::RowVectorXd xy;  // the leading chain's columns come first
  double apart = 1;
  for (Index t = 1; t <= s.last() || apart > 1e-17; ++t) {
    x *= single;
    if (t == s.lag) {
      xy.setZero(n * n);
      for (Index i = 0; i < n; ++i) {
        xy[i * n + start] = x[i];
      }
    } else if (t > s.lag) {
      xy *= pair;
    }
    if (t > s.warmup && t <= s.last()) {
      for (Index i = 0; i < n; ++i) {
        e.of_pairs += x[i] / draws * functions_of(space, i, 0, d);
      }
      e.rounding += static_cast<double>(t) * 1e-14 / draws;
    }
    if (t < s.lag) {
      continue;
    }
    apart = 0;
    const double weight =
        t > s.warmup + s.lag ? static_cast<double>(CoupledChains<double>::corrections(t, s)) : 0;
    for (Index i = 0; i < n * n; ++i) {
      if (i / n != i % n) {
        apart += xy[i];
        e.of_pairs +=
            weight / draws * xy[i] * (functions_of(both, i, 0, d) - functions_of(both, i, d, d));
      }
    }
    e.rounding += 2 * weight / draws * static_cast<double>(t) * 1e-14;
  }
  return e;
}

}  // namespace

// From one fixed start, far from stationarity at every k: no draw would be near the law by itself.
TEST_CASE("M6: the expectation of H_(k:m) from a cold start is the exact one") {
  const auto energy = three_spins<double>();
  const StateSpace space(energy.columns()), both = pair_space(energy.columns());
  const Eigen::VectorXd pi = gibbs_law(energy_table(energy), beta);
  Eigen::VectorXd exact = Eigen::VectorXd::Zero(6);
  for (Index i = 0; i < space.size(); ++i) {
    exact += pi[i] * functions_of(space, i, 0, 3);
  }
  for (const char* name : {"site_gibbs", "single_flip"}) {
    const AnyKernel<double> kernel = make_sampler(name, {}).kernel<double>();
    const AnyEnergy<double> erased(energy);
    auto state = kernel.init(erased, PerChain::Constant(1, beta), space.state(0));
    auto scratch = kernel.scratch(erased, 1);
    StepInfo info(1);
    const ProbedStep step = [&](Block<double>& y, RandomSource& random) {
      state.position() = y;
      kernel.refresh(erased, state);
      try {
        kernel.step(erased, state, scratch, random, info);
      } catch (const NeedMoreWords&) {
        y = state.position();
        throw;
      }
      y = state.position();
    };
    const Eigen::MatrixXd single = probe(space, step).matrix, pair = pair_matrix(both, step);
    const Index n = space.size();
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < n; ++j) {
        // each of the two is a chain of its own law, and together they stay together
        Eigen::VectorXd x = Eigen::VectorXd::Zero(n), y = x;
        for (Index to = 0; to < n * n; ++to) {
          x[to / n] += pair(i * n + j, to);
          y[to % n] += pair(i * n + j, to);
          CHECK((i != j || to / n == to % n || pair(i * n + j, to) == 0));
        }
        CHECK((x.transpose() - single.row(i)).cwiseAbs().maxCoeff() <= 1e-14);
        CHECK((y.transpose() - single.row(j)).cwiseAbs().maxCoeff() <= 1e-14);
      }
    }
    for (const CoupledSchedule& s :
         {CoupledSchedule{0, 1, 1}, CoupledSchedule{0, 3, 1}, CoupledSchedule{1, 2, 2},
          CoupledSchedule{0, 4, 3}, CoupledSchedule{2, 1, 5}}) {
      const Expectation e = expectation(single, pair, space, both, 7, s);
      const double error = (e.of_pairs - exact).cwiseAbs().maxCoeff();
      CAPTURE(name);
      CAPTURE(s.lag);
      CHECK(error <= e.rounding);
      CHECK(e.rounding < 1e-8);
    }
  }
}
