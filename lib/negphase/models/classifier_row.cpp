#include <fmt/format.h>

#include <algorithm>

#include "negphase/models/category_columns.hpp"
#include "negphase/models/classifier.hpp"
#include "negphase/models/params.hpp"
#include "negphase/models/refuse_data.hpp"

namespace negphase {

namespace {

AnyModel make_classifier(const Options& options, const DataShape& data) {
  if (data.num_x < 1 || data.num_y != 1) {
    refuse_data("classifier", "at least 1 x column and 1 y column", data);
  }
  const std::string& features = options.word("features");
  const ClassifierSpec spec{
      .num_x = data.num_x,
      .classes = category_states("classifier", "classes", options, data).front(),
      .features = features == "linear"      ? ClassifierFeatures::linear
                  : features == "quadratic" ? ClassifierFeatures::quadratic
                                            : ClassifierFeatures::tanh,
      .hidden = options.integer("hidden")};
  const double count =
      static_cast<double>(spec.feature_params()) +
      static_cast<double>(spec.classes) * (static_cast<double>(spec.num_features()) + 1);
  // cut off where no memory is enough: larger numbers are no Index
  check_params_memory(
      fmt::format("classifier of {} classes and {} features", spec.classes, spec.num_features()),
      static_cast<Index>(std::min(count, 1e17)));
  return ClassifierModel::initial(spec);
}

ModelExample classifier_example() {
  const Eigen::MatrixXd x{{-1.25, 0.5}, {0.5, 1}, {1, -0.75}, {0.25, 0.125}};
  const Eigen::MatrixXd y{{0}, {2}, {1}, {2}};
  const ClassifierSpec spec{.num_x = 2, .classes = 3, .features = ClassifierFeatures::quadratic};
  Params w(spec.num_params());
  w << 0.5, -0.25, 0.75, 0.125, -0.5, 0.375,  //
      -0.125, 0.625, 0.25, -0.75, 0.5, 0.25,  //
      0.25, -0.5, -0.375, 0.5, 0.125, -0.625;
  return {ClassifierModel(spec, std::move(w)), x, y};
}

}  // namespace

ModelRow classifier_row() {
  return {
      .name = "classifier",
      .doc = "E = -b_y - sum_k W_yk phi_k(x): y one of n classes; p(y | x) is a softmax",
      .options = {{.name = "features",
                   .fallback = std::string("linear"),
                   .doc = "phi: x; x and its products x_i x_j; or a trained layer tanh(U x + c)",
                   .choices = {"linear", "quadratic", "tanh"}},
                  {.name = "hidden",
                   .fallback = std::int64_t{8},
                   .doc = "units of features = \"tanh\"",
                   .low = 1,
                   .high = 1e6,
                   .unit = "units"},
                  states_option("classes")},
      .param_order = "tanh: U row by row (row = unit), c; then for each class b, W",
      .y_kind = ColumnKind::category,
      .make = make_classifier,
      .example = classifier_example};
}

}  // namespace negphase
