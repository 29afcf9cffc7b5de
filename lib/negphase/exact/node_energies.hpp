#pragma once
#include <functional>
#include <span>
#include <vector>

#include "negphase/exact/bind_row.hpp"
#include "negphase/parallel/executor.hpp"

namespace negphase {

/// What quadrature in any number of dimensions says of one row of x.
struct RealIntegral {
  double log_z = 0;
  double error = 0;                 ///< of log_z: estimated truncation plus rounding
  Eigen::VectorXd mean_param_grad;  ///< [P] E_p[dE/dW]; empty where the energy has no param_grad
  double evaluations = 0;
};

/// Energies at the nodes of a quadrature for one row of x, a block of chains at a time. Used by one
/// thread. Nodes are columns after each other: y [nodes x columns], column-major.
class NodeEnergies {
 public:
  NodeEnergies(const BindRow& bind, Index row);

  Index row() const { return row_; }
  Index columns() const { return y_.cols(); }
  double evaluations() const { return static_cast<double>(evaluations_); }
  bool has_param_grad() const { return energy_.can(Ability::param_grad); }

  /// Throws ModelError with row and y where an energy is NaN or -inf.
  std::vector<double> at(std::span<const double> y);
  /// Whatever they are.
  std::vector<double> unchecked(std::span<const double> y);
  /// sum_k weights[k] dE/dW(y[k]); [P]
  Eigen::VectorXd param_grad(std::span<const double> y, std::span<const double> weights);

 private:
  Index load(std::span<const double> y, std::size_t nodes, std::size_t begin);
  void refuse_bad(std::span<const double> y, std::span<const double> energies) const;

  AnyEnergy<double> energy_;
  Index row_;
  Block<double> y_;
  PerChain out_;
  std::size_t evaluations_ = 0;
};

/// Hands the nodes of one row of x to threads, in pieces that are fixed by their number alone.
class RowNodes {
 public:
  RowNodes(const BindRow& bind, Index row, const Executor& executor)
      : bind_(bind), executor_(executor), own_(bind, row) {}

  Index row() const { return own_.row(); }
  Index columns() const { return own_.columns(); }
  bool has_param_grad() const { return own_.has_param_grad(); }
  double evaluations() const { return own_.evaluations() + elsewhere_; }

  /// work(energies, begin, end) for the pieces of 0 .. n-1, each at most `size` long.
  using Work = std::function<void(NodeEnergies& energies, Index begin, Index end)>;
  void in_pieces(Index n, Index size, const Work& work);

  /// E at the rows of y [nodes x columns]; throws as NodeEnergies::at.
  PerChain at(const Block<double>& y);
  PerChain unchecked(const Block<double>& y);

 private:
  const BindRow& bind_;
  const Executor& executor_;
  NodeEnergies own_;  // of one piece alone: binding may cost more than its energies
  double elsewhere_ = 0;
};

}  // namespace negphase
