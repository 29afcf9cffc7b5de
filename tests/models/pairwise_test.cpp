#include "negphase/models/pairwise.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "negphase/core/error.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/gibbs/block_gibbs.hpp"
#include "negphase/metropolis/single_flip.hpp"
#include "negphase/models/registry.hpp"
#include "planted/T1.hpp"
#include "planted/T2.hpp"
#include "planted/T3.hpp"
#include "planted/T4.hpp"
#include "planted/T5.hpp"
#include "support/kernel_probe.hpp"
#include "support/model_checks.hpp"
#include "support/zoo.hpp"

// What every model must show is in registry_test.cpp; here are the formula, the graphs, Gibbs by
// colour, and wrong versions. (support/ has a pairwise model of its own, so names are qualified.)

using namespace negphase;
namespace support = negphase::testing;

namespace {

Params waves(Index n) { return Eigen::ArrayXd::LinSpaced(n, 1, static_cast<double>(n)).sin() / 2; }

template <class M = PairwiseModel, class G = Graph>
M dense_model(ColumnKind kind, Index n) {
  return M(kind, G(n, all_pairs(n)), waves(n * (n + 1) / 2));
}
PairwiseModel lattice_model(ColumnKind kind, Index rows, Index columns) {
  Graph graph(rows * columns, torus_lattice(rows, columns));
  const auto params = static_cast<Index>(graph.edges().size()) + rows * columns;
  return PairwiseModel(kind, std::move(graph), waves(params));
}

AnyEnergy<double> bind(const AnyModel& model, Index chains) {
  return model.bind_double(model.prepare({}), support::cycled_rows(chains, 0));
}

// Two groups that cover all sites once, none coupled within.
template <class G>
bool is_proper(const G& graph, const std::vector<std::vector<Index>>& groups) {
  std::vector<Index> color(static_cast<std::size_t>(graph.num_sites()), -1);
  Index seen = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (const Index site : groups[g]) {
      color[static_cast<std::size_t>(site)] = static_cast<Index>(g);
      ++seen;
    }
  }
  return seen == graph.num_sites() &&
         std::none_of(graph.edges().begin(), graph.edges().end(), [&](const Edge& e) {
           return color[static_cast<std::size_t>(e.first)] ==
                  color[static_cast<std::size_t>(e.second)];
         });
}

// A graph without pattern: i and j are coupled where the digits of sin say so.
std::vector<Edge> scattered(Index n, double share) {
  std::vector<Edge> edges;
  for (const Edge& e : all_pairs(n)) {
    const double x = 1e4 * std::sin(1.0 + static_cast<double>(e.first * n + e.second));
    if (x - std::floor(x) < share) {
      edges.push_back(e);
    }
  }
  return edges;
}

double worst_error(const AnyModel& model) {
  const AnyEnergy<double> energy = bind(model, 16);
  const Block<double> y = support::legal_block(energy.columns(), 16, 3);
  return std::max(
      {support::param_gradient_error(model, {}, y), support::param_grad_sum_error(energy, y),
       support::energy_change_error(energy, y), support::pairwise_view_error(energy, y)});
}

}  // namespace

TEST_CASE("pairwise: energy by hand, spins and bits") {
  // edges 0-1, 0-2 and b
  const Params w{{0.5, -0.25, 1, 2, 4}};
  for (const ColumnKind kind : {ColumnKind::spin, ColumnKind::bit}) {
    const PairwiseModel model(kind, Graph(3, {{2, 0}, {0, 1}}), w);
    const auto energy = model.bind<double>(nullptr, {});
    PerChain out(1);
    energy.energy(Block<double>{{1, 1, 1}}, out);
    CHECK(out[0] == -(0.5 - 0.25 + 1 + 2 + 4));
    const double low = kind == ColumnKind::spin ? -1 : 0;
    energy.energy(Block<double>{{1, low, 1}}, out);
    CHECK(out[0] == -(0.5 * low - 0.25 + 1 + 2 * low + 4));
    CHECK(model.param_name(0) == "J[0,1]");
    CHECK(model.param_name(1) == "J[0,2]");
    CHECK(model.param_name(4) == "b[2]");
  }
}

TEST_CASE("pairwise: dense and sparse graphs pass the model checks; T2 to T5 do not") {
  // at most 50 terms below 1 in sums; see registry_test.cpp
  const double bound = 1e-11;
  for (const ColumnKind kind : {ColumnKind::spin, ColumnKind::bit}) {
    CHECK(worst_error(dense_model(kind, 7)) < bound);
    CHECK(worst_error(lattice_model(kind, 3, 4)) < bound);
    CHECK(worst_error(PairwiseModel(kind, Graph(9, scattered(9, 0.3)),
                                    waves(static_cast<Index>(scattered(9, 0.3).size()) + 9))) <
          bound);
  }
  const auto wrong = [&]<class M>(std::type_identity<M>) {
    return worst_error(M(ColumnKind::bit, Graph(7, all_pairs(7)), waves(28))) > 1e-3;
  };
  CHECK(wrong(std::type_identity<planted::T2::PairwiseModel>{}));
  CHECK(wrong(std::type_identity<planted::T3::PairwiseModel>{}));
  CHECK(wrong(std::type_identity<planted::T4::PairwiseModel>{}));
  CHECK(wrong(std::type_identity<planted::T5::PairwiseModel>{}));
}

TEST_CASE("graph: lattices, their edges and degrees") {
  CHECK(all_pairs(5).size() == 10);
  CHECK(square_lattice(2, 3).size() == 7);
  CHECK(torus_lattice(3, 4).size() == 24);  // 2 a site
  CHECK(torus_lattice(2, 2).size() == 4);   // rings of two sites have one edge
  CHECK(torus_lattice(1, 5).size() == 5);
  CHECK(torus_lattice(1, 1).empty());
  const Graph torus(12, torus_lattice(3, 4));
  for (Index i = 0; i < 12; ++i) {
    CHECK(torus.neighbours(i).size() == 4);
    for (std::size_t k = 0; k < 4; ++k) {
      const auto n = torus.neighbours(i)[k];
      CHECK((k == 0 || torus.neighbours(i)[k - 1].site < n.site));
      CHECK(torus.edges()[static_cast<std::size_t>(n.edge)] ==
            Edge(std::min(i, n.site), std::max(i, n.site)));
    }
  }
}

TEST_CASE("graph: bad edges are refused with both ends") {
  CHECK_THROWS_WITH_AS(Graph(3, {{1, 1}}), doctest::Contains("edge 1 - 1"), ConfigError);
  CHECK_THROWS_WITH_AS(Graph(3, {{0, 3}}), doctest::Contains("edge 0 - 3: sites go from 0 to 2"),
                       ConfigError);
  CHECK_THROWS_WITH_AS(Graph(3, {{-1, 2}}), doctest::Contains("-1 - 2"), ConfigError);
  CHECK_THROWS_WITH_AS(Graph(3, {{0, 1}, {1, 0}}), doctest::Contains("0 - 1 is given twice"),
                       ConfigError);
}

TEST_CASE("graph: the colouring is proper and small; planted T1 is rejected") {
  for (const double share : {0.0, 0.1, 0.4, 1.0}) {
    const Graph graph(40, scattered(40, share));
    const auto groups = color_groups(graph);
    CHECK(is_proper(graph, groups));
    std::size_t degree = 0;
    for (Index i = 0; i < 40; ++i) {
      degree = std::max(degree, graph.neighbours(i).size());
    }
    CHECK(groups.size() <= degree + 1);
  }
  CHECK(color_groups(Graph(48, square_lattice(6, 8))).size() == 2);
  const auto dense = color_groups(Graph(4, all_pairs(4)));
  CHECK(dense == std::vector<std::vector<Index>>{{0}, {1}, {2}, {3}});

  const planted::T1::Graph wrong(40, scattered(40, 0.4));
  CHECK_FALSE(is_proper(wrong, planted::T1::color_groups(wrong)));
}

TEST_CASE("pairwise: coupled columns cannot be drawn together") {
  const auto energy = bind(lattice_model(ColumnKind::spin, 2, 3), 2);
  const Block<double> y = Block<double>::Ones(2, 6);
  Block<double> delta(2, 2);
  const std::vector<Index> coupled{4, 1}, free{0, 4};
  CHECK_THROWS_WITH_AS(energy.conditional(y, coupled, delta),
                       doctest::Contains("columns 1 and 4 are coupled"), UsageError);
  CHECK_NOTHROW(energy.conditional(y, free, delta));  // and nothing is left marked
}

TEST_CASE("pairwise: block Gibbs sweeps by colour, exactly") {
  for (const ColumnKind kind : {ColumnKind::spin, ColumnKind::bit}) {
    for (const double beta : {0.25, 1.0, 2.5}) {
      CAPTURE(beta);
      const PairwiseModel model = lattice_model(kind, 2, 2);
      const auto energy = model.bind<double>(nullptr, {});
      CHECK(energy.layers().layers.size() == 2);
      const support::StateSpace space(energy.columns());
      const Eigen::VectorXd energies = support::energy_table(energy);
      std::vector<Eigen::MatrixXd> factors;
      for (const auto& group : energy.layers().layers) {
        factors.push_back(support::gibbs_matrix(space, energies, beta, group));
      }
      const support::Claim claim{support::gibbs_law(energies, beta), support::in_order(factors),
                                 false, 1e-14};
      CHECK(support::complaint(support::probe(space, support::step_of(BlockGibbs(), energy, beta)),
                               claim) == "");
    }
  }
}

TEST_CASE("pairwise: enumeration agrees with the transfer matrix of a ring") {
  // log Z of a ring of n spins with coupling J and no field: log((2 cosh bJ)^n + (2 sinh bJ)^n)
  const Index n = 10;
  const double coupling = 0.4, beta = 0.7;
  Params w = Params::Zero(2 * n);
  w.head(n).setConstant(coupling);
  const AnyModel ring = PairwiseModel(ColumnKind::spin, Graph(n, torus_lattice(1, n)), w);
  const Executor executor(2);
  const ExactAnswer answer = solve_exact(ring, Eigen::MatrixXd(1, 0), beta, {}, executor);
  const double bj = beta * coupling;
  const double expected = n * std::log(2 * std::cosh(bj)) + std::log1p(std::pow(std::tanh(bj), n));
  // rounding of 1024 exponentials and of n log terms: the answer's own bound and some ulp
  CHECK(std::abs(answer.log_z[0] - expected) <= answer.log_z_error[0] + 32 * 0x1p-52 * expected);
  CHECK(answer.method == "enumeration");
}

TEST_CASE("pairwise: lattices of the registry need rows that fit") {
  const ModelRow& row = find_model("ising");
  const auto make = [&](const std::vector<GivenOption>& given, Index sites) {
    return row.make(Options::resolve("model 'ising'", row.options, given), {0, sites});
  };
  CHECK(make({{"graph", std::string("torus"), {}}, {"rows", std::int64_t{3}, {}}}, 12)
            .shape()
            .num_params == 24 + 12);
  CHECK_THROWS_WITH_AS(
      make({{"graph", std::string("square"), {}}, {"rows", std::int64_t{5}, {}}}, 12),
      doctest::Contains("a divisor of the 12 y columns; got 5"), ConfigError);
  CHECK_THROWS_AS(make({{"graph", std::string("square"), {}}}, 12), ConfigError);
}
