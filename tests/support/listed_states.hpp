#pragma once
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <string>

#include "negphase/exact/enumeration.hpp"
#include "negphase/gradient/estimate.hpp"
#include "negphase/models/pairwise.hpp"
#include "support/kernel_probe.hpp"

namespace negphase::testing {

/// A category of three states and a bit, an energy for each of the six states: E(y) = W[2 y0 + y1],
/// but for the last state, which is forbidden and where dE/dW is NaN. No energy_change.
template <class Scalar_>
class ListedEnergy {
 public:
  using Scalar = Scalar_;
  static constexpr Index last = 5;
  explicit ListedEnergy(std::shared_ptr<const Params> w) : w_(std::move(w)) {}

  std::span<const Column> columns() const { return columns_; }
  void energy(const Block<Scalar>& y, PerChain& out) const {
    out.resize(y.rows());
    for (Index c = 0; c < y.rows(); ++c) {
      const Index state = number(y, c);
      out[c] = state == last ? std::numeric_limits<double>::infinity() : (*w_)[state];
    }
  }
  Index num_params() const { return 6; }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const {
    for (Index c = range.begin; c < range.end(); ++c) {
      const Index state = number(y, c);
      sum[state] += state == last ? std::numeric_limits<double>::quiet_NaN() : weights[c];
    }
  }

 private:
  static Index number(const Block<Scalar>& y, Index c) {
    return 2 * static_cast<Index>(y(c, 0)) + static_cast<Index>(y(c, 1));
  }
  static constexpr std::array<Column, 2> columns_{Column{ColumnKind::category, 3},
                                                  Column{ColumnKind::bit, 2}};
  std::shared_ptr<const Params> w_;
};

class ListedModel {
 public:
  struct Prepared {};
  /// @param latent  whether the bit is a z, which cannot be summed out of this energy
  explicit ListedModel(std::shared_ptr<const Params> w, bool latent = false)
      : w_(std::move(w)), latent_(latent) {}
  ModelShape shape() const {
    const Column category{ColumnKind::category, 3};
    return latent_ ? ModelShape{0, {category}, {bit_column()}, 6}
                   : ModelShape{0, {category, bit_column()}, {}, 6};
  }
  const Params& params() const { return *w_; }
  ListedModel with_params(std::shared_ptr<const Params> w) const {
    return ListedModel(std::move(w), latent_);
  }
  std::string param_name(Index i) const { return "W[" + std::to_string(i) + "]"; }
  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd&) const { return nullptr; }
  template <class Scalar>
  ListedEnergy<Scalar> bind(const std::shared_ptr<const Prepared>&, std::span<const Index>) const {
    return ListedEnergy<Scalar>(w_);
  }

 private:
  std::shared_ptr<const Params> w_;
  bool latent_;
};

/// All states of y that have a probability, one a row.
inline Problem all_states(const AnyModel& model, double beta) {
  const Block<double> all = StateSpace(model.shape().y).all();
  Eigen::MatrixXd kept(0, all.cols());
  const std::array<Index, 1> row{0};
  const AnyEnergy<double> energy = model.bind_double(model.prepare({}), row);
  for (Index s = 0; s < all.rows(); ++s) {
    PerChain e(1);
    // with z, any state of it tells whether y is allowed
    Block<double> one = Block<double>::Zero(1, static_cast<Index>(energy.columns().size()));
    one.leftCols(all.cols()) = all.row(s);
    energy.energy(one, e);
    if (std::isfinite(e[0])) {
      kept.conservativeResize(kept.rows() + 1, Eigen::NoChange);
      kept.bottomRows(1) = all.row(s).matrix();
    }
  }
  return {model, Eigen::MatrixXd(kept.rows(), 0), kept, beta};
}

/// exp(-beta F) of the rows [rows], not normalised; their sum is Z.
inline Eigen::VectorXd boltzmann_weights(const Problem& rows) {
  const std::vector<Index> states(static_cast<std::size_t>(rows.rows()), 0);
  const AnyEnergy<double> joint = rows.model.bind_double(rows.model.prepare({}), states);
  const std::vector<Index> latents = latent_columns(rows.model.shape());
  PerChain energy(rows.rows());
  if (latents.empty()) {
    joint.energy(rows.y.array(), energy);
  } else {
    joint.summed_out(latents, rows.beta).energy(rows.y.array(), energy);
  }
  return (-rows.beta * energy).exp().matrix();
}

/// p(y) of the rows (M2).
inline Eigen::VectorXd law_of(const Problem& rows) {
  const Eigen::VectorXd weights = boltzmann_weights(rows);
  return weights / weights.sum();
}

inline AnyModel listed_model(bool latent = false) {
  Params w(6);
  w << 0.3, -0.4, 0.9, 0.1, -0.7, 0;
  return ListedModel(std::make_shared<const Params>(w), latent);
}

/// Three spins (or bits) with couplings and fields of both signs.
inline AnyModel three_pairs(ColumnKind kind) {
  Params w(6);
  w << 0.5, 0.25, -0.75, 0.25, -0.5, 0.125;
  return PairwiseModel(kind, Graph(3, all_pairs(3)), w);
}

}  // namespace negphase::testing
