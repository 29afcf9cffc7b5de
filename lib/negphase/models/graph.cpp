#include "negphase/models/graph.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "negphase/core/error.hpp"

namespace negphase {

Graph::Graph(Index num_sites, std::vector<Edge> edges) : edges_(std::move(edges)) {
  for (Edge& edge : edges_) {
    if (edge.first > edge.second) {
      std::swap(edge.first, edge.second);
    }
    if (edge.first < 0 || edge.second >= num_sites) {
      throw ConfigError(fmt::format("edge {} - {}: sites go from 0 to {}", edge.first, edge.second,
                                    num_sites - 1));
    }
    if (edge.first == edge.second) {
      throw ConfigError(
          fmt::format("edge {} - {}: a site cannot be coupled to itself", edge.first, edge.second));
    }
  }
  std::sort(edges_.begin(), edges_.end());
  if (const auto twice = std::adjacent_find(edges_.begin(), edges_.end()); twice != edges_.end()) {
    throw ConfigError(fmt::format("edge {} - {} is given twice", twice->first, twice->second));
  }

  first_.assign(static_cast<std::size_t>(num_sites) + 1, 0);
  for (const auto& [i, j] : edges_) {
    ++first_[static_cast<std::size_t>(i) + 1];
    ++first_[static_cast<std::size_t>(j) + 1];
  }
  std::partial_sum(first_.begin(), first_.end(), first_.begin());
  neighbours_.resize(2 * edges_.size());
  std::vector<std::size_t> next(first_.begin(), first_.end() - 1);
  // lower neighbours first, then higher ones: both ascend, as the edges are sorted
  for (std::size_t e = 0; e < edges_.size(); ++e) {
    const auto [i, j] = edges_[e];
    neighbours_[next[static_cast<std::size_t>(j)]++] = {i, static_cast<Index>(e)};
  }
  for (std::size_t e = 0; e < edges_.size(); ++e) {
    const auto [i, j] = edges_[e];
    neighbours_[next[static_cast<std::size_t>(i)]++] = {j, static_cast<Index>(e)};
  }
}

std::vector<Edge> all_pairs(Index n) {
  std::vector<Edge> edges;
  for (Index i = 0; i < n; ++i) {
    for (Index j = i + 1; j < n; ++j) {
      edges.emplace_back(i, j);
    }
  }
  return edges;
}

std::vector<Edge> square_lattice(Index rows, Index columns) {
  std::vector<Edge> edges;
  for (Index r = 0; r < rows; ++r) {
    for (Index c = 0; c < columns; ++c) {
      const Index site = r * columns + c;
      if (c + 1 < columns) {
        edges.emplace_back(site, site + 1);
      }
      if (r + 1 < rows) {
        edges.emplace_back(site, site + columns);
      }
    }
  }
  return edges;
}

std::vector<Edge> torus_lattice(Index rows, Index columns) {
  std::vector<Edge> edges = square_lattice(rows, columns);
  for (Index r = 0; r < rows && columns > 2; ++r) {
    edges.emplace_back(r * columns, r * columns + columns - 1);
  }
  for (Index c = 0; c < columns && rows > 2; ++c) {
    edges.emplace_back(c, (rows - 1) * columns + c);
  }
  return edges;
}

std::vector<std::vector<Index>> color_groups(const Graph& graph) {
  const auto n = static_cast<std::size_t>(graph.num_sites());
  std::vector<Index> order(n);
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
    return graph.neighbours(a).size() > graph.neighbours(b).size();
  });
  std::vector<Index> color(n, -1);
  std::vector<std::vector<Index>> groups;
  std::vector<Index> last_seen;  // the site next to which a color was seen last
  for (const Index site : order) {
    for (const Graph::Neighbour& next : graph.neighbours(site)) {
      if (const Index c = color[static_cast<std::size_t>(next.site)]; c >= 0) {
        last_seen[static_cast<std::size_t>(c)] = site;
      }
    }
    std::size_t free = 0;
    while (free < groups.size() && last_seen[free] == site) {
      ++free;
    }
    if (free == groups.size()) {
      groups.emplace_back();
      last_seen.push_back(-1);
    }
    color[static_cast<std::size_t>(site)] = static_cast<Index>(free);
    groups[free].push_back(site);
  }
  for (auto& group : groups) {
    std::sort(group.begin(), group.end());
  }
  return groups;
}

}  // namespace negphase
