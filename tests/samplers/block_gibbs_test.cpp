#include "negphase/gibbs/block_gibbs.hpp"

#include <doctest/doctest.h>

#include "negphase/core/conditioned.hpp"
#include "planted/G5.hpp"
#include "planted/G8.hpp"
#include "support/kernel_checks.hpp"
#include "support/kernel_probe.hpp"
#include "support/zoo.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

constexpr double betas[] = {0.25, 1, 2.5};
constexpr double inf = std::numeric_limits<double>::infinity();

/// Of an entry of the matrix: in double 1e-14. In float each column adds num_states 2^-23. Two
/// states: the log odds t are within 3 |t| + 2 roundings of 2^-24, which p (1 - p) makes at
/// most 1.2; the product u (1 + e) adds less than 2 p, the grid of u one: below 4 x 2^-24. Each
/// further state adds the rounding of its weight and of the sum.
template <class S>
double tolerance(std::span<const Column> columns) {
  if constexpr (std::same_as<S, double>) {
    return 1e-14;
  } else {
    double terms = 0;
    for (const Column& column : columns) {
      terms += static_cast<double>(column.num_states);
    }
    return terms * 0x1p-23;
  }
}

/// What block Gibbs claims on an energy: the product of the matrices that redraw one layer each.
template <class E>
Claim claim_of(const E& energy, double beta) {
  const StateSpace space(energy.columns());
  const Eigen::VectorXd energies = energy_table(energy);
  std::vector<Eigen::MatrixXd> factors;
  for (const auto& layer : energy.layers().layers) {
    factors.push_back(gibbs_matrix(space, energies, beta, layer));
  }
  return {gibbs_law(energies, beta), in_order(factors), false,
          tolerance<typename E::Scalar>(energy.columns())};
}

template <class S>
Layered<PairwiseEnergy<S>> by_site() {
  return {three_spins<S>(), single_columns(3)};
}

template <class E>
std::string complaint_of(const E& energy, double beta) {
  const StateSpace space(energy.columns());
  return complaint(probe(space, step_of(BlockGibbs(), energy, beta)), claim_of(energy, beta));
}

/// The same claim (that of the 3-spin model by site) held against some other step.
std::string wrong_step(const ProbedStep& step, double beta) {
  return complaint(probe(StateSpace(by_site<double>().columns()), step),
                   claim_of(by_site<double>(), beta));
}

using Spins = Layered<PairwiseEnergy<double>>;
Lying<Spins> lying_spins(std::function<double(double)> of_change) {
  return {by_site<double>(), [](double e) { return e; }, std::move(of_change)};
}

Block<double> random_start(std::span<const Column> columns, Index chains) {
  Block<double> y(chains, static_cast<Index>(columns.size()));
  for (Index c = 0; c < chains; ++c) {
    for (Index j = 0; j < y.cols(); ++j) {
      const Column& column = columns[static_cast<std::size_t>(j)];
      y(c, j) = state_code(column, (c * 7 + j * 3) % column.num_states);
    }
  }
  return y;
}

}  // namespace

TEST_CASE_TEMPLATE("block gibbs has the textbook matrix of its layers", S, double, float) {
  for (const double beta : betas) {
    CAPTURE(beta);
    CHECK(complaint_of(by_site<S>(), beta) == "");
    const Layered<PairwiseEnergy<S>> bits{glass<S>(3, ColumnKind::bit), {{2}, {0}, {1}}};
    CHECK(complaint_of(bits, beta) == "");
    CHECK(complaint_of(categories<S>(), beta) == "");
    CHECK(complaint_of(forbidden_states<S>(), beta) == "");
  }
}

TEST_CASE_TEMPLATE("block gibbs of an RBM draws whole layers", S, double, float) {
  CHECK(complaint_of(small_rbm<S>(), 2.5) == "");
}

TEST_CASE("block gibbs by site is gibbs_sweep_0_1_2 of the vectors") {
  const KernelLaw law =
      probe(StateSpace(by_site<double>().columns()), step_of(BlockGibbs(), by_site<double>(), 0.8));
  const Claim claim{reference_pi(), reference_matrix("gibbs_sweep_0_1_2"), false, 1e-14};
  CHECK(complaint(law, claim) == "");
  // a sweep is not reversible, and the check would see it
  CHECK(detailed_balance_gap(law.matrix, claim.pi) > 0.03);
  MESSAGE("worst entry: ", (law.matrix - claim.reference).cwiseAbs().maxCoeff(),
          ", pi P - pi: ", stationarity_error(law.matrix, claim.pi));
}

TEST_CASE("one layer alone is reversible") {
  const std::vector<Column> columns{{ColumnKind::category, 5}};
  Eigen::VectorXd energies(5);
  energies << 0.3, -1.1, 0.9, inf, 0.2;
  const TableEnergy<double> energy(columns, energies);
  for (const double beta : betas) {
    Claim claim = claim_of(energy, beta);
    claim.reversible = true;
    CHECK(complaint(probe(StateSpace(columns), step_of(BlockGibbs(), energy, beta)), claim) == "");
  }
}

TEST_CASE_TEMPLATE("at beta = 0 forbidden states stay forbidden", S, double, float) {
  CHECK(complaint_of(forbidden_states<S>(), 0.0) == "");
}

TEST_CASE("a conditional that is NaN is a fault of its chain only") {
  auto energy = lying_spins([](double d) { return d > 1 ? std::nan("") : d; });
  Block<double> y(2, 3);
  y << 1, 1, 1, -1, -1, 1;  // couplings at site 1: one chain has delta > 1, the other has not
  PhiloxSource random(1, 0, 2);
  auto state = BlockGibbs().init(energy, PerChain::Constant(2, 1.0), y);
  auto scratch = BlockGibbs().scratch(energy, 2);
  StepInfo info(2);
  for (std::uint64_t s = 0; s < 20 && !info.any_fault; ++s) {
    random.set_step(s);
    BlockGibbs().step(energy, state, scratch, random, info);
  }
  CHECK(info.any_fault);
  for (Index c = 0; c < 2; ++c) {
    CHECK((info.fault[c] == 0 || info.fault[c] == static_cast<std::uint8_t>(Fault::nan_energy)));
  }
}

TEST_CASE("a category whose first state is forbidden, and one where nothing is defined") {
  const std::vector<Column> columns{{ColumnKind::category, 4}};
  Eigen::VectorXd energies(4);
  energies << inf, inf, 0.5, inf;
  const TableEnergy<double> energy(columns, energies);
  CHECK(complaint_of(energy, 2.5) == "");
  energies << inf, 0.1, 0.5, inf;  // two of them: the differences to state 0 do not tell
  const TableEnergy<double> undefined(columns, energies);
  auto state =
      BlockGibbs().init(undefined, PerChain::Constant(1, 1.0), Block<double>::Constant(1, 1, 2.0));
  auto scratch = BlockGibbs().scratch(undefined, 1);
  StepInfo info(1);
  PhiloxSource random(1, 0, 1);
  BlockGibbs().step(undefined, state, scratch, random, info);
  CHECK(info.fault[0] == static_cast<std::uint8_t>(Fault::nan_energy));
}

TEST_CASE("layers must hold every column once") {
  for (const auto& groups : std::vector<std::vector<std::vector<Index>>>{
           {{0}, {1}}, {{0}, {1}, {2}, {1}}, {{0, 1, 2, 3}}, {{0}, {1}, {-1}}}) {
    const Spins energy{three_spins<double>(), groups};
    CHECK_THROWS_AS((void)BlockGibbs().scratch(energy, 1), UsageError);
  }
}

TEST_CASE("block gibbs keeps the contract of kernels") {
  const auto energy =
      Layered<PairwiseEnergy<double>>{glass<double>(8, ColumnKind::spin), single_columns(8)};
  check_kernel(BlockGibbs(), energy, random_start(energy.columns(), 64));
  const auto categories64 = categories<float>();
  const Block<float> start = random_start(categories64.columns(), 64).cast<float>();
  check_erased_is_typed(BlockGibbs(), categories64, start);
  check_width_does_not_matter(BlockGibbs(), categories64, start);
  check_draws_once(BlockGibbs(), categories64, start);
}

namespace {

/// Two layers of bits, every unit of one coupled with every unit of the other by 1/64.
template <class S>
struct TwoLayers {
  using Scalar = S;
  using Weights = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic>;
  explicit TwoLayers(Index units)
      : weights(Weights::Constant(units, units, S(1) / 64)),
        columns_(static_cast<std::size_t>(2 * units), bit_column()) {}
  std::span<const Column> columns() const { return columns_; }
  void energy(const Block<S>& y, PerChain& out) const { out.setZero(y.rows()); }
  void conditional(const Block<S>& y, std::span<const Index> layer, Block<S>& delta) const {
    const Index units = weights.rows();
    delta.matrix().noalias() = y.middleCols(layer[0] == 0 ? units : 0, units).matrix() * weights;
  }
  LayerView layers() const {
    LayerView view{{{}, {}}};
    for (Index j = 0; j < 2 * weights.rows(); ++j) {
      view.layers[j < weights.rows() ? 0 : 1].push_back(j);
    }
    return view;
  }
  Weights weights;
  std::vector<Column> columns_;
};

}  // namespace

TEST_CASE_TEMPLATE("block gibbs allocates nothing with a product of 64 x 256 x 256", S, double,
                   float) {
  const TwoLayers<S> energy(256);
  const Block<S> start = random_start(energy.columns(), 64).template cast<S>();
  CHECK(allocations_of_steps(BlockGibbs(), energy, start) == 0);
  check_erased_is_typed(BlockGibbs(), energy, start);
}

TEST_CASE("planted G1: beta forgotten is rejected") {
  for (const double beta : {0.25, 2.5}) {
    CHECK(wrong_step(step_of(BlockGibbs(), by_site<double>(), 1), beta) != "");
  }
}

TEST_CASE("planted G2: the factor 2 of spins forgotten is rejected") {
  const auto energy = lying_spins([](double d) { return 0.5 * d; });
  for (const double beta : betas) {
    CHECK(wrong_step(step_of(BlockGibbs(), energy, beta), beta) != "");
  }
}

TEST_CASE("planted G3: the sign of the field term is rejected") {
  auto weights = std::make_shared<PairwiseWeights>();
  weights->couplings.resize(3, 3);
  weights->couplings << 0, 0.5, 0.25, 0.5, 0, -0.75, 0.25, -0.75, 0;
  weights->fields.resize(3);
  weights->fields << -0.25, 0.5, -0.125;
  const Spins energy{PairwiseEnergy<double>(weights, ColumnKind::spin), single_columns(3)};
  for (const double beta : betas) {
    CHECK(wrong_step(step_of(BlockGibbs(), energy, beta), beta) != "");
  }
}

TEST_CASE("planted G4: last site never visited is rejected") {
  // the kernel sees the first two spins only, the third one is clamped
  const ProbedStep step = [](Block<double>& y, RandomSource& random) {
    using Clamped = Conditioned<PairwiseEnergy<double>>;
    const Layered<Clamped> energy(Clamped(three_spins<double>(), {0, 1}, y), single_columns(2));
    Block<double> moving = y.leftCols(2);
    const auto copy_back = [&] { y.leftCols(2) = moving; };
    try {
      step_of(BlockGibbs(), energy, 0.8)(moving, random);
    } catch (const NeedMoreWords&) {
      copy_back();
      throw;
    }
    copy_back();
  };
  const KernelLaw law = probe(StateSpace(by_site<double>().columns()), step);
  const Claim claim = claim_of(by_site<double>(), 0.8);
  CHECK(stationarity_error(law.matrix, claim.pi) < 1e-14);  // pi is kept: no other test sees it
  CHECK_FALSE(is_primitive(law.matrix, claim.pi));
  CHECK(complaint(law, claim) != "");
}

TEST_CASE("planted G5: the conditional of the next site is rejected") {
  for (const double beta : betas) {
    CHECK(wrong_step(step_of(planted::G5::BlockGibbs(), by_site<double>(), beta), beta) != "");
  }
}

TEST_CASE("planted G6: a sweep from stale neighbours is rejected") {
  const Spins parallel{three_spins<double>(), {{0, 1, 2}}};
  for (const double beta : betas) {
    CHECK(wrong_step(step_of(BlockGibbs(), parallel, beta), beta) != "");
  }
}

TEST_CASE("planted G8: a sweep that skips site 0 is rejected") {
  const KernelLaw law = probe(StateSpace(by_site<double>().columns()),
                              step_of(planted::G8::BlockGibbs(), by_site<double>(), 1));
  const Claim claim = claim_of(by_site<double>(), 1);
  CHECK(stationarity_error(law.matrix, claim.pi) < 1e-14);
  CHECK(complaint(law, claim) != "");
}

TEST_CASE("planted G9: a sweep in reversed order is rejected") {
  const Spins reversed{three_spins<double>(), {{2}, {1}, {0}}};
  const KernelLaw law = probe(StateSpace(reversed.columns()), step_of(BlockGibbs(), reversed, 0.8));
  CHECK(stationarity_error(law.matrix, reference_pi()) < 1e-14);
  CHECK(complaint(law, claim_of(by_site<double>(), 0.8)) != "");
  const Claim backwards{reference_pi(), reference_matrix("gibbs_sweep_reversed_2_1_0"), false,
                        1e-14};
  CHECK(complaint(law, backwards) == "");
}

TEST_CASE("planted G10: a conditional rounded to float is rejected") {
  const auto energy =
      lying_spins([](double d) { return static_cast<double>(static_cast<float>(0.9 * d)) / 0.9; });
  CHECK(wrong_step(step_of(BlockGibbs(), energy, 1), 1) != "");
  // and so is the float kernel where the double one is claimed
  CHECK(wrong_step(step_of(BlockGibbs(), by_site<float>(), 1), 1) != "");
}
