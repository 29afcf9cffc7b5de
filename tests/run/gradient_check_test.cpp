#include "negphase/run/gradient_check.hpp"

#include <doctest/doctest.h>

#include "negphase/core/error.hpp"
#include "negphase/gradient/registry.hpp"
#include "negphase/gradient/training.hpp"
#include "negphase/models/registry.hpp"
#include "negphase/registry/registry.hpp"
#include "planted/F6.hpp"

// How these tests can fail: a check that passes wrong derivatives, or refuses right ones.

using namespace negphase;

namespace {

// A quartic-like energy whose derivatives are scaled: 1 is right.
template <class S>
struct ScaledEnergy {
  using Scalar = S;
  double w, of_y, of_w;
  Column column = real_column();
  std::span<const Column> columns() const { return {&column, 1}; }
  void energy(const Block<S>& y, PerChain& out) const {
    out = w * y.col(0).template cast<double>().square().square();
  }
  void energy_and_grad(const Block<S>& y, PerChain& out, Block<S>& grad) const {
    energy(y, out);
    grad = static_cast<S>(4 * w * of_y) * y * y.square();
  }
  Index num_params() const { return 1; }
  void add_param_grad(const Block<S>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const {
    for (Index c = range.begin; c < range.end(); ++c) {
      const auto v = static_cast<double>(y(c, 0));
      sum[0] += of_w * weights[c] * v * v * v * v;
    }
  }
};

struct ScaledModel {
  struct Prepared {};
  std::shared_ptr<const Params> w;
  double of_y = 1, of_w = 1;
  ModelShape shape() const { return {0, {real_column()}, {}, 1}; }
  const Params& params() const { return *w; }
  ScaledModel with_params(std::shared_ptr<const Params> p) const {
    return {std::move(p), of_y, of_w};
  }
  std::string param_name(Index) const { return "w"; }
  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd&) const { return nullptr; }
  template <class S>
  ScaledEnergy<S> bind(const std::shared_ptr<const Prepared>&, std::span<const Index>) const {
    return {(*w)[0], of_y, of_w};
  }
};

void check(double of_y, double of_w, double shift = 0) {
  const Eigen::MatrixXd y{{0.5}, {-1.25}, {2 + shift}};
  check_gradients(ScaledModel{std::make_shared<const Params>(Params{{0.75}}), of_y, of_w},
                  Eigen::MatrixXd(3, 0), y, 1);
}

}  // namespace

TEST_CASE("gradient check: right derivatives pass, at places far out as well") {
  CHECK_NOTHROW(check(1, 1));
  CHECK_NOTHROW(check(1, 1, 1e6));
  for (const ModelRow& row : model_registry()) {
    CAPTURE(row.name);
    const ModelExample e = row.example();
    CHECK_NOTHROW(check_gradients(e.model, e.x, e.y, 1));
  }
}

TEST_CASE("gradient check: a derivative that is off by more than 1e-4 is refused, and named") {
  CHECK_NOTHROW(check(1 + 5e-5, 1));
  CHECK_THROWS_WITH_AS(check(1 + 2e-4, 1), doctest::Contains("dE/dy of column 1 at row 1"),
                       ConfigError);
  CHECK_THROWS_WITH_AS(check(-1, 1), doctest::Contains("relative error"), ConfigError);
  CHECK_THROWS_WITH_AS(check(1, 0.5), doctest::Contains("dE/dw at row 1"), ConfigError);
  CHECK_NOTHROW(check(1, 1 - 5e-5));
}

TEST_CASE("gradient check: an energy that is steep in a parameter is not refused; by F6 it is") {
  // tanh(540 w + ..): over a step of 1e-3 in w it is no polynomial
  const ModelRow& row = find_model("mlp");
  const Eigen::MatrixXd x = Eigen::MatrixXd::Constant(10, 1, 540);
  const Eigen::MatrixXd y = Eigen::VectorXd::LinSpaced(10, -1, 1);
  const std::vector<GivenOption> one{{"hidden", std::int64_t{1}, {}}};
  const AnyModel model = row.make(Options::resolve("mlp", row.options, one), {1, 1})
                             .with_params(Params{{0.001, 0.5, 0.1, 1}});
  CHECK_NOTHROW(check_gradients(model, x, y, 1));
  CHECK_THROWS_AS(planted::F6::check_gradients(model, x, y, 1), ConfigError);
}

TEST_CASE("gradient check: every way to a gradient makes it, exact ones and training too") {
  const Executor executor(1);
  const Eigen::MatrixXd y{{0.5}, {-1.25}, {2}};
  const AnySampler mala = make_sampler("mala");
  const auto refused = [&](auto run) {
    const auto params = std::make_shared<const Params>(Params{{0.75}});
    run(Problem{ScaledModel{params, 1, 1}, Eigen::MatrixXd(3, 0), y});
    CHECK_THROWS_WITH_AS(run(Problem{ScaledModel{params, 1, 0.5}, Eigen::MatrixXd(3, 0), y}),
                         doctest::Contains("relative error"), ConfigError);
  };
  for (const std::string estimator : {"exact", "long_chains", "cd", "pcd"}) {
    CAPTURE(estimator);
    refused([&](const Problem& p) {
      const std::vector<GivenOption> some{{"chains", std::int64_t{16}, {}}};
      const std::vector<GivenOption> none;
      estimate_gradient(p, &mala, estimator, estimator == "exact" ? none : some,
                        {.executor = &executor});
    });
  }
  for (const std::string how : {"exact", "pcd"}) {
    CAPTURE(how);
    refused([&](const Problem& p) {
      const std::vector<GivenOption> given{{"gradient", how, {}}};
      Trainer(p, &mala, Options::resolve("[train]", train_options(), given),
              {.executor = &executor});
    });
  }
}
