#include "negphase/exact/latent_sum.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "negphase/exact/exact.hpp"
#include "negphase/exact/summed_states.hpp"
#include "negphase/models/registry.hpp"
#include "planted/IN6.hpp"
#include "planted/IN7.hpp"
#include "support/energy_model.hpp"
#include "support/factor_model.hpp"
#include "support/mixed_energy.hpp"
#include "support/model_checks.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

const Executor two_threads(2);

/// A model's energies without their own sum over z, and without layers.
template <class Scalar_>
class Unsummed {
 public:
  using Scalar = Scalar_;
  explicit Unsummed(AnyEnergy<Scalar> inner) : inner_(std::move(inner)) {}
  std::span<const Column> columns() const { return inner_.columns(); }
  void energy(const Block<Scalar>& y, PerChain& out) const { inner_.energy(y, out); }
  Index num_params() const { return inner_.num_params(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const {
    inner_.add_param_grad(y, range, weights, sum);
  }

 private:
  AnyEnergy<Scalar> inner_;
};

class UnsummedModel {
 public:
  using Prepared = void;
  explicit UnsummedModel(std::shared_ptr<const AnyModel> inner) : inner_(std::move(inner)) {}
  ModelShape shape() const { return inner_->shape(); }
  const Params& params() const { return inner_->params(); }
  UnsummedModel with_params(const std::shared_ptr<const Params>& w) const {
    return UnsummedModel(std::make_shared<const AnyModel>(inner_->with_params(*w)));
  }
  std::string param_name(Index i) const { return inner_->param_name(i); }
  AnyPrepared prepare(const Eigen::MatrixXd& x) const { return inner_->prepare(x); }
  template <class Scalar>
  Unsummed<Scalar> bind(const AnyPrepared& prepared, std::span<const Index> rows) const {
    return Unsummed<Scalar>(inner_->bind<Scalar>(prepared, rows));
  }

 private:
  std::shared_ptr<const AnyModel> inner_;
};

/// E = y^2 / 2 of two columns, flat in the second.
struct QuadraticInFirst {
  using Scalar = double;
  std::span<const Column> columns() const { return all; }
  void energy(const Block<double>& y, PerChain& out) const { out = y.col(0).square() / 2; }
  std::vector<Column> all{real_column(), real_column()};
};

/// A registered model with z, and data.
ModelExample latent_example(const std::string& name, Index num_y, std::vector<GivenOption> given) {
  const ModelRow& row = find_model(name);
  const AnyModel model = row.make(Options::resolve(name, row.options, given), {0, num_y});
  Params w = model.params();
  for (Index i = 0; i < w.size(); ++i) {
    w[i] += 0.4 * std::sin(1 + 2.3 * static_cast<double>(i));
  }
  const AnyModel moved = model.with_params(w);
  return {moved, Eigen::MatrixXd(70, 0), legal_block(moved.shape().y, 70, 3).matrix()};
}

std::vector<ModelExample> latent_examples() {
  const GivenOption components{"components", std::int64_t{3}, {}}, latent{"latent", true, {}};
  return {latent_example("gaussian_mixture", 1, {components, latent}),
          latent_example("gaussian_mixture", 2, {components, latent}),
          latent_example("rbm", 4, {{"hidden", std::int64_t{3}, {}}})};
}

/// M1: value, dF/dy and dE/dW of a sum over states against the model's own; worst of them.
template <class Summed>
double error_of_sum(double beta) {
  double worst = 0;
  for (const ModelExample& example : latent_examples()) {
    const ModelShape shape = example.model.shape();
    const std::vector<Index> rows(70, 0), latents = latent_columns(shape);
    const auto bind = [&] { return example.model.bind_double(example.model.prepare({}), rows); };
    const Summed summed(bind(), latents, beta);
    const AnyEnergy<double> own = bind().summed_out(latents, beta);
    const Block<double> y = example.y.array();
    PerChain f(70), expected(70);
    summed.energy(y, f);
    own.energy(y, expected);
    worst = std::max(worst, ((f - expected).abs() / (1 + expected.abs())).maxCoeff());
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(shape.num_params), of_own = sum;
    const PerChain weights = PerChain::LinSpaced(70, -1, 1);
    summed.add_param_grad(y, {3, 60}, weights, sum);
    own.add_param_grad(y, {3, 60}, weights, of_own);
    worst = std::max(worst, (sum - of_own).lpNorm<Eigen::Infinity>() / 60);
  }
  return worst;
}

Eigen::MatrixXd column(std::initializer_list<double> values) {
  Eigen::MatrixXd all(static_cast<Index>(values.size()), 1);
  std::copy(values.begin(), values.end(), all.data());
  return all;
}

using Sum = DataSum (*)(const AnyModel&, const Eigen::MatrixXd&, const Eigen::MatrixXd&, double,
                        double, const LineRange&, const Executor&);

/// The positive phase of a model with real z (and a spin) against its closed form.
double factor_error(Sum sum_of, bool with_spin) {
  const Eigen::MatrixXd x = column({-0.5, 0.25, 1}), y = column({1.5, -0.75, 0.5});
  const FactorLaw law{{1.7, -0.8, 0.3}, 1.4, with_spin};
  const DataSum sum =
      sum_of(FactorModel(with_spin, Params(law.w)), x, y, law.beta, 1e8, {}, two_threads);
  double free_energy = 0;
  Eigen::Vector3d slope = Eigen::Vector3d::Zero();
  for (Index r = 0; r < 3; ++r) {
    const auto [f, df] = law.free_energy(x(r, 0), y(r, 0));
    free_energy += f;
    slope += df;
  }
  return std::max(std::abs(sum.free_energy - free_energy),
                  (sum.param_grad - slope).lpNorm<Eigen::Infinity>());
}

}  // namespace

TEST_CASE("M1: a sum over states is the model's own sum over z") {
  for (const double beta : {0.3, 1.0, 2.5}) {
    // some tens of roundings of energies below 50
    CHECK(error_of_sum<SummedStates>(beta) < 1e-13);
  }
  // dF/dy against differences
  const ModelExample example = latent_examples()[1];
  const std::vector<Index> rows(70, 0);
  const AnyEnergy<double> summed =
      SummedStates(example.model.bind_double(example.model.prepare({}), rows), {2}, 1.7);
  CHECK(gradient_error(summed, example.y.array()) < 1e-9);
}

TEST_CASE("M2, M4, M6: z enumerated, beside real and finite y, gives what z summed out gives") {
  const double beta = 0.8;
  for (const ModelExample& example : latent_examples()) {
    const AnyModel hidden = UnsummedModel(std::make_shared<const AnyModel>(example.model));
    const bool is_real = example.model.shape().y[0].kind == ColumnKind::real;
    const ExactNll own =
        exact_nll_gradient(example.model, example.x, example.y, beta, {}, two_threads);
    const ExactNll found = exact_nll_gradient(hidden, example.x, example.y, beta, {}, two_threads);
    CHECK(found.negative.method == (is_real ? "mixed" : "enumeration"));
    CHECK(plan_positive(hidden, example.x, 70, beta).method == "enumeration");
    const double error = own.negative.log_z_error[0] + found.negative.log_z_error[0] + 1e-13;
    CHECK(std::abs(found.negative.log_z[0] - own.negative.log_z[0]) <= error);
    CHECK(std::abs(found.nll - own.nll) <= error / beta + 1e-13);
    // dE/dW is below 50 where there is mass
    CHECK((found.gradient - own.gradient).lpNorm<Eigen::Infinity>() <= 50 * error);
    CHECK(
        (found.positive.mean_param_grad - own.positive.mean_param_grad).lpNorm<Eigen::Infinity>() <
        1e-12);
  }
}

TEST_CASE("M1, M2, M6: real z beside real y, and mixed z, against closed forms") {
  const Eigen::MatrixXd x = column({-0.5, 0.25, 1});
  for (const bool with_spin : {false, true}) {
    CHECK(factor_error(sum_over_latents, with_spin) < 1e-11);
    const FactorLaw law{{1.7, -0.8, 0.3}, 1.4, with_spin};
    const FactorModel model(with_spin, Params(law.w));
    CHECK(plan_positive(model, x, 3, law.beta).method == (with_spin ? "mixed" : "quadrature"));
    const ExactAnswer answer = solve_exact(model, x, law.beta, {}, two_threads);
    CHECK(answer.method == (with_spin ? "mixed" : "quadrature"));
    for (Index r = 0; r < 3; ++r) {
      CHECK(std::abs(answer.log_z[r] - law.log_z()) <= answer.log_z_error[r]);
    }
    CHECK(answer.log_z_error.maxCoeff() <= 1.1e-9);
    CHECK((answer.mean_param_grad - law.mean_param_grad()).lpNorm<Eigen::Infinity>() < 1e-8);
  }
}

TEST_CASE("M2: moments of y that is real and finite at once") {
  for (const double beta : {0.6, 1.5}) {
    const MixedLaw law(beta);
    Eigen::Vector4d mean = Eigen::Vector4d::Zero(), square = mean;
    for (std::size_t n = 0; n < law.parts.size(); ++n) {
      const auto& part = law.parts[n];
      const double z = static_cast<double>(n / 2), s = n % 2 == 0 ? -1 : 1;
      const Eigen::Vector4d at(part.mean[0], z, part.mean[1], s);
      mean += part.weight * at;
      square += part.weight * at.cwiseAbs2();
      square[0] += part.weight * part.covariance(0, 0);
      square[2] += part.weight * part.covariance(1, 1);
    }
    const ExactAnswer answer =
        solve_exact_with_moments(EnergyModel::of(MixedEnergy<double>()), Eigen::MatrixXd(), beta,
                                 {}, two_threads, Eigen::VectorXd::Zero(4));
    CHECK(answer.method == "mixed");
    CHECK((answer.mean - mean).lpNorm<Eigen::Infinity>() < 1e-8);
    const Eigen::Vector4d deviation = (square - mean.cwiseAbs2()).cwiseSqrt();
    CHECK((answer.deviation - deviation).lpNorm<Eigen::Infinity>() < 1e-8);
  }
}

TEST_CASE("positive phase: what cannot be summed is refused with why") {
  const auto with_z = [](std::vector<Column> z) {
    return EnergyModel({real_column()}, std::move(z),
                       [](Index) { return AnyEnergy<double>(MixedEnergy<double>()); })
        .shape();
  };
  CHECK(plan_latents(with_z(std::vector<Column>(10, bit_column())), 100, 1, 1e5).why_not ==
        "z has 102400 states at the rows of the data, the limit is 100000");
  CHECK(plan_latents(with_z(std::vector<Column>(10, bit_column())), 100, 1, 102400).method ==
        "enumeration");
  CHECK(plan_latents(with_z({bit_column()}), 1, 0, 1e5).method.empty());
  CHECK(plan_latents(with_z(std::vector<Column>(4, real_column())), 1, 1, 1e9).method.empty());
  CHECK(plan_latents(with_z({real_column(), {ColumnKind::count, 0}}), 1, 1, 1e9).method.empty());
  CHECK(plan_latents(with_z({real_column(), bit_column()}), 10, 1, 2e6).method == "mixed");
  CHECK(plan_latents(with_z({real_column(), bit_column()}), 11, 1, 2e6).method.empty());
  const FactorModel model(false, Params{{1.7, -0.8, 0.3}});
  const Eigen::MatrixXd one = column({1});
  CHECK_THROWS_WITH_AS(solve_positive(model, one, one, 1, {.max_states = 1000}, two_threads),
                       doctest::Contains("the latents cannot be summed out: z has 100000 energies"),
                       ConfigError);
  CHECK_FALSE(solve_positive(model, one, one, 1, two_threads).has_value());
  const AnyModel flat = EnergyModel({real_column()}, {real_column()},
                                    [](Index) { return AnyEnergy<double>(QuadraticInFirst()); });
  CHECK_THROWS_WITH_AS(solve_positive(flat, {}, one, 1, {}, two_threads),
                       doctest::Contains("positive phase, integral over z"), ModelError);
}

TEST_CASE("positive phase: the tests see planted bugs") {
  CHECK(error_of_sum<planted::IN6::SummedStates>(2.5) > 1e-3);
  CHECK(factor_error(
            [](const AnyModel& model, const Eigen::MatrixXd& x, const Eigen::MatrixXd& y,
               double beta, double max_states, const LineRange& range, const Executor& executor) {
              return planted::IN7::sum_over_latents(model, x, y, beta, max_states, range, executor);
            },
            true) > 1e-3);
}
