#pragma once
#include <memory>
#include <span>
#include <vector>

#include "negphase/core/any_energy.hpp"
#include "negphase/core/by_evaluation.hpp"
#include "negphase/core/states_summed_out.hpp"

namespace negphase {

/// Energies E_1 .. E_K over the same columns, as parts of one; the parameters of a whole are those
/// of the parts, one part after the other. Copies share the parts, and so their scratch: one
/// thread at a time may use them all.
template <class Scalar>
class EnergyParts {
 public:
  /// Throws UsageError where there is none, or their columns differ.
  explicit EnergyParts(std::vector<AnyEnergy<Scalar>> parts);

  Index size() const { return static_cast<Index>(parts_.size()); }
  const AnyEnergy<Scalar>& operator[](Index k) const {
    return *parts_[static_cast<std::size_t>(k)];
  }
  std::span<const Column> columns() const { return parts_[0]->columns(); }
  Index num_params() const { return num_params_; }
  /// What every part can.
  Abilities common_abilities() const;
  /// sum += sum_{c in range} weights[c] sum_k share(c, k) dE_k/dW(y_c); share [chains x parts]
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      const Block<double>& share, Eigen::VectorXd& sum) const;

 private:
  std::vector<std::shared_ptr<const AnyEnergy<Scalar>>> parts_;
  Index num_params_ = 0;
  mutable PerChain part_weights_;
  mutable Eigen::VectorXd part_sum_;
};

/// A sum of energies over the same columns, each with a weight >= 0 for each chain:
///   E = sum_k a_k E_k,  a [chains x parts]
/// with 0 * (+inf) = +inf: what a part forbids stays forbidden. It can what all of its parts can
/// (changes and conditionals are sums of theirs) and has layers where they all have the same.
/// Finite columns are summed out state by state. Cost: that of the parts.
template <class Scalar_>
class EnergySum {
 public:
  using Scalar = Scalar_;

  /// E_1 + .. + E_K. Throws UsageError as EnergyParts.
  EnergySum(std::vector<AnyEnergy<Scalar>> parts, Index chains);
  /// @param weights  a [chains x parts]; UsageError for another number of columns
  EnergySum(std::vector<AnyEnergy<Scalar>> parts, Block<double> weights);

  std::span<const Column> columns() const { return parts_.columns(); }
  Abilities abilities() const;
  void energy(const Block<Scalar>& y, PerChain& out) const;
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const;
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const;
  void energy_change(const Block<Scalar>& y, const Sites& sites, const Lane<Scalar>& values,
                     PerChain& out) const;
  void conditional(const Block<Scalar>& y, std::span<const Index> columns,
                   Block<Scalar>& delta) const;
  Index num_params() const { return parts_.num_params(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const {
    parts_.add_param_grad(y, range, weights, weights_, sum);
  }
  LayerView layers() const { return parts_[0].layers(); }
  bool can_sum_out(std::span<const Index> columns) const {
    return StatesSummedOut<Scalar>::can_sum(parts_.columns(), columns);
  }
  StatesSummedOut<Scalar> summed_out(std::span<const Index> columns, double beta) const {
    return {std::make_shared<const AnyEnergy<Scalar>>(EnergySum(*this)), columns, beta};
  }

 protected:
  void set_weights(Block<double> weights) { weights_ = std::move(weights); }

 private:
  void add_weighted(Index k, const PerChain& energies, PerChain& out) const;

  EnergyParts<Scalar> parts_;
  Block<double> weights_;
  mutable PerChain part_;
  mutable Block<Scalar> part_block_;
  mutable Block<double> total_;
};

/// The path from a reference to a target that is no temperature, for annealing:
///   E_c = (1 - lambda_c) E_reference + lambda_c E_target,  0 <= lambda_c <= 1 for each chain
template <class Scalar_>
class Path : public EnergySum<Scalar_> {
 public:
  using Scalar = Scalar_;

  /// @param lambda  [chains]; UsageError outside [0, 1], and as EnergyParts
  Path(AnyEnergy<Scalar> reference, AnyEnergy<Scalar> target, const PerChain& lambda);
  /// The same energies at another place of the path.
  void set_lambda(const PerChain& lambda);
};

/// A mixture of energies over the same columns, with weights w_k > 0:
///   E = -(1/beta) log sum_k w_k exp(-beta E_k),  beta > 0 fixed in its making,
/// so that at that beta exp(-beta E) is the sum of those of the parts, and Z = sum_k w_k Z_k. Its
/// derivatives are those of the parts, each weighted with its share w_k exp(-beta (E_k - E)).
/// Shifted by the largest exponent (M14). Changes and conditionals (of one column) by evaluation.
/// Cost: that of the parts, and K exponentials a chain.
template <class Scalar_>
class EnergyMixture {
 public:
  using Scalar = Scalar_;

  /// @param log_weights  log w_k [parts], finite  @param beta  > 0; UsageError otherwise
  EnergyMixture(std::vector<AnyEnergy<Scalar>> parts, Eigen::ArrayXd log_weights, double beta);

  std::span<const Column> columns() const { return parts_.columns(); }
  Abilities abilities() const;
  void energy(const Block<Scalar>& y, PerChain& out) const;
  void energy_and_grad(const Block<Scalar>& y, PerChain& out, Block<Scalar>& grad) const;
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const {
    changes_.energy_change(*this, y, site, values, out);
  }
  void energy_change(const Block<Scalar>& y, const Sites& sites, const Lane<Scalar>& values,
                     PerChain& out) const {
    changes_.energy_change(*this, y, sites, values, out);
  }
  void conditional(const Block<Scalar>& y, std::span<const Index> columns,
                   Block<Scalar>& delta) const {
    changes_.conditional(*this, y, columns, delta);
  }
  Index num_params() const { return parts_.num_params(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;
  bool can_sum_out(std::span<const Index> columns) const {
    return StatesSummedOut<Scalar>::can_sum(parts_.columns(), columns);
  }
  StatesSummedOut<Scalar> summed_out(std::span<const Index> columns, double beta) const {
    return {std::make_shared<const AnyEnergy<Scalar>>(EnergyMixture(*this)), columns, beta};
  }

 private:
  void set_shares(PerChain& out) const;

  EnergyParts<Scalar> parts_;
  Eigen::ArrayXd log_weights_;
  double beta_;
  mutable Block<double> share_;  // E_k, then the share of part k [chains x parts]
  mutable PerChain part_, largest_, total_;
  mutable std::vector<Block<Scalar>> grads_;
  mutable Block<double> mean_grad_;
  mutable ByEvaluation<Scalar> changes_;
};

}  // namespace negphase
