#include "negphase/models/gaussian.hpp"

#include <fmt/format.h>

#include <cmath>

#include "negphase/core/error.hpp"
#include "negphase/models/params.hpp"

namespace negphase {

namespace {

Index num_gaussian_params(Index d) { return d * (d + 3) / 2; }

Eigen::MatrixXd precision_matrix(Index d, const Params& w) {
  Eigen::MatrixXd precision(d, d);
  Index p = d;
  for (Index i = 0; i < d; ++i) {
    for (Index j = 0; j <= i; ++j) {
      precision(i, j) = precision(j, i) = w[p++];
    }
  }
  return precision;
}

/// The size of the smallest leading minor that is not positive, by Cholesky; 0: positive definite.
Index failing_minor(const Eigen::MatrixXd& precision) {
  Eigen::MatrixXd factor = precision;
  for (Index k = 0; k < factor.rows(); ++k) {
    const double pivot = factor(k, k) - factor.row(k).head(k).squaredNorm();
    if (!(pivot > 0) || !std::isfinite(pivot)) {
      return k + 1;
    }
    factor(k, k) = std::sqrt(pivot);
    for (Index i = k + 1; i < factor.rows(); ++i) {
      factor(i, k) =
          (factor(i, k) - factor.row(i).head(k).dot(factor.row(k).head(k))) / factor(k, k);
    }
  }
  return 0;
}

}  // namespace

template <class Scalar>
void GaussianEnergy<Scalar>::energy(const Block<Scalar>& y, PerChain& out) const {
  energy_and_grad(y, out, product_);
}

template <class Scalar>
void GaussianEnergy<Scalar>::energy_and_grad(const Block<Scalar>& y, PerChain& out,
                                             Block<Scalar>& grad) const {
  const auto& w = prepared_->template weights<Scalar>();
  grad.resize(y.rows(), y.cols());
  grad.matrix().noalias() = y.matrix() * w.precision;
  out.setZero(y.rows());
  for (Index j = 0; j < y.cols(); ++j) {
    const double b = prepared_->in_double.linear[j];
    out += (grad.col(j).template cast<double>() / 2 - b) * y.col(j).template cast<double>();
  }
  grad.matrix().rowwise() -= w.linear;
}

template <class Scalar>
Index GaussianEnergy<Scalar>::num_params() const {
  return num_gaussian_params(static_cast<Index>(prepared_->columns.size()));
}

template <class Scalar>
void GaussianEnergy<Scalar>::add_param_grad(const Block<Scalar>& y, ChainRange range,
                                            const PerChain& weights, Eigen::VectorXd& sum) const {
  const Index d = y.cols();
  const auto weight = weights.segment(range.begin, range.size).matrix();
  states_ = y.middleRows(range.begin, range.size).matrix().template cast<double>();
  weighted_ = states_.array().colwise() * weight.array();
  moments_.noalias() = weighted_.transpose() * states_;
  sum.head(d) -= weighted_.colwise().sum().transpose();
  Index p = d;
  for (Index i = 0; i < d; ++i) {
    for (Index j = 0; j < i; ++j) {
      sum[p++] += moments_(i, j);
    }
    sum[p++] += moments_(i, i) / 2;
  }
}

template <class Scalar>
GaussianView GaussianEnergy<Scalar>::gaussian() const {
  const auto& w = prepared_->in_double;
  return {w.precision, w.linear.array().replicate(chains_, 1)};
}

template class GaussianEnergy<float>;
template class GaussianEnergy<double>;

GaussianModel::GaussianModel(Index d, std::shared_ptr<const Params> w) : d_(d), w_(std::move(w)) {
  check_params_length(fmt::format("gaussian of {}", d),
                      fmt::format("b {}, P lower triangle row by row {}", d, d * (d + 1) / 2),
                      num_gaussian_params(d), w_->size());
  if (const Index minor = failing_minor(precision_matrix(d, *w_)); minor > 0) {
    throw ConfigError(fmt::format(
        "gaussian: the precision P is not positive definite: its leading {0} x {0} minor is not "
        "positive",
        minor));
  }
}

GaussianModel GaussianModel::standard(Index d) {
  Params w = Params::Zero(num_gaussian_params(d));
  Index diagonal = d;  // the position of P_ii
  for (Index i = 0; i < d; ++i) {
    w[diagonal] = 1;
    diagonal += i + 2;
  }
  return GaussianModel(d, std::move(w));
}

ModelShape GaussianModel::shape() const {
  return {0, std::vector<Column>(static_cast<std::size_t>(d_), real_column()), {}, w_->size()};
}

std::string GaussianModel::param_name(Index i) const {
  if (i < d_) {
    return fmt::format("b[{}]", i);
  }
  Index row = 0;
  for (i -= d_; i > row; ++row) {
    i -= row + 1;
  }
  return fmt::format("P[{},{}]", row, i);
}

std::shared_ptr<const GaussianPrepared> GaussianModel::prepare(const Eigen::MatrixXd&) const {
  auto prepared = std::make_shared<GaussianPrepared>();
  prepared->in_double = {precision_matrix(d_, *w_), w_->head(d_).transpose()};
  prepared->in_float = {prepared->in_double.precision.cast<float>(),
                        prepared->in_double.linear.cast<float>()};
  prepared->columns.assign(static_cast<std::size_t>(d_), real_column());
  return prepared;
}

}  // namespace negphase
