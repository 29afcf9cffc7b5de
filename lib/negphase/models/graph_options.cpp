#include "negphase/models/graph_options.hpp"

#include <fmt/format.h>

#include "negphase/core/error.hpp"
#include "negphase/models/params.hpp"

namespace negphase {

namespace {

/// Edges in the order of the file's couplings, which is that of the graph.
Graph given_graph(std::string_view model, const DataShape& data) {
  if (data.couplings == nullptr) {
    throw ConfigError(fmt::format(
        "model '{}': graph = \"file\" needs the option couplings_file: a list of edges or a matrix",
        model));
  }
  std::vector<Edge> edges;
  for (const GivenCouplings::Coupling& c : data.couplings->all) {
    edges.emplace_back(c.first, c.second);
  }
  return Graph(data.num_y, std::move(edges));
}

}  // namespace

std::vector<OptionSpec> graph_options() {
  return {{.name = "graph",
           .fallback = std::string("dense"),
           .doc = "which pairs are coupled: all, those of a lattice of `rows` rows, or those of "
                  "`couplings_file`",
           .choices = {"dense", "square", "torus", "file"}},
          {.name = "rows",
           .fallback = std::int64_t{0},
           .doc = "rows of a lattice; sites are numbered row by row",
           .low = 0,
           .high = 1e6,
           .unit = "sites"},
          {.name = "couplings_file",
           .fallback = std::string(),
           .doc = "edges (.csv with the header i,j or i,j,J; sites from 0) or a symmetric matrix "
                  "(.csv without header, or .npy); its values are the J to start from"}};
}

Graph graph_of(std::string_view model, const Options& options, const DataShape& data) {
  const std::string& shape = options.word("graph");
  const Index sites = data.num_y;
  if (shape == "file") {
    return given_graph(model, data);
  }
  if (data.couplings != nullptr) {
    throw ConfigError(fmt::format(
        "model '{}': couplings_file goes with graph = \"file\", not with \"{}\"", model, shape));
  }
  if (shape == "dense") {
    check_params_memory(fmt::format("{} of {} sites, all coupled,", model, sites),
                        sites * (sites + 1) / 2);
    return Graph(sites, all_pairs(sites));
  }
  const Index lattice_rows = options.integer("rows");
  if (lattice_rows < 1 || sites % lattice_rows != 0) {
    throw ConfigError(fmt::format(
        "model '{}': graph = \"{}\" needs the option rows, a divisor of the {} y columns; got {}",
        model, shape, sites, lattice_rows));
  }
  const Index columns = sites / lattice_rows;
  return Graph(sites, shape == "torus" ? torus_lattice(lattice_rows, columns)
                                       : square_lattice(lattice_rows, columns));
}

}  // namespace negphase
