#include "negphase/models/classifier.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "negphase/core/error.hpp"
#include "negphase/exact/exact.hpp"
#include "negphase/gibbs/block_gibbs.hpp"
#include "negphase/gibbs/site_gibbs.hpp"
#include "negphase/metropolis/single_flip.hpp"
#include "support/kernel_probe.hpp"
#include "support/model_checks.hpp"

#include "planted/MD13.hpp"
#include "planted/MD14.hpp"
#include "planted/MD15.hpp"
#include "planted/MD16.hpp"

// What every model must show is in registry_test.cpp.

using namespace negphase;
using namespace negphase::testing;

namespace {

const Eigen::MatrixXd rows{{-1.25, 0.5}, {0.5, 1}, {1, -0.75}, {0.25, 0.125}, {-0.5, -1}};
const Eigen::MatrixXd labels{{0}, {2}, {1}, {2}, {0}};

/// Any version of the model with parameters that no symmetry hides, on 2 x and 3 classes (M: it;
/// S: its sizes).
template <class M = ClassifierModel, class S = ClassifierSpec, class F = ClassifierFeatures>
M model_of(F features) {
  const S spec{.num_x = 2, .classes = 3, .features = features, .hidden = 4};
  Params w(spec.num_params());
  for (Index i = 0; i < w.size(); ++i) {
    w[i] = std::sin(1.0 + 2.7 * static_cast<double>(i));
  }
  return M(spec, std::move(w));
}

/// Scores -E of all classes at one x, as the formula says them.
Eigen::Vector3d scores_at(ClassifierFeatures features, const Params& w, double x0, double x1) {
  Eigen::VectorXd phi;
  Index at = 0;
  if (features == ClassifierFeatures::tanh) {
    phi.resize(4);
    for (Index k = 0; k < 4; ++k) {
      phi[k] = std::tanh(w[2 * k] * x0 + w[2 * k + 1] * x1 + w[8 + k]);
    }
    at = 12;
  } else if (features == ClassifierFeatures::linear) {
    phi = Eigen::Vector2d{x0, x1};
  } else {
    phi = Eigen::Vector<double, 5>{x0, x1, x0 * x0, x0 * x1, x1 * x1};
  }
  Eigen::Vector3d scores;
  for (Index y = 0; y < 3; ++y) {
    scores[y] = w[at] + w.segment(at + 1, phi.size()).dot(phi);
    at += 1 + phi.size();
  }
  return scores;
}

AnyEnergy<double> bind(const AnyModel& model, Index chains) {
  return model.bind_double(model.prepare(rows), cycled_rows(chains, rows.rows()));
}

/// Worst error of the energy against the formula, and of what comes of it.
double worst_error(const AnyModel& model, ClassifierFeatures features) {
  const AnyEnergy<double> energy = bind(model, 20);
  const Block<double> y = legal_block(energy.columns(), 20, 3);
  PerChain out(20);
  energy.energy(y, out);
  double worst = 0;
  for (Index c = 0; c < 20; ++c) {
    const Eigen::Vector3d scores =
        scores_at(features, model.params(), rows(c % 5, 0), rows(c % 5, 1));
    worst = std::max(worst, std::abs(out[c] + scores[static_cast<Index>(y(c, 0))]));
  }
  return std::max({worst, param_gradient_error(model, rows, y), param_grad_sum_error(energy, y),
                   energy_change_error(energy, y), conditional_error(energy, y, {{0}})});
}

constexpr std::array all_features{ClassifierFeatures::linear, ClassifierFeatures::quadratic,
                                  ClassifierFeatures::tanh};

}  // namespace

TEST_CASE("classifier: energy by hand") {
  // two classes of b, W
  const ClassifierModel model({.num_x = 1, .classes = 2}, Params{{1, 2, 4, 8}});
  const auto energy =
      model.bind<double>(model.prepare(Eigen::MatrixXd{{3}, {0.5}}), std::vector<Index>{0, 1, 1});
  PerChain out(3);
  energy.energy(Block<double>{{0}, {0}, {1}}, out);
  CHECK(out[0] == -(1 + 2 * 3));
  CHECK(out[1] == -(1 + 2 * 0.5));
  CHECK(out[2] == -(4 + 8 * 0.5));
}

TEST_CASE("classifier: formula, gradients, changes, conditionals; MD13 to MD16 are seen") {
  // Sums of 6 terms below 2. Of tanh the quotients' truncation h^6 |f^(7)| / 322560 is below 1e-13:
  // |tanh^(7)| <= 272, times |x|^7 < 5.
  for (const ClassifierFeatures features : all_features) {
    CHECK(worst_error(model_of(features), features) < 1e-11);
  }
  namespace wrong = planted;
  const auto error_of = []<class M, class S, class F>(std::type_identity<M>, std::type_identity<S>,
                                                      F features) {
    return worst_error(model_of<M, S>(features), static_cast<ClassifierFeatures>(features));
  };
  CHECK(error_of(std::type_identity<wrong::MD13::ClassifierModel>{},
                 std::type_identity<wrong::MD13::ClassifierSpec>{},
                 wrong::MD13::ClassifierFeatures::tanh) > 1e-3);
  CHECK(error_of(std::type_identity<wrong::MD14::ClassifierModel>{},
                 std::type_identity<wrong::MD14::ClassifierSpec>{},
                 wrong::MD14::ClassifierFeatures::linear) > 1e-3);
  CHECK(error_of(std::type_identity<wrong::MD15::ClassifierModel>{},
                 std::type_identity<wrong::MD15::ClassifierSpec>{},
                 wrong::MD15::ClassifierFeatures::quadratic) > 1e-3);
  CHECK(error_of(std::type_identity<wrong::MD16::ClassifierModel>{},
                 std::type_identity<wrong::MD16::ClassifierSpec>{},
                 wrong::MD16::ClassifierFeatures::linear) > 1e-3);
}

TEST_CASE("M4, M6: classifier: NLL and gradient are those of a softmax") {
  const double beta = 1.5;
  for (const ClassifierFeatures features :
       {ClassifierFeatures::linear, ClassifierFeatures::quadratic}) {
    const AnyModel model = model_of(features);
    const ExactNll nll = exact_nll_gradient(model, rows, labels, beta, {}, Executor(1));
    CHECK(nll.negative.method == "enumeration");
    double expected = 0;
    Eigen::MatrixXd gradient = Eigen::MatrixXd::Zero(model.params().size() / 3, 3);
    for (Index r = 0; r < 5; ++r) {
      const double x0 = rows(r, 0), x1 = rows(r, 1);
      const Eigen::Vector3d scores = beta * scores_at(features, model.params(), x0, x1);
      Eigen::Vector3d p = scores.array().exp() / scores.array().exp().sum();
      const auto y = static_cast<Index>(labels(r, 0));
      expected -= std::log(p[y]) / beta / 5;
      p[y] -= 1;
      const Eigen::Vector<double, 6> phi{1, x0, x1, x0 * x0, x0 * x1, x1 * x1};
      gradient += phi.head(gradient.rows()) * p.transpose() / 5;
    }
    const Eigen::VectorXd flat = gradient.reshaped();
    // 5 rows, 3 classes, 6 terms below 8: some 30 roundings
    CHECK(std::abs(nll.nll - expected) < 64 * 0x1p-52 * (1 + expected));
    CHECK((nll.gradient - flat).cwiseAbs().maxCoeff() < 64 * 0x1p-52);
  }
}

TEST_CASE("classifier: what all classes share changes no probability") {
  const ClassifierModel model = model_of(ClassifierFeatures::linear);
  Params moved = model.params();
  for (Index y = 0; y < 3; ++y) {
    moved.segment(3 * y, 3) += Eigen::Vector3d{0.5, -2, 1.25};
  }
  const auto p = [&](const AnyModel& any) {
    return exact_nll_gradient(any, rows, labels, 1, {}, Executor(1)).nll;
  };
  CHECK(std::abs(p(model) - p(ClassifierModel({.num_x = 2, .classes = 3}, moved))) < 64 * 0x1p-52);
}

TEST_CASE("M13: classifier: kernels draw from the softmax, flips have their matrix") {
  const ClassifierModel model = model_of(ClassifierFeatures::tanh);
  const auto energy = model.bind<double>(model.prepare(rows), std::vector<Index>{2});
  const StateSpace space(energy.columns());
  const Eigen::VectorXd table =
      -scores_at(ClassifierFeatures::tanh, model.params(), rows(2, 0), rows(2, 1));
  for (const double beta : {0.25, 1.0, 2.5}) {
    const Eigen::VectorXd law = gibbs_law(table, beta);
    const Eigen::MatrixXd gibbs = gibbs_matrix(space, table, beta, {0});
    const Eigen::MatrixXd flips = metropolis_matrix(space, table, beta, 0);
    CHECK(complaint(probe(space, step_of(BlockGibbs(), energy, beta)), {law, gibbs, true}) == "");
    CHECK(complaint(probe(space, step_of(SiteGibbs(SiteGibbs::Scan::random, 1), energy, beta)),
                    {law, gibbs, true}) == "");
    CHECK(
        complaint(probe(space, step_of(SingleFlip(SingleFlip::Scan::systematic), energy, beta), 30),
                  {law, flips, true}) == "");
  }
}

TEST_CASE("classifier: names, start, and what is refused") {
  const AnyModel model = model_of(ClassifierFeatures::tanh);
  CHECK(model.param_name(3) == "U[1,1]");
  CHECK(model.param_name(11) == "c[3]");
  CHECK(model.param_name(12) == "b[0]");
  CHECK(model.param_name(17) == "b[1]");
  CHECK(model.param_name(26) == "W[2,3]");
  const Params start =
      ClassifierModel::initial({.num_x = 2, .classes = 3, .features = ClassifierFeatures::tanh})
          .params();
  CHECK(start.tail(27).cwiseAbs().maxCoeff() == 0);
  CHECK(start.head(16).cwiseAbs().minCoeff() > 0);

  CHECK_THROWS_WITH_AS(
      ClassifierModel({.num_x = 2, .classes = 3}, Params::Zero(2)),
      "parameters of the wrong length: classifier of 3 classes on 2 x takes 9 (for "
      "each class b 1, W 2), got 2",
      ConfigError);
  CHECK_THROWS_AS(ClassifierModel({.num_x = 2, .classes = 1}, Params::Zero(3)), UsageError);
  CHECK_THROWS_AS(model.prepare(Eigen::MatrixXd::Zero(2, 3)), UsageError);
  const AnyEnergy<double> energy = bind(model, 2);
  Block<double> delta;
  CHECK_THROWS_AS(energy.conditional(Block<double>::Zero(2, 1), std::vector<Index>{1}, delta),
                  UsageError);

  const ModelRow row = classifier_row();
  const auto make = [&](const std::vector<GivenOption>& given, const DataShape& data) {
    return row.make(Options::resolve("model 'classifier'", row.options, given), data);
  };
  const GivenOption quadratic{"features", std::string("quadratic"), {}};
  CHECK(make({quadratic}, {3, 1, {4}}).shape().num_params == 4 * (1 + 3 + 6));
  CHECK_THROWS_WITH_AS(make({}, {0, 1, {4}}),
                       doctest::Contains("takes data of at least 1 x column and 1 y column"),
                       ConfigError);
  CHECK_THROWS_AS(make({}, {1, 2, {4, 4}}), ConfigError);
  CHECK_THROWS_WITH_AS(make({}, {1, 1, {}}), doctest::Contains("by the option classes"),
                       ConfigError);
  CHECK_THROWS_WITH_AS(make({{"classes", std::int64_t{2}, {}}}, {1, 1, {4}}),
                       doctest::Contains("classes = 2, but column 1 of y has 4 labels"),
                       ConfigError);
  CHECK_THROWS_WITH_AS(make({quadratic, {"classes", std::int64_t{1000000}, {}}}, {300, 1, {}}),
                       doctest::Contains("classifier of 1000000 classes and 45450 features has "
                                         "45451000000 parameters"),
                       ConfigError);
}
