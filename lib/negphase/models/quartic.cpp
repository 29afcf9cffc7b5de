#include "negphase/models/quartic.hpp"

#include "negphase/core/error.hpp"
#include "negphase/models/params.hpp"

namespace negphase {

template <class Scalar>
QuarticEnergy<Scalar>::QuarticEnergy(std::shared_ptr<const Params> w, const QuarticRows& rows,
                                     std::span<const Index> row_of_chain)
    : w_(std::move(w)) {
  const auto chains = static_cast<Index>(row_of_chain.size());
  const Eigen::Map<const Sites> row(row_of_chain.data(), chains);
  x_ = rows.x(row);
  slope_ = rows.slope(row);
}

template <class Scalar>
void QuarticEnergy<Scalar>::energy(const Block<Scalar>& y, PerChain& out) const {
  const Params& w = *w_;
  const auto v = y.col(0).template cast<double>();
  out = (w[0] / 4 * v.square() + w[1] / 2) * v.square() - slope_ * v;
}

template <class Scalar>
void QuarticEnergy<Scalar>::energy_and_grad(const Block<Scalar>& y, PerChain& out,
                                            Block<Scalar>& grad) const {
  const Params& w = *w_;
  const auto v = y.col(0).template cast<double>();
  energy(y, out);
  grad.resize(y.rows(), 1);
  grad.col(0) = ((w[0] * v.square() + w[1]) * v - slope_).template cast<Scalar>();
}

template <class Scalar>
void QuarticEnergy<Scalar>::add_param_grad(const Block<Scalar>& y, ChainRange range,
                                           const PerChain& weights, Eigen::VectorXd& sum) const {
  const auto weight = weights.segment(range.begin, range.size);
  const auto v = y.col(0).segment(range.begin, range.size).template cast<double>();
  sum[0] += (weight * v.square().square()).sum() / 4;
  sum[1] += (weight * v.square()).sum() / 2;
  sum[2] -= (weight * x_.segment(range.begin, range.size) * v).sum();
  sum[3] -= (weight * v).sum();
}

template class QuarticEnergy<float>;
template class QuarticEnergy<double>;

QuarticModel::QuarticModel(std::shared_ptr<const Params> w) : w_(std::move(w)) {
  check_params_length("quartic", "w0, w1, w2, w3", 4, w_->size());
}

std::shared_ptr<const QuarticRows> QuarticModel::prepare(const Eigen::MatrixXd& x) const {
  if (x.cols() != 1) {
    throw UsageError("quartic: x has " + std::to_string(x.cols()) + " columns, it takes 1");
  }
  auto rows = std::make_shared<QuarticRows>();
  rows->x = x.col(0);
  rows->slope = (*w_)[2] * rows->x + (*w_)[3];
  return rows;
}

}  // namespace negphase
