#pragma once
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "negphase/core/error.hpp"
#include "negphase/core/model.hpp"

namespace negphase::testing {

/// Couplings [n x n], symmetric with a zero diagonal, and fields [n].
struct PairwiseWeights {
  Eigen::MatrixXd couplings;
  Eigen::VectorXd fields;
};

/// E(s) = -sum_{i<j} J_ij s_i s_j - sum_i b_i s_i over spins or bits: Ising models and Boltzmann
/// machines. All arithmetic in double whatever the block's scalar. Cost of an energy: n^2 a chain;
/// of a change or a conditional of one column: n.
template <class Scalar_>
class PairwiseEnergy {
 public:
  using Scalar = Scalar_;

  PairwiseEnergy(std::shared_ptr<const PairwiseWeights> weights, ColumnKind kind)
      : weights_(std::move(weights)),
        columns_(static_cast<std::size_t>(weights_->fields.size()), Column{kind, 2}) {}

  std::span<const Column> columns() const { return columns_; }

  void energy(const Block<Scalar>& y, PerChain& out) const {
    out.setZero(y.rows());
    for (Index j = 0; j < size(); ++j) {
      set_local_field(y, j, j);
      out -= local_field_ * y.col(j).template cast<double>();
    }
  }

  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const {
    set_local_field(y, site, size());
    out = local_field_ * (y.col(site) - values).template cast<double>();
  }

  void energy_change(const Block<Scalar>& y, const Sites& sites, const Lane<Scalar>& values,
                     PerChain& out) const {
    out.resize(y.rows());
    for (Index c = 0; c < y.rows(); ++c) {
      const Index site = sites[c];
      double field = weights_->fields[site];
      for (Index i = 0; i < size(); ++i) {
        field += weights_->couplings(i, site) * static_cast<double>(y(c, i));
      }
      out[c] = field * static_cast<double>(y(c, site) - values[c]);
    }
  }

  /// Columns must not be coupled with each other.
  void conditional(const Block<Scalar>& y, std::span<const Index> columns,
                   Block<Scalar>& delta) const {
    delta.resize(y.rows(), static_cast<Index>(columns.size()));
    for (std::size_t k = 0; k < columns.size(); ++k) {
      set_local_field(y, columns[k], size());
      const Column& column = columns_[static_cast<std::size_t>(columns[k])];
      const double step = state_code(column, 1) - state_code(column, 0);
      delta.col(static_cast<Index>(k)) = (-step * local_field_).template cast<Scalar>();
    }
  }

  Index num_params() const { return size() * (size() + 1) / 2; }

  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const {
    states_ = y.middleRows(range.begin, range.size).matrix().template cast<double>();
    weighted_ = states_.array().colwise() * weights.segment(range.begin, range.size);
    moments_.noalias() = weighted_.transpose() * states_;
    Index p = 0;
    for (Index i = 0; i < size(); ++i) {
      for (Index j = i + 1; j < size(); ++j) {
        sum[p++] -= moments_(i, j);
      }
    }
    sum.tail(size()) -= weighted_.colwise().sum().transpose();
  }

 private:
  Index size() const { return weights_->fields.size(); }

  /// b_j + sum_{i < end} J_ij s_i of every chain.
  void set_local_field(const Block<Scalar>& y, Index j, Index end) const {
    local_field_.setConstant(y.rows(), weights_->fields[j]);
    for (Index i = 0; i < end; ++i) {
      if (weights_->couplings(i, j) != 0) {
        local_field_ += weights_->couplings(i, j) * y.col(i).template cast<double>();
      }
    }
  }

  std::shared_ptr<const PairwiseWeights> weights_;
  std::vector<Column> columns_;
  mutable PerChain local_field_;
  mutable Eigen::MatrixXd states_, weighted_, moments_;
};

/// The family of PairwiseEnergy over n spins or bits, unconditional.
/// W = (couplings J_ij, i < j, row by row; then fields b_i): P = n (n + 1) / 2.
class PairwiseModel {
 public:
  struct Prepared {};

  /// @param kind  ColumnKind::spin or ColumnKind::bit
  PairwiseModel(ColumnKind kind, Index n, Params w)
      : PairwiseModel(kind, n, std::make_shared<const Params>(std::move(w))) {}

  ModelShape shape() const {
    return {
        0, std::vector<Column>(static_cast<std::size_t>(n_), Column{kind_, 2}), {}, num_params()};
  }
  const Params& params() const { return *params_; }
  PairwiseModel with_params(std::shared_ptr<const Params> w) const {
    return PairwiseModel(kind_, n_, std::move(w));
  }
  std::string param_name(Index p) const {
    for (Index i = 0; i < n_; ++i) {
      const Index in_row = n_ - 1 - i;
      if (p < in_row) {
        return "J[" + std::to_string(i) + "," + std::to_string(i + 1 + p) + "]";
      }
      p -= in_row;
    }
    return "b[" + std::to_string(p) + "]";
  }
  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd&) const { return nullptr; }
  template <class Scalar>
  PairwiseEnergy<Scalar> bind(const std::shared_ptr<const Prepared>&,
                              std::span<const Index>) const {
    return PairwiseEnergy<Scalar>(weights_, kind_);
  }

 private:
  PairwiseModel(ColumnKind kind, Index n, std::shared_ptr<const Params> w)
      : kind_(kind), n_(n), params_(std::move(w)) {
    if (params_->size() != num_params()) {
      throw ConfigError("a pairwise model of " + std::to_string(n) + " sites takes " +
                        std::to_string(num_params()) + " parameters");
    }
    auto weights = std::make_shared<PairwiseWeights>();
    weights->couplings.setZero(n, n);
    Index p = 0;
    for (Index i = 0; i < n; ++i) {
      for (Index j = i + 1; j < n; ++j) {
        weights->couplings(i, j) = weights->couplings(j, i) = (*params_)[p++];
      }
    }
    weights->fields = params_->tail(n);
    weights_ = std::move(weights);
  }
  Index num_params() const { return n_ * (n_ + 1) / 2; }

  ColumnKind kind_;
  Index n_;
  std::shared_ptr<const Params> params_;
  std::shared_ptr<const PairwiseWeights> weights_;
};

/// The Ising model E = -J sum_edges s_i s_j - field sum_i s_i.
inline PairwiseModel ising_model(Index n, std::span<const std::pair<Index, Index>> edges,
                                 double coupling, double field) {
  Params w = Params::Zero(n * (n + 1) / 2);
  for (auto [i, j] : edges) {
    if (i > j) {
      std::swap(i, j);
    }
    w[i * (2 * n - i - 1) / 2 + (j - i - 1)] += coupling;
  }
  w.tail(n).setConstant(field);
  return PairwiseModel(ColumnKind::spin, n, std::move(w));
}

}  // namespace negphase::testing
