#include "negphase/models/gaussian_mixture.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "negphase/core/error.hpp"
#include "negphase/models/params.hpp"

namespace negphase {

namespace {

/// Column j of a block as doubles, for the chains of a range.
template <class Scalar>
auto values_of(const Block<Scalar>& y, Index j, ChainRange range) {
  return y.col(j).segment(range.begin, range.size).template cast<double>();
}

/// E_k(y) of every component for the chains of a range: out [chains x K].
template <class Scalar>
void set_component_energies(const MixturePrepared& w, const Block<Scalar>& y, ChainRange range,
                            Block<double>& out) {
  out.resize(y.rows(), w.num_components());
  for (Index k = 0; k < out.cols(); ++k) {
    auto energy = out.col(k).segment(range.begin, range.size);
    energy.setZero();
    for (Index j = 0; j < w.dimension(); ++j) {
      energy += (values_of(y, j, range) - w.mean(j, k)).square();
    }
    energy = w.precision[k] / 2 * energy - w.offset[k];
  }
}

/// sum += sum_c share[c] dE_k/dW(y_c) over the chains of a range; share [chains].
template <class Scalar>
void add_component_grad(const MixturePrepared& w, Index k, const Block<Scalar>& y, ChainRange range,
                        const PerChain& share, Eigen::VectorXd& sum) {
  const auto shares = share.segment(range.begin, range.size);
  auto grad = sum.segment(k * (w.dimension() + 2), w.dimension() + 2);
  double squares = 0;
  for (Index j = 0; j < w.dimension(); ++j) {
    const auto from_mean = values_of(y, j, range) - w.mean(j, k);
    squares += (shares * from_mean.square()).sum();
    grad[2 + j] -= w.precision[k] * (shares * from_mean).sum();
  }
  grad[0] -= shares.sum();
  grad[1] += w.precision[k] / 2 * squares;
}

}  // namespace

// ---- MixtureMarginal

template <class Scalar>
MixtureMarginal<Scalar>::MixtureMarginal(std::shared_ptr<const MixturePrepared> prepared,
                                         double beta)
    : prepared_(std::move(prepared)), beta_(beta) {
  if (!(beta > 0)) {
    throw UsageError(fmt::format("gaussian_mixture: a free energy needs beta > 0, got {}", beta));
  }
}

template <class Scalar>
std::span<const Column> MixtureMarginal<Scalar>::columns() const {
  return std::span(prepared_->columns).first(static_cast<std::size_t>(prepared_->dimension()));
}

/// Fills weight_ (not yet divided by sum_), least_ and sum_ for the chains of a range.
template <class Scalar>
void MixtureMarginal<Scalar>::weigh(const Block<Scalar>& y, ChainRange range) const {
  set_component_energies(*prepared_, y, range, weight_);
  least_.resize(y.rows());
  sum_.resize(y.rows());
  auto weight = weight_.middleRows(range.begin, range.size);
  auto least = least_.segment(range.begin, range.size);
  auto sum = sum_.segment(range.begin, range.size);
  least = weight.col(0);
  for (Index k = 1; k < weight.cols(); ++k) {
    least = least.min(weight.col(k));
  }
  sum.setZero();
  for (Index k = 0; k < weight.cols(); ++k) {
    // where all energies are +inf, inf - inf would be NaN
    weight.col(k) =
        (-beta_ * (weight.col(k) - least.min(std::numeric_limits<double>::max()))).exp();
    sum += weight.col(k);
  }
}

template <class Scalar>
void MixtureMarginal<Scalar>::energy(const Block<Scalar>& y, PerChain& out) const {
  weigh(y, {0, y.rows()});
  out = least_ - sum_.log() / beta_;
}

template <class Scalar>
void MixtureMarginal<Scalar>::energy_and_grad(const Block<Scalar>& y, PerChain& out,
                                              Block<Scalar>& grad) const {
  const MixturePrepared& w = *prepared_;
  energy(y, out);
  grad.resize(y.rows(), y.cols());
  for (Index j = 0; j < y.cols(); ++j) {
    slope_.setZero(y.rows());
    for (Index k = 0; k < w.num_components(); ++k) {
      slope_ += w.precision[k] * weight_.col(k) * (y.col(j).template cast<double>() - w.mean(j, k));
    }
    grad.col(j) = (slope_ / sum_).template cast<Scalar>();
  }
}

template <class Scalar>
void MixtureMarginal<Scalar>::add_param_grad(const Block<Scalar>& y, ChainRange range,
                                             const PerChain& weights, Eigen::VectorXd& sum) const {
  weigh(y, range);
  share_.resize(y.rows());
  for (Index k = 0; k < weight_.cols(); ++k) {
    share_.segment(range.begin, range.size) =
        (weights * weight_.col(k) / sum_).segment(range.begin, range.size);
    add_component_grad(*prepared_, k, y, range, share_, sum);
  }
}

template class MixtureMarginal<float>;
template class MixtureMarginal<double>;

// ---- MixtureEnergy

template <class Scalar>
double MixtureEnergy<Scalar>::component_energy(const Block<Scalar>& y, Index chain, Index k) const {
  const MixturePrepared& w = *prepared_;
  double squares = 0;
  for (Index j = 0; j < w.dimension(); ++j) {
    const double from_mean = static_cast<double>(y(chain, j)) - w.mean(j, k);
    squares += from_mean * from_mean;
  }
  return w.precision[k] / 2 * squares - w.offset[k];
}

template <class Scalar>
void MixtureEnergy<Scalar>::energy(const Block<Scalar>& y, PerChain& out) const {
  out.resize(y.rows());
  const Index z = prepared_->dimension();
  for (Index c = 0; c < y.rows(); ++c) {
    out[c] = component_energy(y, c, static_cast<Index>(y(c, z)));
  }
}

template <class Scalar>
void MixtureEnergy<Scalar>::energy_and_grad(const Block<Scalar>& y, PerChain& out,
                                            Block<Scalar>& grad) const {
  const MixturePrepared& w = *prepared_;
  const Index z = w.dimension();
  energy(y, out);
  grad.resize(y.rows(), y.cols());
  for (Index c = 0; c < y.rows(); ++c) {
    const auto k = static_cast<Index>(y(c, z));
    for (Index j = 0; j < z; ++j) {
      grad(c, j) =
          static_cast<Scalar>(w.precision[k] * (static_cast<double>(y(c, j)) - w.mean(j, k)));
    }
  }
  grad.col(z).setZero();
}

template <class Scalar>
double MixtureEnergy<Scalar>::change(const Block<Scalar>& y, Index chain, Index site,
                                     double value) const {
  const MixturePrepared& w = *prepared_;
  const auto k = static_cast<Index>(y(chain, w.dimension()));
  if (site == w.dimension()) {
    return component_energy(y, chain, static_cast<Index>(value)) - component_energy(y, chain, k);
  }
  const auto from = static_cast<double>(y(chain, site));
  return w.precision[k] * (value - from) * ((value + from) / 2 - w.mean(site, k));
}

template <class Scalar>
void MixtureEnergy<Scalar>::energy_change(const Block<Scalar>& y, Index site,
                                          const Lane<Scalar>& values, PerChain& out) const {
  out.resize(y.rows());
  for (Index c = 0; c < y.rows(); ++c) {
    out[c] = change(y, c, site, static_cast<double>(values[c]));
  }
}

template <class Scalar>
void MixtureEnergy<Scalar>::energy_change(const Block<Scalar>& y, const Sites& sites,
                                          const Lane<Scalar>& values, PerChain& out) const {
  out.resize(y.rows());
  for (Index c = 0; c < y.rows(); ++c) {
    out[c] = change(y, c, sites[c], static_cast<double>(values[c]));
  }
}

template <class Scalar>
void MixtureEnergy<Scalar>::conditional(const Block<Scalar>& y, std::span<const Index> columns,
                                        Block<Scalar>& delta) const {
  if (!can_sum_out(columns)) {
    throw UsageError(fmt::format("gaussian_mixture: conditional() takes the column of z alone, {}",
                                 prepared_->dimension()));
  }
  set_component_energies(*prepared_, y, {0, y.rows()}, component_energies_);
  delta.resize(y.rows(), prepared_->num_components() - 1);
  for (Index k = 0; k < delta.cols(); ++k) {
    delta.col(k) =
        (component_energies_.col(k + 1) - component_energies_.col(0)).template cast<Scalar>();
  }
}

template <class Scalar>
void MixtureEnergy<Scalar>::add_param_grad(const Block<Scalar>& y, ChainRange range,
                                           const PerChain& weights, Eigen::VectorXd& sum) const {
  const auto z = y.col(prepared_->dimension());
  share_.resize(y.rows());
  for (Index k = 0; k < prepared_->num_components(); ++k) {
    share_ = (z == static_cast<Scalar>(k)).select(weights, 0.0);
    add_component_grad(*prepared_, k, y, range, share_, sum);
  }
}

template <class Scalar>
bool MixtureEnergy<Scalar>::can_sum_out(std::span<const Index> columns) const {
  return columns.size() == 1 && columns[0] == prepared_->dimension();
}

template <class Scalar>
MixtureMarginal<Scalar> MixtureEnergy<Scalar>::summed_out(std::span<const Index> columns,
                                                          double beta) const {
  if (!can_sum_out(columns)) {
    throw UsageError(fmt::format("gaussian_mixture: summed_out() takes the column of z alone, {}",
                                 prepared_->dimension()));
  }
  return MixtureMarginal<Scalar>(prepared_, beta);
}

template class MixtureEnergy<float>;
template class MixtureEnergy<double>;

// ---- GaussianMixtureModel

GaussianMixtureModel::GaussianMixtureModel(Index d, Index num_components, bool latent,
                                           std::shared_ptr<const Params> w)
    : d_(d), num_components_(num_components), latent_(latent), w_(std::move(w)) {
  check_params_length(fmt::format("gaussian_mixture of {} in {}", num_components, d),
                      fmt::format("for each component a, log_precision, m {}", d),
                      num_components * (d + 2), w_->size());
  for (Index k = 0; k < num_components; ++k) {
    const double log_precision = (*w_)[k * (d + 2) + 1];
    const double precision = std::exp(log_precision);
    if (!(precision > 0) || !std::isfinite(precision)) {
      throw ConfigError(
          fmt::format("gaussian_mixture: log_precision[{0}] = {1}: the precision exp({1}) must be "
                      "a finite number > 0",
                      k, log_precision));
    }
  }
}

GaussianMixtureModel GaussianMixtureModel::spread(Index d, Index num_components, bool latent) {
  Params w = Params::Zero(num_components * (d + 2));
  for (Index k = 0; k < num_components; ++k) {
    for (Index j = 0; j < d; ++j) {
      const double turns = static_cast<double>((k + 1) * (j + 1)) * std::numbers::phi;
      w[k * (d + 2) + 2 + j] = 2 * (turns - std::floor(turns)) - 1;
    }
  }
  return GaussianMixtureModel(d, num_components, latent, std::move(w));
}

ModelShape GaussianMixtureModel::shape() const {
  std::vector<Column> z;
  if (latent_) {
    z.push_back({ColumnKind::category, num_components_});
  }
  return {0, std::vector<Column>(static_cast<std::size_t>(d_), real_column()), std::move(z),
          w_->size()};
}

std::string GaussianMixtureModel::param_name(Index i) const {
  const Index k = i / (d_ + 2);
  const Index within = i % (d_ + 2);
  if (within < 2) {
    return fmt::format("{}[{}]", within == 0 ? "a" : "log_precision", k);
  }
  return fmt::format("m[{},{}]", k, within - 2);
}

std::shared_ptr<const MixturePrepared> GaussianMixtureModel::prepare(const Eigen::MatrixXd&) const {
  const Eigen::Map<const Eigen::MatrixXd> by_component(w_->data(), d_ + 2, num_components_);
  auto prepared = std::make_shared<MixturePrepared>();
  prepared->offset = by_component.row(0).transpose().array();
  prepared->precision = by_component.row(1).transpose().array().exp();
  prepared->mean = by_component.bottomRows(d_);
  prepared->columns.assign(static_cast<std::size_t>(d_), real_column());
  prepared->columns.push_back({ColumnKind::category, num_components_});
  return prepared;
}

}  // namespace negphase
