#pragma once
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "negphase/core/model.hpp"

namespace negphase::testing {

/// y and z real, z not summed out by the model itself; with_spin: z = (real, spin s), else s = 0.
///   E_W(x, y, z, s) = w0 (y - w1 z - x - s)^2 / 2 + z^2 / 2 - w2 s
/// Given s a Gaussian, so that all its sums are known (FactorLaw).
template <class Scalar_>
struct FactorEnergy {
  using Scalar = Scalar_;
  std::span<const Column> columns() const { return all; }
  bool has_spin() const { return all.size() == 3; }
  void energy(const Block<Scalar>& y, PerChain& out) const {
    for (Index c = 0; c < y.rows(); ++c) {
      out[c] = at(y, c, spin(y, c));
    }
  }
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const {
    energy(y, out);
    for (Index c = 0; c < y.rows(); ++c) {
      const double slope = (*w)[0] * off(y, c, spin(y, c));
      grad(c, 0) = static_cast<Scalar>(slope);
      grad(c, 1) = static_cast<Scalar>(static_cast<double>(y(c, 1)) - (*w)[1] * slope);
      if (has_spin()) {
        grad(c, 2) = 0;
      }
    }
  }
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const {
    Block<Scalar> other = y;
    other.col(site) = values;
    PerChain before(y.rows());
    energy(y, before);
    energy(other, out);
    out -= before;
  }
  void conditional(const Block<Scalar>& y, std::span<const Index>, Block<Scalar>& delta) const {
    for (Index c = 0; c < y.rows(); ++c) {
      delta(c, 0) = static_cast<Scalar>(at(y, c, 1) - at(y, c, -1));
    }
  }
  Index num_params() const { return 3; }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const {
    for (Index c = range.begin; c < range.end(); ++c) {
      const double s = spin(y, c), d = off(y, c, s);
      sum[0] += weights[c] * d * d / 2;
      sum[1] -= weights[c] * (*w)[0] * d * static_cast<double>(y(c, 1));
      sum[2] -= weights[c] * s;
    }
  }
  double spin(const Block<Scalar>& y, Index c) const {
    return has_spin() ? static_cast<double>(y(c, 2)) : 0;
  }
  double off(const Block<Scalar>& y, Index c, double s) const {
    return static_cast<double>(y(c, 0)) - (*w)[1] * static_cast<double>(y(c, 1)) - x[c] - s;
  }
  double at(const Block<Scalar>& y, Index c, double s) const {
    const double z = static_cast<double>(y(c, 1)), d = off(y, c, s);
    return (*w)[0] * d * d / 2 + z * z / 2 - (*w)[2] * s;
  }
  std::shared_ptr<const Params> w;
  PerChain x;
  std::vector<Column> all;
};

class FactorModel {
 public:
  using Prepared = Eigen::MatrixXd;
  FactorModel(bool with_spin, std::shared_ptr<const Params> w)
      : with_spin_(with_spin), w_(std::move(w)) {}
  FactorModel(bool with_spin, Params w)
      : FactorModel(with_spin, std::make_shared<const Params>(std::move(w))) {}

  ModelShape shape() const {
    ModelShape shape{1, {real_column()}, {real_column()}, 3};
    if (with_spin_) {
      shape.z.push_back(spin_column());
    }
    return shape;
  }
  const Params& params() const { return *w_; }
  FactorModel with_params(std::shared_ptr<const Params> w) const {
    return {with_spin_, std::move(w)};
  }
  std::string param_name(Index i) const { return "w" + std::to_string(i); }
  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd& x) const {
    return std::make_shared<const Prepared>(x);
  }
  template <class Scalar>
  FactorEnergy<Scalar> bind(const std::shared_ptr<const Prepared>& prepared,
                            std::span<const Index> rows) const {
    PerChain x(static_cast<Index>(rows.size()));
    for (std::size_t c = 0; c < rows.size(); ++c) {
      x[static_cast<Index>(c)] = (*prepared)(rows[c], 0);
    }
    std::vector<Column> all{real_column(), real_column()};
    if (with_spin_) {
      all.push_back(spin_column());
    }
    return {w_, std::move(x), std::move(all)};
  }

 private:
  bool with_spin_;
  std::shared_ptr<const Params> w_;
};

/// With v = 1 + w0 w1^2 and d = y - x - s:
///   int exp(-beta E) dz = sqrt(2 pi / (beta v)) exp(-beta (w0 d^2 / (2 v) - w2 s))
///   int exp(-beta E) dz dy = 2 pi / (beta sqrt(w0)) exp(beta w2 s)
struct FactorLaw {
  Eigen::Vector3d w;
  double beta;
  bool with_spin;

  double log_z() const {
    return std::log(2 * std::acos(-1.0) / (beta * std::sqrt(w[0]))) +
           (with_spin ? std::log(2 * std::cosh(beta * w[2])) : 0);
  }
  /// E_p[dE/dW] = -(1/beta) d log Z / dW
  Eigen::Vector3d mean_param_grad() const {
    return {1 / (2 * beta * w[0]), 0, with_spin ? -std::tanh(beta * w[2]) : 0};
  }
  /// F(x, y) and dF/dW
  std::pair<double, Eigen::Vector3d> free_energy(double x, double y) const {
    const double v = 1 + w[0] * w[1] * w[1];
    double sum = 0;
    Eigen::Vector3d slope = Eigen::Vector3d::Zero();
    for (const double s : with_spin ? std::vector<double>{-1, 1} : std::vector<double>{0}) {
      const double d = y - x - s;
      const double f = w[0] * d * d / (2 * v) - w[2] * s -
                       std::log(2 * std::acos(-1.0) / (beta * v)) / (2 * beta);
      const Eigen::Vector3d df(d * d / (2 * v * v) + w[1] * w[1] / (2 * beta * v),
                               -w[0] * w[0] * w[1] * d * d / (v * v) + w[0] * w[1] / (beta * v),
                               -s);
      sum += std::exp(-beta * f);
      slope += std::exp(-beta * f) * df;
    }
    return {-std::log(sum) / beta, slope / sum};
  }
};

}  // namespace negphase::testing
