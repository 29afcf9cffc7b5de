#include "negphase/exact/exact.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "negphase/core/error.hpp"
#include "negphase/core/log_sum_exp.hpp"
#include "negphase/exact/enumeration.hpp"
#include "negphase/models/gaussian.hpp"
#include "negphase/models/quartic.hpp"
#include "negphase/models/rbm.hpp"
#include "negphase/models/registry.hpp"
#include "support/model_checks.hpp"
#include "support/pairwise_energy.hpp"

#include "planted/E2.hpp"
#include "planted/E6.hpp"

using namespace negphase;
using namespace negphase::testing;
using nlohmann::json;

namespace {

const Executor two_threads(2);
const Eigen::MatrixXd no_x;

const json& vectors() {
  static const json all = json::parse(std::ifstream(TEST_VECTOR_DIR "/exact_models.json"));
  return all;
}

/// Numbers are decimal strings (what underflows is 0), or plain where they are small integers.
double number(const json& value) {
  return value.is_string() ? std::strtod(value.get<std::string>().c_str(), nullptr)
                           : value.get<double>();
}

Eigen::VectorXd numbers(const json& values) {
  std::vector<double> all;
  for (const json& value : values) {
    for (const json& entry : value.is_array() ? value : json::array({value})) {
      all.push_back(number(entry));
    }
  }
  return Eigen::Map<Eigen::VectorXd>(all.data(), static_cast<Index>(all.size()));
}

Eigen::MatrixXd data_of(const json& rows) {
  const auto columns = static_cast<Index>(rows[0].size());
  const Eigen::VectorXd flat = numbers(rows);
  return Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
      flat.data(), flat.size() / columns, columns);
}

/// The promise of this project: log Z relative 1e-12 (absolute below 1).
bool close_log_z(double found, double expected) {
  return std::abs(found - expected) <= 1e-12 * std::max(1.0, std::abs(expected));
}
/// Moments and gradients: 1e-12 of the largest component, or of 1.
double scaled_error(const Eigen::VectorXd& found, const Eigen::VectorXd& expected) {
  return (found - expected).lpNorm<Eigen::Infinity>() /
         std::max(1.0, expected.lpNorm<Eigen::Infinity>());
}
constexpr double promised = 1e-12;

PairwiseModel ising(const json& model, Index n, double coupling, double field) {
  std::vector<std::pair<Index, Index>> edges;
  for (const json& edge : model["edges"]) {
    edges.emplace_back(edge[0].get<Index>(), edge[1].get<Index>());
  }
  return ising_model(n, edges, coupling, field);
}

std::function<AnyEnergy<double>(Index)> binder(const AnyModel& model) {
  return [model](Index chains) {
    return model.bind_double(model.prepare(no_x), cycled_rows(chains, 0));
  };
}

PairwiseModel boltzmann_5() {
  const json& model = vectors()["boltzmann_5"];
  Params w(15);
  Index p = 0;
  for (int i = 0; i < 5; ++i) {
    for (int j = i + 1; j < 5; ++j) {
      w[p++] = number(model["W"][std::to_string(i) + "," + std::to_string(j)]);
    }
  }
  w.tail(5) = numbers(model["b"]);
  return PairwiseModel(ColumnKind::bit, 5, w);
}

/// The same model from the registry, whose energies have a pairwise() view.
AnyModel from_registry(const std::string& name, const AnyModel& model) {
  const ModelRow& row = find_model(name);
  return row.make(Options::resolve(name, row.options, {}), {0, model.shape().num_y()})
      .with_params(model.params());
}

/// beta M6 as the vectors have it, in the order of W.
Eigen::VectorXd boltzmann_gradient(const json& at_beta) {
  Eigen::VectorXd gradient(15);
  Index p = 0;
  for (int i = 0; i < 5; ++i) {
    for (int j = i + 1; j < 5; ++j) {
      gradient[p++] = number(at_beta["grad_nll_W"][std::to_string(i) + "," + std::to_string(j)]);
    }
  }
  gradient.tail(5) = numbers(at_beta["grad_nll_b"]);
  return gradient;
}

Eigen::VectorXd rbm_order(const json& of_params) {
  Eigen::VectorXd all(11);
  all << numbers(of_params["W"]), numbers(of_params["a"]), numbers(of_params["c"]);
  return all;
}

/// y real, z bit: E = y^2 / 2 - z y, so that F = y^2 / 2 - log(1 + exp(beta y)) / beta.
class MixedMarginal {
 public:
  using Scalar = double;
  explicit MixedMarginal(double beta) : beta_(beta) {}
  std::span<const Column> columns() const { return columns_; }
  void energy(const Block<double>& y, PerChain& out) const {
    out = y.col(0).square() / 2 - (beta_ * y.col(0)).unaryExpr(&softplus) / beta_;
  }

 private:
  double beta_;
  std::vector<Column> columns_{real_column()};
};

class MixedEnergy {
 public:
  using Scalar = double;
  std::span<const Column> columns() const { return columns_; }
  void energy(const Block<double>& y, PerChain& out) const {
    out = y.col(0).square() / 2 - y.col(0) * y.col(1);
  }
  bool can_sum_out(std::span<const Index> columns) const {
    return columns.size() == 1 && columns[0] == 1;
  }
  MixedMarginal summed_out(std::span<const Index>, double beta) const {
    return MixedMarginal(beta);
  }

 private:
  std::vector<Column> columns_{real_column(), bit_column()};
};

/// y real: sqrt(y) up to 1, where a wall stands.
template <class Scalar_>
class WalledEnergy {
 public:
  using Scalar = Scalar_;
  std::span<const Column> columns() const { return columns_; }
  void energy(const Block<Scalar>& y, PerChain& out) const {
    out = y.col(0).template cast<double>().unaryExpr(
        [](double v) { return v > 1 ? std::numeric_limits<double>::infinity() : std::sqrt(v); });
  }

 private:
  std::vector<Column> columns_{real_column()};
};

/// The family of one energy without parameters.
template <class InDouble>
class FixedModel {
 public:
  struct Prepared {};
  explicit FixedModel(std::vector<Column> z = {}) : z_(std::move(z)) {}
  ModelShape shape() const { return {0, {real_column()}, z_, 0}; }
  const Params& params() const { return w_; }
  FixedModel with_params(const std::shared_ptr<const Params>&) const { return *this; }
  std::string param_name(Index) const { return ""; }
  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd&) const { return nullptr; }
  template <class Scalar>
  auto bind(const std::shared_ptr<const Prepared>&, std::span<const Index>) const {
    if constexpr (std::same_as<Scalar, double>) {
      return InDouble();
    } else {
      return WalledEnergy<float>();  // no exact method asks for it
    }
  }

 private:
  std::vector<Column> z_;
  Params w_;
};

/// |gradient - difference quotient of the NLL| over 1 + |NLL|, by Richardson with h = 2^-5;
/// truncation h^4 / 480 of a fifth derivative, rounding 1e-12 / h.
template <class ExactNllOf>
double nll_gradient_error(const ExactNllOf& exact_nll, const ModelExample& example, double beta) {
  const auto at = [&](const Params& w) {
    return exact_nll(example.model.with_params(w), example.x, example.y, beta);
  };
  const Params& w = example.model.params();
  const auto here = at(w);
  double worst = 0;
  for (Index p = 0; p < w.size(); ++p) {
    const auto quotient = [&](double h) {
      Params up = w, down = w;
      up[p] += h;
      down[p] -= h;
      return (at(up).nll - at(down).nll) / (2 * h);
    };
    const double slope = (4 * quotient(0x1p-6) - quotient(0x1p-5)) / 3;
    worst = std::max(worst, std::abs(slope - here.gradient[p]) / (1 + std::abs(here.nll)));
  }
  return worst;
}

const auto nll_of = [](const AnyModel& model, const Eigen::MatrixXd& x, const Eigen::MatrixXd& y,
                       double beta) {
  return exact_nll_gradient(model, x, y, beta, {}, two_threads);
};
// fifth derivatives of the examples' NLLs are below 100 beta^4
constexpr double quotient_bound = 1e-4;

}  // namespace

TEST_CASE("M2: exact: Ising 2x2 and 3x3 against the vectors") {
  for (const auto& [name, n] : {std::pair("ising_2x2_free", 4),
                                {"ising_3x3_torus_critical", 9},
                                {"ising_3x3_torus_cold", 9}}) {
    CAPTURE(name);
    const json& expected = vectors()[name];
    const double beta = number(expected["beta"]);
    const AnyModel model = ising(expected, n, number(expected["J"]), number(expected["field"]));
    const ExactAnswer answer = solve_exact(model, no_x, beta, {}, two_threads);
    CHECK(answer.method == "enumeration");
    CHECK(close_log_z(answer.log_z[0], number(expected["logZ"])));
    // E is linear in W, so that its mean is W . E[dE/dW]
    const double mean_energy = model.params().dot(answer.mean_param_grad);
    const StateTable table = tabulate_states(binder(model), beta);
    const auto mean = [&](const PerChain& f) { return (table.probability * f).sum(); };
    const double table_energy = mean(table.energy);
    const PerChain m = table.states.rowwise().mean();
    const json& means = expected["means"];
    const Eigen::VectorXd found{
        {mean_energy, table_energy, mean((table.energy - table_energy).square()),
         answer.log_z[0] + beta * mean_energy, -answer.mean_param_grad[n * (n - 1) / 2],
         mean(m.abs()), mean(m.square()), -answer.mean_param_grad[0]}};
    const Eigen::VectorXd wanted{{number(expected["mean_energy"]), number(expected["mean_energy"]),
                                  number(expected["var_energy"]), number(expected["entropy"]),
                                  number(means["s0"]), number(means["abs_m"]), number(means["m2"]),
                                  number(means["s0s1"])}};
    CHECK(scaled_error(found, wanted) < promised);
    CHECK(close_log_z(table.log_z, number(expected["logZ"])));
  }
}

TEST_CASE("exact: Ising 4x4, log Z at six betas and the density of states") {
  const json& expected = vectors()["ising_4x4_torus"];
  const AnyModel model = ising(expected, 16, 1, 0);
  const AnyModel viewed = from_registry("ising", model);
  for (const auto& [beta, log_z] : expected["logZ"].items()) {
    CAPTURE(beta);
    for (const AnyModel& either : {model, viewed}) {
      const ExactAnswer answer =
          solve_exact(either, no_x, std::strtod(beta.c_str(), nullptr), {}, two_threads);
      CHECK(close_log_z(answer.log_z[0], number(log_z)));
    }
  }
  const StateTable table = tabulate_states(binder(model), 1);
  for (const auto& [energy, count] : expected["density_of_states"].items()) {
    CHECK((table.energy == std::strtod(energy.c_str(), nullptr)).count() ==
          static_cast<Index>(number(count)));
  }
}

TEST_CASE("exact: Boltzmann machine of 5 at six betas, 0 and 1e6 among them") {
  const json& expected = vectors()["boltzmann_5"];
  const Eigen::MatrixXd data = data_of(expected["data"]);
  const AnyModel viewless = boltzmann_5(), viewed = from_registry("boltzmann", viewless);
  const auto check = [&](const AnyModel& model, double beta, const json& at_beta) {
    const ExactAnswer answer = solve_exact(model, no_x, beta, {}, two_threads);
    const ExactPositive positive = *solve_positive(model, no_x, data, beta, two_threads);
    CHECK(close_log_z(answer.log_z[0], number(at_beta["logZ"])));
    CHECK(close_log_z(beta * positive.mean_free_energy + answer.log_z[0],
                      number(at_beta["nll_per_datum"])));
    const Eigen::VectorXd gradient = beta * (positive.mean_param_grad - answer.mean_param_grad);
    CHECK(scaled_error(gradient, boltzmann_gradient(at_beta)) < promised);
    if (beta > 0) {
      CHECK(scaled_error(beta * nll_of(model, no_x, data, beta).gradient,
                         boltzmann_gradient(at_beta)) < promised);
    }
    if (!at_beta["probability"].is_null()) {
      const StateTable table = tabulate_states(binder(model), beta);
      CHECK(scaled_error(table.probability.matrix(), numbers(at_beta["probability"])) < promised);
    }
  };
  for (const auto& [beta_text, at_beta] : expected["by_beta"].items()) {
    CAPTURE(beta_text);
    const double beta = std::strtod(beta_text.c_str(), nullptr);
    check(viewless, beta, at_beta);
    check(viewed, beta, at_beta);
  }
}

TEST_CASE("exact: RBMs by their layer sum, against the vectors and against enumeration") {
  for (const char* name : {"rbm_3x2", "rbm_3x2_strong"}) {
    CAPTURE(name);
    const json& expected = vectors()[name];
    const AnyModel model = RbmModel(3, 2, rbm_order(expected));
    const Eigen::MatrixXd data = data_of(expected["data"]);
    const ExactNll nll = nll_of(model, no_x, data, 1);
    CHECK(nll.negative.method == "layer_sum");
    CHECK(close_log_z(nll.negative.log_z[0], number(expected["logZ"])));
    CHECK(close_log_z(nll.nll, number(expected["nll_per_datum"])));
    CHECK(scaled_error(nll.gradient, rbm_order(expected["exact_grad_nll"])) < promised);
    const auto free_energy = [&](Index chains) {
      return binder(model)(chains).summed_out(std::vector<Index>{3, 4}, 1);
    };
    const StateTable visible = tabulate_states(free_energy, 1);
    CHECK(scaled_error(visible.energy.matrix(), numbers(expected["free_energy"])) < promised);
    CHECK(scaled_error(visible.probability.matrix(), numbers(expected["p_visible"])) < promised);
    for (double beta : {0.25, 1.0, 2.5}) {
      const ExactAnswer answer = solve_exact(model, no_x, beta, {}, two_threads);
      const auto bind = [&](Index, Index chains) { return binder(model)(chains); };
      const StateSum joint = sum_states(bind, 1, beta, Walk::gray_code, two_threads)[0];
      CHECK(close_log_z(answer.log_z[0], joint.log_z));
      CHECK(scaled_error(answer.mean_param_grad, joint.mean_param_grad) < promised);
    }
  }
}

TEST_CASE("exact: forbidden states of the vectors") {
  class Forbidden {
   public:
    using Scalar = double;
    std::span<const Column> columns() const { return columns_; }
    void energy(const Block<double>& y, PerChain& out) const {
      out = y.col(0).unaryExpr([](double k) { return number(energies()[static_cast<int>(k)]); });
    }
    static const json& energies() { return vectors()["forbidden_states"]["energies"]; }

   private:
    std::vector<Column> columns_{{ColumnKind::category, 4}};
  };
  const json& expected = vectors()["forbidden_states"];
  const auto bind = [](Index) { return AnyEnergy<double>(Forbidden()); };
  const StateTable table = tabulate_states(bind, 1);
  CHECK(close_log_z(table.log_z, number(expected["logZ"])));
  CHECK(scaled_error(table.probability.matrix(), numbers(expected["probability"])) < promised);
  const auto by_row = [&](Index, Index chains) { return bind(chains); };
  const StateSum sum = sum_states(by_row, 1, 1, Walk::gray_code, two_threads)[0];
  CHECK(close_log_z(sum.log_z, number(expected["logZ"])));
}

TEST_CASE(
    "M4, M5, M6: exact: the gradient is the derivative of the NLL for every registered model") {
  for (const ModelRow& row : model_registry()) {
    for (double beta : {0.25, 1.0, 2.5}) {
      CAPTURE(row.name);
      CAPTURE(beta);
      CHECK(nll_gradient_error(nll_of, row.example(), beta) < quotient_bound);
    }
  }
}

TEST_CASE("exact: planted bugs in the gradient are seen") {
  const ModelExample rbm = find_model("rbm").example();
  SUBCASE("E2: divided by beta once more, which only another beta than 1 shows") {
    const auto wrong = [](const AnyModel& model, const Eigen::MatrixXd& x, const Eigen::MatrixXd& y,
                          double beta) {
      return planted::E2::exact_nll_gradient(model, x, y, beta, {}, two_threads);
    };
    CHECK(nll_gradient_error(wrong, rbm, 1) < quotient_bound);
    CHECK(nll_gradient_error(wrong, rbm, 2.5) > 100 * quotient_bound);
  }
  SUBCASE("E6: mean over N - 1 data") {
    const auto wrong = [](const AnyModel& model, const Eigen::MatrixXd& x, const Eigen::MatrixXd& y,
                          double beta) {
      return planted::E6::exact_nll_gradient(model, x, y, beta, {}, two_threads);
    };
    const json& expected = vectors()["rbm_3x2"];
    const AnyModel model = RbmModel(3, 2, rbm_order(expected));
    const auto nll = wrong(model, no_x, data_of(expected["data"]), 1);
    CHECK(scaled_error(nll.gradient, rbm_order(expected["exact_grad_nll"])) > 1e-3);
    CHECK(std::abs(nll.nll - number(expected["nll_per_datum"])) > 1e-3);
  }
  SUBCASE("a model whose dE/dW, energy or free energy lies") {
    for (const Lies& lies : {Lies{.energy = 1.01}, Lies{.param_grad = 1.01}}) {
      const ModelExample gaussian = find_model("gaussian").example();
      const ModelExample lying{LyingModel(gaussian.model, lies), gaussian.x, gaussian.y};
      CHECK(nll_gradient_error(nll_of, lying, 1) > 10 * quotient_bound);
    }
    const AnyModel model = LyingModel(rbm.model, {.summed_out = 1.01});
    const double truth = solve_exact(rbm.model, no_x, 1, {}, two_threads).log_z[0];
    CHECK(std::abs(solve_exact(model, no_x, 1, {}, two_threads).log_z[0] - truth) > 1e-4);
  }
}

TEST_CASE("exact: gradients add over shards of data, and E + constant changes log Z only") {
  const ModelExample example = find_model("quartic").example();
  const ExactNll all = nll_of(example.model, example.x, example.y, 2.5);
  Eigen::VectorXd by_row = Eigen::VectorXd::Zero(4);
  for (Index r = 0; r < 4; ++r) {
    by_row += nll_of(example.model, example.x.row(r), example.y.row(r), 2.5).gradient / 4;
  }
  CHECK((all.gradient - by_row).lpNorm<Eigen::Infinity>() < 1e-14);
  CHECK(all.negative.log_z.size() == 4);
  CHECK(all.negative.method == "quadrature");
}

TEST_CASE("exact: 100 data, so more than one block, are all counted") {
  const GaussianModel model = GaussianModel::standard(2);
  const Eigen::MatrixXd y = legal_block(model.shape().y, 100, 9).matrix();
  const ExactPositive positive = *solve_positive(model, no_x, y, 1, two_threads);
  CHECK((positive.mean_param_grad.head(2) + y.colwise().mean().transpose()).norm() < 1e-14);
  CHECK(std::abs(positive.mean_free_energy - y.rowwise().squaredNorm().mean() / 2) < 1e-14);
}

TEST_CASE("exact: one real column beside latents that can be summed is a quadrature") {
  const ExactAnswer answer =
      solve_exact(FixedModel<MixedEnergy>({bit_column()}), no_x, 2, {}, two_threads);
  CHECK(answer.method == "quadrature");
  // Z = sqrt(2 pi / beta) (1 + exp(beta / 2))
  const double expected = std::log(std::sqrt(std::acos(-1.0)) * (1 + std::exp(1.0)));
  CHECK(close_log_z(answer.log_z[0], expected));
  CHECK(answer.mean_param_grad.size() == 0);
  // y given z is N(z, 1 / beta), and z is 1 with odds exp(beta / 2)
  const double odds = std::exp(1.0), p = odds / (1 + odds);
  const ExactAnswer moments = solve_exact_with_moments(
      FixedModel<MixedEnergy>({bit_column()}), no_x, 2, {}, two_threads, Eigen::VectorXd::Zero(1));
  CHECK(moments.mean_param_grad.size() == 0);
  CHECK(std::abs(moments.mean[0] - p) < promised);
  CHECK(std::abs(moments.deviation[0] - std::sqrt(0.5 + p * (1 - p))) < promised);
}

TEST_CASE("exact: every registered example has a plan, and it is what is done") {
  CHECK(exact_methods().size() == 5);
  for (const ModelRow& row : model_registry()) {
    CAPTURE(row.name);
    const ModelExample example = row.example();
    const ExactPlan plan = plan_exact(example.model, example.x, 1);
    CHECK(plan.why_not.empty());
    CHECK(plan.states > 0);
    CHECK(plan.seconds_estimate > 0);
    const ExactAnswer answer = solve_exact(example.model, example.x, 1, {}, two_threads);
    CHECK(answer.method == plan.method);
    CHECK(answer.evaluations > 0);
    CHECK((answer.log_z_error.array() < 1e-11).all());
    const ExactAnswer again = solve_exact(example.model, example.x, 1, {}, Executor(1));
    CHECK(again.log_z == answer.log_z);
    CHECK(again.mean_param_grad == answer.mean_param_grad);
  }
}

TEST_CASE("exact: what is too large is refused with states and time, what does not fit with why") {
  const AnyModel spins = PairwiseModel(ColumnKind::spin, 40, Params::Zero(820));
  const ExactPlan plan = plan_exact(spins, no_x, 1);
  CHECK(plan.method.empty());
  CHECK(plan.why_not.find("1.0995116e+12 states, the limit is 33554432") != std::string::npos);
  CHECK_THROWS_WITH_AS(solve_exact(spins, no_x, 1, {}, two_threads),
                       doctest::Contains("they would take"), ConfigError);
  CHECK_THROWS_WITH_AS(solve_exact(boltzmann_5(), no_x, 1, {.max_states = 31}, two_threads),
                       doctest::Contains("32 states, the limit is 31"), ConfigError);
  CHECK_NOTHROW(solve_exact(boltzmann_5(), no_x, 1, {.max_states = 32}, two_threads));
  const AnyModel rbm = RbmModel(64, 48, Params::Zero(64 * 48 + 64 + 48));
  CHECK_THROWS_WITH_AS(solve_exact(rbm, no_x, 1, {}, two_threads),
                       doctest::Contains("layer_sum: 2.8147498e+14 states"), ConfigError);
}

TEST_CASE("exact: bad questions are refused") {
  const ModelExample quartic = find_model("quartic").example();
  const auto solve = [](const AnyModel& model, const Eigen::MatrixXd& x, double beta) {
    return solve_exact(model, x, beta, {}, two_threads);
  };
  CHECK_THROWS_AS(solve(quartic.model, no_x, 1), ConfigError);
  CHECK_THROWS_AS(solve(quartic.model, Eigen::MatrixXd(0, 1), 1), ConfigError);
  CHECK_THROWS_AS(solve(quartic.model, quartic.x, -1), ConfigError);
  CHECK_THROWS_AS(solve(quartic.model, quartic.x, std::nan("")), ConfigError);
  CHECK_THROWS_AS(solve(quartic.model, quartic.x, 0), ConfigError);
  CHECK_THROWS_AS(nll_of(quartic.model, quartic.x, quartic.y, 0), ConfigError);
  CHECK_THROWS_AS(nll_of(quartic.model, quartic.x, quartic.y.topRows(3), 1), ConfigError);
  CHECK_THROWS_AS(nll_of(quartic.model, quartic.x, Eigen::MatrixXd(4, 2), 1), ConfigError);
  const AnyModel flat = quartic.model.with_params(Params::Zero(4));
  CHECK_THROWS_WITH_AS(solve(flat, quartic.x, 1), doctest::Contains("not normalisable"),
                       ModelError);
}

TEST_CASE("exact: a datum of energy +inf or NaN is named") {
  Eigen::MatrixXd y = Eigen::MatrixXd::Zero(100, 1);
  y(71, 0) = 2;
  CHECK_THROWS_WITH_AS(solve_positive(FixedModel<WalledEnergy<double>>(), no_x, y, 1, two_threads),
                       "row 72 of the data has energy +inf: the NLL is infinite", ConfigError);
  y(70, 0) = -1;
  CHECK_THROWS_WITH_AS(solve_positive(FixedModel<WalledEnergy<double>>(), no_x, y, 1, two_threads),
                       doctest::Contains("row 71 of the data has energy"), ModelError);
}
