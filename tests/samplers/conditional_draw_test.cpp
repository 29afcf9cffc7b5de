#include "negphase/gibbs/conditional_draw.hpp"

#include <doctest/doctest.h>

#include "planted/G11.hpp"
#include "planted/G13.hpp"
#include "support/kernel_probe.hpp"
#include "support/zoo.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

constexpr double betas[] = {0.25, 1, 2.5};
constexpr double inf = std::numeric_limits<double>::infinity();

/// One column drawn from its energies by what claims to be ConditionalDraw: "" where the matrix has
/// the Gibbs law in every row.
template <template <class> class Draw, template <class> class Group>
std::string complaint_of(const Column& column, const Eigen::VectorXd& energies, double beta) {
  const TableEnergy<double> energy({column}, energies);
  const StateSpace space(energy.columns());
  const ProbedStep step = [&](Block<double>& y, RandomSource& random) {
    Draw<double> draw(1);
    Group<double> group(energy.columns(), {0}, 1);
    StepInfo info(1);
    random.uniforms(Purpose::conditional, 0, group.uniforms);
    draw(energy.columns(), PerChain::Constant(1, beta), group, y, info,
         [&] { energy.conditional(y, group.columns, group.delta); });
  };
  return complaint(probe(space, step), {gibbs_law(energies, beta),
                                        gibbs_matrix(space, energies, beta, {0}), true, 1e-14});
}

Eigen::VectorXd values(std::initializer_list<double> list) {
  Eigen::VectorXd all(static_cast<Index>(list.size()));
  std::copy(list.begin(), list.end(), all.data());
  return all;
}

}  // namespace

TEST_CASE("one column has its law: lowest state first, in the middle, last, forbidden, far apart") {
  for (const double beta : betas) {
    CAPTURE(beta);
    const auto right = [beta](Column column, std::initializer_list<double> energies) {
      return complaint_of<ConditionalDraw, ConditionalGroup>(column, values(energies), beta);
    };
    CHECK(right(spin_column(), {0.3, -0.9}) == "");
    CHECK(right(bit_column(), {-2, 700}) == "");
    CHECK(right(bit_column(), {inf, 1}) == "");
    for (const ColumnKind kind : {ColumnKind::category, ColumnKind::ordinal}) {
      CHECK(right({kind, 3}, {-1, 0.2, 0.7}) == "");
      CHECK(right({kind, 3}, {0.2, -1, 0.7}) == "");
      CHECK(right({kind, 5}, {0.2, inf, 0.7, -0.4, -1}) == "");
      CHECK(right({kind, 3}, {1000, -1000, -1000.5}) == "");
      CHECK(right({kind, 4}, {inf, inf, 0.5, inf}) == "");
    }
  }
}

TEST_CASE("planted G11: the complement of the probability is rejected") {
  for (const double beta : betas) {
    CHECK(complaint_of<planted::G11::ConditionalDraw, planted::G11::ConditionalGroup>(
              spin_column(), values({0.3, -0.9}), beta) != "");
  }
}

TEST_CASE("planted G13: a first weight that is not shifted is rejected") {
  for (const double beta : betas) {
    CHECK(complaint_of<planted::G13::ConditionalDraw, planted::G13::ConditionalGroup>(
              {ColumnKind::category, 3}, values({0.2, -1, 0.7}), beta) != "");
  }
}
