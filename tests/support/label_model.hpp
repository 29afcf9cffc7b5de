#pragma once
#include <cmath>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "negphase/core/model.hpp"

namespace negphase::testing {

/// E(x, y, z) = -(a_y + b_y x) - c_y z over a category y of three states and, if wanted, a bit or a
/// real z that the energy does not sum out itself; W = (a, b, c). On request the last y is
/// forbidden: energy +inf, dE/dW no number.
struct LabelKind {
  bool has_latent = false;
  bool latent_is_real = false;
  bool last_is_forbidden = false;
};

template <class Scalar_>
class LabelEnergy {
 public:
  using Scalar = Scalar_;

  LabelEnergy(LabelKind kind, std::shared_ptr<const Params> w, std::vector<double> x)
      : kind_(kind), w_(std::move(w)), x_(std::move(x)) {
    columns_.push_back({ColumnKind::category, 3});
    if (kind_.has_latent) {
      columns_.push_back(kind_.latent_is_real ? real_column() : bit_column());
    }
  }
  std::span<const Column> columns() const { return columns_; }
  void energy(const Block<Scalar>& y, PerChain& out) const {
    for (Index c = 0; c < y.rows(); ++c) {
      out[c] = at(c, static_cast<double>(y(c, 0)), latent(y, c));
    }
  }
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const {
    for (Index c = 0; c < y.rows(); ++c) {
      const auto label = static_cast<double>(y(c, 0)), value = static_cast<double>(values[c]);
      const double moved = site == 0 ? at(c, value, latent(y, c)) : at(c, label, value);
      out[c] = moved - at(c, label, latent(y, c));
    }
  }
  Index num_params() const { return 9; }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const {
    for (Index c = range.begin; c < range.end(); ++c) {
      const auto label = static_cast<Index>(y(c, 0));
      const double one =
          kind_.last_is_forbidden && label == 2 ? std::numeric_limits<double>::quiet_NaN() : 1;
      sum[label] -= weights[c] * one;
      sum[3 + label] -= weights[c] * x_[static_cast<std::size_t>(c)] * one;
      sum[6 + label] -= weights[c] * latent(y, c) * one;
    }
  }

 private:
  double latent(const Block<Scalar>& y, Index c) const {
    return kind_.has_latent ? static_cast<double>(y(c, 1)) : 0;
  }
  double at(Index c, double label, double z) const {
    const auto k = static_cast<Index>(label);
    if (kind_.last_is_forbidden && k == 2) {
      return std::numeric_limits<double>::infinity();
    }
    return -((*w_)[k] + (*w_)[3 + k] * x_[static_cast<std::size_t>(c)]) - (*w_)[6 + k] * z;
  }

  LabelKind kind_;
  std::shared_ptr<const Params> w_;
  std::vector<double> x_;
  std::vector<Column> columns_;
};

class LabelModel {
 public:
  struct Prepared {
    std::vector<double> x;
  };

  LabelModel(LabelKind kind, Params w)
      : LabelModel(kind, std::make_shared<const Params>(std::move(w))) {}
  LabelModel(LabelKind kind, std::shared_ptr<const Params> w) : kind_(kind), w_(std::move(w)) {}

  ModelShape shape() const {
    std::vector<Column> z;
    if (kind_.has_latent) {
      z.push_back(kind_.latent_is_real ? real_column() : bit_column());
    }
    return {1, {{ColumnKind::category, 3}}, std::move(z), 9};
  }
  const Params& params() const { return *w_; }
  LabelModel with_params(std::shared_ptr<const Params> w) const { return {kind_, std::move(w)}; }
  std::string param_name(Index i) const { return "w" + std::to_string(i); }
  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd& x) const {
    return std::make_shared<const Prepared>(
        Prepared{std::vector<double>(x.col(0).begin(), x.col(0).end())});
  }
  template <class Scalar>
  LabelEnergy<Scalar> bind(const std::shared_ptr<const Prepared>& prepared,
                           std::span<const Index> row_of_chain) const {
    std::vector<double> x;
    for (const Index row : row_of_chain) {
      x.push_back(prepared->x[static_cast<std::size_t>(row)]);
    }
    return {kind_, w_, std::move(x)};
  }

 private:
  LabelKind kind_;
  std::shared_ptr<const Params> w_;
};

}  // namespace negphase::testing
