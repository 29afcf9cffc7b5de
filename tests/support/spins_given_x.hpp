#pragma once
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "negphase/gradient/estimate.hpp"

// A conditional model of discrete y, small enough to be summed by hand.
namespace negphase::testing {

/// E(x, y) = -J y_0 y_1 - sum_i (b_i + c_i x) y_i over two spins; W = (J, b_0, b_1, c_0, c_1).
template <class Scalar_>
class SpinsGivenXEnergy {
 public:
  using Scalar = Scalar_;
  SpinsGivenXEnergy(std::shared_ptr<const Params> w, Eigen::VectorXd x)
      : w_(std::move(w)), x_(std::move(x)) {}
  std::span<const Column> columns() const { return columns_; }
  void energy(const Block<Scalar>& y, PerChain& out) const {
    out.resize(y.rows());
    for (Index c = 0; c < y.rows(); ++c) {
      out[c] =
          -field(c, 0, 0) * code(y, c, 0) - field(c, 1, (*w_)[0] * code(y, c, 0)) * code(y, c, 1);
    }
  }
  void conditional(const Block<Scalar>& y, std::span<const Index> columns,
                   Block<Scalar>& delta) const {
    for (std::size_t k = 0; k < columns.size(); ++k) {
      const Index j = columns[k];
      for (Index c = 0; c < y.rows(); ++c) {
        delta(c, static_cast<Index>(k)) =
            static_cast<Scalar>(-2 * field(c, j, (*w_)[0] * code(y, c, 1 - j)));
      }
    }
  }
  Index num_params() const { return 5; }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const {
    for (Index c = range.begin; c < range.end(); ++c) {
      const double s0 = code(y, c, 0), s1 = code(y, c, 1);
      Eigen::VectorXd g(5);
      g << s0 * s1, s0, s1, x_[c] * s0, x_[c] * s1;
      sum -= weights[c] * g;
    }
  }

 private:
  static double code(const Block<Scalar>& y, Index c, Index j) {
    return static_cast<double>(y(c, j));
  }
  double field(Index c, Index j, double neighbour) const {
    return (*w_)[1 + j] + (*w_)[3 + j] * x_[c] + neighbour;
  }
  std::vector<Column> columns_{spin_column(), spin_column()};
  std::shared_ptr<const Params> w_;
  Eigen::VectorXd x_;  // [chains]
};

class SpinsGivenX {
 public:
  struct Prepared {
    Eigen::MatrixXd x;
  };
  explicit SpinsGivenX(std::shared_ptr<const Params> w) : w_(std::move(w)) {}
  ModelShape shape() const { return {1, {spin_column(), spin_column()}, {}, 5}; }
  const Params& params() const { return *w_; }
  SpinsGivenX with_params(std::shared_ptr<const Params> w) const {
    return SpinsGivenX(std::move(w));
  }
  std::string param_name(Index i) const { return "w" + std::to_string(i); }
  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd& x) const {
    return std::make_shared<const Prepared>(Prepared{x});
  }
  template <class Scalar>
  SpinsGivenXEnergy<Scalar> bind(const std::shared_ptr<const Prepared>& prepared,
                                 std::span<const Index> rows) const {
    Eigen::VectorXd x(static_cast<Index>(rows.size()));
    for (std::size_t c = 0; c < rows.size(); ++c) {
      x[static_cast<Index>(c)] = prepared->x(rows[c], 0);
    }
    return {w_, std::move(x)};
  }

 private:
  std::shared_ptr<const Params> w_;
};

/// Five rows of x, beta 1.3.
inline Problem spins_given_x_problem() {
  Params w(5);
  w << 0.7, -0.4, 0.3, 0.9, -0.6;
  Eigen::MatrixXd x(5, 1), y(5, 2);
  x << -1.5, -0.5, 0.25, 1, 2;
  y << -1, 1, -1, -1, 1, 1, 1, -1, 1, 1;
  return {SpinsGivenX(std::make_shared<const Params>(w)), x, y, 1.3};
}

}  // namespace negphase::testing
