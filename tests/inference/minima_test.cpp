#include "negphase/inference/minima.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "negphase/core/log_sum_exp.hpp"
#include "negphase/models/gaussian.hpp"
#include "negphase/models/pairwise.hpp"
#include "negphase/models/quartic.hpp"
#include "negphase/models/rbm.hpp"
#include "negphase/registry/registry.hpp"
#include "planted/IN1.hpp"
#include "planted/IN2.hpp"
#include "planted/IN3.hpp"
#include "support/energy_model.hpp"
#include "support/mixed_energy.hpp"
#include "support/problems.hpp"
#include "support/zoo.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

const Executor two_threads(2);
const RunSettings settings = settings_on(two_threads, 5);
const Eigen::MatrixXd no_x;
constexpr double inf = std::numeric_limits<double>::infinity();

/// States of bits, first one most significant.
Eigen::VectorXd bits_of(Index number, Index n) {
  Eigen::VectorXd bits(n);
  for (Index j = n - 1; j >= 0; --j, number /= 2) {
    bits[j] = static_cast<double>(number % 2);
  }
  return bits;
}

/// An RBM by its formula: E = -a'v - c'h - v'W h.
struct PlainRbm {
  Eigen::MatrixXd w;
  Eigen::VectorXd a, c;

  AnyModel model() const {
    Params all(w.size() + a.size() + c.size());
    for (Index i = 0; i < w.rows(); ++i) {
      for (Index j = 0; j < w.cols(); ++j) {
        all[i * w.cols() + j] = w(i, j);
      }
    }
    all.segment(w.size(), a.size()) = a;
    all.tail(c.size()) = c;
    return RbmModel(w.rows(), w.cols(), all);
  }
  double energy(const Eigen::VectorXd& v, const Eigen::VectorXd& h) const {
    return -a.dot(v) - c.dot(h) - v.dot(w * h);
  }
  double free_energy(const Eigen::VectorXd& v, double beta) const {
    double sum = 0;
    for (Index k = 0; k < Index{1} << c.size(); ++k) {
      sum += std::exp(-beta * energy(v, bits_of(k, c.size())));
    }
    return -std::log(sum) / beta;
  }
};

/// v = 0 leaves many h at energy 0, v = 1 one alone that lies lower: F and E disagree while beta is
/// low.
PlainRbm disagreeing_rbm() {
  return {Eigen::MatrixXd{{1.0, 1.0, 1.0}}, Eigen::VectorXd{{-2.6}},
          Eigen::VectorXd{{0.0, 0.0, 0.0}}};
}

/// Whether no single change of n bits lowers f.
template <class F>
bool is_lowest_around(const F& f, const Eigen::VectorXd& place) {
  for (Index j = 0; j < place.size(); ++j) {
    Eigen::VectorXd other = place;
    other[j] = 1 - other[j];
    if (f(other) < f(place)) {
      return false;
    }
  }
  return true;
}

/// E = sum_i (y_i^2 - 1)^2 in d columns: 2^d minima of energy 0, 3^d - 2^d other stationary places.
struct Wells {
  using Scalar = double;
  explicit Wells(Index d) : all(static_cast<std::size_t>(d), real_column()) {}
  std::span<const Column> columns() const { return all; }
  void energy(const Block<double>& y, PerChain& out) const {
    out = (y.square() - 1).square().rowwise().sum();
  }
  void energy_and_grad(const Block<double>& y, PerChain& out, Block<double>& grad) const {
    energy(y, out);
    grad = 4 * y * (y.square() - 1);
  }
  std::vector<Column> all;
};

FunctionEnergy<double> line(std::function<double(double)> value,
                            std::function<double(double)> slope) {
  FunctionEnergy<double> energy;
  energy.value = std::move(value);
  energy.slope = std::move(slope);
  return energy;
}

using FindMinima = std::vector<RowMinima> (*)(const AnyModel&, const Eigen::MatrixXd&, double,
                                              const MinimaOptions&, const RunSettings&);

/// Searches started at a saddle of four wells: all must end at 0.
bool leaves_saddles(FindMinima find) {
  MinimaOptions options;
  options.starts = 3;
  options.start = [](Index, Index, std::span<double> place) {
    std::fill(place.begin(), place.end(), 0.0);
  };
  const auto found = find(EnergyModel::of(Wells(4)), no_x, 1, options, settings);
  return std::abs(found[0].minima.at(0).energy) < 1e-12 && found[0].minima[0].starts == 3;
}

/// All local minima of a table with walls, by enumeration, against a look at every neighbour.
bool lists_all_states(FindMinima find) {
  const auto energy = categories<double>();
  const StateSpace space(energy.columns());
  const Eigen::VectorXd table = energy_table(energy);
  std::vector<Index> expected;
  for (Index s = 0; s < space.size(); ++s) {
    const Block<double> here = space.state(s);
    bool lowest = true;
    for (Index t = 0; t < space.size(); ++t) {
      lowest = lowest && ((space.state(t) != here).count() != 1 || table[t] >= table[s]);
    }
    if (lowest) {
      expected.push_back(s);
    }
  }
  std::sort(expected.begin(), expected.end(),
            [&](Index a, Index b) { return table[a] < table[b]; });
  const RowMinima found = find(EnergyModel::of(energy), no_x, 1, {}, settings)[0];
  bool same = found.is_exact && found.minima.size() == expected.size();
  for (std::size_t i = 0; same && i < expected.size(); ++i) {
    same = found.minima[i].energy == table[expected[i]] &&
           found.minima[i].place.transpose().array().isApprox(space.state(expected[i]).row(0));
  }
  return same;
}

}  // namespace

TEST_CASE("M3: argmin of F and argmin of E are different answers, and agree as beta grows") {
  const PlainRbm rbm = disagreeing_rbm();
  // F(0) = -log(8) / beta; F(1) = 2.6 - 3 log(1 + e^beta) / beta
  for (const double beta : {0.5, 1.0, 20.0}) {
    MinimaOptions options;
    const RowMinima of_f = find_minima(rbm.model(), no_x, beta, options, settings)[0];
    options.target = Target::yz;
    const RowMinima of_e = find_minima(rbm.model(), no_x, beta, options, settings)[0];
    CHECK(of_f.is_exact);
    CHECK(of_e.is_exact);
    const double f0 = -std::log(8) / beta, f1 = 2.6 - 3 * softplus(beta) / beta;
    CHECK(of_f.minima[0].energy == doctest::Approx(std::min(f0, f1)).epsilon(1e-13));
    CHECK(of_f.minima[0].place[0] == (f0 < f1 ? 0.0 : 1.0));
    CHECK(of_e.minima[0].place == Eigen::VectorXd{{1.0, 1.0, 1.0, 1.0}});
    CHECK(of_e.minima[0].energy == doctest::Approx(-0.4));
    CHECK((of_f.minima[0].place[0] == of_e.minima[0].place[0]) == (beta == 20.0));
  }
}

TEST_CASE("M3: all states that no single change lowers, against sums by the formula") {
  const PlainRbm rbm{Eigen::MatrixXd{{1.5, -2.0}, {-1.0, 2.5}, {2.0, 0.5}, {-1.5, -1.0}},
                     Eigen::VectorXd{{0.2, -0.4, -0.6, 0.3}}, Eigen::VectorXd{{-0.5, 0.1}}};
  const double beta = 1.3;
  std::vector<double> of_f, of_e;
  for (Index k = 0; k < 64; ++k) {
    const auto e = [&](const Eigen::VectorXd& s) { return rbm.energy(s.head(4), s.tail(2)); };
    const auto f = [&](const Eigen::VectorXd& s) { return rbm.free_energy(s, beta); };
    if (is_lowest_around(e, bits_of(k, 6))) {
      of_e.push_back(e(bits_of(k, 6)));
    }
    if (k < 16 && is_lowest_around(f, bits_of(k, 4))) {
      of_f.push_back(f(bits_of(k, 4)));
    }
  }
  std::sort(of_f.begin(), of_f.end());
  std::sort(of_e.begin(), of_e.end());
  CHECK(of_e.size() > 1);
  for (const Target target : {Target::y, Target::yz}) {
    const auto& expected = target == Target::y ? of_f : of_e;
    for (const double max_states : {64.0, 1.0}) {  // 1: searched
      MinimaOptions options{.target = target, .max_states = max_states};
      const RowMinima found = find_minima(rbm.model(), no_x, beta, options, settings)[0];
      CHECK(found.is_exact == (max_states > 1));
      REQUIRE(found.minima.size() == expected.size());
      Index starts = 0;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        CHECK(found.minima[i].energy == doctest::Approx(expected[i]).epsilon(1e-13));
        starts += found.minima[i].starts;
      }
      CHECK(starts == (max_states > 1 ? 0 : 64));
      CHECK(found.searches == starts);
    }
  }
}

TEST_CASE("inference: states of a table, also where some are forbidden; ties in state order") {
  CHECK(lists_all_states(find_minima));
  const auto walled = forbidden_states<double>();
  const Eigen::VectorXd table = energy_table(walled);
  for (const double max_states : {12.0, 1.0}) {
    MinimaOptions options{.max_states = max_states};
    const RowMinima found = find_minima(EnergyModel::of(walled), no_x, 1, options, settings)[0];
    CHECK(found.minima[0].energy == table.minCoeff());
    CHECK(std::isfinite(found.minima.back().energy));
  }
  const TableEnergy<double> flat({bit_column(), bit_column()}, Eigen::VectorXd{{1, 0, 0, 0}});
  const RowMinima ties = find_minima(EnergyModel::of(flat), no_x, 1, {}, settings)[0];
  REQUIRE(ties.minima.size() == 3);
  CHECK(ties.minima[0].place == Eigen::VectorXd{{0.0, 1.0}});
  CHECK(ties.minima[2].place == Eigen::VectorXd{{1.0, 1.0}});
  const MinimaOptions two{.most_minima = 2};
  const RowMinima cut = find_minima(EnergyModel::of(flat), no_x, 1, two, settings)[0];
  CHECK(cut.minima.size() == 2);
  CHECK(cut.num_minima == 3);
}

TEST_CASE("M3: both wells of a quartic on every row, with curvature, against the roots") {
  // E = y^4 / 4 - y^2 - c y, c = w2 x + w3; dE/dy = y^3 - 2 y - c
  const AnyModel model = QuarticModel(Params{{1, -2, 0.75, 0.125}});
  const Eigen::MatrixXd x{{-1.25}, {-0.5}, {0.25}, {1}, {3}};
  const auto found = find_minima(model, x, 1, {.starts = 8}, settings);
  REQUIRE(found.size() == 5);
  for (Index row = 0; row < 5; ++row) {
    const double c = 0.75 * x(row, 0) + 0.125;
    std::vector<double> roots;
    for (const double start : {-2.0, 2.0}) {
      double y = start;
      for (int i = 0; i < 100; ++i) {
        y -= (y * y * y - 2 * y - c) / (3 * y * y - 2);
      }
      if (3 * y * y > 2 && std::abs(y * y * y - 2 * y - c) < 1e-12 &&
          (roots.empty() || std::abs(y - roots[0]) > 1e-6)) {
        roots.push_back(y);
      }
    }
    const RowMinima& of_row = found[static_cast<std::size_t>(row)];
    CHECK(of_row.minima.size() == roots.size());
    CHECK_FALSE(of_row.is_exact);
    for (const Minimum& minimum : of_row.minima) {
      const double y = minimum.place[0];
      const double nearest =
          std::abs(y - roots[0]) < std::abs(y - roots.back()) ? roots[0] : roots.back();
      // the slope that is left, 1e-8 (1 + |E|) with |E| < 9, over the curvature, above 1.5
      CHECK(std::abs(y - nearest) <= 1e-7 / 1.5);
      // the error of the place times 6 y, and eps^(2/3) / 6 of the fourth derivative, 6
      CHECK(std::abs(minimum.curvature[0] - (3 * nearest * nearest - 2)) < 2e-6);
      CHECK(minimum.starts > 0);
    }
  }
}

TEST_CASE("M3: a Gaussian in closed form") {
  const AnyModel model = GaussianModel(3, Params{{0.5, -0.25, 1, 2, -0.5, 1.5, 0.25, 0.75, 1.25}});
  const RowMinima found = find_minima(model, no_x, 2, {}, settings)[0];
  CHECK(found.is_exact);
  REQUIRE(found.minima.size() == 1);
  const std::vector<Index> row{0};
  const AnyEnergy<double> energy = model.bind_double(model.prepare(no_x), row);
  Block<double> y = found.minima[0].place.transpose().array(), grad(1, 3);
  PerChain out(1);
  energy.energy_and_grad(y, out, grad);
  CHECK(out[0] == found.minima[0].energy);
  CHECK(grad.abs().maxCoeff() < 1e-14);
  CHECK(found.minima[0].curvature[0] > 0);
}

TEST_CASE("M3: mixed y: every well of a mixed state that no change of a finite column lowers") {
  // given (z, s) the minimum is P^-1 b; it counts where no other (z', s') of one change is lower
  const MixedEnergy<double> energy;
  const MixedLaw law(1);  // its means are the minima
  const auto value = [&](const Eigen::Vector2d& y, Index z, Index s) {
    Block<double> place(1, 4);
    place << y[0], static_cast<double>(z), y[1], static_cast<double>(2 * s - 1);
    PerChain out(1);
    energy.energy(place, out);
    return out[0];
  };
  std::vector<double> expected;
  for (Index n = 0; n < 6; ++n) {
    const Index z = n / 2, s = n % 2;
    const Eigen::Vector2d mean = law.parts[static_cast<std::size_t>(n)].mean;
    bool lowest = value(mean, z, 1 - s) >= value(mean, z, s);
    for (Index other = 0; other < 3; ++other) {
      lowest = lowest && value(mean, other, s) >= value(mean, z, s);
    }
    if (lowest) {
      expected.push_back(value(mean, z, s));
    }
  }
  std::sort(expected.begin(), expected.end());
  const RowMinima found = find_minima(EnergyModel::of(energy), no_x, 1, {}, settings)[0];
  REQUIRE(found.minima.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    // E is quadratic: off by the square of the slope that is left, over twice the curvature
    CHECK(found.minima[i].energy == doctest::Approx(expected[i]).epsilon(1e-12));
    CHECK(found.minima[i].curvature.size() == 2);
  }
}

TEST_CASE("inference: annealed chains come lower than descent alone") {
  // six coupled wells, all started in the upper one of each
  const AnyModel model = EnergyModel::of(CoupledWells<double>(6, -0.1));
  MinimaOptions options;
  options.starts = 4;
  options.start = [](Index, Index, std::span<double> place) {
    std::fill(place.begin(), place.end(), 1.0);
  };
  const double alone = find_minima(model, no_x, 1, options, settings)[0].minima[0].energy;
  const AnySampler mala = make_sampler("mala", std::vector<GivenOption>{{"step_size", 0.3, {}}});
  options.annealing = {.sampler = &mala, .stages = 6, .steps = 200};
  const RowMinima annealed = find_minima(model, no_x, 1, options, settings)[0];
  CHECK(annealed.minima[0].energy < alone);
  CHECK((annealed.minima[0].place.array() < 0).any());
  // the same bytes on one thread
  const Executor one(1);
  const RowMinima again = find_minima(model, no_x, 1, options, settings_on(one, 5))[0];
  REQUIRE(again.minima.size() == annealed.minima.size());
  for (std::size_t i = 0; i < again.minima.size(); ++i) {
    CHECK(again.minima[i].place == annealed.minima[i].place);
    CHECK(again.minima[i].starts == annealed.minima[i].starts);
  }
}

TEST_CASE("inference: a saddle is left, a kink is a minimum, a flat minimum is one") {
  CHECK(leaves_saddles(find_minima));
  const auto find = [](const FunctionEnergy<double>& energy) {
    return find_minima(EnergyModel::of(energy), no_x, 1, {.starts = 16}, settings)[0];
  };
  const RowMinima kink = find(line([](double y) { return std::abs(y - 0.3); },
                                   [](double y) { return y < 0.3 ? -1.0 : 1.0; }));
  REQUIRE(kink.minima.size() == 1);
  CHECK(kink.minima[0].place[0] == doctest::Approx(0.3).epsilon(1e-7));
  CHECK_FALSE(kink.minima[0].is_stationary);
  const RowMinima flat =
      find(line([](double y) { return y * y * y * y; }, [](double y) { return 4 * y * y * y; }));
  CHECK(flat.minima.size() == 1);
  CHECK(std::abs(flat.minima[0].place[0]) < 2e-3);  // 4 |y|^3 <= 1e-8
}

TEST_CASE("inference: energies without a minimum, with NaN, with no finite place") {
  const auto find = [](const FunctionEnergy<double>& energy) {
    return find_minima(EnergyModel::of(energy), no_x, 1, {.starts = 16}, settings)[0];
  };
  CHECK_THROWS_WITH_AS(find(line([](double y) { return -y; }, [](double) { return -1.0; })),
                       doctest::Contains("falls without end"), ModelError);
  // y^3 - 3 y: a well at 1, and no end beyond -2
  const RowMinima half = find(
      line([](double y) { return y * y * y - 3 * y; }, [](double y) { return 3 * y * y - 3; }));
  CHECK(half.ran_away > 0);
  REQUIRE(half.minima.size() == 1);
  CHECK(half.minima[0].place[0] == doctest::Approx(1).epsilon(1e-7));
  CHECK_THROWS_WITH_AS(find(line([](double) { return std::nan(""); }, [](double) { return 0.0; })),
                       doctest::Contains("row 1 of x: the energy is nan"), ModelError);
  CHECK_THROWS_WITH_AS(find(line([](double) { return inf; }, [](double) { return 0.0; })),
                       doctest::Contains("no place of finite energy"), ModelError);
  const TableEnergy<double> wall({bit_column()}, Eigen::VectorXd{{inf, inf}});
  CHECK_THROWS_WITH_AS(find_minima(EnergyModel::of(wall), no_x, 1, {}, settings),
                       doctest::Contains("+inf at all states"), ModelError);
}

TEST_CASE("inference: questions that have no answer") {
  const AnyModel latent = EnergyModel({real_column()}, {real_column()},
                                      [](Index) { return AnyEnergy<double>(Wells(2)); });
  CHECK_THROWS_WITH_AS(find_minima(latent, no_x, 1, {}, settings),
                       doctest::Contains("take target = \"yz\""), ConfigError);
  CHECK(find_minima(latent, no_x, 1, {.target = Target::yz}, settings)[0].minima.size() == 4);
  const AnyModel wells = EnergyModel::of(Wells(4));
  CHECK_THROWS_AS(find_minima(wells, no_x, 0, {}, settings), ConfigError);
  CHECK_THROWS_AS(find_minima(wells, no_x, 1, {.starts = 0}, settings), ConfigError);
  const AnyModel quartic = QuarticModel(Params{{1, -2, 0.75, 0.125}});
  CHECK_THROWS_AS(find_minima(quartic, no_x, 1, {}, settings), ConfigError);
  const AnySampler gibbs = make_sampler("site_gibbs");
  MinimaOptions options;
  options.annealing.sampler = &gibbs;
  CHECK_THROWS_WITH_AS(find_minima(wells, no_x, 1, options, settings),
                       doctest::Contains("conditional"), ConfigError);
}

TEST_CASE("inference: the tests see planted bugs") {
  CHECK_FALSE(lists_all_states([](const AnyModel& model, const Eigen::MatrixXd& x, double beta,
                                  const MinimaOptions&, const RunSettings& run) {
    std::vector<RowMinima> found;
    for (planted::IN1::RowMinima& row : planted::IN1::find_minima(model, x, beta, {}, run)) {
      RowMinima copy;
      copy.is_exact = row.is_exact;
      for (const auto& minimum : row.minima) {
        copy.minima.push_back({minimum.place, minimum.energy, 0, {}, true});
      }
      found.push_back(std::move(copy));
    }
    return found;
  }));
  CHECK_FALSE(leaves_saddles([](const AnyModel& model, const Eigen::MatrixXd& x, double beta,
                                const MinimaOptions& options, const RunSettings& run) {
    planted::IN2::MinimaOptions own;
    own.starts = options.starts;
    own.start = options.start;
    const auto row = planted::IN2::find_minima(model, x, beta, own, run).at(0);
    RowMinima copy;
    copy.minima.push_back(
        {row.minima[0].place, row.minima[0].energy, row.minima[0].starts, {}, true});
    return std::vector<RowMinima>{copy};
  }));
  // F at another temperature: 0.5 and 1 disagree in the energy
  const PlainRbm rbm = disagreeing_rbm();
  const AnyModel model = rbm.model();
  const planted::IN3::TargetEnergies wrong(model, no_x, 0.5, planted::IN3::Target::y, 1);
  const AnyEnergy<double> energy = wrong.bind_row(0, 1);
  PerChain out(1);
  energy.energy(Block<double>::Zero(1, 1), out);
  CHECK(std::abs(out[0] + std::log(8) / 0.5) > 1);
}
