#pragma once
#include <string_view>
#include <vector>

#include "negphase/models/graph.hpp"
#include "negphase/models/registry.hpp"

namespace negphase {

/// `graph`, `rows`, `couplings_file`: which sites of a model of pairs are coupled.
std::vector<OptionSpec> graph_options();

/// The graph that these options give the columns of y. Edges from a file stand in the order of its
/// couplings. Throws ConfigError where the options do not fit each other or the data, and where all
/// pairs would not fit in memory.
Graph graph_of(std::string_view model, const Options& options, const DataShape& data);

}  // namespace negphase
