#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "negphase/models/graph.hpp"
#include "negphase/models/registry.hpp"

namespace negphase {

/// What couples two columns of a PottsModel.
enum class PottsCouplings {
  equal,  ///< one number an edge, which counts where both columns are in the same state
  full,   ///< a table an edge, a number for each pair of states
};

/// What all blocks of one PottsModel share.
struct PottsStructure {
  /// Throws ConfigError where a column has less than one state, and where couplings of equal states
  /// join columns of different numbers of states.
  PottsStructure(PottsCouplings couplings, Graph g, std::vector<Index> states_of_columns);
  PottsCouplings kind;
  Graph graph;
  std::vector<Index> states;               ///< K of each column
  std::vector<Column> columns;             ///< categories
  std::vector<std::vector<Index>> groups;  ///< color_groups(graph)
  std::vector<Index> coupling_at;          ///< where each edge's J starts in W
  std::vector<Index> bias_at;              ///< where each column's b starts in W
  Index num_params = 0;
  Index most_states = 0;  ///< the largest K
};

/// The energy of one block of a PottsModel; all arithmetic in double, by look-up: a state is an
/// index, never a row of zeros and a one. Cost a chain: sites + edges for an energy and for dE/dW,
/// the site's degree for a change, K times that for a conditional.
template <class Scalar_>
class PottsEnergy {
 public:
  using Scalar = Scalar_;

  PottsEnergy(std::shared_ptr<const PottsStructure> structure, std::shared_ptr<const Params> w);

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

 private:
  void set_states(const Block<Scalar>& y, ChainRange range) const;
  void set_fields(const Block<Scalar>& y, Index site) const;
  double change(const Block<Scalar>& y, Index chain, Index site, Index to) const;
  void check_uncoupled(std::span<const Index> columns) const;

  std::shared_ptr<const PottsStructure> structure_;
  std::shared_ptr<const Params> w_;
  mutable Block<int> states_;     // [chains x sites]
  mutable Block<double> fields_;  // of one site, E = -field(s) + rest [chains x largest K]
  mutable std::vector<char> in_;  // the columns of a conditional
};

/// Categories with couplings; no x, no z. Column i holds one of K_i states.
///   equal  E_W(s) = -sum_{edges (i, j)} J_ij [s_i = s_j] - sum_i b_i(s_i)     (the Potts model)
///   full   E_W(s) = -sum_{edges (i, j)} J_ij(s_i, s_j)   - sum_i b_i(s_i)
/// W = (J by edge, sorted by (i, j), i < j: one number, or K_i x K_j row by row, row = state of i;
/// then b column by column, K_i numbers each). dE/dJ and dE/db are -1 for the entries that the
/// state picks, else 0.
///
/// All b are kept, and in `full` all of J: more numbers than the law has. A constant added to b_i,
/// or u(s_i) added to J_ij and taken from b_i, changes E by a constant or not at all, and p never.
/// So the NLL has a flat valley of optima (its Hessian is singular there), gradients are along it
/// 0, and two trained W may differ where their laws agree: compare p, or use l2 > 0, which picks
/// the shortest W.
class PottsModel {
 public:
  struct Prepared {};

  /// @param states  K of each site
  /// Throws ConfigError where the number of parameters is wrong, and as PottsStructure.
  PottsModel(PottsCouplings couplings, Graph graph, std::vector<Index> states, Params w);
  /// With W = 0.
  PottsModel(PottsCouplings couplings, Graph graph, std::vector<Index> states);

  ModelShape shape() const { return {0, structure_->columns, {}, structure_->num_params}; }
  const Params& params() const { return *w_; }
  PottsModel with_params(std::shared_ptr<const Params> w) const {
    return PottsModel(structure_, std::move(w));
  }
  /// "J[0,3]" (equal), "J[0,3,25,1]" (full: edge, then states), "b[2,7]" (column, state)
  std::string param_name(Index i) const;
  const Graph& graph() const { return structure_->graph; }

  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd&) const { return nullptr; }
  template <class Scalar>
  PottsEnergy<Scalar> bind(const std::shared_ptr<const Prepared>&, std::span<const Index>) const {
    return PottsEnergy<Scalar>(structure_, w_);
  }

 private:
  PottsModel(std::shared_ptr<const PottsStructure> structure, std::shared_ptr<const Params> w);
  std::shared_ptr<const PottsStructure> structure_;
  std::shared_ptr<const Params> w_;
};

/// The row of the registry.
ModelRow potts_row();

}  // namespace negphase
