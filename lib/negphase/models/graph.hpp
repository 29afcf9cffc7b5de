#pragma once
#include <span>
#include <utility>
#include <vector>

#include "negphase/core/block.hpp"

namespace negphase {

/// Two sites that are coupled; first < second.
using Edge = std::pair<Index, Index>;

/// Sites 0 .. n-1 and which of them are coupled, without weights.
class Graph {
 public:
  struct Neighbour {
    Index site;
    Index edge;  ///< its number in edges()
  };

  /// @param edges  in any order, either end first; kept sorted by (first, second)
  /// Throws ConfigError for a self-coupling, an end outside 0 .. num_sites - 1 and an edge that is
  /// given twice, each with both ends.
  Graph(Index num_sites, std::vector<Edge> edges);

  Index num_sites() const { return static_cast<Index>(first_.size()) - 1; }
  const std::vector<Edge>& edges() const { return edges_; }
  /// Sites that are coupled to `site`, ascending.
  std::span<const Neighbour> neighbours(Index site) const {
    const auto s = static_cast<std::size_t>(site);
    return {neighbours_.data() + first_[s], neighbours_.data() + first_[s + 1]};
  }

 private:
  std::vector<Edge> edges_;
  std::vector<std::size_t> first_;  // of each site's neighbours; one more at the end
  std::vector<Neighbour> neighbours_;
};

/// Every pair of n sites.
std::vector<Edge> all_pairs(Index n);
/// rows x columns sites, row by row, coupled to the next in the row and in the column.
std::vector<Edge> square_lattice(Index rows, Index columns);
/// The same with both directions closed to rings. A ring of two sites has one edge, not two; a ring
/// of one site has none.
std::vector<Edge> torus_lattice(Index rows, Index columns);

/// Sites in groups such that no two of a group are coupled: greedy colouring, sites of the largest
/// degree first (Welsh and Powell 1967), ties by number; at most largest degree + 1 groups. Each
/// group ascends. A graph of all pairs gives one site a group, in order. Cost: sites log(sites) +
/// edges.
std::vector<std::vector<Index>> color_groups(const Graph& graph);

}  // namespace negphase
