#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "negphase/core/model.hpp"
#include "negphase/models/graph.hpp"

namespace negphase {

/// What all blocks of one pairwise model share.
struct PairwiseStructure {
  PairwiseStructure(ColumnKind kind, Graph g);
  Graph graph;
  std::vector<Column> columns;             ///< one binary column a site
  std::vector<std::vector<Index>> groups;  ///< color_groups(graph)
  Index num_params() const { return static_cast<Index>(graph.edges().size()) + graph.num_sites(); }
};

/// The energy of one block of a PairwiseModel; all arithmetic in double. Cost a chain: edges for an
/// energy, the site's degree for a change or a conditional.
template <class Scalar_>
class PairwiseEnergy {
 public:
  using Scalar = Scalar_;

  PairwiseEnergy(std::shared_ptr<const PairwiseStructure> structure,
                 std::shared_ptr<const Params> w, Index chains);

  std::span<const Column> columns() const { return structure_->columns; }
  void energy(const Block<Scalar>& y, PerChain& out) const;
  void energy_change(const Block<Scalar>& y, Index site, const Lane<Scalar>& values,
                     PerChain& out) const;
  void energy_change(const Block<Scalar>& y, const Sites& sites, const Lane<Scalar>& values,
                     PerChain& out) const;
  /// Columns that are not coupled to each other; throws UsageError that names the edge.
  void conditional(const Block<Scalar>& y, std::span<const Index> columns,
                   Block<Scalar>& delta) const;
  Index num_params() const { return w_->size(); }
  void add_param_grad(const Block<Scalar>& y, ChainRange range, const PerChain& weights,
                      Eigen::VectorXd& sum) const;
  /// The colours of the graph: a step of block Gibbs is a sweep by colour, and by site where all
  /// pairs are coupled.
  LayerView layers() const { return {structure_->groups}; }
  PairwiseView pairwise() const;

 private:
  void set_field(const Block<Scalar>& y, Index site) const;
  void check_uncoupled(std::span<const Index> columns) const;

  std::shared_ptr<const PairwiseStructure> structure_;
  std::shared_ptr<const Params> w_;
  Index chains_;
  mutable PerChain field_;        // of one site
  mutable std::vector<char> in_;  // the columns of a conditional
  mutable Eigen::MatrixXd states_, weighted_, moments_;
};

/// Binary variables with couplings: Ising models (spins), Boltzmann machines (bits); no x, no z.
///   E_W(s) = -sum_{edges (i, j)} J_ij s_i s_j - sum_i b_i s_i
/// W = (J by edge, sorted by (i, j), i < j; then b [n]), P = edges + n.
/// dE/dJ_ij = -s_i s_j, dE/db_i = -s_i.
class PairwiseModel {
 public:
  struct Prepared {};

  /// @param kind  ColumnKind::spin or ColumnKind::bit; throws UsageError otherwise
  /// Throws ConfigError where the number of parameters is not edges + sites.
  PairwiseModel(ColumnKind kind, Graph graph, Params w);

  ModelShape shape() const { return {0, structure_->columns, {}, structure_->num_params()}; }
  const Params& params() const { return *w_; }
  PairwiseModel with_params(std::shared_ptr<const Params> w) const {
    return PairwiseModel(structure_, std::move(w));
  }
  /// "J[0,3]", "b[2]"
  std::string param_name(Index i) const;
  const Graph& graph() const { return structure_->graph; }

  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd&) const { return nullptr; }
  template <class Scalar>
  PairwiseEnergy<Scalar> bind(const std::shared_ptr<const Prepared>&,
                              std::span<const Index> row_of_chain) const {
    return PairwiseEnergy<Scalar>(structure_, w_, static_cast<Index>(row_of_chain.size()));
  }

 private:
  PairwiseModel(std::shared_ptr<const PairwiseStructure> structure,
                std::shared_ptr<const Params> w);
  std::shared_ptr<const PairwiseStructure> structure_;
  std::shared_ptr<const Params> w_;
};

}  // namespace negphase
