#include "negphase/models/potts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "negphase/core/error.hpp"
#include "negphase/models/category_columns.hpp"
#include "negphase/models/params.hpp"

namespace negphase {

PottsStructure::PottsStructure(PottsCouplings couplings, Graph g,
                               std::vector<Index> states_of_columns)
    : kind(couplings),
      graph(std::move(g)),
      states(std::move(states_of_columns)),
      columns(category_columns(states)),
      groups(color_groups(graph)) {
  if (static_cast<Index>(states.size()) != graph.num_sites() ||
      std::any_of(states.begin(), states.end(), [](Index k) { return k < 1; })) {
    throw ConfigError(fmt::format("potts: {} sites need as many numbers of states, each at least 1",
                                  graph.num_sites()));
  }
  for (const auto& [i, j] : graph.edges()) {
    const Index first = states[static_cast<std::size_t>(i)];
    const Index second = states[static_cast<std::size_t>(j)];
    if (kind == PottsCouplings::equal && first != second) {
      throw ConfigError(
          fmt::format("potts: couplings = \"equal\" asks whether columns {} and {} are in the same "
                      "state, but they have {} and {} states; give all columns the same list of "
                      "labels, or take couplings = \"full\"",
                      i + 1, j + 1, first, second));
    }
    coupling_at.push_back(num_params);
    num_params += kind == PottsCouplings::equal ? 1 : first * second;
  }
  for (const Index k : states) {
    bias_at.push_back(num_params);
    num_params += k;
    most_states = std::max(most_states, k);
  }
}

template <class Scalar>
PottsEnergy<Scalar>::PottsEnergy(std::shared_ptr<const PottsStructure> structure,
                                 std::shared_ptr<const Params> w)
    : structure_(std::move(structure)), w_(std::move(w)), in_(structure_->columns.size(), 0) {}

template <class Scalar>
void PottsEnergy<Scalar>::set_states(const Block<Scalar>& y, ChainRange range) const {
  states_ = y.middleRows(range.begin, range.size).template cast<int>();
}

template <class Scalar>
void PottsEnergy<Scalar>::energy(const Block<Scalar>& y, PerChain& out) const {
  const PottsStructure& s = *structure_;
  const Index chains = y.rows();
  set_states(y, {0, chains});
  out.setZero(chains);
  for (Index i = 0; i < y.cols(); ++i) {
    const double* bias = w_->data() + s.bias_at[static_cast<std::size_t>(i)];
    const int* state = states_.col(i).data();
    for (Index c = 0; c < chains; ++c) {
      out[c] -= bias[state[c]];
    }
  }
  for (std::size_t e = 0; e < s.coupling_at.size(); ++e) {
    const auto [i, j] = s.graph.edges()[e];
    const double* coupling = w_->data() + s.coupling_at[e];
    const int *first = states_.col(i).data(), *second = states_.col(j).data();
    if (s.kind == PottsCouplings::equal) {
      for (Index c = 0; c < chains; ++c) {
        out[c] -= first[c] == second[c] ? *coupling : 0;
      }
      continue;
    }
    const Index row = s.states[static_cast<std::size_t>(j)];
    for (Index c = 0; c < chains; ++c) {
      out[c] -= coupling[first[c] * row + second[c]];
    }
  }
}

/// E with `site` in state `to`, less E.
template <class Scalar>
double PottsEnergy<Scalar>::change(const Block<Scalar>& y, Index chain, Index site,
                                   Index to) const {
  const PottsStructure& s = *structure_;
  const auto from = static_cast<Index>(y(chain, site));
  const double* bias = w_->data() + s.bias_at[static_cast<std::size_t>(site)];
  double sum = bias[from] - bias[to];
  for (const Graph::Neighbour& n : s.graph.neighbours(site)) {
    const double* coupling = w_->data() + s.coupling_at[static_cast<std::size_t>(n.edge)];
    const auto other = static_cast<Index>(y(chain, n.site));
    if (s.kind == PottsCouplings::equal) {
      sum += ((from == other ? 1 : 0) - (to == other ? 1 : 0)) * *coupling;
    } else if (site < n.site) {
      const Index row = s.states[static_cast<std::size_t>(n.site)];
      sum += coupling[from * row + other] - coupling[to * row + other];
    } else {
      const double* of_other = coupling + other * s.states[static_cast<std::size_t>(site)];
      sum += of_other[from] - of_other[to];
    }
  }
  return sum;
}

template <class Scalar>
void PottsEnergy<Scalar>::energy_change(const Block<Scalar>& y, Index site,
                                        const Lane<Scalar>& values, PerChain& out) const {
  out.resize(y.rows());
  for (Index c = 0; c < y.rows(); ++c) {
    out[c] = change(y, c, site, static_cast<Index>(values[c]));
  }
}

template <class Scalar>
void PottsEnergy<Scalar>::energy_change(const Block<Scalar>& y, const Sites& sites,
                                        const Lane<Scalar>& values, PerChain& out) const {
  out.resize(y.rows());
  for (Index c = 0; c < y.rows(); ++c) {
    out[c] = change(y, c, sites[c], static_cast<Index>(values[c]));
  }
}

/// fields_(c, k) = b(k) + sum of J of state k with the neighbours' states.
template <class Scalar>
void PottsEnergy<Scalar>::set_fields(const Block<Scalar>& y, Index site) const {
  const PottsStructure& s = *structure_;
  const Index num_states = s.states[static_cast<std::size_t>(site)];
  const double* bias = w_->data() + s.bias_at[static_cast<std::size_t>(site)];
  fields_.resize(y.rows(), s.most_states);  // the same for all sites: no allocation
  for (Index k = 0; k < num_states; ++k) {
    fields_.col(k) = bias[k];
  }
  for (const Graph::Neighbour& n : s.graph.neighbours(site)) {
    const double* coupling = w_->data() + s.coupling_at[static_cast<std::size_t>(n.edge)];
    if (s.kind == PottsCouplings::equal) {
      for (Index c = 0; c < y.rows(); ++c) {
        fields_(c, static_cast<Index>(y(c, n.site))) += *coupling;
      }
      continue;
    }
    const bool is_row = site < n.site;
    const Index step = is_row ? s.states[static_cast<std::size_t>(n.site)] : 1;
    const Index step_of_other = is_row ? 1 : num_states;
    for (Index c = 0; c < y.rows(); ++c) {
      const double* of_other = coupling + static_cast<Index>(y(c, n.site)) * step_of_other;
      for (Index k = 0; k < num_states; ++k) {
        fields_(c, k) += of_other[k * step];
      }
    }
  }
}

template <class Scalar>
void PottsEnergy<Scalar>::check_uncoupled(std::span<const Index> columns) const {
  for (const Index j : columns) {
    in_[static_cast<std::size_t>(j)] = 1;
  }
  Edge coupled{-1, -1};
  for (const Index j : columns) {
    for (const Graph::Neighbour& n : structure_->graph.neighbours(j)) {
      if (in_[static_cast<std::size_t>(n.site)] != 0) {
        coupled = {std::min(n.site, j), std::max(n.site, j)};
      }
    }
  }
  for (const Index j : columns) {
    in_[static_cast<std::size_t>(j)] = 0;
  }
  if (coupled.first >= 0) {
    throw UsageError(
        fmt::format("conditional: columns {} and {} are coupled, so they cannot be drawn together",
                    coupled.first, coupled.second));
  }
}

template <class Scalar>
void PottsEnergy<Scalar>::conditional(const Block<Scalar>& y, std::span<const Index> columns,
                                      Block<Scalar>& delta) const {
  check_uncoupled(columns);
  Index width = 0;
  for (const Index j : columns) {
    width += structure_->states[static_cast<std::size_t>(j)] - 1;
  }
  delta.resize(y.rows(), width);
  Index at = 0;
  for (const Index j : columns) {
    set_fields(y, j);
    for (Index k = 1; k < structure_->states[static_cast<std::size_t>(j)]; ++k) {
      delta.col(at++) = (fields_.col(0) - fields_.col(k)).template cast<Scalar>();
    }
  }
}

template <class Scalar>
void PottsEnergy<Scalar>::add_param_grad(const Block<Scalar>& y, ChainRange range,
                                         const PerChain& weights, Eigen::VectorXd& sum) const {
  const PottsStructure& s = *structure_;
  set_states(y, range);
  const double* weight = weights.data() + range.begin;
  for (Index i = 0; i < y.cols(); ++i) {
    double* bias = sum.data() + s.bias_at[static_cast<std::size_t>(i)];
    const int* state = states_.col(i).data();
    for (Index c = 0; c < range.size; ++c) {
      bias[state[c]] -= weight[c];
    }
  }
  for (std::size_t e = 0; e < s.coupling_at.size(); ++e) {
    const auto [i, j] = s.graph.edges()[e];
    double* coupling = sum.data() + s.coupling_at[e];
    const int *first = states_.col(i).data(), *second = states_.col(j).data();
    const bool equal = s.kind == PottsCouplings::equal;
    const Index row = s.states[static_cast<std::size_t>(j)];
    for (Index c = 0; c < range.size; ++c) {
      if (!equal) {
        coupling[first[c] * row + second[c]] -= weight[c];
      } else if (first[c] == second[c]) {
        *coupling -= weight[c];
      }
    }
  }
}

template class PottsEnergy<float>;
template class PottsEnergy<double>;

// ---- PottsModel

PottsModel::PottsModel(PottsCouplings couplings, Graph graph, std::vector<Index> states, Params w)
    : PottsModel(
          std::make_shared<const PottsStructure>(couplings, std::move(graph), std::move(states)),
          std::make_shared<const Params>(std::move(w))) {}

PottsModel::PottsModel(PottsCouplings couplings, Graph graph, std::vector<Index> states)
    : structure_(
          std::make_shared<const PottsStructure>(couplings, std::move(graph), std::move(states))),
      w_(std::make_shared<const Params>(Params::Zero(structure_->num_params))) {}

PottsModel::PottsModel(std::shared_ptr<const PottsStructure> structure,
                       std::shared_ptr<const Params> w)
    : structure_(std::move(structure)), w_(std::move(w)) {
  const Index biases = structure_->num_params - structure_->bias_at.front();
  check_params_length(
      fmt::format("potts of {} sites", structure_->graph.num_sites()),
      fmt::format("J {} by edge, b {} by column", structure_->num_params - biases, biases),
      structure_->num_params, w_->size());
}

std::string PottsModel::param_name(Index i) const {
  const PottsStructure& s = *structure_;
  // the last block of parameters that starts at or before i
  const auto block_of = [i](const std::vector<Index>& starts) {
    return static_cast<std::size_t>(std::upper_bound(starts.begin(), starts.end(), i) -
                                    starts.begin() - 1);
  };
  if (i >= s.bias_at.front()) {
    const std::size_t column = block_of(s.bias_at);
    return fmt::format("b[{},{}]", column, i - s.bias_at[column]);
  }
  const std::size_t e = block_of(s.coupling_at);
  const auto [first, second] = s.graph.edges()[e];
  if (s.kind == PottsCouplings::equal) {
    return fmt::format("J[{},{}]", first, second);
  }
  const Index row = s.states[static_cast<std::size_t>(second)];
  const Index k = i - s.coupling_at[e];
  return fmt::format("J[{},{},{},{}]", first, second, k / row, k % row);
}

}  // namespace negphase
