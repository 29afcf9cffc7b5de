#include "negphase/models/combined_models.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>

#include "negphase/core/error.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/models/gaussian.hpp"
#include "negphase/models/gaussian_mixture.hpp"
#include "negphase/models/mlp.hpp"
#include "negphase/models/pairwise.hpp"
#include "negphase/models/quartic.hpp"
#include "negphase/models/rbm.hpp"
#include "support/allocation_counter.hpp"
#include "support/mlp_reference.hpp"
#include "support/model_checks.hpp"

#include "planted/MC15.hpp"
#include "planted/MC16.hpp"
#include "planted/MC17.hpp"
#include "planted/MC18.hpp"
#include "planted/MC19.hpp"
#include "planted/MC20.hpp"
#include "planted/MC21.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
const Executor two_threads(2);

Params waves(Index n, double phase) {
  return (Eigen::ArrayXd::LinSpaced(n, 1, static_cast<double>(n)) + phase).sin();
}

AnyModel ising(double phase) {
  return PairwiseModel(ColumnKind::spin, Graph(4, all_pairs(4)), waves(10, phase));
}
AnyModel rbm(double phase) { return RbmModel(3, 2, waves(11, phase)); }
AnyModel real(double phase) { return GaussianMixtureModel(2, 2, false, waves(8, phase)); }

AnyEnergy<double> bind(const AnyModel& model, Index chains) {
  return model.bind_double(model.prepare({}), cycled_rows(chains, 0));
}

std::vector<AnyEnergy<double>> energies_of(const std::vector<AnyModel>& models, Index chains) {
  std::vector<AnyEnergy<double>> all;
  for (const AnyModel& model : models) {
    all.push_back(bind(model, chains));
  }
  return all;
}

PerChain values_of(const AnyEnergy<double>& energy, const Block<double>& y) {
  PerChain out(y.rows());
  energy.energy(y, out);
  return out;
}

std::vector<std::vector<Index>> single_discrete(const AnyEnergy<double>& energy) {
  std::vector<std::vector<Index>> groups;
  for (std::size_t j = 0; j < energy.columns().size(); ++j) {
    if (energy.columns()[j].num_states > 0) {
      groups.push_back({static_cast<Index>(j)});
    }
  }
  return groups;
}

/// Worst error of what an energy says of itself beside its value.
double own_error(const AnyEnergy<double>& energy) {
  const Block<double> y = legal_block(energy.columns(), 16, 3);
  double worst = energy_change_error(energy, y);
  if (energy.can(Ability::gradient)) {
    worst = std::max(worst, gradient_error(energy, y));
  }
  if (energy.can(Ability::conditional)) {
    worst = std::max(worst, conditional_error(energy, y, single_discrete(energy)));
  }
  return std::max(worst, param_grad_sum_error(energy, y));
}

double error_of(const AnyModel& model) {
  const AnyEnergy<double> energy = bind(model, 16);
  return std::max(own_error(energy),
                  param_gradient_error(model, {}, legal_block(energy.columns(), 16, 4)));
}

/// dE/dW of each chain against the parts', put together with `share` [chains x parts].
double param_error(const AnyEnergy<double>& energy, const std::vector<AnyEnergy<double>>& parts,
                   const Block<double>& y, const Block<double>& share) {
  double worst = 0;
  for (Index c = 0; c < y.rows(); ++c) {
    Eigen::VectorXd got = Eigen::VectorXd::Zero(energy.num_params()), expected = got;
    energy.add_param_grad(y, {c, 1}, PerChain::Constant(y.rows(), -2), got);
    Index at = 0;
    for (std::size_t k = 0; k < parts.size(); ++k) {
      Eigen::VectorXd own = Eigen::VectorXd::Zero(parts[k].num_params());
      parts[k].add_param_grad(y, {c, 1}, PerChain::Ones(y.rows()), own);
      expected.segment(at, own.size()) = -2 * share(c, static_cast<Index>(k)) * own;
      at += own.size();
    }
    worst = std::max(worst, (got - expected).cwiseAbs().maxCoeff());
  }
  return worst;
}

/// A path of four chains at different lambda against (1 - lambda) E_1 + lambda E_2.
template <class P>
double path_error() {
  const PerChain lambda{{0, 0.25, 0.75, 1}};
  P path(bind(ising(0), 4), bind(ising(1), 4), PerChain::Zero(4));
  path.set_lambda(lambda);
  const AnyEnergy<double> energy = std::move(path);
  const auto parts = energies_of({ising(0), ising(1)}, 4);
  const Block<double> y = legal_block(energy.columns(), 4, 5);
  Block<double> share(4, 2);
  share << 1 - lambda, lambda;
  const PerChain by_hand = (1 - lambda) * values_of(parts[0], y) + lambda * values_of(parts[1], y);
  return std::max({(values_of(energy, y) - by_hand).abs().maxCoeff(),
                   param_error(energy, parts, y, share), energy_change_error(energy, y),
                   conditional_error(energy, y, single_discrete(energy))});
}

/// A mixture of three mixtures against the formula.
template <class M>
double mixture_error(double beta) {
  const std::vector<AnyModel> models{real(0), real(1), real(2)};
  const Eigen::ArrayXd log_weights{{0.5, -1, 0.25}};
  const AnyEnergy<double> energy = M(energies_of(models, 16), log_weights, beta);
  const auto parts = energies_of(models, 16);
  const Block<double> y = legal_block(energy.columns(), 16, 5);
  Block<double> share(16, 3);
  for (Index k = 0; k < 3; ++k) {
    share.col(k) = (log_weights[k] - beta * values_of(parts[static_cast<std::size_t>(k)], y)).exp();
  }
  const PerChain total = share.rowwise().sum();
  share.colwise() /= total;
  return std::max({(values_of(energy, y) + total.log() / beta).abs().maxCoeff(),
                   param_error(energy, parts, y, share), own_error(energy)});
}

/// E = +inf for every y.
struct Forbidding {
  using Scalar = double;
  std::span<const Column> columns() const { return all; }
  void energy(const Block<double>&, PerChain& out) const { out.setConstant(inf); }
  void energy_and_grad(const Block<double>& y, PerChain& out, Block<double>& grad) const {
    energy(y, out);
    grad.setConstant(std::nan(""));
  }
  std::vector<Column> all{real_column(), real_column()};
};

std::vector<AnyEnergy<double>> one_forbidding() {
  std::vector<AnyEnergy<double>> parts;
  parts.emplace_back(bind(real(0), 2));
  parts.emplace_back(Forbidding{});
  return parts;
}

// Some 20 roundings of numbers below 100.
constexpr double rounding = 20 * 100 * 0x1p-53;
constexpr double of_differences = 1e-11;  // model_checks.hpp

}  // namespace

TEST_CASE("a sum of energies: values, derivatives, changes, conditionals and layers") {
  for (const auto& models : {std::vector<AnyModel>{ising(0), ising(1), ising(2)},
                             {rbm(0), rbm(1)},
                             {real(0), real(1)}}) {
    const AnyModel sum = SumModel(models);
    CHECK(error_of(sum) < of_differences);
    const AnyEnergy<double> energy = bind(sum, 16);
    const Block<double> y = legal_block(energy.columns(), 16, 6);
    PerChain by_hand = PerChain::Zero(16);
    for (const AnyModel& model : models) {
      by_hand += values_of(bind(model, 16), y);
    }
    CHECK((values_of(energy, y) - by_hand).abs().maxCoeff() < rounding);
    CHECK(param_error(energy, energies_of(models, 16), y,
                      Block<double>::Ones(16, static_cast<Index>(models.size()))) < rounding);
    if (energy.can(Ability::layers)) {
      CHECK(energy.layers().layers == bind(models[0], 1).layers().layers);
      CHECK(conditional_error(energy, y, energy.layers().layers) < 1e-14);
    }
  }
  CHECK(bind(SumModel({rbm(0), rbm(1)}), 1).can(Ability::layers));
  // all pairs against a chain of them: no common layers
  const AnyModel chain =
      PairwiseModel(ColumnKind::spin, Graph(4, {{0, 1}, {1, 2}, {2, 3}}), waves(7, 0));
  CHECK_FALSE(bind(SumModel({ising(0), chain}), 1).can(Ability::layers));
}

TEST_CASE("M2: the sum of two models of one family is that of its added parameters") {
  const SumModel sum({ising(0), ising(1)});
  const Params added = ising(0).params() + ising(1).params();
  const ExactAnswer answer = solve_exact(sum, {}, 1.5, {}, two_threads);
  const ExactAnswer direct = solve_exact(
      PairwiseModel(ColumnKind::spin, Graph(4, all_pairs(4)), added), {}, 1.5, {}, two_threads);
  CHECK(std::abs(answer.log_z[0] - direct.log_z[0]) < rounding);
  CHECK((answer.mean_param_grad.head(10) - direct.mean_param_grad).cwiseAbs().maxCoeff() <
        rounding);
  CHECK((answer.mean_param_grad.tail(10) - direct.mean_param_grad).cwiseAbs().maxCoeff() <
        rounding);
}

TEST_CASE("M1: latents of a sum are summed out") {
  const AnyEnergy<double> energy = bind(SumModel({rbm(0), rbm(1)}), 8);
  const std::vector<Index> hidden{3, 4};
  CHECK(summed_out_error(energy, hidden, 1.5, legal_block(energy.columns().first(3), 8, 2)) <
        rounding);
}

TEST_CASE("a path between two energies, each chain at its lambda; MC15 to MC17 are seen") {
  CHECK(path_error<Path<double>>() < rounding);
  CHECK(path_error<planted::MC15::Path<double>>() > 1e-3);
  CHECK(path_error<planted::MC16::Path<double>>() > 1e-3);
  CHECK(path_error<planted::MC17::Path<double>>() > 1e-3);
  CHECK(error_of(PathModel({real(0), real(1)}, {0.25})) < of_differences);
}

TEST_CASE("a mixture of energies by its formula; MC18 to MC20 are seen") {
  for (const double beta : {0.5, 1.0, 2.5}) {
    CHECK(mixture_error<EnergyMixture<double>>(beta) < of_differences);
    CHECK(error_of(MixtureModel({ising(0), ising(1)}, {Eigen::ArrayXd{{0.5, -0.25}}, beta})) <
          of_differences);
  }
  CHECK(mixture_error<planted::MC18::EnergyMixture<double>>(1) < of_differences);
  CHECK(mixture_error<planted::MC18::EnergyMixture<double>>(2.5) > 1e-3);
  CHECK(mixture_error<planted::MC19::EnergyMixture<double>>(1) > 1e-3);
  CHECK(mixture_error<planted::MC20::EnergyMixture<double>>(1) > 1e-3);
}

TEST_CASE("M2: Z of a mixture is the weighted sum of its parts' at its own beta") {
  const AnyModel narrow = GaussianModel(1, Params{{0.5, 2}});
  const AnyModel wide = GaussianModel(1, Params{{-1, 0.75}});
  const double beta = 1.5;
  const MixtureModel mixture({narrow, wide}, {Eigen::ArrayXd{{0.5, -0.25}}, beta});
  const auto log_z = [&](const AnyModel& model) {
    return solve_exact(model, {}, beta, {}, two_threads).log_z[0];
  };
  const double expected = std::log(std::exp(0.5 + log_z(narrow)) + std::exp(-0.25 + log_z(wide)));
  const ExactAnswer answer = solve_exact(mixture, {}, beta, {}, two_threads);
  CHECK(answer.method == "quadrature");
  CHECK(std::abs(answer.log_z[0] - expected) <= answer.log_z_error[0] + rounding);
}

TEST_CASE("what a part forbids: at weight 0 too in sums, never in mixtures; MC21 is seen") {
  const Block<double> y{{0.5, -1}, {1, 0}};
  const auto path_value = [&](const auto& path) {
    PerChain out(2);
    path.energy(y, out);
    return out;
  };
  const PerChain zero = PerChain::Zero(2);
  CHECK((path_value(Path<double>(bind(real(0), 2), Forbidding{}, zero)) == inf).all());
  CHECK(
      path_value(planted::MC21::Path<double>(bind(real(0), 2), Forbidding{}, zero)).isNaN().all());
  const EnergyMixture<double> mixture(one_forbidding(), Eigen::ArrayXd::Zero(2), 1.5);
  PerChain out(2), alone(2);
  Block<double> grad(2, 2), grad_alone(2, 2);
  mixture.energy_and_grad(y, out, grad);
  bind(real(0), 2).energy_and_grad(y, alone, grad_alone);
  CHECK((out - alone).abs().maxCoeff() < rounding);
  CHECK((grad - grad_alone).abs().maxCoeff() < rounding);
  std::vector<AnyEnergy<double>> none;
  none.emplace_back(Forbidding{});
  CHECK((path_value(EnergyMixture<double>(std::move(none), Eigen::ArrayXd::Zero(1), 1)) == inf)
            .all());
}

TEST_CASE("models that are put together: x of some, names, refusals, both precisions") {
  const AnyModel conditional = QuarticModel(Params{{1, -2, 0.75, 0.125}});
  const AnyModel plain = GaussianModel(1, Params{{0.5, 2}});
  const SumModel sum({conditional, plain});
  CHECK(sum.shape().num_x == 1);
  CHECK(sum.shape().num_params == 6);
  CHECK(sum.param_name(0) == "1." + conditional.param_name(0));
  CHECK(sum.param_name(5) == "2.P[0,0]");
  const Eigen::MatrixXd x{{-1}, {0.5}};
  const AnyModel any = sum;
  const std::vector<Index> rows{1, 0};
  const Block<double> y{{0.25}, {1.5}};
  PerChain a(2), b(2), c(2);
  any.bind_double(any.prepare(x), rows).energy(y, a);
  conditional.bind_double(conditional.prepare(x), rows).energy(y, b);
  plain.bind_double(plain.prepare({}), rows).energy(y, c);
  CHECK((a - b - c).abs().maxCoeff() < rounding);
  any.bind_float(any.prepare(x), rows).energy(y.cast<float>(), b);
  CHECK((a - b).abs().maxCoeff() < rounding * 0x1p29);
  CHECK_THROWS_WITH_AS(any.with_params(Params::Zero(5)), doctest::Contains("takes 6"), ConfigError);
  CHECK_THROWS_AS(SumModel({}), ConfigError);
  CHECK_THROWS_AS(SumModel({plain, GaussianModel::standard(2)}), ConfigError);
  CHECK_THROWS_AS(SumModel({conditional, MlpModel::initial({.num_x = 2})}), ConfigError);
  CHECK_THROWS_AS(PathModel({plain, plain}, {1.5}), UsageError);
  CHECK_THROWS_AS(PathModel({plain}, {0.5}), UsageError);
  CHECK_THROWS_AS(MixtureModel({plain, plain}, {Eigen::ArrayXd::Zero(3), 1}), UsageError);
  CHECK_THROWS_AS(MixtureModel({plain, plain}, {Eigen::ArrayXd::Zero(2), 0}), UsageError);
  CHECK_THROWS_AS(MixtureModel({plain, plain}, {Eigen::ArrayXd{{0, -inf}}, 1}), UsageError);
}

TEST_CASE("combined energies allocate nothing after their first call") {
  const AnyEnergy<double> sum = bind(SumModel({real(0), real(1)}), 16);
  const AnyEnergy<double> mixture =
      bind(MixtureModel({real(0), real(1)}, {Eigen::ArrayXd::Zero(2), 1}), 16);
  const Block<double> y = legal_block(sum.columns(), 16, 7);
  PerChain out(16);
  const PerChain weights = PerChain::Ones(16);
  Block<double> grad(16, 2);
  Eigen::VectorXd total = Eigen::VectorXd::Zero(16);
  const auto all = [&] {
    for (const AnyEnergy<double>* energy : {&sum, &mixture}) {
      energy->energy_and_grad(y, out, grad);
      energy->add_param_grad(y, {4, 8}, weights, total);
    }
  };
  all();
  const AllocationCounter counter;
  all();
  CHECK(counter.count() == 0);
}
