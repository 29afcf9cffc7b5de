#pragma once
#include <Eigen/Dense>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "negphase/core/energy.hpp"

namespace negphase::testing {

/// A mixed state (y, z, y', s): reals y and y', a category z of three states, a spin s, in this
/// order, so that neither kind of column is contiguous.
///   E = k_z (y - m_z)^2 / 2 + q (y' - r s)^2 / 2 + g y y' - b_z - h s
/// Given z and s a Gaussian; the weights of (z, s) are closed forms (MixedLaw).
template <class Scalar_>
class MixedEnergy {
 public:
  using Scalar = Scalar_;
  static constexpr double k[] = {1.0, 2.5, 1.7}, m[] = {-1.2, 0.4, 1.5}, b[] = {0.3, -0.2, 0.5};
  static constexpr double q = 1.3, r = 0.8, g = 0.45, h = -0.25;

  std::span<const Column> columns() const { return columns_; }
  void energy(const Block<Scalar>& y, PerChain& out) const {
    for (Index c = 0; c < y.rows(); ++c) {
      out[c] = energy_of(row(y, c));
    }
  }
  /// Entries for discrete columns are NaN: nobody may look at them.
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const {
    energy(y, out);
    for (Index c = 0; c < y.rows(); ++c) {
      const std::array<double, 4> x = row(y, c);
      const auto z = static_cast<std::size_t>(x[1]);
      grad(c, 0) = static_cast<Scalar>(k[z] * (x[0] - m[z]) + g * x[2]);
      grad(c, 2) = static_cast<Scalar>(q * (x[2] - r * x[3]) + g * x[0]);
      grad(c, 1) = grad(c, 3) = std::numeric_limits<Scalar>::quiet_NaN();
    }
  }
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const {
    for (Index c = 0; c < y.rows(); ++c) {
      out[c] = change(row(y, c), site, static_cast<double>(values[c]));
    }
  }
  void energy_change(const Block<Scalar>& y, const Sites& sites, const Lane<Scalar>& values,
                     PerChain& out) const {
    for (Index c = 0; c < y.rows(); ++c) {
      out[c] = change(row(y, c), sites[c], static_cast<double>(values[c]));
    }
  }
  void conditional(const Block<Scalar>& y, std::span<const Index> which,
                   Block<Scalar>& delta) const {
    for (Index c = 0; c < y.rows(); ++c) {
      Index at = 0;
      for (const Index j : which) {
        const Column& column = columns_[static_cast<std::size_t>(j)];
        std::array<double, 4> x = row(y, c);
        x[static_cast<std::size_t>(j)] = state_code(column, 0);
        for (Index state = 1; state < column.num_states; ++state) {
          delta(c, at++) = static_cast<Scalar>(change(x, j, state_code(column, state)));
        }
      }
    }
  }

 private:
  static std::array<double, 4> row(const Block<Scalar>& y, Index c) {
    return {static_cast<double>(y(c, 0)), static_cast<double>(y(c, 1)),
            static_cast<double>(y(c, 2)), static_cast<double>(y(c, 3))};
  }
  static double energy_of(const std::array<double, 4>& x) {
    const auto z = static_cast<std::size_t>(x[1]);
    return k[z] * (x[0] - m[z]) * (x[0] - m[z]) / 2 +
           q * (x[2] - r * x[3]) * (x[2] - r * x[3]) / 2 + g * x[0] * x[2] - b[z] - h * x[3];
  }
  static double change(std::array<double, 4> x, Index site, double value) {
    const double before = energy_of(x);
    x[static_cast<std::size_t>(site)] = value;
    return energy_of(x) - before;
  }

  std::vector<Column> columns_{
      real_column(), {ColumnKind::category, 3}, real_column(), spin_column()};
};

/// The law exp(-beta E) / Z of MixedEnergy: a mixture of six Gaussians, number 2 z + [s = 1].
struct MixedLaw {
  explicit MixedLaw(double beta);
  struct Part {
    double weight = 0;
    Eigen::Vector2d mean;  ///< of (y, y')
    Eigen::Matrix2d covariance;
  };
  std::array<Part, 6> parts;
};

}  // namespace negphase::testing
