#include "negphase/models/function_model.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "negphase/core/error.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/models/gaussian_mixture.hpp"
#include "support/model_checks.hpp"

#include "planted/MC22.hpp"
#include "planted/MC23.hpp"

// Energies with latents and mixed columns that a user writes as a function of one point. How these
// tests can fail: z handed over in the place of y, derivatives in columns that have none, a copy of
// the function that is not the one that was given.

using namespace negphase;
using namespace negphase::testing;

namespace {

const Executor two_threads(2);

/// The latent mixture of Gaussians in one dimension: E_k = exp(l_k) (y - m_k)^2 / 2 - a_k.
struct Mixture {
  ModelShape shape() const { return {0, {real_column()}, {{ColumnKind::category, 3}}, 9}; }
  auto energy(const auto& w, const auto&, const auto& y, const auto& z) const {
    const Index at = 3 * state_number(z[0]);
    const auto off = y[0] - w[at + 2];
    return exp(w[at + 1]) * off * off / 2 - w[at];
  }
};

const Params mixture_params = Eigen::ArrayXd::LinSpaced(9, 1, 9).sin();

/// Two y (a real, a bit), two z (a spin, a real) and one x, all coupled.
const auto coupled = [](const auto& w, const auto& x, const auto& y, const auto& z) {
  return y[0] * y[0] / 2 + z[1] * z[1] / 2 + w[0] * tanh(y[0] + z[0] * z[1]) +
         w[1] * y[1] * y[0] * z[1] / 4 + w[2] * x[0] * y[0] * z[0];
};
const ModelShape coupled_shape{1, {real_column(), bit_column()}, {spin_column(), real_column()}, 3};

double own_error(const AnyModel& model, const Eigen::MatrixXd& x) {
  const AnyEnergy<double> energy = model.bind_double(model.prepare(x), cycled_rows(16, x.rows()));
  const Block<double> y = legal_block(energy.columns(), 16, 3);
  std::vector<std::vector<Index>> discrete;
  for (std::size_t j = 0; j < energy.columns().size(); ++j) {
    if (energy.columns()[j].num_states > 0) {
      discrete.push_back({static_cast<Index>(j)});
    }
  }
  return std::max({gradient_error(energy, y), param_gradient_error(model, x, y),
                   param_grad_sum_error(energy, y), energy_change_error(energy, y),
                   conditional_error(energy, y, discrete)});
}

/// Worst difference of a model of the mixture from the product's own.
double mixture_error(const AnyModel& model) {
  const AnyModel own = GaussianMixtureModel(1, 3, true, mixture_params);
  const auto a = model.bind_double(model.prepare({}), cycled_rows(16, 0));
  const auto b = own.bind_double(own.prepare({}), cycled_rows(16, 0));
  const Block<double> y = legal_block(b.columns(), 16, 4);
  PerChain ea(16), eb(16);
  Block<double> ga(16, 2), gb(16, 2);
  Eigen::VectorXd pa = Eigen::VectorXd::Zero(9), pb = pa;
  a.energy_and_grad(y, ea, ga);
  b.energy_and_grad(y, eb, gb);
  a.add_param_grad(y, {0, 16}, PerChain::Ones(16), pa);
  b.add_param_grad(y, {0, 16}, PerChain::Ones(16), pb);
  return std::max(
      {(ea - eb).abs().maxCoeff(), (ga - gb).abs().maxCoeff(), (pa - pb).cwiseAbs().maxCoeff()});
}

constexpr double of_differences = 1e-11;             // model_checks.hpp
constexpr double rounding = 16 * 20 * 10 * 0x1p-53;  // 16 chains, 20 roundings of numbers below 10

}  // namespace

TEST_CASE("pointwise: an energy with a latent category is the model's own; MC22 is seen") {
  CHECK(mixture_error(PointwiseModel<Mixture>(mixture_params)) < rounding);
  CHECK(own_error(PointwiseModel<Mixture>(mixture_params), {}) < of_differences);
  CHECK(mixture_error(planted::MC22::PointwiseModel<Mixture>(mixture_params)) > 1e-3);
}

TEST_CASE("M6: pointwise, z summed out of a user's energy, exact gradients are the model's own") {
  const AnyModel written = PointwiseModel<Mixture>(mixture_params);
  const AnyModel own = GaussianMixtureModel(1, 3, true, mixture_params);
  const Eigen::MatrixXd x(2, 0), y{{0.5}, {-1.25}};
  const ExactNll a = exact_nll_gradient(written, x, y, 1.5, {}, two_threads);
  const ExactNll b = exact_nll_gradient(own, x, y, 1.5, {}, two_threads);
  // the promise of two quadratures (exact/quadrature.hpp)
  CHECK(std::abs(a.nll - b.nll) < 1e-11);
  CHECK((a.gradient - b.gradient).cwiseAbs().maxCoeff() < 1e-11);
}

TEST_CASE("function model: mixed y and z, derivatives of the function; MC23 is seen") {
  const Eigen::MatrixXd x{{0.5}, {-1}};
  const Params w{{0.75, -0.5, 0.25}};
  const AnyModel model = FunctionModel(coupled_shape, coupled, w);
  CHECK(own_error(model, x) < of_differences);
  CHECK(model.shape().z == coupled_shape.z);
  using Planted = planted::MC23::PointwiseModel<FunctionEnergy<decltype(coupled)>>;
  const AnyModel wrong = Planted({coupled_shape, std::make_shared<decltype(coupled)>(coupled)},
                                 std::make_shared<const Params>(w));
  CHECK(own_error(wrong, x) > 1e-3);
  const AnyEnergy<double> energy = model.bind_double(model.prepare(x), cycled_rows(16, 2));
  for (const std::vector<Index>& summed : {std::vector<Index>{1}, {2}, {1, 2}}) {
    const Block<double> kept = legal_block(energy.summed_out(summed, 1).columns(), 16, 5);
    CHECK(summed_out_error(energy, summed, 1.5, kept) < of_differences);
  }
  CHECK_FALSE(energy.can_sum_out(std::vector<Index>{2, 3}));
}

TEST_CASE("function model: without latents, and with what it captures") {
  const double stiffness = 2;
  const FunctionModel model(
      {0, {real_column()}, {}, 1},
      [stiffness](const auto& w, const auto&, const auto& y) {
        return stiffness * y[0] * y[0] / 2 - w[0] * y[0];
      },
      Params{{0.5}});
  FunctionModel copy = model;
  copy = model.with_params(std::make_shared<const Params>(Params{{-1.0}}));
  const AnyModel any = copy;
  CHECK(own_error(any, {}) < of_differences);
  const auto energy = any.bind_double(any.prepare({}), cycled_rows(1, 0));
  PerChain out(1);
  energy.energy(Block<double>{{1.5}}, out);
  CHECK(out[0] == 2.25 + 1.5);
}

TEST_CASE("function model: what is refused") {
  const auto of_y = [](const auto& w, const auto&, const auto& y) { return w[0] * y[0] * y[0]; };
  CHECK_THROWS_WITH_AS(FunctionModel({0, {real_column()}, {bit_column()}, 1}, of_y, Params{{1.0}}),
                       doctest::Contains("energy(w, x, y, z)"), UsageError);
  CHECK_THROWS_AS(FunctionModel({0, {real_column()}, {}, 2}, of_y, Params{{1.0}}), ConfigError);
  CHECK_THROWS_AS(FunctionModel({0, {real_column()}, {}, 1}, of_y, Params{{1.0}})
                      .with_params(std::make_shared<const Params>(Params::Zero(3))),
                  ConfigError);
}
