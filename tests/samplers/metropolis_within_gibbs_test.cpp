#include "negphase/composed/metropolis_within_gibbs.hpp"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include <random>

#include "planted/K1.hpp"
#include "planted/K2.hpp"
#include "planted/K3.hpp"
#include "planted/K4.hpp"
#include "planted/K5.hpp"
#include "support/kernel_checks.hpp"
#include "support/kernel_probe.hpp"
#include "support/lying_energy.hpp"
#include "support/mixed_energy.hpp"
#include "support/problems.hpp"
#include "support/zoo.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

constexpr double betas[] = {0.25, 1, 2.5};
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double h = 0.2;
using Discrete = MetropolisWithinGibbs::Discrete;
using Real = MetropolisWithinGibbs::Real;
constexpr std::pair<Discrete, Real> combinations[] = {{Discrete::gibbs, Real::mala},
                                                      {Discrete::gibbs, Real::random_walk},
                                                      {Discrete::metropolis, Real::mala},
                                                      {Discrete::metropolis, Real::random_walk}};
const std::vector<Index> reals{0, 2}, discretes{1, 3};

/// K as a wrong version of MetropolisWithinGibbs.
template <class K>
K make(Discrete discrete, Real real, double step_size = h) {
  return K(static_cast<typename K::Discrete>(discrete), static_cast<typename K::Real>(real),
           step_size);
}

template <class S>
Block<S> mixed_start(Index chains) {
  Block<S> y(chains, 4);
  for (Index c = 0; c < chains; ++c) {
    const double t = static_cast<double>(c);
    y.row(c) << static_cast<S>(std::sin(t)), static_cast<S>(c % 3), static_cast<S>(std::cos(2 * t)),
        static_cast<S>(c % 2 == 0 ? -1 : 1);
  }
  return y;
}

template <class S>
Block<S> columns_of(const Block<S>& y, const std::vector<Index>& columns) {
  return y(Eigen::all, columns);
}

// ---- a step made by hand: fresh states, fresh caches, fresh clamped energies

template <class S>
using Clamped = Conditioned<MixedEnergy<S>>;

/// One step of kernel K on the free columns of y alone.
template <class K, class S>
void move_columns(const K& kernel, Block<S>& y, const PerChain& beta,
                  const std::vector<Index>& free, RandomSource& random) {
  const Clamped<S> energy(MixedEnergy<S>(), free, y);
  auto state = kernel.init(energy, beta, columns_of(y, free));
  auto scratch = kernel.scratch(energy, y.rows());
  StepInfo info(y.rows());
  kernel.step(energy, state, scratch, random, info);
  y(Eigen::all, free) = state.position;
}

template <class S>
void step_by_hand(std::pair<Discrete, Real> which, Block<S>& y, const PerChain& beta,
                  RandomSource& random) {
  {
    const RandomSource::Part part(random, 1);
    which.first == Discrete::gibbs
        ? move_columns(SiteGibbs(SiteGibbs::Scan::systematic), y, beta, discretes, random)
        : move_columns(SingleFlip(SingleFlip::Scan::systematic), y, beta, discretes, random);
  }
  which.second == Real::mala ? move_columns(Mala(h), y, beta, reals, random)
                             : move_columns(RandomWalk(std::sqrt(2 * h)), y, beta, reals, random);
}

/// "" where 100 steps of K have the positions, bit for bit, and energies of steps made by hand.
template <class K, class S>
std::string complaint_of(std::pair<Discrete, Real> which) {
  constexpr Index chains = 16;
  const MixedEnergy<S> energy;
  const auto kernel = make<K>(which.first, which.second);
  const PerChain beta = betas_of(chains);
  Block<S> expected = mixed_start<S>(chains);
  PhiloxSource random(3, 0, chains), same(3, 0, chains);
  auto state = kernel.init(energy, beta, expected);
  auto scratch = kernel.scratch(energy, chains);
  StepInfo info(chains);
  PerChain fresh(chains);
  for (std::uint64_t s = 0; s < 100; ++s) {
    random.set_step(s);
    same.set_step(s);
    TracingSource traced(random);
    try {
      kernel.step(energy, state, scratch, traced, info);
    } catch (const UsageError& e) {
      return e.what();
    }
    step_by_hand(which, expected, beta, same);
    if (!same_bits(state.position, expected)) {
      return fmt::format("other positions at step {}", s);
    }
    energy.energy(state.position, fresh);
    if (!(state.energy == fresh).all()) {
      return fmt::format("the cached energy is not that of the position at step {}", s);
    }
  }
  return info.any_fault ? "fault" : "";
}

/// The same for one part by itself, clamped anew before each step.
template <template <class, class> class Part>
std::string complaint_of_part() {
  constexpr Index chains = 16;
  const AnyEnergy<double> energy{MixedEnergy<double>()};
  const PerChain beta = betas_of(chains);
  LangevinState<double> whole;
  whole.position = mixed_start<double>(chains);
  whole.beta = beta;
  whole.energy.resize(chains);
  whole.gradient.resize(chains, 4);
  Part<Mala, double> part(Mala(h), energy, reals, chains);
  Block<double> expected = whole.position;
  PhiloxSource random(3, 0, chains);
  StepInfo info(chains);
  for (std::uint64_t s = 0; s < 10; ++s) {
    random.set_step(s);
    for (Index c = 0; c < chains; ++c) {
      whole.position(c, 1) = expected(c, 1) = static_cast<double>((c + static_cast<Index>(s)) % 3);
    }
    energy.energy_and_grad(whole.position, whole.energy, whole.gradient);
    part.step(whole, random, info);
    move_columns(Mala(h), expected, beta, reals, random);
    if (!same_bits(whole.position, expected)) {
      return "other positions";
    }
  }
  return "";
}

// ---- the discrete half by the probe

/// Words from another source, normals all 0.3: a step whose discrete half is to be read off.
class QuietSource final : public RandomSource {
 public:
  explicit QuietSource(RandomSource& inner) : RandomSource(inner.chains()), inner_(inner) {}

 private:
  void fill_words(Purpose p, Index first, Index n, std::uint64_t* out) override {
    Lane<std::uint64_t> lane(chains());
    for (Index i = 0; i < n; ++i) {
      inner_.words(p, first + i, lane);
      std::copy_n(lane.data(), lane.size(), out + i * chains());
    }
  }
  template <class S>
  void uniforms_of(Purpose p, Index first, Index n, S* out) {
    Block<S> block(chains(), n);
    inner_.uniforms(p, first, block);
    std::copy_n(block.data(), block.size(), out);
  }
  void fill_uniforms(Purpose p, Index first, Index n, double* out) override {
    uniforms_of(p, first, n, out);
  }
  void fill_uniforms(Purpose p, Index first, Index n, float* out) override {
    uniforms_of(p, first, n, out);
  }
  void fill_normals(Purpose, Index, Index n, double* out) override {
    std::fill_n(out, n * chains(), 0.3);
  }
  void fill_normals(Purpose, Index, Index n, float* out) override {
    std::fill_n(out, n * chains(), 0.3f);
  }
  RandomSource& inner_;
};

/// How the discrete columns move in a step from y, y' = `at`.
template <class S>
std::string discrete_complaint(std::pair<Discrete, Real> which, double beta,
                               const std::array<double, 2>& at, double tolerance) {
  Block<S> whole(1, 4);
  whole << static_cast<S>(at[0]), 0, static_cast<S>(at[1]), -1;
  const StateSpace space(std::vector<Column>{{ColumnKind::category, 3}, spin_column()});
  const Clamped<S> given(MixedEnergy<S>(), discretes, whole.replicate(space.size(), 1));
  const ProbedStep step =
      step_of(make<MetropolisWithinGibbs>(which.first, which.second), MixedEnergy<S>(), beta);
  const ProbedStep discrete_half = [&](Block<double>& z, RandomSource& random) {
    QuietSource quiet(random);
    Block<double> y = whole.template cast<double>();
    y(Eigen::all, discretes) = z;
    try {
      step(y, quiet);
    } catch (const NeedMoreWords&) {
      z = columns_of(y, discretes);
      throw;
    }
    z = columns_of(y, discretes);
  };
  const Eigen::VectorXd energies = energy_table(given);
  std::vector<Eigen::MatrixXd> factors;
  for (const Index j : {0, 1}) {
    factors.push_back(which.first == Discrete::gibbs ? gibbs_matrix(space, energies, beta, {j})
                                                     : metropolis_matrix(space, energies, beta, j));
  }
  const Claim claim{gibbs_law(energies, beta), in_order(factors), false, tolerance};
  // flips: words of later columns decide what earlier ones show, tails of every kind
  return complaint(probe(space, discrete_half, which.first == Discrete::gibbs ? 3 : 30), claim);
}

// ---- the real half by bisection

/// log pi(v') q(v', v) / (pi(v) q(v, v')) given z and s, from the definition (M12).
double textbook_log_ratio(const Block<double>& from, const Block<double>& to, double beta) {
  const MixedEnergy<double> energy;
  PerChain e_from(1), e_to(1);
  Block<double> g_from(1, 4), g_to(1, 4);
  energy.energy_and_grad(from, e_from, g_from);
  energy.energy_and_grad(to, e_to, g_to);
  double log_ratio = -beta * (e_to[0] - e_from[0]);
  for (const Index j : reals) {
    const double there = to(0, j) - from(0, j) + h * beta * g_from(0, j);
    const double back = from(0, j) - to(0, j) + h * beta * g_to(0, j);
    log_ratio += (there * there - back * back) / (4 * h);
  }
  return log_ratio;
}

// ---- the joint law

/// The largest |z| of 36 means over chains that start in the joint law and take `steps` steps:
/// of 1, y, y', y^2, y'^2, y y' in each of the six parts. E is MixedEnergy at beta.
template <class K>
double worst_z(const K& kernel, double beta, Index chains, int steps) {
  const MixedLaw law(beta);
  const MixedEnergy<double> energy;
  std::mt19937_64 engine(5);
  const auto uniform = [&] { return static_cast<double>(engine() >> 11) * 0x1p-53; };
  Block<double> y(chains, 4);
  for (Index c = 0; c < chains; ++c) {
    std::size_t n = 0;
    for (double u = uniform(); n < 5 && u >= law.parts[n].weight; ++n) {
      u -= law.parts[n].weight;
    }
    // Box, Muller
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    const double angle = 2 * 3.14159265358979323846 * uniform();
    const Eigen::Matrix2d root = law.parts[n].covariance.llt().matrixL();
    const Eigen::Vector2d v = law.parts[n].mean + root * Eigen::Vector2d(radius * std::cos(angle),
                                                                         radius * std::sin(angle));
    y.row(c) << v[0], static_cast<double>(n / 2), v[1], n % 2 == 0 ? -1.0 : 1.0;
  }
  const Block<double> end = [&] {
    PhiloxSource random(9, 0, chains);
    auto s = kernel.init(energy, PerChain::Constant(chains, beta), y);
    auto scratch = kernel.scratch(energy, chains);
    StepInfo info(chains);
    for (int n = 0; n < steps; ++n) {
      random.set_step(static_cast<std::uint64_t>(n));
      kernel.step(energy, s, scratch, random, info);
    }
    return Block<double>(s.position);
  }();
  double worst = 0;
  for (std::size_t n = 0; n < 6; ++n) {
    const auto& part = law.parts[n];
    const auto in_part =
        (end.col(1) == static_cast<double>(n / 2) && end.col(3) == (n % 2 == 0 ? -1.0 : 1.0))
            .cast<double>()
            .eval();
    const auto v = end.col(0), w = end.col(2);
    const Eigen::Vector2d& m = part.mean;
    const Eigen::Matrix2d& cov = part.covariance;
    const auto look = [&](const PerChain& values, double expected) {
      const PerChain f = in_part * values;
      const double mean = f.mean(), variance = (f - mean).square().mean();
      const double z =
          (mean - part.weight * expected) / std::sqrt(variance / static_cast<double>(chains));
      worst = std::max(worst, std::abs(z));
    };
    look(PerChain::Ones(chains), 1);
    look(v, m[0]);
    look(w, m[1]);
    look(v.square(), m[0] * m[0] + cov(0, 0));
    look(w.square(), m[1] * m[1] + cov(1, 1));
    look(v * w, m[0] * m[1] + cov(0, 1));
  }
  return worst;
}

}  // namespace

TEST_CASE_TEMPLATE("a step is a sweep and a move made by hand, each given the others", S, double,
                   float) {
  for (const auto& which : combinations) {
    CHECK(complaint_of<MetropolisWithinGibbs, S>(which) == "");
  }
  CHECK(complaint_of_part<ClampedKernel>() == "");
}

TEST_CASE_TEMPLATE("the discrete half has the textbook matrix given the real columns", S, double,
                   float) {
  for (const double beta : betas) {
    CAPTURE(beta);
    for (const auto& at : {std::array{0.3, -0.6}, std::array{-0.9, 0.9}}) {
      // float: 3 + 2 states x 2^-23 (block_gibbs_test.cpp); single flips are decided in double
      const double tolerance = std::same_as<S, float> ? 5 * 0x1p-23 : 1e-14;
      CHECK(discrete_complaint<S>({Discrete::gibbs, Real::mala}, beta, at, tolerance) == "");
      CHECK(discrete_complaint<S>({Discrete::metropolis, Real::random_walk}, beta, at, 1e-14) ==
            "");
    }
  }
}

TEST_CASE("the real half proposes and accepts by the formula given the swept discrete columns") {
  const MixedEnergy<double> energy;
  const auto kernel = make<MetropolisWithinGibbs>(Discrete::gibbs, Real::mala);
  std::mt19937_64 engine(2);
  const auto uniform = [&] { return static_cast<double>(engine() >> 11) * 0x1p-53; };
  int swept = 0, uncertain = 0;
  for (int n = 0; n < 300; ++n) {
    const double beta = betas[n % 3];
    Block<double> from(1, 4);
    from << 3 * uniform() - 1.5, n % 3, 3 * uniform() - 1.5, n % 2 == 0 ? -1 : 1;
    const std::array<double, 2> noise{3 * uniform() - 1.5, 3 * uniform() - 1.5};
    std::array<std::uint64_t, 3> words{engine(), engine(), 0};  // z, s, acceptance
    const auto end_with = [&](std::uint64_t k, StepInfo& info) {
      words[2] = k << 11;
      ScriptedSource source(1);
      source.script(words, noise);
      auto state = kernel.init(energy, PerChain::Constant(1, beta), from);
      auto scratch = kernel.scratch(energy, 1);
      kernel.step(energy, state, scratch, source, info);
      CHECK(source.num_words() == 3);
      return state.position;
    };
    StepInfo info(1);
    const Block<double> to = end_with(0, info);
    if (info.accepted[0] == 0) {
      continue;  // probability below 2^-53
    }
    Block<double> between = from;
    between(Eigen::all, discretes) = to(Eigen::all, discretes);
    swept += (between != from).any() ? 1 : 0;
    // the proposal: M11 at the swept values; terms below 10, 8 roundings
    PerChain e(1);
    Block<double> gradient(1, 4);
    energy.energy_and_grad(between, e, gradient);
    for (std::size_t i = 0; i < 2; ++i) {
      const Index j = reals[i];
      const double expected = from(0, j) - h * beta * gradient(0, j) + std::sqrt(2 * h) * noise[i];
      CHECK(std::abs(to(0, j) - expected) <= 8 * 10 * 0x1p-53);
    }
    std::uint64_t accepted = 0, rejected = std::uint64_t{1} << 53;
    while (rejected - accepted > 1) {
      const std::uint64_t middle = accepted + (rejected - accepted) / 2;
      StepInfo once(1);
      end_with(middle, once);
      (once.accepted[0] == 1 ? accepted : rejected) = middle;
    }
    const double p = std::ldexp(static_cast<double>(rejected), -53);
    const double expected = std::exp(std::min(0.0, textbook_log_ratio(between, to, beta)));
    // as in mala_test.cpp: the logarithm within 1e-12, p on its grid
    CHECK(std::abs(p - expected) <= 1e-12 * expected + 0x1p-53);
    uncertain += expected < 1 ? 1 : 0;
  }
  CHECK(swept > 50);  // the sweep moved: a stale gradient or energy would show
  CHECK(uncertain > 50);
}

TEST_CASE("without discrete columns it is MALA, without real ones the Gibbs sweep") {
  const Index chains = 16;
  const CoupledWells<double> wells(3, 0.3);
  const Block<double> start = Block<double>::Constant(chains, 3, 0.4);
  const auto kernel = make<MetropolisWithinGibbs>(Discrete::gibbs, Real::mala);
  const auto mixed = run_typed(kernel, wells, betas_of(chains), start, 0, 50);
  const auto mala = run_typed(Mala(h), wells, betas_of(chains), start, 0, 50);
  CHECK(same_bits(mixed.position, mala.position));
  CHECK(same_bits(mixed.energy, mala.energy));
  CHECK(same_bits(mixed.gradient, mala.gradient));

  for (const double beta : betas) {
    for (const auto discrete : {Discrete::gibbs, Discrete::metropolis}) {
      const auto energy = forbidden_states<double>();
      const StateSpace space(energy.columns());
      const Eigen::VectorXd energies = energy_table(energy);
      std::vector<Eigen::MatrixXd> factors;
      for (const Index j : {0, 1, 2}) {
        factors.push_back(discrete == Discrete::gibbs
                              ? gibbs_matrix(space, energies, beta, {j})
                              : metropolis_matrix(space, energies, beta, j));
      }
      const auto step = step_of(make<MetropolisWithinGibbs>(discrete, Real::mala), energy, beta);
      const Claim claim{gibbs_law(energies, beta), in_order(factors), false, 1e-14};
      CHECK(complaint(probe(space, step, discrete == Discrete::gibbs ? 3 : 30), claim) == "");
    }
  }
}

TEST_CASE("chains that start in the joint law stay in it") {
  // 36 means in each of 4 x 2 looks: each at 1e-6 / 8 in all
  const double bound = z_bound(8 * 36);
  for (const auto& which : combinations) {
    for (const double beta : {0.5, 2.0}) {
      const double worst =
          worst_z(make<MetropolisWithinGibbs>(which.first, which.second), beta, 1 << 15, 5);
      CHECK(worst < bound);
      CHECK(worst > 0.5);  // of 36 looks at a normal z: 36 below 0.5 have probability 1e-15
    }
  }
}

TEST_CASE("energies NaN, +inf and -inf at a proposal and where a chain stands") {
  const auto step_with = [](const std::function<double(double)>& lie, double beta) {
    const Lying<MixedEnergy<double>> energy(MixedEnergy<double>(), lie, [](double d) { return d; });
    const auto kernel = make<MetropolisWithinGibbs>(Discrete::gibbs, Real::mala);
    auto state = kernel.init(energy, PerChain::Constant(1, beta), mixed_start<double>(1));
    auto scratch = kernel.scratch(energy, 1);
    StepInfo info(1);
    const std::array<std::uint64_t, 3> words{0, 0, 0};
    const std::array<double, 2> noise{40, 40};  // far out: a large energy
    ScriptedSource source(1);
    source.script(words, noise);
    const Block<double> before = state.position;
    kernel.step(energy, state, scratch, source, info);
    CHECK(info.accepted[0] == 0);
    CHECK(state.position(0, 0) == before(0, 0));
    CHECK(state.position(0, 2) == before(0, 2));
    return info;
  };
  const auto far = [](double odd) { return [odd](double e) { return e > 50 ? odd : e; }; };
  const auto fault = [](Fault f) { return static_cast<std::uint8_t>(f); };
  for (const double beta : {0.0, 1.0}) {
    const StepInfo nan = step_with(far(std::nan("")), beta);
    CHECK(nan.nan_proposals[0] == 1);
    CHECK_FALSE(nan.any_fault);
    const StepInfo forbidden = step_with(far(inf), beta);
    CHECK(forbidden.forbidden_proposals[0] == 1);
    CHECK_FALSE(forbidden.any_fault);
    CHECK(step_with(far(-inf), beta).fault[0] == fault(Fault::minus_infinity));
    CHECK(step_with([](double) { return std::nan(""); }, beta).fault[0] ==
          fault(Fault::nan_energy));
    CHECK(step_with([](double) { return inf; }, beta).fault[0] == fault(Fault::forbidden));
    CHECK(step_with([](double) { return -inf; }, beta).fault[0] == fault(Fault::minus_infinity));
  }
}

TEST_CASE("a conditional that is NaN is a fault") {
  const Lying<MixedEnergy<double>> energy(
      MixedEnergy<double>(), [](double e) { return e; }, [](double) { return std::nan(""); });
  const auto kernel = make<MetropolisWithinGibbs>(Discrete::gibbs, Real::mala);
  auto state = kernel.init(energy, PerChain::Constant(4, 1.0), mixed_start<double>(4));
  auto scratch = kernel.scratch(energy, 4);
  StepInfo info(4);
  PhiloxSource random(1, 0, 4);
  kernel.step(energy, state, scratch, random, info);
  CHECK((info.fault == static_cast<std::uint8_t>(Fault::nan_energy)).all());
}

TEST_CASE_TEMPLATE("it keeps the contract of kernels", S, double, float) {
  const Block<S> start = mixed_start<S>(64);
  for (const auto& [discrete, real] : combinations) {
    const auto kernel = make<MetropolisWithinGibbs>(discrete, real);
    check_kernel(kernel, MixedEnergy<S>(), start);
    CHECK(cache_complaint(kernel, MixedEnergy<S>(), start, 0) == "");
  }
  const auto kernel = make<MetropolisWithinGibbs>(Discrete::gibbs, Real::mala);
  const auto table = categories<S>();
  Block<S> zeros = Block<S>::Zero(64, 3);
  zeros.col(1).setConstant(-1);
  check_kernel(kernel, table, zeros);
  CHECK(cache_complaint(kernel, table, zeros, 0) == "");
}

TEST_CASE("evaluations are counted: those of the two halves and the one between them") {
  const auto counts = [](const auto& energy, Discrete discrete, Real real, const auto& start) {
    const auto kernel = make<MetropolisWithinGibbs>(discrete, real);
    auto state = kernel.init(energy, PerChain::Constant(start.rows(), 1.0), start);
    auto scratch = kernel.scratch(energy, start.rows());
    StepInfo info(start.rows());
    PhiloxSource random(1, 0, start.rows());
    kernel.step(energy, state, scratch, random, info);
    return std::pair(info.energy_evaluations, info.gradient_evaluations);
  };
  using Counts = std::pair<std::int64_t, std::int64_t>;
  const MixedEnergy<double> mixed;
  const auto start = mixed_start<double>(4);
  CHECK(counts(mixed, Discrete::gibbs, Real::mala, start) == Counts{2, 2});
  CHECK(counts(mixed, Discrete::metropolis, Real::random_walk, start) == Counts{4, 0});
  CHECK(counts(CoupledWells<double>(2), Discrete::gibbs, Real::mala,
               Block<double>::Zero(4, 2).eval()) == Counts{0, 1});
}

TEST_CASE("saved fields restore a chain, and chains can be exchanged") {
  for (const auto& [discrete, real] : combinations) {
    const AnyKernel<double> kernel(make<MetropolisWithinGibbs>(discrete, real));
    const AnyEnergy<double> energy{MixedEnergy<double>()};
    const Index chains = 8;
    StepInfo info(chains);
    const auto run = [&](AnyState<double>& state, std::uint64_t first, std::uint64_t last) {
      AnyScratch scratch = kernel.scratch(energy, chains);
      PhiloxSource random(4, 0, chains);
      for (std::uint64_t s = first; s < last; ++s) {
        random.set_step(s);
        kernel.step(energy, state, scratch, random, info);
      }
    };
    const auto fresh = [&] {
      return kernel.init(energy, betas_of(chains), mixed_start<double>(chains));
    };
    AnyState<double> straight = fresh(), stopped = fresh(), restored = fresh();
    run(straight, 0, 10);
    run(stopped, 0, 4);
    auto from = stopped.fields();
    auto to = restored.fields();
    REQUIRE(from.size() == to.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      REQUIRE(from[i].bytes() == to[i].bytes());
      std::copy_n(static_cast<const char*>(from[i].data), from[i].bytes(),
                  static_cast<char*>(to[i].data));
    }
    run(restored, 4, 10);
    CHECK(same_bits(restored.position(), straight.position()));
    CHECK(same_bits(restored.energy(), straight.energy()));

    // exchanged: each goes on as the other would have, with its beta, at its own random numbers
    PerChain expected(chains);
    straight.swap_chains(1, 6);
    energy.energy(straight.position(), expected);
    CHECK((straight.energy() == expected).all());
    CHECK(straight.beta()[1] == betas_of(chains)[6]);
    AnyState<double> anew = kernel.init(energy, straight.beta(), straight.position());
    run(straight, 10, 13);
    run(anew, 10, 13);
    CHECK(same_bits(straight.position(), anew.position()));
  }
}

TEST_CASE("counts, energies without the member, and a step size that is not positive are refused") {
  CHECK(MetropolisWithinGibbs::applies_to(std::vector{Column{ColumnKind::count, 0}}) != "");
  CHECK(MetropolisWithinGibbs::applies_to(std::vector{real_column(), spin_column()}) == "");
  for (const double wrong : {0.0, -1.0, inf, std::nan("")}) {
    CHECK_THROWS_AS((void)make<MetropolisWithinGibbs>(Discrete::gibbs, Real::mala, wrong),
                    UsageError);
  }
  struct Plain {  // an energy and nothing else
    using Scalar = double;
    std::span<const Column> columns() const { return inner.columns(); }
    void energy(const Block<double>& y, PerChain& out) const { inner.energy(y, out); }
    MixedEnergy<double> inner;
  };
  const PerChain beta = PerChain::Ones(2);
  try {
    (void)make<MetropolisWithinGibbs>(Discrete::gibbs, Real::mala)
        .init(Plain(), beta, mixed_start<double>(2));
    FAIL("not refused");
  } catch (const UsageError& e) {
    CHECK(std::string(e.what()).find("energy_and_grad(y, out, grad), conditional") !=
          std::string::npos);
  }
}

TEST_CASE("planted K1: a gradient from before the sweep is rejected") {
  using Wrong = planted::K1::MetropolisWithinGibbs;
  CHECK(worst_z(make<Wrong>(Discrete::gibbs, Real::mala), 2, 1 << 15, 5) > z_bound(8 * 36));
  CHECK(complaint_of<Wrong, double>(combinations[0]) != "");
}
TEST_CASE("planted K2: columns clamped to values of the step before are rejected") {
  CHECK(complaint_of_part<planted::K2::ClampedKernel>() != "");
}
TEST_CASE("planted K3: two parts that share their draws are rejected") {
  using Wrong = planted::K3::MetropolisWithinGibbs;
  const std::string complaint = complaint_of<Wrong, double>({Discrete::metropolis, Real::mala});
  CHECK(complaint.find("drawn twice") != std::string::npos);
}
TEST_CASE("planted K4: columns merged in another order are rejected") {
  CHECK(complaint_of_part<planted::K4::ClampedKernel>() != "");
}
TEST_CASE("planted K5: an energy from before the sweep is rejected") {
  using Wrong = planted::K5::MetropolisWithinGibbs;
  for (const Real real : {Real::mala, Real::random_walk}) {
    CHECK(complaint_of<Wrong, double>({Discrete::gibbs, real}) != "");
  }
}
