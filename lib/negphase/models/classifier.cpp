#include "negphase/models/classifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "negphase/core/error.hpp"
#include "negphase/core/memory.hpp"
#include "negphase/models/category_columns.hpp"
#include "negphase/models/hashed_uniform.hpp"
#include "negphase/models/params.hpp"
#include "negphase/models/refuse_data.hpp"

namespace negphase {

namespace {

/// U, a column for each unit [num_x x hidden]: what U row by row is in memory.
Eigen::Map<const Eigen::MatrixXd> inputs_of(const ClassifierSpec& spec, const Params& w) {
  return {w.data(), spec.num_x, spec.hidden};
}

/// b and W, a column for each class [1 + features x classes].
Eigen::Map<const Eigen::MatrixXd> classes_of(const ClassifierSpec& spec, const Params& w) {
  return {w.data() + spec.feature_params(), spec.num_features() + 1, spec.classes};
}

/// phi of every row of x [features x rows].
Eigen::MatrixXd features_of(const ClassifierSpec& spec, const Params& w, const Eigen::MatrixXd& x) {
  if (spec.features == ClassifierFeatures::tanh) {
    Eigen::MatrixXd units = inputs_of(spec, w).transpose() * x.transpose();
    units.colwise() += w.segment(spec.num_x * spec.hidden, spec.hidden);
    return units.array().tanh();
  }
  Eigen::MatrixXd phi(spec.num_features(), x.rows());
  phi.topRows(spec.num_x) = x.transpose();
  Index at = spec.num_x;
  for (Index i = 0; i < spec.num_x && at < phi.rows(); ++i) {
    for (Index j = i; j < spec.num_x; ++j) {
      phi.row(at++) = x.col(i).cwiseProduct(x.col(j)).transpose();
    }
  }
  return phi;
}

std::string title(const ClassifierSpec& spec) {
  return fmt::format("classifier of {} classes on {} x", spec.classes, spec.num_x);
}

}  // namespace

Index ClassifierSpec::num_features() const {
  switch (features) {
    case ClassifierFeatures::linear:
      return num_x;
    case ClassifierFeatures::quadratic:
      return num_x + num_x * (num_x + 1) / 2;
    case ClassifierFeatures::tanh:
      return hidden;
  }
  throw UsageError("classifier: no such features");
}

Index ClassifierSpec::feature_params() const {
  return features == ClassifierFeatures::tanh ? hidden * (num_x + 1) : 0;
}

// ---- ClassifierEnergy

template <class Scalar>
void ClassifierEnergy<Scalar>::energy(const Block<Scalar>& y, PerChain& out) const {
  out.resize(y.rows());
  for (Index c = 0; c < y.rows(); ++c) {
    out[c] = energy_of(c, y(c, 0));
  }
}

template <class Scalar>
void ClassifierEnergy<Scalar>::energy_change(const Block<Scalar>& y, Index,
                                             const Lane<Scalar>& values, PerChain& out) const {
  out.resize(y.rows());
  for (Index c = 0; c < y.rows(); ++c) {
    out[c] = energy_of(c, values[c]) - energy_of(c, y(c, 0));
  }
}

template <class Scalar>
void ClassifierEnergy<Scalar>::energy_change(const Block<Scalar>& y, const Sites&,
                                             const Lane<Scalar>& values, PerChain& out) const {
  energy_change(y, 0, values, out);  // there is one column
}

template <class Scalar>
void ClassifierEnergy<Scalar>::conditional(const Block<Scalar>& y, std::span<const Index> columns,
                                           Block<Scalar>& delta) const {
  if (columns.size() != 1 || columns[0] != 0) {
    throw UsageError("classifier: conditional() takes column 0, the class");
  }
  const Eigen::MatrixXd& energy = prepared_->energy;
  delta.resize(y.rows(), energy.rows() - 1);
  for (Index c = 0; c < y.rows(); ++c) {
    const Index row = row_[static_cast<std::size_t>(c)];
    for (Index k = 1; k < energy.rows(); ++k) {
      delta(c, k - 1) = static_cast<Scalar>(energy(k, row) - energy(0, row));
    }
  }
}

template <class Scalar>
void ClassifierEnergy<Scalar>::add_param_grad(const Block<Scalar>& y, ChainRange range,
                                              const PerChain& weights, Eigen::VectorXd& sum) const {
  const ClassifierSpec& spec = prepared_->spec;
  const Index features = spec.num_features();
  for (Index c = range.begin; c < range.end(); ++c) {
    const Index row = row_[static_cast<std::size_t>(c)];
    const auto k = static_cast<Index>(y(c, 0));
    const auto phi = prepared_->phi.col(row);
    auto of_class = sum.segment(spec.feature_params() + k * (features + 1), features + 1);
    of_class[0] -= weights[c];
    of_class.tail(features) -= weights[c] * phi;
    if (spec.features == ClassifierFeatures::tanh) {
      slopes_ = -weights[c] * prepared_->weights.row(k).transpose().cwiseProduct(
                                  (1 - phi.array().square()).matrix());
      Eigen::Map<Eigen::MatrixXd>(sum.data(), spec.num_x, spec.hidden).noalias() +=
          prepared_->x.row(row).transpose() * slopes_.transpose();
      sum.segment(spec.num_x * spec.hidden, spec.hidden) += slopes_;
    }
  }
}

template class ClassifierEnergy<float>;
template class ClassifierEnergy<double>;

// ---- ClassifierModel

ClassifierModel::ClassifierModel(const ClassifierSpec& spec, std::shared_ptr<const Params> w)
    : spec_(spec), w_(std::move(w)) {
  if (spec.num_x < 1 || spec.classes < 2 || spec.hidden < 1) {
    throw UsageError(fmt::format("{}, {} hidden units: needs at least 1 x, 2 classes and 1 unit",
                                 title(spec), spec.hidden));
  }
  const std::string first =
      spec.features == ClassifierFeatures::tanh
          ? fmt::format("U {0}x{1} row by row, c {0}, ", spec.hidden, spec.num_x)
          : "";
  check_params_length(title(spec),
                      fmt::format("{}for each class b 1, W {}", first, spec.num_features()),
                      spec.num_params(), w_->size());
}

ClassifierModel ClassifierModel::initial(const ClassifierSpec& spec) {
  Params w = Params::Zero(spec.num_params());
  if (spec.features == ClassifierFeatures::tanh) {
    const double scale = std::sqrt(3.0 / static_cast<double>(spec.num_x));
    for (Index i = 0; i < spec.hidden * spec.num_x; ++i) {
      w[i] = scale * hashed_uniform(i);
    }
  }
  return ClassifierModel(spec, std::move(w));
}

ModelShape ClassifierModel::shape() const {
  return {spec_.num_x, category_columns({spec_.classes}), {}, w_->size()};
}

std::string ClassifierModel::param_name(Index i) const {
  if (i < spec_.feature_params()) {
    const Index inputs = spec_.num_x * spec_.hidden;
    return i < inputs ? fmt::format("U[{},{}]", i / spec_.num_x, i % spec_.num_x)
                      : fmt::format("c[{}]", i - inputs);
  }
  const Index each = spec_.num_features() + 1;
  const Index k = i - spec_.feature_params();
  return k % each == 0 ? fmt::format("b[{}]", k / each)
                       : fmt::format("W[{},{}]", k / each, k % each - 1);
}

std::shared_ptr<const ClassifierPrepared> ClassifierModel::prepare(const Eigen::MatrixXd& x) const {
  if (x.cols() != spec_.num_x) {
    throw UsageError(
        fmt::format("classifier: x has {} columns, it takes {}", x.cols(), spec_.num_x));
  }
  const auto rows = static_cast<double>(x.rows());
  check_memory(sizeof(double) * rows *
                   static_cast<double>(spec_.num_x + spec_.num_features() + spec_.classes),
               fmt::format("{}: features and energies of {} rows take", title(spec_), x.rows()));
  auto prepared = std::make_shared<ClassifierPrepared>();
  prepared->spec = spec_;
  prepared->columns = category_columns({spec_.classes});
  prepared->phi = features_of(spec_, *w_, x);
  const auto classes = classes_of(spec_, *w_);
  prepared->energy.resize(spec_.classes, x.rows());
  prepared->energy.noalias() =
      -classes.bottomRows(spec_.num_features()).transpose() * prepared->phi;
  prepared->energy.colwise() -= classes.row(0).transpose();
  if (spec_.features == ClassifierFeatures::tanh) {
    prepared->x = x;
    prepared->weights = classes.bottomRows(spec_.num_features()).transpose();
  }
  return prepared;
}

}  // namespace negphase
