#include "negphase/models/rbm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "negphase/core/error.hpp"
#include "negphase/core/portable_log1p.hpp"
#include "negphase/models/params.hpp"

namespace negphase {

namespace {

using RowMajorMap =
    Eigen::Map<Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

/// Consecutive columns of a block, without a copy.
template <class Scalar>
using States = Eigen::Map<const Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>>;

template <class Scalar>
States<Scalar> states_of(const Block<Scalar>& y, Index first, Index size) {
  return {y.data() + first * y.rows(), y.rows(), size};
}

/// factor * (bias + coupling with the states of the other layer) of every unit of `layer`:
/// out [chains x units].
template <class Scalar>
void set_fields(const RbmWeights<Scalar>& w, RbmLayer layer, const States<Scalar>& other,
                Scalar factor, Block<Scalar>& out) {
  out.resize(other.rows(), w.bias(layer).size());
  for (Index j = 0; j < out.cols(); ++j) {
    out.col(j) = factor * w.bias(layer)[j];  // a row of them at once would be a temporary
  }
  if (layer == RbmLayer::hidden) {
    out.matrix().noalias() += (factor * other) * w.coupling;
  } else {
    out.matrix().noalias() += (factor * other) * w.coupling.transpose();
  }
}

/// log(1 + exp(x)), whole arrays at a time; neither overflows nor loses small values.
template <class Array>
auto softplus_of(const Array& x) {
  using Scalar = typename Array::Scalar;
  return x.unaryExpr([](Scalar value) { return log1p_exp(value); });
}

/// sum += sum_c weights[c] dE/dW(visible_c, hidden_c); `hidden` is left multiplied by the weights.
template <class Weights>
void add_products(const Block<double>& visible, Block<double>& hidden, const Weights& weights,
                  Eigen::VectorXd& sum) {
  const Index num_visible = visible.cols();
  const Index num_hidden = hidden.cols();
  hidden.colwise() *= weights;
  RowMajorMap(sum.data(), num_visible, num_hidden).noalias() -=
      visible.matrix().transpose() * hidden.matrix();
  sum.segment(num_visible * num_hidden, num_visible).noalias() -=
      visible.matrix().transpose() * weights.matrix();
  sum.tail(num_hidden) -= hidden.colwise().sum().matrix().transpose();
}

/// Whether `columns` are first, first + 1, ..., first + size - 1.
bool is_run(std::span<const Index> columns, Index first, Index size) {
  if (static_cast<Index>(columns.size()) != size) {
    return false;
  }
  for (Index column : columns) {
    if (column != first++) {
      return false;
    }
  }
  return true;
}

}  // namespace

Index RbmPrepared::num_params() const {
  return num_visible() * num_hidden() + num_visible() + num_hidden();
}

// ---- RbmMarginal

template <class Scalar>
RbmMarginal<Scalar>::RbmMarginal(std::shared_ptr<const RbmPrepared> prepared, RbmLayer summed,
                                 double beta)
    : prepared_(std::move(prepared)),
      summed_(summed),
      kept_(summed == RbmLayer::hidden ? RbmLayer::visible : RbmLayer::hidden),
      beta_(beta) {
  if (!(beta > 0)) {
    throw UsageError(fmt::format("rbm: a free energy needs beta > 0, got {}", beta));
  }
}

template <class Scalar>
std::span<const Column> RbmMarginal<Scalar>::columns() const {
  return std::span(prepared_->columns).first(static_cast<std::size_t>(prepared_->num_units(kept_)));
}

template <class Scalar>
void RbmMarginal<Scalar>::energy(const Block<Scalar>& y, PerChain& out) const {
  const auto& w = prepared_->template weights<Scalar>();
  set_fields(w, summed_, states_of(y, 0, y.cols()), static_cast<Scalar>(beta_), fields_);
  fields_ = softplus_of(fields_);
  out.setZero(y.rows());
  for (Index j = 0; j < fields_.cols(); ++j) {
    out -= fields_.col(j).template cast<double>();
  }
  out /= beta_;
  for (Index i = 0; i < y.cols(); ++i) {
    out -= prepared_->in_double.bias(kept_)[i] * y.col(i).template cast<double>();
  }
}

template <class Scalar>
void RbmMarginal<Scalar>::energy_change(const Block<Scalar>& y, Index site,
                                        const Lane<Scalar>& values, PerChain& out) const {
  const auto& w = prepared_->template weights<Scalar>();
  const auto beta = static_cast<Scalar>(beta_);
  set_fields(w, summed_, states_of(y, 0, y.cols()), beta, fields_);
  step_ = values - y.col(site);
  out.setZero(y.rows());
  for (Index j = 0; j < fields_.cols(); ++j) {
    const Scalar coupling = kept_ == RbmLayer::visible ? w.coupling(site, j) : w.coupling(j, site);
    log_terms_ = fields_.col(j) + beta * coupling * step_;
    log_terms_ = softplus_of(log_terms_) - softplus_of(fields_.col(j));
    out -= log_terms_.template cast<double>();
  }
  out /= beta_;
  out -= prepared_->in_double.bias(kept_)[site] * step_.template cast<double>();
}

template <class Scalar>
void RbmMarginal<Scalar>::add_param_grad(const Block<Scalar>& y, ChainRange range,
                                         const PerChain& weights, Eigen::VectorXd& sum) const {
  const bool hidden_summed = summed_ == RbmLayer::hidden;
  const Block<double>* states = &states_;
  if constexpr (std::same_as<Scalar, double>) {  // of all chains what is only read needs no copy
    states = hidden_summed && range.size == y.rows() ? &y : states;
  }
  if (states == &states_) {
    states_ = y.middleRows(range.begin, range.size).template cast<double>();
  }
  set_fields(prepared_->in_double, summed_, states_of(*states, 0, y.cols()), beta_, means_);
  means_ = means_.logistic();
  add_products(hidden_summed ? *states : means_, hidden_summed ? means_ : states_,
               weights.segment(range.begin, range.size), sum);
}

template class RbmMarginal<float>;
template class RbmMarginal<double>;

// ---- RbmEnergy

template <class Scalar>
RbmEnergy<Scalar>::RbmEnergy(std::shared_ptr<const RbmPrepared> prepared)
    : prepared_(std::move(prepared)) {}

template <class Scalar>
void RbmEnergy<Scalar>::energy(const Block<Scalar>& y, PerChain& out) const {
  const Index num_visible = prepared_->num_visible();
  set_fields(prepared_->template weights<Scalar>(), RbmLayer::hidden, states_of(y, 0, num_visible),
             Scalar(1), fields_);
  out.setZero(y.rows());
  for (Index i = 0; i < num_visible; ++i) {
    out -= prepared_->in_double.visible_bias[i] * y.col(i).template cast<double>();
  }
  for (Index j = 0; j < fields_.cols(); ++j) {
    out -= (y.col(num_visible + j) * fields_.col(j)).template cast<double>();
  }
}

/// field_ = bias + coupling with the other layer of unit `site`, so that E = -field * y_site +
/// rest.
template <class Scalar>
void RbmEnergy<Scalar>::set_field(const Block<Scalar>& y, Index site) const {
  const auto& w = prepared_->template weights<Scalar>();
  const Index num_visible = prepared_->num_visible();
  if (site < num_visible) {
    field_.setConstant(y.rows(), w.visible_bias[site]);
    field_.matrix().noalias() +=
        y.rightCols(prepared_->num_hidden()).matrix() * w.coupling.row(site).transpose();
  } else {
    field_.setConstant(y.rows(), w.hidden_bias[site - num_visible]);
    field_.matrix().noalias() += states_of(y, 0, num_visible) * w.coupling.col(site - num_visible);
  }
}

template <class Scalar>
void RbmEnergy<Scalar>::energy_change(const Block<Scalar>& y, Index site,
                                      const Lane<Scalar>& values, PerChain& out) const {
  set_field(y, site);
  out = ((y.col(site) - values) * field_).template cast<double>();
}

template <class Scalar>
void RbmEnergy<Scalar>::energy_change(const Block<Scalar>& y, const Sites& sites,
                                      const Lane<Scalar>& values, PerChain& out) const {
  const auto& w = prepared_->template weights<Scalar>();
  const Index num_visible = prepared_->num_visible();
  out.resize(y.rows());
  for (Index c = 0; c < y.rows(); ++c) {
    const Index site = sites[c];
    const auto states = y.row(c).matrix();
    const Scalar field =
        site < num_visible
            ? w.visible_bias[site] + states.tail(prepared_->num_hidden()).dot(w.coupling.row(site))
            : w.hidden_bias[site - num_visible] +
                  states.head(num_visible).dot(w.coupling.col(site - num_visible));
    out[c] = static_cast<double>((y(c, site) - values[c]) * field);
  }
}

template <class Scalar>
void RbmEnergy<Scalar>::conditional(const Block<Scalar>& y, std::span<const Index> columns,
                                    Block<Scalar>& delta) const {
  const auto& w = prepared_->template weights<Scalar>();
  const Index num_visible = prepared_->num_visible();
  const Index num_hidden = prepared_->num_hidden();
  if (is_run(columns, 0, num_visible)) {
    set_fields(w, RbmLayer::visible, states_of(y, num_visible, num_hidden), Scalar(-1), delta);
    return;
  }
  if (is_run(columns, num_visible, num_hidden)) {
    set_fields(w, RbmLayer::hidden, states_of(y, 0, num_visible), Scalar(-1), delta);
    return;
  }
  delta.resize(y.rows(), static_cast<Index>(columns.size()));
  for (std::size_t k = 0; k < columns.size(); ++k) {
    if ((columns[k] < num_visible) != (columns[0] < num_visible)) {
      throw UsageError("rbm: conditional() takes columns of one layer, these are of both");
    }
    set_field(y, columns[k]);
    delta.col(static_cast<Index>(k)) = -field_;
  }
}

template <class Scalar>
void RbmEnergy<Scalar>::add_param_grad(const Block<Scalar>& y, ChainRange range,
                                       const PerChain& weights, Eigen::VectorXd& sum) const {
  const auto rows = y.middleRows(range.begin, range.size);
  visible_ = rows.leftCols(prepared_->num_visible()).template cast<double>();
  hidden_ = rows.rightCols(prepared_->num_hidden()).template cast<double>();
  add_products(visible_, hidden_, weights.segment(range.begin, range.size), sum);
}

template <class Scalar>
LayerView RbmEnergy<Scalar>::layers() const {
  std::vector<Index> visible(static_cast<std::size_t>(prepared_->num_visible()));
  std::vector<Index> hidden(static_cast<std::size_t>(prepared_->num_hidden()));
  std::iota(visible.begin(), visible.end(), Index{0});
  std::iota(hidden.begin(), hidden.end(), prepared_->num_visible());
  return {{std::move(hidden), std::move(visible)}};  // z first: a chain at a datum draws z given y
}

template <class Scalar>
bool RbmEnergy<Scalar>::can_sum_out(std::span<const Index> columns) const {
  return is_run(columns, 0, prepared_->num_visible()) ||
         is_run(columns, prepared_->num_visible(), prepared_->num_hidden());
}

template <class Scalar>
RbmMarginal<Scalar> RbmEnergy<Scalar>::summed_out(std::span<const Index> columns,
                                                  double beta) const {
  if (!can_sum_out(columns)) {
    throw UsageError("rbm: summed_out() takes one whole layer, columns ascending");
  }
  return RbmMarginal<Scalar>(prepared_, columns[0] == 0 ? RbmLayer::visible : RbmLayer::hidden,
                             beta);
}

template class RbmEnergy<float>;
template class RbmEnergy<double>;

// ---- RbmModel

RbmModel::RbmModel(Index num_visible, Index num_hidden, std::shared_ptr<const Params> w)
    : num_visible_(num_visible), num_hidden_(num_hidden), w_(std::move(w)) {
  check_params_length(fmt::format("rbm {} x {}", num_visible, num_hidden),
                      fmt::format("W {0}x{1} row by row, a {0}, c {1}", num_visible, num_hidden),
                      num_visible * num_hidden + num_visible + num_hidden, w_->size());
}

ModelShape RbmModel::shape() const {
  return {0, std::vector<Column>(static_cast<std::size_t>(num_visible_), bit_column()),
          std::vector<Column>(static_cast<std::size_t>(num_hidden_), bit_column()), w_->size()};
}

std::string RbmModel::param_name(Index i) const {
  const Index couplings = num_visible_ * num_hidden_;
  if (i < couplings) {
    return fmt::format("W[{},{}]", i / num_hidden_, i % num_hidden_);
  }
  if (i < couplings + num_visible_) {
    return fmt::format("a[{}]", i - couplings);
  }
  return fmt::format("c[{}]", i - couplings - num_visible_);
}

std::shared_ptr<const RbmPrepared> RbmModel::prepare(const Eigen::MatrixXd&) const {
  auto prepared = std::make_shared<RbmPrepared>();
  const auto columns = static_cast<std::size_t>(num_visible_ + num_hidden_);
  prepared->columns.assign(columns, bit_column());
  auto& w = prepared->in_double;
  w.coupling =
      Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
          w_->data(), num_visible_, num_hidden_);
  w.visible_bias = w_->segment(num_visible_ * num_hidden_, num_visible_).transpose();
  w.hidden_bias = w_->tail(num_hidden_).transpose();
  prepared->in_float = {w.coupling.cast<float>(), w.visible_bias.cast<float>(),
                        w.hidden_bias.cast<float>()};
  return prepared;
}

}  // namespace negphase
