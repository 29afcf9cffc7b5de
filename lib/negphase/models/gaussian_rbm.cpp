#include "negphase/models/gaussian_rbm.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <numeric>

#include "negphase/core/error.hpp"
#include "negphase/core/portable_log1p.hpp"
#include "negphase/models/params.hpp"
#include "negphase/models/refuse_data.hpp"

namespace negphase {

namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// out = factor * (c + v W / s^2): what the visible units give to each hidden one.
template <class Scalar, class Visible>
void set_fields(const GaussianRbmProducts<Scalar>& w, const Visible& visible, Scalar factor,
                Block<Scalar>& out) {
  out.resize(visible.rows(), w.hidden_bias.size());
  for (Index j = 0; j < out.cols(); ++j) {
    out.col(j) = factor * w.hidden_bias[j];  // a row of them at once would be a temporary
  }
  out.matrix().noalias() += (factor * visible.matrix()) * w.scaled;
}

/// out = h W': how far the hidden units pull each visible mean from a.
template <class Scalar, class Hidden>
void set_pulls(const GaussianRbmProducts<Scalar>& w, const Hidden& hidden, Block<Scalar>& out) {
  out.resize(hidden.rows(), w.coupling.rows());
  out.matrix().noalias() = hidden.matrix() * w.coupling.transpose();
}

/// out = sum_i (v_i - a_i)^2 / (2 s_i^2); v are the first columns of y.
template <class Scalar>
void set_parabola(const GaussianRbmPrepared& w, const Block<Scalar>& y, PerChain& out) {
  out.setZero(y.rows());
  for (Index i = 0; i < w.num_visible(); ++i) {
    out += w.precision[i] / 2 * (y.col(i).template cast<double>() - w.visible_bias[i]).square();
  }
}

/// The first columns of grad = (v - a - pull) / s^2.
template <class Scalar>
void set_visible_grad(const GaussianRbmPrepared& w, const Block<Scalar>& y,
                      const Block<Scalar>& pulls, Block<Scalar>& grad) {
  for (Index i = 0; i < w.num_visible(); ++i) {
    grad.col(i) = (w.precision[i] * (y.col(i).template cast<double>() - w.visible_bias[i] -
                                     pulls.col(i).template cast<double>()))
                      .template cast<Scalar>();
  }
}

/// Splits a sum of P doubles into W, a, c and log variance.
struct ParamParts {
  ParamParts(const GaussianRbmPrepared& w, Eigen::VectorXd& sum)
      : coupling(sum.data(), w.num_visible(), w.num_hidden()),
        visible_bias(sum.data() + coupling.size(), w.num_visible()),
        hidden_bias(visible_bias.data() + w.num_visible(), w.num_hidden()),
        log_variance(hidden_bias.data() + w.num_hidden(), w.num_visible()) {}

  Eigen::Map<RowMajor> coupling;
  Eigen::Map<Eigen::ArrayXd> visible_bias, hidden_bias, log_variance;
};

/// sum += sum_c weights[c] dE/dW(v_c, h_c), which is linear in h: its means given v give the mean.
/// `hidden` is left multiplied by the weights.
template <class Weights>
void add_products(const GaussianRbmPrepared& w, const Block<double>& visible, Block<double>& hidden,
                  const Weights& weights, Block<double>& pulls, Eigen::VectorXd& sum) {
  ParamParts parts(w, sum);
  set_pulls(w.in_double, hidden, pulls);
  hidden.colwise() *= weights;
  parts.hidden_bias -= hidden.colwise().sum().transpose();
  for (Index i = 0; i < w.num_visible(); ++i) {
    const auto v = visible.col(i);
    const auto from_bias = v - w.visible_bias[i];
    parts.coupling.row(i).noalias() -= w.precision[i] * (v.matrix().transpose() * hidden.matrix());
    parts.visible_bias[i] -= w.precision[i] * (weights * from_bias).sum();
    parts.log_variance[i] -=
        w.precision[i] * (weights * (from_bias.square() / 2 - v * pulls.col(i))).sum();
  }
}

/// Whether `columns` are first, first + 1, ..., first + size - 1.
bool is_run(std::span<const Index> columns, Index first, Index size) {
  if (static_cast<Index>(columns.size()) != size) {
    return false;
  }
  for (const Index column : columns) {
    if (column != first++) {
      return false;
    }
  }
  return true;
}

void check_beta(double beta) {
  if (!(beta > 0)) {
    throw UsageError(fmt::format("gaussian_rbm: a free energy needs beta > 0, got {}", beta));
  }
}

}  // namespace

// ---- GaussianRbmVisible

template <class Scalar>
GaussianRbmVisible<Scalar>::GaussianRbmVisible(std::shared_ptr<const GaussianRbmPrepared> prepared,
                                               double beta)
    : prepared_(std::move(prepared)), beta_(beta) {
  check_beta(beta);
}

template <class Scalar>
std::span<const Column> GaussianRbmVisible<Scalar>::columns() const {
  return std::span(prepared_->columns).first(static_cast<std::size_t>(prepared_->num_visible()));
}

/// From fields_ = beta b.
template <class Scalar>
void GaussianRbmVisible<Scalar>::finish_energy(const Block<Scalar>& y, PerChain& out) const {
  set_parabola(*prepared_, y, out);
  for (Index j = 0; j < fields_.cols(); ++j) {
    const auto field = fields_.col(j);
    log_terms_ = field.unaryExpr([](Scalar b) { return log1p_exp(b); });
    out -= log_terms_.template cast<double>() / beta_;
  }
}

template <class Scalar>
void GaussianRbmVisible<Scalar>::energy(const Block<Scalar>& y, PerChain& out) const {
  set_fields(prepared_->template products<Scalar>(), y, static_cast<Scalar>(beta_), fields_);
  finish_energy(y, out);
}

template <class Scalar>
void GaussianRbmVisible<Scalar>::energy_and_grad(const Block<Scalar>& y, PerChain& out,
                                                 Block<Scalar>& grad) const {
  energy(y, out);
  fields_ = fields_.logistic();
  set_pulls(prepared_->template products<Scalar>(), fields_, pulls_);
  grad.resize(y.rows(), y.cols());
  set_visible_grad(*prepared_, y, pulls_, grad);
}

template <class Scalar>
void GaussianRbmVisible<Scalar>::add_param_grad(const Block<Scalar>& y, ChainRange range,
                                                const PerChain& weights,
                                                Eigen::VectorXd& sum) const {
  visible_ = y.middleRows(range.begin, range.size).template cast<double>();
  set_fields(prepared_->in_double, visible_, beta_, means_);
  means_ = means_.logistic();
  add_products(*prepared_, visible_, means_, weights.segment(range.begin, range.size), param_pulls_,
               sum);
}

template class GaussianRbmVisible<float>;
template class GaussianRbmVisible<double>;

// ---- GaussianRbmHidden

template <class Scalar>
GaussianRbmHidden<Scalar>::GaussianRbmHidden(std::shared_ptr<const GaussianRbmPrepared> prepared,
                                             double beta)
    : prepared_(std::move(prepared)), beta_(beta) {
  check_beta(beta);
  constant_ =
      (std::log(2 * std::numbers::pi / beta) - prepared_->precision.log()).sum() / (2 * beta);
}

template <class Scalar>
std::span<const Column> GaussianRbmHidden<Scalar>::columns() const {
  return std::span(prepared_->columns).last(static_cast<std::size_t>(prepared_->num_hidden()));
}

template <class Scalar>
void GaussianRbmHidden<Scalar>::energy(const Block<Scalar>& y, PerChain& out) const {
  const GaussianRbmPrepared& w = *prepared_;
  set_pulls(w.template products<Scalar>(), y, pulls_);
  out.setConstant(y.rows(), -constant_);
  for (Index j = 0; j < y.cols(); ++j) {
    out -= w.in_double.hidden_bias[j] * y.col(j).template cast<double>();
  }
  for (Index i = 0; i < w.num_visible(); ++i) {
    const auto pull = pulls_.col(i).template cast<double>();
    out -= w.precision[i] * pull * (w.visible_bias[i] + pull / 2);
  }
}

template <class Scalar>
void GaussianRbmHidden<Scalar>::add_param_grad(const Block<Scalar>& y, ChainRange range,
                                               const PerChain& weights,
                                               Eigen::VectorXd& sum) const {
  const GaussianRbmPrepared& w = *prepared_;
  const auto weight = weights.segment(range.begin, range.size);
  hidden_ = y.middleRows(range.begin, range.size).template cast<double>();
  set_pulls(w.in_double, hidden_, param_pulls_);
  hidden_.colwise() *= weight;
  ParamParts parts(w, sum);
  parts.hidden_bias -= hidden_.colwise().sum().transpose();
  for (Index i = 0; i < w.num_visible(); ++i) {
    // v_i given h has mean a_i + u_i and variance s_i^2 / beta
    const auto pull = param_pulls_.col(i);
    parts.coupling.row(i).noalias() -=
        w.precision[i] * ((w.visible_bias[i] + pull).matrix().transpose() * hidden_.matrix());
    parts.visible_bias[i] -= w.precision[i] * (weight * pull).sum();
    parts.log_variance[i] +=
        (weight * (w.precision[i] * pull * (w.visible_bias[i] + pull / 2) - 1 / (2 * beta_))).sum();
  }
}

template class GaussianRbmHidden<float>;
template class GaussianRbmHidden<double>;

// ---- GaussianRbmEnergy

template <class Scalar>
void GaussianRbmEnergy<Scalar>::energy(const Block<Scalar>& y, PerChain& out) const {
  const Index num_visible = prepared_->num_visible();
  set_fields(prepared_->template products<Scalar>(), y.leftCols(num_visible), Scalar(1), fields_);
  set_parabola(*prepared_, y, out);
  for (Index j = 0; j < fields_.cols(); ++j) {
    out -= (y.col(num_visible + j) * fields_.col(j)).template cast<double>();
  }
}

template <class Scalar>
void GaussianRbmEnergy<Scalar>::energy_and_grad(const Block<Scalar>& y, PerChain& out,
                                                Block<Scalar>& grad) const {
  energy(y, out);
  set_pulls(prepared_->template products<Scalar>(), y.rightCols(prepared_->num_hidden()), pulls_);
  grad.resize(y.rows(), y.cols());
  set_visible_grad(*prepared_, y, pulls_, grad);
  grad.rightCols(prepared_->num_hidden()).setZero();
}

template <class Scalar>
double GaussianRbmEnergy<Scalar>::change(const Block<Scalar>& y, Index chain, Index site,
                                         Scalar value) const {
  const auto& w = prepared_->template products<Scalar>();
  const Index num_visible = prepared_->num_visible();
  const auto states = y.row(chain).matrix();
  if (site >= num_visible) {
    const Scalar field = w.hidden_bias[site - num_visible] +
                         states.head(num_visible).dot(w.scaled.col(site - num_visible));
    return static_cast<double>((y(chain, site) - value) * field);
  }
  const auto pull =
      static_cast<double>(states.tail(prepared_->num_hidden()).dot(w.coupling.row(site)));
  const auto from = static_cast<double>(y(chain, site)), to = static_cast<double>(value);
  return prepared_->precision[site] * (to - from) *
         ((to + from) / 2 - prepared_->visible_bias[site] - pull);
}

template <class Scalar>
void GaussianRbmEnergy<Scalar>::energy_change(const Block<Scalar>& y, Index site,
                                              const Lane<Scalar>& values, PerChain& out) const {
  out.resize(y.rows());
  for (Index c = 0; c < y.rows(); ++c) {
    out[c] = change(y, c, site, values[c]);
  }
}

template <class Scalar>
void GaussianRbmEnergy<Scalar>::energy_change(const Block<Scalar>& y, const Sites& sites,
                                              const Lane<Scalar>& values, PerChain& out) const {
  out.resize(y.rows());
  for (Index c = 0; c < y.rows(); ++c) {
    out[c] = change(y, c, sites[c], values[c]);
  }
}

template <class Scalar>
void GaussianRbmEnergy<Scalar>::conditional(const Block<Scalar>& y, std::span<const Index> columns,
                                            Block<Scalar>& delta) const {
  const auto& w = prepared_->template products<Scalar>();
  const Index num_visible = prepared_->num_visible();
  const auto visible = y.leftCols(num_visible);
  if (is_run(columns, num_visible, prepared_->num_hidden())) {
    set_fields(w, visible, Scalar(-1), delta);
    return;
  }
  delta.resize(y.rows(), static_cast<Index>(columns.size()));
  for (std::size_t k = 0; k < columns.size(); ++k) {
    const Index unit = columns[k] - num_visible;
    if (unit < 0) {
      throw UsageError(fmt::format(
          "gaussian_rbm: conditional() takes hidden columns, {} is visible and real", columns[k]));
    }
    auto column = delta.col(static_cast<Index>(k));
    column.setConstant(-w.hidden_bias[unit]);
    column.matrix().noalias() -= visible.matrix() * w.scaled.col(unit);
  }
}

template <class Scalar>
void GaussianRbmEnergy<Scalar>::add_param_grad(const Block<Scalar>& y, ChainRange range,
                                               const PerChain& weights,
                                               Eigen::VectorXd& sum) const {
  const auto rows = y.middleRows(range.begin, range.size);
  visible_ = rows.leftCols(prepared_->num_visible()).template cast<double>();
  hidden_ = rows.rightCols(prepared_->num_hidden()).template cast<double>();
  add_products(*prepared_, visible_, hidden_, weights.segment(range.begin, range.size),
               param_pulls_, sum);
}

template <class Scalar>
LayerView GaussianRbmEnergy<Scalar>::layers() const {
  std::vector<Index> visible(static_cast<std::size_t>(prepared_->num_visible()));
  std::vector<Index> hidden(static_cast<std::size_t>(prepared_->num_hidden()));
  std::iota(visible.begin(), visible.end(), Index{0});
  std::iota(hidden.begin(), hidden.end(), prepared_->num_visible());
  return {{std::move(hidden), std::move(visible)}};
}

template <class Scalar>
bool GaussianRbmEnergy<Scalar>::can_sum_out(std::span<const Index> columns) const {
  return is_run(columns, 0, prepared_->num_visible()) ||
         is_run(columns, prepared_->num_visible(), prepared_->num_hidden());
}

template <class Scalar>
AnyEnergy<Scalar> GaussianRbmEnergy<Scalar>::summed_out(std::span<const Index> columns,
                                                        double beta) const {
  if (!can_sum_out(columns)) {
    throw UsageError("gaussian_rbm: summed_out() takes one whole layer, columns ascending");
  }
  if (columns[0] == 0) {
    return GaussianRbmHidden<Scalar>(prepared_, beta);
  }
  return GaussianRbmVisible<Scalar>(prepared_, beta);
}

template class GaussianRbmEnergy<float>;
template class GaussianRbmEnergy<double>;

// ---- GaussianRbmModel

GaussianRbmModel::GaussianRbmModel(Index num_visible, Index num_hidden,
                                   std::shared_ptr<const Params> w)
    : num_visible_(num_visible), num_hidden_(num_hidden), w_(std::move(w)) {
  check_params_length(
      fmt::format("gaussian_rbm {} x {}", num_visible, num_hidden),
      fmt::format("W {0}x{1} row by row, a {0}, c {1}, log_variance {0}", num_visible, num_hidden),
      num_visible * (num_hidden + 2) + num_hidden, w_->size());
  for (Index i = 0; i < num_visible; ++i) {
    const double log_variance = w_->tail(num_visible)[i];
    const double precision = std::exp(-log_variance);
    if (!(precision > 0) || !std::isfinite(precision)) {
      throw ConfigError(
          fmt::format("gaussian_rbm: log_variance[{0}] = {1}: the variance exp({1}) and its "
                      "inverse must be finite numbers > 0",
                      i, log_variance));
    }
  }
}

ModelShape GaussianRbmModel::shape() const {
  return {0, std::vector<Column>(static_cast<std::size_t>(num_visible_), real_column()),
          std::vector<Column>(static_cast<std::size_t>(num_hidden_), bit_column()), w_->size()};
}

std::string GaussianRbmModel::param_name(Index i) const {
  const Index couplings = num_visible_ * num_hidden_;
  if (i < couplings) {
    return fmt::format("W[{},{}]", i / num_hidden_, i % num_hidden_);
  }
  i -= couplings;
  if (i < num_visible_) {
    return fmt::format("a[{}]", i);
  }
  i -= num_visible_;
  return i < num_hidden_ ? fmt::format("c[{}]", i)
                         : fmt::format("log_variance[{}]", i - num_hidden_);
}

std::shared_ptr<const GaussianRbmPrepared> GaussianRbmModel::prepare(const Eigen::MatrixXd&) const {
  auto prepared = std::make_shared<GaussianRbmPrepared>();
  const Index couplings = num_visible_ * num_hidden_;
  prepared->columns.assign(static_cast<std::size_t>(num_visible_), real_column());
  prepared->columns.insert(prepared->columns.end(), static_cast<std::size_t>(num_hidden_),
                           bit_column());
  prepared->visible_bias = w_->segment(couplings, num_visible_).array();
  prepared->precision = (-w_->tail(num_visible_)).array().exp();
  auto& w = prepared->in_double;
  w.coupling = Eigen::Map<const RowMajor>(w_->data(), num_visible_, num_hidden_);
  w.scaled = prepared->precision.matrix().asDiagonal() * w.coupling;
  w.hidden_bias = w_->segment(couplings + num_visible_, num_hidden_).transpose();
  prepared->in_float = {w.coupling.cast<float>(), w.scaled.cast<float>(),
                        w.hidden_bias.cast<float>()};
  return prepared;
}

// ---- the row of the registry

namespace {

AnyModel make_gaussian_rbm(const Options& options, const DataShape& data) {
  if (data.num_x != 0 || data.num_y < 1) {
    refuse_data("gaussian_rbm", "no x column and at least 1 y column", data);
  }
  const Index hidden = options.integer("hidden");
  const Index num_params = data.num_y * (hidden + 2) + hidden;
  check_params_memory(fmt::format("gaussian_rbm {} x {}", data.num_y, hidden), num_params);
  return GaussianRbmModel(data.num_y, hidden, Params::Zero(num_params));
}

ModelExample gaussian_rbm_example() {
  const Eigen::MatrixXd y{{0.5, -1}, {1.25, 0.75}, {-0.25, 0.5}, {1.5, -0.125}};
  return {GaussianRbmModel(2, 3,
                           Params{{0.75, -0.5, 1, 0.25, 1.25, -0.75, 0.5, -0.25, -0.5, 0.25, 0.125,
                                   0.25, -0.5}}),
          Eigen::MatrixXd(4, 0), y};
}

}  // namespace

ModelRow gaussian_rbm_row() {
  return {.name = "gaussian_rbm",
          .doc =
              "E = sum_i (v_i - a_i)^2 / (2 s_i^2) - c'h - sum_ij v_i W_ij h_j / s_i^2: an RBM "
              "with real v = y observed, bits h latent",
          .options = {{.name = "hidden",
                       .fallback = std::int64_t{1},
                       .doc = "number of hidden units",
                       .low = 1,
                       .high = 1e6,
                       .unit = "units",
                       .required = true}},
          .param_order = "W row by row (row = visible unit), then a, c, log variances",
          .y_kind = ColumnKind::real,
          .make = make_gaussian_rbm,
          .example = gaussian_rbm_example};
}

}  // namespace negphase
