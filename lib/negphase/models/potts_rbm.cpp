#include "negphase/models/potts_rbm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "negphase/core/error.hpp"
#include "negphase/core/portable_log1p.hpp"
#include "negphase/models/category_columns.hpp"
#include "negphase/models/params.hpp"

namespace negphase {

namespace {

/// Number of the state of visible unit i of a chain among all S.
template <class Scalar>
Index state_of(const PottsRbmSizes& sizes, const Block<Scalar>& y, Index chain, Index i) {
  return sizes.first[static_cast<std::size_t>(i)] + static_cast<Index>(y(chain, i));
}

/// c_j + sum_i W_ij(v_i) of the chains of a range: out [H x chains].
template <class Scalar>
void set_hidden_fields(const PottsRbmWeights& w, const Block<Scalar>& y, ChainRange range,
                       Eigen::MatrixXd& out) {
  const auto coupling = w.coupling();
  out.resize(w.sizes->num_hidden, range.size);
  for (Index c = 0; c < range.size; ++c) {
    auto field = out.col(c);
    field = w.hidden_bias();
    for (Index i = 0; i < w.sizes->num_visible(); ++i) {
      field += coupling.col(state_of(*w.sizes, y, range.begin + c, i));
    }
  }
}

/// -sum_i a_i(v_i) of one chain.
template <class Scalar>
double bias_energy(const PottsRbmWeights& w, const Block<Scalar>& y, Index chain) {
  double sum = 0;
  for (Index i = 0; i < w.sizes->num_visible(); ++i) {
    sum -= w.visible_bias()[state_of(*w.sizes, y, chain, i)];
  }
  return sum;
}

/// sum_j log(1 + exp(beta f_j)); neither overflows nor loses small values.
template <class Fields>
double softplus_sum(const Fields& fields, double beta) {
  double sum = 0;
  for (Index j = 0; j < fields.size(); ++j) {
    sum += log1p_exp(beta * fields[j]);
  }
  return sum;
}

/// sum += sum_c weights[c] dE/dW(v_c, h_c); `hidden` [H x chains] holds h, or its means.
template <class Scalar>
void add_products(const PottsRbmSizes& sizes, const Block<Scalar>& y, ChainRange range,
                  const Eigen::MatrixXd& hidden, const PerChain& weights, Eigen::VectorXd& sum) {
  const Index num_couplings = sizes.num_states * sizes.num_hidden;
  Eigen::Map<Eigen::MatrixXd> coupling(sum.data(), sizes.num_hidden, sizes.num_states);
  for (Index c = 0; c < range.size; ++c) {
    const double weight = weights[range.begin + c];
    for (Index i = 0; i < sizes.num_visible(); ++i) {
      const Index state = state_of(sizes, y, range.begin + c, i);
      coupling.col(state) -= weight * hidden.col(c);
      sum[num_couplings + state] -= weight;
    }
    sum.tail(sizes.num_hidden) -= weight * hidden.col(c);
  }
}

void check_beta(double beta) {
  if (!(beta > 0)) {
    throw UsageError(fmt::format("potts_rbm: a free energy needs beta > 0, got {}", beta));
  }
}

/// Whether `columns` are first, first + 1, ..., first + size - 1.
bool is_run(std::span<const Index> columns, Index first, Index size) {
  for (const Index column : columns) {
    if (column != first++) {
      return false;
    }
  }
  return static_cast<Index>(columns.size()) == size;
}

}  // namespace

PottsRbmSizes::PottsRbmSizes(std::vector<Index> states_of_columns, Index hidden)
    : states(std::move(states_of_columns)), columns(category_columns(states)), num_hidden(hidden) {
  for (const Index k : states) {
    first.push_back(num_states);
    num_states += k;
    most_states = std::max(most_states, k);
  }
  columns.insert(columns.end(), static_cast<std::size_t>(hidden), bit_column());
}

// ---- PottsRbmVisible

template <class Scalar>
PottsRbmVisible<Scalar>::PottsRbmVisible(PottsRbmWeights weights, double beta)
    : w_(std::move(weights)), beta_(beta) {
  check_beta(beta);
}

template <class Scalar>
void PottsRbmVisible<Scalar>::energy(const Block<Scalar>& y, PerChain& out) const {
  set_hidden_fields(w_, y, {0, y.rows()}, fields_);
  out.resize(y.rows());
  for (Index c = 0; c < y.rows(); ++c) {
    out[c] = bias_energy(w_, y, c) - softplus_sum(fields_.col(c), beta_) / beta_;
  }
}

template <class Scalar>
void PottsRbmVisible<Scalar>::energy_change(const Block<Scalar>& y, Index site,
                                            const Lane<Scalar>& values, PerChain& out) const {
  const Index first = w_.sizes->first[static_cast<std::size_t>(site)];
  const auto coupling = w_.coupling();
  set_hidden_fields(w_, y, {0, y.rows()}, fields_);
  out.resize(y.rows());
  for (Index c = 0; c < y.rows(); ++c) {
    const Index from = state_of(*w_.sizes, y, c, site);
    const Index to = first + static_cast<Index>(values[c]);
    moved_ = fields_.col(c) + (coupling.col(to) - coupling.col(from));
    out[c] = w_.visible_bias()[from] - w_.visible_bias()[to] +
             (softplus_sum(fields_.col(c), beta_) - softplus_sum(moved_, beta_)) / beta_;
  }
}

template <class Scalar>
void PottsRbmVisible<Scalar>::add_param_grad(const Block<Scalar>& y, ChainRange range,
                                             const PerChain& weights, Eigen::VectorXd& sum) const {
  set_hidden_fields(w_, y, range, fields_);
  fields_ = (beta_ * fields_.array()).logistic();
  add_products(*w_.sizes, y, range, fields_, weights, sum);
}

template class PottsRbmVisible<float>;
template class PottsRbmVisible<double>;

// ---- PottsRbmHidden

template <class Scalar>
PottsRbmHidden<Scalar>::PottsRbmHidden(PottsRbmWeights weights, double beta)
    : w_(std::move(weights)), beta_(beta) {
  check_beta(beta);
}

/// fields_ = beta (a + W'h), an S for each chain of the range.
template <class Scalar>
void PottsRbmHidden<Scalar>::set_fields(const Block<Scalar>& y, ChainRange range) const {
  hidden_ = y.middleRows(range.begin, range.size).matrix().transpose().template cast<double>();
  fields_.resize(w_.sizes->num_states, range.size);
  fields_.noalias() = w_.coupling().transpose() * hidden_;
  fields_.colwise() += w_.visible_bias();
  fields_ *= beta_;
}

template <class Scalar>
void PottsRbmHidden<Scalar>::energy(const Block<Scalar>& y, PerChain& out) const {
  const PottsRbmSizes& sizes = *w_.sizes;
  set_fields(y, {0, y.rows()});
  out.resize(y.rows());
  for (Index c = 0; c < y.rows(); ++c) {
    double log_sums = 0;
    for (std::size_t i = 0; i < sizes.states.size(); ++i) {
      const auto terms = fields_.col(c).segment(sizes.first[i], sizes.states[i]).array();
      const double largest = terms.maxCoeff();
      log_sums += largest + std::log((terms - largest).exp().sum());
    }
    out[c] = -w_.hidden_bias().dot(hidden_.col(c)) - log_sums / beta_;
  }
}

template <class Scalar>
void PottsRbmHidden<Scalar>::add_param_grad(const Block<Scalar>& y, ChainRange range,
                                            const PerChain& weights, Eigen::VectorXd& sum) const {
  const PottsRbmSizes& sizes = *w_.sizes;
  set_fields(y, range);
  for (Index c = 0; c < range.size; ++c) {
    for (std::size_t i = 0; i < sizes.states.size(); ++i) {
      // P(v_i = k | h), times the weight of the chain
      auto terms = fields_.col(c).segment(sizes.first[i], sizes.states[i]).array();
      terms = (terms - terms.maxCoeff()).exp();
      terms *= weights[range.begin + c] / terms.sum();
    }
  }
  const Index num_couplings = sizes.num_states * sizes.num_hidden;
  Eigen::Map<Eigen::MatrixXd>(sum.data(), sizes.num_hidden, sizes.num_states).noalias() -=
      hidden_ * fields_.transpose();
  sum.segment(num_couplings, sizes.num_states) -= fields_.rowwise().sum();
  sum.tail(sizes.num_hidden).noalias() -=
      hidden_ * weights.segment(range.begin, range.size).matrix();
}

template class PottsRbmHidden<float>;
template class PottsRbmHidden<double>;

// ---- PottsRbmEnergy

template <class Scalar>
void PottsRbmEnergy<Scalar>::energy(const Block<Scalar>& y, PerChain& out) const {
  set_hidden_fields(w_, y, {0, y.rows()}, fields_);
  out.resize(y.rows());
  for (Index c = 0; c < y.rows(); ++c) {
    out[c] = bias_energy(w_, y, c);
    for (Index j = 0; j < fields_.rows(); ++j) {
      out[c] -= fields_(j, c) * static_cast<double>(y(c, w_.sizes->num_visible() + j));
    }
  }
}

template <class Scalar>
double PottsRbmEnergy<Scalar>::hidden_field(const Block<Scalar>& y, Index chain, Index unit) const {
  double field = w_.hidden_bias()[unit];
  for (Index i = 0; i < w_.sizes->num_visible(); ++i) {
    field += w_.coupling()(unit, state_of(*w_.sizes, y, chain, i));
  }
  return field;
}

/// E with column `site` set to `value`, less E.
template <class Scalar>
double PottsRbmEnergy<Scalar>::change(const Block<Scalar>& y, Index chain, Index site,
                                      Scalar value) const {
  const Index num_visible = w_.sizes->num_visible();
  if (site >= num_visible) {
    return static_cast<double>(y(chain, site) - value) * hidden_field(y, chain, site - num_visible);
  }
  const Index from = state_of(*w_.sizes, y, chain, site);
  const Index to = w_.sizes->first[static_cast<std::size_t>(site)] + static_cast<Index>(value);
  const auto coupling = w_.coupling();
  double sum = w_.visible_bias()[from] - w_.visible_bias()[to];
  for (Index j = 0; j < coupling.rows(); ++j) {
    sum += (coupling(j, from) - coupling(j, to)) * static_cast<double>(y(chain, num_visible + j));
  }
  return sum;
}

template <class Scalar>
void PottsRbmEnergy<Scalar>::energy_change(const Block<Scalar>& y, Index site,
                                           const Lane<Scalar>& values, PerChain& out) const {
  out.resize(y.rows());
  for (Index c = 0; c < y.rows(); ++c) {
    out[c] = change(y, c, site, values[c]);
  }
}

template <class Scalar>
void PottsRbmEnergy<Scalar>::energy_change(const Block<Scalar>& y, const Sites& sites,
                                           const Lane<Scalar>& values, PerChain& out) const {
  out.resize(y.rows());
  for (Index c = 0; c < y.rows(); ++c) {
    out[c] = change(y, c, sites[c], values[c]);
  }
}

template <class Scalar>
void PottsRbmEnergy<Scalar>::conditional(const Block<Scalar>& y, std::span<const Index> columns,
                                         Block<Scalar>& delta) const {
  const PottsRbmSizes& sizes = *w_.sizes;
  const Index num_visible = sizes.num_visible();
  Index width = 0;
  for (const Index j : columns) {
    if ((j < num_visible) != (columns[0] < num_visible)) {
      throw UsageError("potts_rbm: conditional() takes columns of one layer, these are of both");
    }
    width += sizes.columns[static_cast<std::size_t>(j)].num_states - 1;
  }
  delta.resize(y.rows(), width);
  if (is_run(columns, num_visible, sizes.num_hidden)) {
    set_hidden_fields(w_, y, {0, y.rows()}, fields_);
    delta = -fields_.transpose().array().template cast<Scalar>();
    return;
  }
  if (!columns.empty() && columns[0] < num_visible) {
    hidden_ = y.rightCols(sizes.num_hidden).matrix().transpose().template cast<double>();
    of_states_.resize(sizes.most_states, y.rows());
  }
  Index at = 0;
  for (const Index j : columns) {
    if (j >= num_visible) {
      for (Index c = 0; c < y.rows(); ++c) {
        delta(c, at) = static_cast<Scalar>(-hidden_field(y, c, j - num_visible));
      }
      ++at;
      continue;
    }
    const Index first = sizes.first[static_cast<std::size_t>(j)];
    const Index states = sizes.states[static_cast<std::size_t>(j)];
    auto fields = of_states_.topRows(states);
    fields.noalias() = w_.coupling().middleCols(first, states).transpose() * hidden_;
    fields.colwise() += w_.visible_bias().segment(first, states);
    for (Index k = 1; k < states; ++k) {
      delta.col(at++) = (fields.row(0) - fields.row(k)).transpose().array().template cast<Scalar>();
    }
  }
}

template <class Scalar>
void PottsRbmEnergy<Scalar>::add_param_grad(const Block<Scalar>& y, ChainRange range,
                                            const PerChain& weights, Eigen::VectorXd& sum) const {
  hidden_ = y.rightCols(w_.sizes->num_hidden)
                .middleRows(range.begin, range.size)
                .matrix()
                .transpose()
                .template cast<double>();
  add_products(*w_.sizes, y, range, hidden_, weights, sum);
}

template <class Scalar>
LayerView PottsRbmEnergy<Scalar>::layers() const {
  LayerView view{{{}, {}}};
  for (Index j = 0; j < static_cast<Index>(w_.sizes->columns.size()); ++j) {
    view.layers[j < w_.sizes->num_visible() ? 1 : 0].push_back(j);
  }
  return view;
}

template <class Scalar>
bool PottsRbmEnergy<Scalar>::can_sum_out(std::span<const Index> columns) const {
  return is_run(columns, 0, w_.sizes->num_visible()) ||
         is_run(columns, w_.sizes->num_visible(), w_.sizes->num_hidden);
}

template <class Scalar>
AnyEnergy<Scalar> PottsRbmEnergy<Scalar>::summed_out(std::span<const Index> columns,
                                                     double beta) const {
  if (!can_sum_out(columns)) {
    throw UsageError("potts_rbm: summed_out() takes one whole layer, columns ascending");
  }
  if (columns[0] == 0) {
    return PottsRbmHidden<Scalar>(w_, beta);
  }
  return PottsRbmVisible<Scalar>(w_, beta);
}

template class PottsRbmEnergy<float>;
template class PottsRbmEnergy<double>;

// ---- PottsRbmModel

PottsRbmModel::PottsRbmModel(std::vector<Index> states, Index num_hidden, Params w)
    : PottsRbmModel({std::make_shared<const PottsRbmSizes>(std::move(states), num_hidden),
                     std::make_shared<const Params>(std::move(w))}) {}

PottsRbmModel::PottsRbmModel(PottsRbmWeights weights)
    : weights_(std::make_shared<const PottsRbmWeights>(std::move(weights))) {
  const PottsRbmSizes& sizes = *weights_->sizes;
  check_params_length(
      fmt::format("potts_rbm {} x {}", sizes.num_visible(), sizes.num_hidden),
      fmt::format("W {0}x{1} row by row, a {0}, c {1}", sizes.num_states, sizes.num_hidden),
      sizes.num_params(), weights_->w->size());
}

ModelShape PottsRbmModel::shape() const {
  const auto& columns = weights_->sizes->columns;
  const auto visible = columns.begin() + weights_->sizes->num_visible();
  return {0, {columns.begin(), visible}, {visible, columns.end()}, weights_->w->size()};
}

std::string PottsRbmModel::param_name(Index i) const {
  const PottsRbmSizes& sizes = *weights_->sizes;
  const Index couplings = sizes.num_states * sizes.num_hidden;
  if (i >= couplings + sizes.num_states) {
    return fmt::format("c[{}]", i - couplings - sizes.num_states);
  }
  const Index state = i < couplings ? i / sizes.num_hidden : i - couplings;
  const auto unit = std::upper_bound(sizes.first.begin(), sizes.first.end(), state) - 1;
  const auto number = unit - sizes.first.begin();
  return i < couplings ? fmt::format("W[{},{},{}]", number, state - *unit, i % sizes.num_hidden)
                       : fmt::format("a[{},{}]", number, state - *unit);
}

}  // namespace negphase
