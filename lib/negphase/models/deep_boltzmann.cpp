#include "negphase/models/deep_boltzmann.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "negphase/core/error.hpp"
#include "negphase/models/params.hpp"
#include "negphase/models/refuse_data.hpp"

namespace negphase {

namespace {

/// Of each parameter of the RBM over (v, h2) and h1, its number in W.
std::vector<Index> params_of_rbm(const DeepBoltzmannSizes& n) {
  const Index second_at = n.visible * n.first;
  const Index bias_at = second_at + n.first * n.second;
  std::vector<Index> number;
  for (Index i = 0; i < n.visible + n.second; ++i) {
    for (Index j = 0; j < n.first; ++j) {
      number.push_back(i < n.visible ? i * n.first + j
                                     : second_at + j * n.second + (i - n.visible));
    }
  }
  for (Index i = 0; i < n.visible + n.second; ++i) {
    number.push_back(bias_at + (i < n.visible ? i : i + n.first));
  }
  for (Index j = 0; j < n.first; ++j) {
    number.push_back(bias_at + n.visible + j);
  }
  return number;
}

void add_from_rbm(const DeepBoltzmannPrepared& prepared, const Eigen::VectorXd& rbm_sum,
                  Eigen::VectorXd& sum) {
  for (std::size_t p = 0; p < prepared.param_of_rbm.size(); ++p) {
    sum[prepared.param_of_rbm[p]] += rbm_sum[static_cast<Index>(p)];
  }
}

bool same(std::span<const Index> a, const std::vector<Index>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace

// ---- DeepBoltzmannMarginal

template <class Scalar>
void DeepBoltzmannMarginal<Scalar>::add_param_grad(const Block<Scalar>& y, ChainRange range,
                                                   const PerChain& weights,
                                                   Eigen::VectorXd& sum) const {
  rbm_sum_.setZero(num_params());
  rbm_.add_param_grad(y, range, weights, rbm_sum_);
  add_from_rbm(*prepared_, rbm_sum_, sum);
}

template class DeepBoltzmannMarginal<float>;
template class DeepBoltzmannMarginal<double>;

// ---- DeepBoltzmannEnergy

template <class Scalar>
const Block<Scalar>& DeepBoltzmannEnergy<Scalar>::in_rbm(const Block<Scalar>& y) const {
  const DeepBoltzmannSizes& n = prepared_->sizes;
  block_.resize(y.rows(), y.cols());
  block_.leftCols(n.visible) = y.leftCols(n.visible);
  block_.middleCols(n.visible, n.second) = y.rightCols(n.second);
  block_.rightCols(n.first) = y.middleCols(n.visible, n.first);
  return block_;
}

template <class Scalar>
void DeepBoltzmannEnergy<Scalar>::energy_change(const Block<Scalar>& y, Index site,
                                                const Lane<Scalar>& values, PerChain& out) const {
  rbm_.energy_change(in_rbm(y), prepared_->rbm_column[static_cast<std::size_t>(site)], values, out);
}

template <class Scalar>
void DeepBoltzmannEnergy<Scalar>::energy_change(const Block<Scalar>& y, const Sites& sites,
                                                const Lane<Scalar>& values, PerChain& out) const {
  sites_.resize(sites.size());
  for (Index c = 0; c < sites.size(); ++c) {
    sites_[c] = prepared_->rbm_column[static_cast<std::size_t>(sites[c])];
  }
  rbm_.energy_change(in_rbm(y), sites_, values, out);
}

template <class Scalar>
void DeepBoltzmannEnergy<Scalar>::conditional(const Block<Scalar>& y,
                                              std::span<const Index> columns,
                                              Block<Scalar>& delta) const {
  const DeepBoltzmannSizes& n = prepared_->sizes;
  const auto is_inner = [&](Index j) { return j >= n.visible && j < n.visible + n.first; };
  rbm_columns_.clear();
  for (const Index j : columns) {
    if (is_inner(j) != is_inner(columns[0])) {
      throw UsageError(
          "deep_boltzmann: conditional() takes columns of h1, or of v and h2; these are of both");
    }
    rbm_columns_.push_back(prepared_->rbm_column[static_cast<std::size_t>(j)]);
  }
  rbm_.conditional(in_rbm(y), rbm_columns_, delta);
}

template <class Scalar>
void DeepBoltzmannEnergy<Scalar>::add_param_grad(const Block<Scalar>& y, ChainRange range,
                                                 const PerChain& weights,
                                                 Eigen::VectorXd& sum) const {
  rbm_sum_.setZero(num_params());
  rbm_.add_param_grad(in_rbm(y), range, weights, rbm_sum_);
  add_from_rbm(*prepared_, rbm_sum_, sum);
}

template <class Scalar>
LayerView DeepBoltzmannEnergy<Scalar>::layers() const {
  return {{prepared_->inner_columns, prepared_->outer_columns}};
}

template <class Scalar>
bool DeepBoltzmannEnergy<Scalar>::can_sum_out(std::span<const Index> columns) const {
  return same(columns, prepared_->inner_columns) || same(columns, prepared_->outer_columns);
}

template <class Scalar>
DeepBoltzmannMarginal<Scalar> DeepBoltzmannEnergy<Scalar>::summed_out(
    std::span<const Index> columns, double beta) const {
  if (!can_sum_out(columns)) {
    throw UsageError(
        "deep_boltzmann: summed_out() takes h1, or v and h2 together, columns ascending");
  }
  return {prepared_, same(columns, prepared_->inner_columns) ? RbmLayer::hidden : RbmLayer::visible,
          beta};
}

template class DeepBoltzmannEnergy<float>;
template class DeepBoltzmannEnergy<double>;

// ---- DeepBoltzmannModel

DeepBoltzmannModel::DeepBoltzmannModel(const DeepBoltzmannSizes& sizes,
                                       std::shared_ptr<const Params> w)
    : sizes_(sizes), w_(std::move(w)) {
  check_params_length(
      fmt::format("deep_boltzmann {} x {} x {}", sizes.visible, sizes.first, sizes.second),
      fmt::format("W1 {0}x{1} and W2 {1}x{2} row by row, a {0}, c1 {1}, c2 {2}", sizes.visible,
                  sizes.first, sizes.second),
      sizes.num_params(), w_->size());
}

ModelShape DeepBoltzmannModel::shape() const {
  return {0, std::vector<Column>(static_cast<std::size_t>(sizes_.visible), bit_column()),
          std::vector<Column>(static_cast<std::size_t>(sizes_.first + sizes_.second), bit_column()),
          w_->size()};
}

std::string DeepBoltzmannModel::param_name(Index i) const {
  const DeepBoltzmannSizes& n = sizes_;
  if (i < n.visible * n.first) {
    return fmt::format("W1[{},{}]", i / n.first, i % n.first);
  }
  i -= n.visible * n.first;
  if (i < n.first * n.second) {
    return fmt::format("W2[{},{}]", i / n.second, i % n.second);
  }
  i -= n.first * n.second;
  if (i < n.visible) {
    return fmt::format("a[{}]", i);
  }
  i -= n.visible;
  return i < n.first ? fmt::format("c1[{}]", i) : fmt::format("c2[{}]", i - n.first);
}

std::shared_ptr<const DeepBoltzmannPrepared> DeepBoltzmannModel::prepare(
    const Eigen::MatrixXd&) const {
  const DeepBoltzmannSizes& n = sizes_;
  auto prepared = std::make_shared<DeepBoltzmannPrepared>();
  prepared->sizes = n;
  prepared->columns.assign(static_cast<std::size_t>(n.num_columns()), bit_column());
  for (Index j = 0; j < n.num_columns(); ++j) {
    const bool is_visible = j < n.visible;
    const bool is_inner = !is_visible && j < n.visible + n.first;
    prepared->rbm_column.push_back(is_visible ? j : is_inner ? j + n.second : j - n.first);
    (is_inner ? prepared->inner_columns : prepared->outer_columns).push_back(j);
  }
  prepared->param_of_rbm = params_of_rbm(n);
  const Params rbm = (*w_)(prepared->param_of_rbm);
  prepared->rbm = RbmModel(n.visible + n.second, n.first, rbm).prepare({});
  return prepared;
}

// ---- the registry

namespace {

AnyModel make_deep_boltzmann(const Options& options, const DataShape& data) {
  if (data.num_x != 0 || data.num_y < 1) {
    refuse_data("deep_boltzmann", "no x column and at least 1 y column", data);
  }
  const DeepBoltzmannSizes sizes{data.num_y, options.integer("hidden1"),
                                 options.integer("hidden2")};
  check_params_memory(
      fmt::format("deep_boltzmann {} x {} x {}", sizes.visible, sizes.first, sizes.second),
      sizes.num_params());
  return DeepBoltzmannModel(sizes, Params::Zero(sizes.num_params()));
}

ModelExample deep_boltzmann_example() {
  const Eigen::MatrixXd y{{1, 1, 0}, {0, 0, 1}, {1, 0, 1}, {1, 1, 0}};
  Params w(3 * 2 + 2 * 2 + 3 + 2 + 2);
  w << 0.5, -0.25, -0.75, 0.625, 0.125, 0.75,  //
      0.875, -0.5, 0.25, -0.625,               //
      0.25, -0.125, -0.5, 0.375, -0.25, 0.125, -0.375;
  return {DeepBoltzmannModel({3, 2, 2}, std::move(w)), Eigen::MatrixXd(4, 0), y};
}

OptionSpec units_option(std::string_view name, std::string_view doc) {
  return {.name = name,
          .fallback = std::int64_t{1},
          .doc = doc,
          .low = 1,
          .high = 1e6,
          .unit = "units",
          .required = true};
}

}  // namespace

ModelRow deep_boltzmann_row() {
  return {.name = "deep_boltzmann",
          .doc =
              "E = -a'v - c1'h1 - c2'h2 - v'W1 h1 - h1'W2 h2: v = y observed, two layers of "
              "latent bits",
          .options = {units_option("hidden1", "units of h1, the layer that v meets"),
                      units_option("hidden2", "units of h2, the layer above")},
          .param_order =
              "W1 row by row (row = visible unit), W2 row by row (row = unit of h1), "
              "then a, c1, c2",
          .y_kind = ColumnKind::bit,
          .make = make_deep_boltzmann,
          .example = deep_boltzmann_example};
}

}  // namespace negphase
