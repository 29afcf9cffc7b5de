#include "negphase/models/potts.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "negphase/core/error.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/gibbs/block_gibbs.hpp"
#include "negphase/gibbs/site_gibbs.hpp"
#include "negphase/metropolis/single_flip.hpp"
#include "negphase/models/pairwise.hpp"
#include "support/allocation_counter.hpp"
#include "support/kernel_probe.hpp"
#include "support/model_checks.hpp"

#include "planted/MD1.hpp"
#include "planted/MD2.hpp"
#include "planted/MD3.hpp"
#include "planted/MD4.hpp"
#include "planted/MD5.hpp"

// What every model must show is in registry_test.cpp; here are the formula, both kinds of
// couplings, columns of different numbers of states, what kernels make of it, and wrong versions.

using namespace negphase;
namespace support = negphase::testing;

namespace {

Params waves(Index n) { return Eigen::ArrayXd::LinSpaced(n, 1, static_cast<double>(n)).sin() / 2; }

/// Any version of the model (P: its couplings, G: its graph) with parameters without symmetry.
template <class M, class P, class G>
M with_waves(P kind, const G& graph, const std::vector<Index>& states) {
  const M zero(kind, graph, states);
  return M(kind, graph, states, waves(zero.params().size()));
}
PottsModel potts(PottsCouplings kind, Index n, std::vector<Edge> edges, std::vector<Index> states) {
  return with_waves<PottsModel>(kind, Graph(n, std::move(edges)), states);
}

AnyEnergy<double> bind(const AnyModel& model, Index chains) {
  return model.bind_double(model.prepare({}), support::cycled_rows(chains, 0));
}

/// Worst error of gradients, changes and conditionals.
double worst_error(const AnyModel& model) {
  const AnyEnergy<double> energy = bind(model, 24);
  const Block<double> y = support::legal_block(energy.columns(), 24, 3);
  std::vector<std::vector<Index>> groups = energy.layers().layers;
  for (Index j = 0; j < y.cols(); ++j) {
    groups.push_back({j});
  }
  return std::max(
      {support::param_gradient_error(model, {}, y), support::param_grad_sum_error(energy, y),
       support::energy_change_error(energy, y), support::conditional_error(energy, y, groups)});
}

double log_z(const AnyModel& model, double beta) {
  return solve_exact(model, Eigen::MatrixXd(1, 0), beta, {}, Executor(1)).log_z[0];
}

PerChain energies(const AnyModel& model, const Block<double>& y) {
  PerChain out(y.rows());
  bind(model, y.rows()).energy(y, out);
  return out;
}

/// A model whose kernels are read off.
template <class M>
struct Probed {
  explicit Probed(const M& model)
      : energy(model.template bind<double>(nullptr, {})),
        space(energy.columns()),
        table(energies(model, space.all()).matrix()) {}

  template <class K>
  std::string complaint(const K& kernel, double beta, const Eigen::MatrixXd& matrix, bool both_ways,
                        int tails = 3) const {
    return support::complaint(support::probe(space, support::step_of(kernel, energy, beta), tails),
                              {support::gibbs_law(table, beta), matrix, both_ways, 1e-14});
  }

  decltype(std::declval<const M&>().template bind<double>(nullptr, {})) energy;
  support::StateSpace space;
  Eigen::VectorXd table;
};

}  // namespace

TEST_CASE("potts: energy by hand, with a table and with equal states") {
  // columns of 2 and 3 states; J(0,0) .. J(1,2), then b
  const PottsModel full(PottsCouplings::full, Graph(2, {{1, 0}}), {2, 3},
                        Params{{1, 2, 3, 4, 5, 6, 0.5, 0.25, 8, 16, 32}});
  const PerChain of_full = energies(full, Block<double>{{0, 0}, {1, 2}, {0, 1}});
  CHECK(of_full[0] == -(1 + 0.5 + 8));
  CHECK(of_full[1] == -(6 + 0.25 + 32));
  CHECK(of_full[2] == -(2 + 0.5 + 16));
  CHECK(full.param_name(0) == "J[0,1,0,0]");
  CHECK(full.param_name(5) == "J[0,1,1,2]");
  CHECK(full.param_name(7) == "b[0,1]");
  CHECK(full.param_name(10) == "b[1,2]");

  const PottsModel equal(PottsCouplings::equal, Graph(2, {{0, 1}}), {3, 3},
                         Params{{4, 1, 2, 3, 8, 16, 32}});
  const PerChain of_equal = energies(equal, Block<double>{{2, 2}, {2, 0}});
  CHECK(of_equal[0] == -(4 + 3 + 32));
  CHECK(of_equal[1] == -(3 + 8));
  CHECK(equal.param_name(0) == "J[0,1]");
  CHECK(equal.param_name(6) == "b[1,2]");
}

TEST_CASE("potts: both kinds on several graphs pass the model checks; MD1 to MD5 do not") {
  // Sums of at most 50 terms of at most 1/2, and Richardson's quotients of them: registry_test.cpp
  const double bound = 1e-11;
  for (const PottsCouplings kind : {PottsCouplings::equal, PottsCouplings::full}) {
    CHECK(worst_error(potts(kind, 4, all_pairs(4), {3, 3, 3, 3})) < bound);
    CHECK(worst_error(potts(kind, 6, torus_lattice(2, 3), std::vector<Index>(6, 4))) < bound);
  }
  CHECK(worst_error(potts(PottsCouplings::full, 4, all_pairs(4), {2, 5, 3, 4})) < bound);
  CHECK(worst_error(potts(PottsCouplings::equal, 3, {}, {2, 5, 3})) < bound);

  const std::vector<Index> same{3, 3, 3, 3}, different{2, 5, 3, 4};
  namespace wrong = negphase::planted;
  CHECK(worst_error(with_waves<wrong::MD1::PottsModel>(wrong::MD1::PottsCouplings::full,
                                                       Graph(4, all_pairs(4)), same)) > 1e-3);
  CHECK(worst_error(with_waves<wrong::MD2::PottsModel>(wrong::MD2::PottsCouplings::full,
                                                       Graph(4, all_pairs(4)), same)) > 1e-3);
  CHECK(worst_error(with_waves<wrong::MD3::PottsModel>(wrong::MD3::PottsCouplings::equal,
                                                       Graph(4, all_pairs(4)), same)) > 1e-3);
  CHECK(worst_error(with_waves<wrong::MD4::PottsModel>(wrong::MD4::PottsCouplings::full,
                                                       Graph(4, all_pairs(4)), different)) > 1e-3);
  CHECK(worst_error(with_waves<wrong::MD5::PottsModel>(wrong::MD5::PottsCouplings::full,
                                                       Graph(4, all_pairs(4)), same)) > 1e-3);
}

TEST_CASE("potts: a ring of equal couplings has the log Z of its transfer matrix") {
  // The matrix 1 + (e^(bJ) - 1) I of K states has eigenvalues e^(bJ) + K - 1, and e^(bJ) - 1 in
  // K - 1 dimensions.
  const Index n = 6, states = 4;
  const double coupling = 0.6, beta = 0.7;
  Params w = Params::Zero(n + n * states);
  w.head(n).setConstant(coupling);
  const PottsModel ring(PottsCouplings::equal, Graph(n, torus_lattice(1, n)),
                        std::vector<Index>(n, states), w);
  const double e = std::expm1(beta * coupling);
  const double expected = std::log(std::pow(e + states, n) + (states - 1) * std::pow(e, n));
  // 4096 exponentials, summed with compensation: the answer's own bound, 4 roundings of it
  CHECK(std::abs(log_z(ring, beta) - expected) < 8 * 0x1p-52 * (1 + expected));
}

TEST_CASE("potts: of two states it is an Ising model with half the couplings and fields") {
  // [s = t] = (1 + sigma tau) / 2, b(s) = (b(0) + b(1)) / 2 + sigma (b(1) - b(0)) / 2
  const std::vector<Edge> edges = square_lattice(2, 3);
  const auto num_edges = static_cast<Index>(edges.size());
  const PottsModel two = potts(PottsCouplings::equal, 6, edges, std::vector<Index>(6, 2));
  const Params& w = two.params();
  Params ising(num_edges + 6);
  double constant = w.head(num_edges).sum() / 2 + w.tail(12).sum() / 2;
  ising.head(num_edges) = w.head(num_edges) / 2;
  for (Index i = 0; i < 6; ++i) {
    ising[num_edges + i] = (w[num_edges + 2 * i + 1] - w[num_edges + 2 * i]) / 2;
  }
  const PairwiseModel spins(ColumnKind::spin, Graph(6, edges), ising);
  const double beta = 1.3, expected = beta * constant + log_z(spins, beta);
  CHECK(std::abs(log_z(two, beta) - expected) < 32 * 0x1p-52 * (1 + std::abs(expected)));
}

TEST_CASE("potts: what is overcomplete changes no probability, and the NLL is flat along it") {
  const PottsModel model = potts(PottsCouplings::full, 3, {{0, 1}, {1, 2}}, {3, 2, 3});
  // u(s_0) from b_0 to J_01, and a constant to b_2
  Eigen::VectorXd along = Eigen::VectorXd::Zero(model.params().size());
  const Eigen::Vector3d u{0.5, -1.25, 2};
  for (Index k = 0; k < 3; ++k) {
    along.segment(2 * k, 2).setConstant(u[k]);
    along[12 + k] = -u[k];
  }
  along.tail(3).setConstant(0.75);
  const AnyModel moved = model.with_params(std::make_shared<const Params>(model.params() + along));
  const support::StateSpace space(bind(model, 1).columns());
  const PerChain difference = energies(moved, space.all()) - energies(model, space.all());
  CHECK((difference + 0.75).abs().maxCoeff() < 16 * 0x1p-52);
  const Eigen::MatrixXd y{{0, 1, 2}, {2, 0, 0}, {1, 1, 1}};
  const ExactNll nll = exact_nll_gradient(model, Eigen::MatrixXd(3, 0), y, 1.5, {}, Executor(1));
  CHECK(std::abs(nll.gradient.dot(along)) < 64 * 0x1p-52);
  CHECK(nll.gradient.norm() > 0.1);
}

TEST_CASE("M13: potts: block Gibbs sweeps by colour, exactly") {
  const Probed potts3(potts(PottsCouplings::full, 3, {{0, 1}, {1, 2}}, {2, 3, 2}));
  for (const double beta : {0.25, 1.0, 2.5}) {
    CAPTURE(beta);
    std::vector<Eigen::MatrixXd> colors;
    for (const auto& group : potts3.energy.layers().layers) {
      colors.push_back(support::gibbs_matrix(potts3.space, potts3.table, beta, group));
    }
    REQUIRE(colors.size() == 2);
    CHECK(potts3.complaint(BlockGibbs(), beta, support::in_order(colors), false) == "");
  }
}

TEST_CASE("M13: potts: the transition matrices of kernels by site are those of its energies") {
  const Probed potts2(potts(PottsCouplings::full, 2, {{0, 1}}, {3, 2}));
  for (const double beta : {0.25, 1.0, 2.5}) {
    CAPTURE(beta);
    std::vector<Eigen::MatrixXd> sites, flips;
    for (Index j = 0; j < 2; ++j) {
      sites.push_back(support::gibbs_matrix(potts2.space, potts2.table, beta, {j}));
      flips.push_back(support::metropolis_matrix(potts2.space, potts2.table, beta, j));
    }
    CHECK(potts2.complaint(SiteGibbs(SiteGibbs::Scan::systematic), beta, support::in_order(sites),
                           false) == "");
    CHECK(potts2.complaint(SiteGibbs(SiteGibbs::Scan::random, 1), beta, support::at_random(sites),
                           true) == "");
    // what the word of a site does hangs on two more: tails of every kind
    CHECK(potts2.complaint(SingleFlip(SingleFlip::Scan::random, 1), beta, support::at_random(flips),
                           true, 30) == "");
    CHECK(potts2.complaint(SingleFlip(SingleFlip::Scan::systematic), beta, support::in_order(flips),
                           false, 30) == "");
  }
}

TEST_CASE("M13: potts: block Gibbs on the wrong conditional MD2 is seen in its matrix") {
  const Probed wrong(with_waves<planted::MD2::PottsModel>(planted::MD2::PottsCouplings::full,
                                                          Graph(2, {{0, 1}}), {3, 2}));
  std::vector<Eigen::MatrixXd> sites;
  for (const auto& group : wrong.energy.layers().layers) {
    sites.push_back(support::gibbs_matrix(wrong.space, wrong.table, 1, group));
  }
  CHECK(wrong.complaint(BlockGibbs(), 1, support::in_order(sites), false) != "");
}

TEST_CASE("potts: columns of different numbers of states allocate nothing after the first call") {
  const AnyEnergy<double> energy = bind(potts(PottsCouplings::full, 3, {{0, 1}}, {2, 5, 3}), 16);
  const Block<double> y = support::legal_block(energy.columns(), 16, 4);
  const std::vector<Index> last{2}, both{1, 2};
  Block<double> of_last(16, 2), of_both(16, 6);
  PerChain out(16);
  const auto use = [&] {
    energy.energy(y, out);
    energy.conditional(y, last, of_last);
    energy.conditional(y, both, of_both);
  };
  use();
  const support::AllocationCounter counter;
  use();
  CHECK(counter.count() == 0);
}

TEST_CASE("potts: coupled columns cannot be drawn together") {
  const AnyEnergy<double> energy =
      bind(potts(PottsCouplings::equal, 6, square_lattice(2, 3), std::vector<Index>(6, 3)), 2);
  const Block<double> y = Block<double>::Ones(2, 6);
  Block<double> delta;
  const std::vector<Index> coupled{4, 1}, apart{0, 4};
  CHECK_THROWS_WITH_AS(energy.conditional(y, coupled, delta),
                       doctest::Contains("columns 1 and 4 are coupled"), UsageError);
  CHECK_NOTHROW(energy.conditional(y, apart, delta));
  CHECK(delta.cols() == 4);
}

TEST_CASE("potts: states come from labels or from the option; both are checked") {
  const ModelRow row = potts_row();
  const auto make = [&](const std::vector<GivenOption>& given, const DataShape& data) {
    return row.make(Options::resolve("model 'potts'", row.options, given), data);
  };
  const GivenOption equal{"couplings", std::string("equal"), {}};
  const auto states = [](std::int64_t k) { return GivenOption{"states", k, {}}; };
  CHECK(make({}, {0, 3, {2, 3, 4}}).shape().num_params == 6 + 8 + 12 + 9);
  CHECK(make({states(5)}, {0, 2, {}}).shape().num_params == 25 + 10);
  CHECK(make({states(5), equal}, {0, 2, {3, 4}}).shape().num_params == 1 + 10);
  CHECK_THROWS_WITH_AS(make({}, {0, 2, {3, 0}}), doctest::Contains("column 2 of y holds numbers"),
                       ConfigError);
  CHECK_THROWS_WITH_AS(make({states(2)}, {0, 2, {3, 3}}),
                       doctest::Contains("states = 2, but column 1 of y has 3 labels"),
                       ConfigError);
  CHECK_THROWS_WITH_AS(make({states(1)}, {0, 2, {}}), doctest::Contains("has 1 state"),
                       ConfigError);
  CHECK_THROWS_WITH_AS(make({equal}, {0, 2, {3, 4}}),
                       doctest::Contains("columns 1 and 2 are in the same state, but they have 3 "
                                         "and 4 states"),
                       ConfigError);
  CHECK_THROWS_WITH_AS(make({states(1000000)}, {0, 3, {}}),
                       doctest::Contains("potts of 3 sites and 3 edges has 3000003000000 "
                                         "parameters"),
                       ConfigError);
  CHECK_THROWS_WITH_AS(
      PottsModel(PottsCouplings::full, Graph(2, {{0, 1}}), {2, 3}, Params::Zero(3)),
      "parameters of the wrong length: potts of 2 sites takes 11 (J 6 by edge, b 5 "
      "by column), got 3",
      ConfigError);
}

TEST_CASE("potts: couplings from a file are those of equal states") {
  GivenCouplings given{{{0, 2, 0.5}, {1, 2, -0.25}}, true};
  const ModelRow row = potts_row();
  const auto make = [&](const std::string& kind) {
    const std::vector<GivenOption> options{{"graph", std::string("file"), {}},
                                           {"couplings", kind, {}},
                                           {"states", std::int64_t{3}, {}}};
    return row.make(Options::resolve("model 'potts'", row.options, options), {0, 3, {}, &given});
  };
  const support::StateSpace space(std::vector<Column>(3, Column{ColumnKind::category, 3}));
  const PerChain difference =
      energies(make("full"), space.all()) - energies(make("equal"), space.all());
  CHECK(difference.abs().maxCoeff() == 0);
  CHECK(energies(make("equal"), Block<double>{{1, 1, 1}})[0] == -0.25);
}
