#include "negphase/models/pairwise.hpp"

#include <fmt/core.h>

#include "negphase/core/error.hpp"
#include "negphase/models/params.hpp"

namespace negphase {

PairwiseStructure::PairwiseStructure(ColumnKind kind, Graph g)
    : graph(std::move(g)),
      columns(static_cast<std::size_t>(graph.num_sites()), Column{kind, 2}),
      groups(color_groups(graph)) {
  if (kind != ColumnKind::spin && kind != ColumnKind::bit) {
    throw UsageError("a pairwise model is over spins or bits");
  }
}

template <class Scalar>
PairwiseEnergy<Scalar>::PairwiseEnergy(std::shared_ptr<const PairwiseStructure> structure,
                                       std::shared_ptr<const Params> w, Index chains)
    : structure_(std::move(structure)),
      w_(std::move(w)),
      chains_(chains),
      in_(structure_->columns.size(), 0) {}

// b_j + sum_i J_ij s_i of every chain
template <class Scalar>
void PairwiseEnergy<Scalar>::set_field(const Block<Scalar>& y, Index site) const {
  const Params& w = *w_;
  const auto edges = static_cast<Index>(structure_->graph.edges().size());
  field_.setConstant(y.rows(), w[edges + site]);
  for (const Graph::Neighbour& n : structure_->graph.neighbours(site)) {
    field_ += w[n.edge] * y.col(n.site).template cast<double>();
  }
}

template <class Scalar>
void PairwiseEnergy<Scalar>::energy(const Block<Scalar>& y, PerChain& out) const {
  const Params& w = *w_;
  const Graph& graph = structure_->graph;
  const auto edges = static_cast<Index>(graph.edges().size());
  out.setZero(y.rows());
  for (Index j = 0; j < graph.num_sites(); ++j) {
    // each edge once: at its higher end
    field_.setConstant(y.rows(), w[edges + j]);
    for (const Graph::Neighbour& n : graph.neighbours(j)) {
      if (n.site > j) {
        break;
      }
      field_ += w[n.edge] * y.col(n.site).template cast<double>();
    }
    out -= field_ * y.col(j).template cast<double>();
  }
}

template <class Scalar>
void PairwiseEnergy<Scalar>::energy_change(const Block<Scalar>& y, Index site,
                                           const Lane<Scalar>& values, PerChain& out) const {
  set_field(y, site);
  out = field_ * (y.col(site) - values).template cast<double>();
}

template <class Scalar>
void PairwiseEnergy<Scalar>::energy_change(const Block<Scalar>& y, const Sites& sites,
                                           const Lane<Scalar>& values, PerChain& out) const {
  const Params& w = *w_;
  const auto edges = static_cast<Index>(structure_->graph.edges().size());
  out.resize(y.rows());
  for (Index c = 0; c < y.rows(); ++c) {
    const Index site = sites[c];
    double field = w[edges + site];
    for (const Graph::Neighbour& n : structure_->graph.neighbours(site)) {
      field += w[n.edge] * static_cast<double>(y(c, n.site));
    }
    out[c] = field * static_cast<double>(y(c, site) - values[c]);
  }
}

template <class Scalar>
void PairwiseEnergy<Scalar>::check_uncoupled(std::span<const Index> columns) const {
  for (const Index j : columns) {
    in_[static_cast<std::size_t>(j)] = 1;
  }
  Edge coupled{-1, -1};
  for (const Index j : columns) {
    for (const Graph::Neighbour& n : structure_->graph.neighbours(j)) {
      if (in_[static_cast<std::size_t>(n.site)] != 0) {
        coupled = {n.site, j};
      }
    }
  }
  for (const Index j : columns) {
    in_[static_cast<std::size_t>(j)] = 0;
  }
  if (coupled.first >= 0) {
    throw UsageError(fmt::format(
        "conditional: columns {} and {} are coupled, so they cannot be drawn together",
        std::min(coupled.first, coupled.second), std::max(coupled.first, coupled.second)));
  }
}

template <class Scalar>
void PairwiseEnergy<Scalar>::conditional(const Block<Scalar>& y, std::span<const Index> columns,
                                         Block<Scalar>& delta) const {
  check_uncoupled(columns);
  const Column& column = structure_->columns.front();
  const double step = state_code(column, 1) - state_code(column, 0);
  delta.resize(y.rows(), static_cast<Index>(columns.size()));
  for (std::size_t k = 0; k < columns.size(); ++k) {
    set_field(y, columns[k]);
    delta.col(static_cast<Index>(k)) = (-step * field_).template cast<Scalar>();
  }
}

template <class Scalar>
void PairwiseEnergy<Scalar>::add_param_grad(const Block<Scalar>& y, ChainRange range,
                                            const PerChain& weights, Eigen::VectorXd& sum) const {
  const auto& edges = structure_->graph.edges();
  const Index sites = structure_->graph.num_sites();
  const auto num_edges = static_cast<Index>(edges.size());
  states_ = y.middleRows(range.begin, range.size).matrix().template cast<double>();
  weighted_ = states_.array().colwise() * weights.segment(range.begin, range.size);
  // all products at once where most of them are wanted
  const bool dense = 4 * num_edges > sites * sites;
  if (dense) {
    moments_.noalias() = weighted_.transpose() * states_;
  }
  for (Index e = 0; e < num_edges; ++e) {
    const auto [i, j] = edges[static_cast<std::size_t>(e)];
    sum[e] -= dense ? moments_(i, j) : weighted_.col(i).dot(states_.col(j));
  }
  sum.tail(sites) -= weighted_.colwise().sum().transpose();
}

template <class Scalar>
PairwiseView PairwiseEnergy<Scalar>::pairwise() const {
  const Params& w = *w_;
  const Graph& graph = structure_->graph;
  const auto edges = static_cast<Index>(graph.edges().size());
  PairwiseView view{{}, Block<double>(chains_, graph.num_sites()), {}};
  for (Index e = 0; e < edges; ++e) {
    const auto [i, j] = graph.edges()[static_cast<std::size_t>(e)];
    view.couplings.push_back({i, j, w[e], e});
  }
  for (Index j = 0; j < graph.num_sites(); ++j) {
    view.linear.col(j) = w[edges + j];
    view.linear_param.push_back(edges + j);
  }
  return view;
}

template class PairwiseEnergy<float>;
template class PairwiseEnergy<double>;

PairwiseModel::PairwiseModel(ColumnKind kind, Graph graph, Params w)
    : PairwiseModel(std::make_shared<const PairwiseStructure>(kind, std::move(graph)),
                    std::make_shared<const Params>(std::move(w))) {}

PairwiseModel::PairwiseModel(std::shared_ptr<const PairwiseStructure> structure,
                             std::shared_ptr<const Params> w)
    : structure_(std::move(structure)), w_(std::move(w)) {
  const auto edges = structure_->graph.edges().size();
  check_params_length(fmt::format("pairwise model of {} sites", structure_->graph.num_sites()),
                      fmt::format("J {} by edge, b {}", edges, structure_->graph.num_sites()),
                      structure_->num_params(), w_->size());
}

std::string PairwiseModel::param_name(Index i) const {
  const auto& edges = structure_->graph.edges();
  const auto num_edges = static_cast<Index>(edges.size());
  if (i < num_edges) {
    const auto [a, b] = edges[static_cast<std::size_t>(i)];
    return fmt::format("J[{},{}]", a, b);
  }
  return fmt::format("b[{}]", i - num_edges);
}

}  // namespace negphase
