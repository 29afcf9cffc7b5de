#include <doctest/doctest.h>

#include <atomic>
#include <memory>

#include "negphase/exact/exact.hpp"
#include "negphase/gradient/registry.hpp"
#include "negphase/gradient/training.hpp"
#include "negphase/models/classifier.hpp"
#include "negphase/registry/registry.hpp"
#include "support/problems.hpp"

// A conditional model of classes in training: it is the logistic regression that it says, and what
// depends on x is computed once a row, not once an energy.

using namespace negphase;
using testing::settings_on;

namespace {

using Given = std::vector<GivenOption>;

/// Three classes that overlap, on 2 x.
Problem overlapping(ClassifierFeatures features = ClassifierFeatures::linear) {
  const Index rows = 24;
  Eigen::MatrixXd x(rows, 2), y(rows, 1);
  for (Index r = 0; r < rows; ++r) {
    const auto t = static_cast<double>(r);
    y(r, 0) = static_cast<double>(r % 3);
    x(r, 0) = std::sin(1 + 2.3 * t) + 0.5 * y(r, 0);
    x(r, 1) = std::cos(2 + 1.7 * t) - 0.25 * y(r, 0);
  }
  const ClassifierSpec spec{.num_x = 2, .classes = 3, .features = features};
  return {ClassifierModel::initial(spec), x, y, 1.0};
}

/// Gradient of the mean NLL of multinomial logistic regression plus (l2 / 2) |W|^2, W = [b, w] of
/// each class in turn.
Eigen::VectorXd logistic_gradient(const Problem& problem, const Params& w, double l2) {
  const Eigen::Map<const Eigen::Matrix3d> by_class(w.data());  // a column for each class
  Eigen::Matrix3d gradient = l2 * by_class;
  for (Index r = 0; r < problem.rows(); ++r) {
    const Eigen::Vector3d phi{1, problem.x(r, 0), problem.x(r, 1)};
    Eigen::Vector3d p = (by_class.transpose() * phi).array().exp();
    p /= p.sum();
    p[static_cast<Index>(problem.y(r, 0))] -= 1;
    gradient += phi * p.transpose() / static_cast<double>(problem.rows());
  }
  return gradient.reshaped();
}

struct Counts {
  std::atomic<Index> rows = 0;  ///< rows of x that were prepared
};

/// A model that counts what is prepared.
class CountedModel {
 public:
  using Prepared = void;
  CountedModel(AnyModel inner, std::shared_ptr<Counts> counts)
      : inner_(std::move(inner)), counts_(std::move(counts)) {}
  ModelShape shape() const { return inner_.shape(); }
  const Params& params() const { return inner_.params(); }
  CountedModel with_params(const std::shared_ptr<const Params>& w) const {
    return {inner_.with_params(*w), counts_};
  }
  std::string param_name(Index i) const { return inner_.param_name(i); }
  AnyPrepared prepare(const Eigen::MatrixXd& x) const {
    counts_->rows += x.rows();
    return inner_.prepare(x);
  }
  template <class Scalar>
  AnyEnergy<Scalar> bind(const AnyPrepared& prepared, std::span<const Index> rows) const {
    return inner_.bind<Scalar>(prepared, rows);
  }

 private:
  AnyModel inner_;
  std::shared_ptr<Counts> counts_;
};

}  // namespace

TEST_CASE("M6: a classifier trained by exact gradients is multinomial logistic regression") {
  const Problem problem = overlapping();
  const Executor executor(1);
  const double l2 = 0.01;
  const Given given{{"gradient", std::string("exact"), {}},
                    {"optimizer", std::string("lbfgs"), {}},
                    {"updates", std::int64_t{200}, {}},
                    {"tolerance", 1e-9, {}},
                    {"l2", l2, {}}};
  const Params w = train(problem, nullptr, Options::resolve("[train]", train_options(), given),
                         settings_on(executor, 1));
  // The penalised NLL is strictly convex, so that a gradient of 0, here by the formula of logistic
  // regression, is its minimum; lbfgs ends where the largest of 9 components is below 1e-9.
  CHECK(logistic_gradient(problem, w, l2).norm() < 3 * 1e-9 + 64 * 0x1p-52);
  CHECK(logistic_gradient(problem, 1.01 * w, l2).norm() > 1e-4);
}

TEST_CASE("a conditional model computes what depends on x once for each row, not for each energy") {
  const auto counts = std::make_shared<Counts>();
  Problem problem = overlapping(ClassifierFeatures::tanh);
  problem.model = CountedModel(problem.model, counts);
  const Executor executor(2);
  const AnySampler gibbs = make_sampler("block_gibbs", Given{});
  const auto estimate = [&](std::int64_t draws, std::int64_t chains) {
    const Given options{{"chains", chains, {}}, {"draws", draws, {}}};
    counts->rows = 0;
    return estimate_gradient(problem, &gibbs, "long_chains", options, settings_on(executor, 3));
  };
  const GradientEstimate few = estimate(10, 2);
  const Index rows = counts->rows;
  const GradientEstimate many = estimate(200, 16);
  INFO(rows, " rows prepared for ", few.energy_evaluations, " energies; ", counts->rows.load(),
       " for ", many.energy_evaluations);
  CHECK(counts->rows == rows);
  CHECK(many.energy_evaluations > 20 * few.energy_evaluations);
  // by each of both phases, and by checks before them, some on a row alone
  CHECK(rows < 6 * problem.rows());
}

TEST_CASE("training computes what depends on x as often for many steps of chains as for one") {
  const auto counts = std::make_shared<Counts>();
  Problem problem = overlapping(ClassifierFeatures::tanh);
  problem.model = CountedModel(problem.model, counts);
  const Executor executor(2);
  const AnySampler gibbs = make_sampler("block_gibbs", Given{});
  const auto rows_of_update = [&](std::int64_t cd_k, std::int64_t chains) {
    const Given given{
        {"updates", std::int64_t{100}, {}}, {"cd_k", cd_k, {}}, {"chains_per_row", chains, {}}};
    Trainer trainer(problem, &gibbs, Options::resolve("[train]", train_options(), given),
                    settings_on(executor, 3));
    trainer.update();  // the first looks at the training's health
    counts->rows = 0;
    trainer.update();
    return counts->rows.load();
  };
  const Index one = rows_of_update(1, 1);
  CHECK(rows_of_update(20, 8) == one);
  // once in each phase
  CHECK(one <= 2 * problem.rows());
}
