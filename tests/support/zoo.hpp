#pragma once
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "negphase/core/energy.hpp"
#include "negphase/models/rbm.hpp"
#include "support/kernel_probe.hpp"
#include "support/lying_energy.hpp"
#include "support/pairwise_energy.hpp"

// Small exact models. None is symmetric under s -> -s or under an exchange of its sites.
namespace negphase::testing {

/// Any energies at all over any finite columns, from a table in the order of StateSpace; +inf for
/// forbidden states. One layer a column.
template <class Scalar_>
class TableEnergy {
 public:
  using Scalar = Scalar_;

  TableEnergy(std::vector<Column> columns, Eigen::VectorXd energies)
      : space_(columns), energies_(std::move(energies)) {}

  std::span<const Column> columns() const { return space_.columns(); }
  void energy(const Block<Scalar>& y, PerChain& out) const {
    out.resize(y.rows());
    for (Index c = 0; c < y.rows(); ++c) {
      out[c] = energy_with(y, c, 0, static_cast<double>(y(c, 0)));
    }
  }
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const {
    out.resize(y.rows());
    for (Index c = 0; c < y.rows(); ++c) {
      out[c] = change(y, c, site, static_cast<double>(values[c]));
    }
  }
  void energy_change(const Block<Scalar>& y, const Sites& sites, const Lane<Scalar>& values,
                     PerChain& out) const {
    out.resize(y.rows());
    for (Index c = 0; c < y.rows(); ++c) {
      out[c] = change(y, c, sites[c], static_cast<double>(values[c]));
    }
  }
  void conditional(const Block<Scalar>& y, std::span<const Index> columns,
                   Block<Scalar>& delta) const {
    for (Index c = 0; c < y.rows(); ++c) {
      Index at = 0;
      for (Index j : columns) {
        const Column& column = space_.columns()[static_cast<std::size_t>(j)];
        const double first = energy_with(y, c, j, state_code(column, 0));
        for (Index k = 1; k < column.num_states; ++k) {
          const double energy = energy_with(y, c, j, state_code(column, k));
          // +inf - (+inf): the state stays forbidden
          delta(c, at++) = static_cast<Scalar>(std::isinf(energy) ? energy : energy - first);
        }
      }
    }
  }
  LayerView layers() const { return {single_columns(static_cast<Index>(columns().size()))}; }

 private:
  /// The energy of chain c with column `site` set to `code`.
  double energy_with(const Block<Scalar>& y, Index c, Index site, double code) const {
    Index k = 0;
    for (Index j = 0; j < y.cols(); ++j) {
      const Column& column = space_.columns()[static_cast<std::size_t>(j)];
      k = k * column.num_states +
          state_index(column, j == site ? code : static_cast<double>(y(c, j)));
    }
    return energies_[k];
  }
  double change(const Block<Scalar>& y, Index c, Index site, double code) const {
    return energy_with(y, c, site, code) - energy_with(y, c, site, static_cast<double>(y(c, site)));
  }

  StateSpace space_;
  Eigen::VectorXd energies_;
};

/// E(x) = (x^2 - 1)^2 / 4 + x / 8 in every coordinate, neighbours coupled by `coupling` x_i
/// x_{i+1}. One coordinate: the double well of langevin.json.
template <class Scalar_>
struct CoupledWells {
  using Scalar = Scalar_;

  explicit CoupledWells(Index n, double c = 0)
      : columns_(static_cast<std::size_t>(n), real_column()), coupling(c) {}
  std::span<const Column> columns() const { return columns_; }

  void energy(const Block<Scalar>& y, PerChain& out) const {
    gradient_.resize(y.rows(), y.cols());
    energy_and_grad(y, out, gradient_);
  }
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const {
    out.setZero(y.rows());
    for (Index j = 0; j < y.cols(); ++j) {
      for (Index c = 0; c < y.rows(); ++c) {
        const auto x = static_cast<double>(y(c, j));
        const double left = j > 0 ? static_cast<double>(y(c, j - 1)) : 0;
        const double right = j + 1 < y.cols() ? static_cast<double>(y(c, j + 1)) : 0;
        out[c] += (x * x - 1) * (x * x - 1) / 4 + x / 8 + coupling * left * x;
        grad(c, j) = static_cast<Scalar>(x * x * x - x + 0.125 + coupling * (left + right));
      }
    }
  }

  std::vector<Column> columns_;
  double coupling;
  mutable Block<Scalar> gradient_;
};

/// E = k y^2 / 2 in one coordinate.
template <class Scalar_>
struct Spring {
  using Scalar = Scalar_;
  explicit Spring(double stiffness) : k(stiffness) {}
  std::span<const Column> columns() const { return columns_; }
  void energy(const Block<Scalar>& y, PerChain& out) const {
    out = 0.5 * k * y.col(0).template cast<double>().square();
  }
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const {
    energy(y, out);
    grad = static_cast<Scalar>(k) * y;
  }
  std::vector<Column> columns_{real_column()};
  double k;
};

/// E on the real line from a function of x, with an optional slope: NaN, +inf and -inf at will.
template <class Scalar_>
struct FunctionEnergy {
  using Scalar = Scalar_;
  std::span<const Column> columns() const { return columns_; }
  void energy(const Block<Scalar>& y, PerChain& out) const {
    out = y.col(0).template cast<double>().unaryExpr(value);
  }
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const {
    energy(y, out);
    grad = y.template cast<double>().unaryExpr(slope).template cast<Scalar>();
  }
  std::function<double(double)> value;
  std::function<double(double)> slope = [](double) { return 0.0; };
  std::vector<Column> columns_{real_column()};
};

/// E of every state of the energy's columns, in the order of StateSpace.
template <class E>
Eigen::VectorXd energy_table(const E& energy) {
  PerChain out;
  const StateSpace space(energy.columns());
  out.resize(space.size());
  energy.energy(space.all().cast<typename E::Scalar>().eval(), out);
  return out.matrix();
}

/// The 3-spin model of transition_matrices.json.
template <class S>
PairwiseEnergy<S> three_spins() {
  auto weights = std::make_shared<PairwiseWeights>();
  weights->couplings.resize(3, 3);
  weights->couplings << 0, 0.5, 0.25, 0.5, 0, -0.75, 0.25, -0.75, 0;
  weights->fields.resize(3);
  weights->fields << 0.25, -0.5, 0.125;
  return {weights, ColumnKind::spin};
}

/// A glass: all pairs of n sites coupled with both signs, no two couplings equal.
template <class S>
PairwiseEnergy<S> glass(Index n, ColumnKind kind) {
  auto weights = std::make_shared<PairwiseWeights>();
  weights->couplings.setZero(n, n);
  weights->fields.resize(n);
  for (Index i = 0; i < n; ++i) {
    weights->fields[i] = 0.7 * std::sin(1.0 + 2.3 * static_cast<double>(i));
    for (Index j = i + 1; j < n; ++j) {
      weights->couplings(i, j) = weights->couplings(j, i) =
          0.8 * std::sin(0.4 + 1.7 * static_cast<double>(i * n + j));
    }
  }
  return {weights, kind};
}

/// A category of three states, a spin and an ordinal of three states.
template <class S>
TableEnergy<S> categories() {
  std::vector<Column> columns{{ColumnKind::category, 3}, spin_column(), {ColumnKind::ordinal, 3}};
  Eigen::VectorXd energies(18);
  for (Index k = 0; k < 18; ++k) {
    energies[k] = 1.4 * std::sin(0.3 + 1.9 * static_cast<double>(k));
  }
  return {std::move(columns), std::move(energies)};
}

/// Two bits and a category of three states; 5 of the 12 states are forbidden, the others connected
/// by single changes. Among them states in which the first state of a column is forbidden.
template <class S>
TableEnergy<S> forbidden_states() {
  constexpr double inf = std::numeric_limits<double>::infinity();
  Eigen::VectorXd energies(12);
  // bits 00: category 0 only; 01: 0 and 1; 10: 0, 1 and 2; 11: category 1 only
  energies << 0.3, inf, inf, -0.4, 0.9, inf, 0.2, -0.7, 0.5, inf, 0.1, inf;
  return {{bit_column(), bit_column(), {ColumnKind::category, 3}}, std::move(energies)};
}

/// An RBM with 3 visible and 2 hidden units, through models/rbm.hpp.
template <class S>
RbmEnergy<S> small_rbm() {
  Params w(11);
  w << 0.8, -0.6, -0.3, 0.9, 0.5, 0.4, 0.2, -0.7, 0.35, -0.1, 0.6;
  const RbmModel model(3, 2, std::move(w));
  return RbmEnergy<S>(model.prepare(Eigen::MatrixXd()));
}

/// A matrix of transition_matrices.json; `pi` too.
Eigen::MatrixXd reference_matrix(const std::string& kernel);
Eigen::VectorXd reference_pi();

/// The MALA rows of langevin.json.
struct MalaRow {
  double x, y, step_size, beta, log_accept, noise;
};
std::vector<MalaRow> reference_mala();

/// The ULA rows of langevin.json: E = k y^2 / 2.
struct UlaRow {
  double k, step_size, beta, variance;
};
std::vector<UlaRow> reference_ula();

}  // namespace negphase::testing
